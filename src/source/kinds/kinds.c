/* The table of kinds of addresses. */
#include "source/kinds/kinds.h"

#include "util/str.h"

#include <string.h>

/* An address is of the first kind whose scheme it starts with. */
static const struct source_kind *const kinds[] = {
    &source_https,    &source_http,   &source_path, &source_file, &source_git,
    &source_git_file, &source_debian, &source_pypi, &source_npm,  &source_crate,
};

static const struct source_kind *find(const char *url)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (starts_with(url, kinds[i]->scheme))
            return kinds[i];
    return NULL;
}

const struct source_kind *source_kind_of(const char *url, struct wl_err *err)
{
    const struct source_kind *kind = find(url);

    if (kind)
        return kind;
    wl_err_set(err, WL_E_RECIPE, "%s is not an address of a known kind", url);
    wl_err_hint(err, "it must begin with https:, file:, git+https:, debian:, pypi:, npm: or crate:");
    return NULL;
}

int source_check_url(const char *url, struct wl_err *err)
{
    const struct source_kind *kind = source_kind_of(url, err);

    if (!kind)
        return -(int)err->cls;
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return wl_err_set(err, WL_E_RECIPE, "the address contains a control character: %.*s", (int)(p - url), url);
    return kind->check(url, err);
}

/* One component of a path: no '/', no control character, no leading dot, not too long. */
static char *safe_name(const char *text)
{
    enum { MAX_NAME = 200 };
    WL_CLEANUP_FREE char *plain = percent_decode(text, strlen(text));
    struct str b = {0};

    for (const char *s = plain; *s; s++) {
        char c = *s;

        if ((unsigned char)c < 0x20 || c == 0x7f || c == '/' || c == '\\' || (c == '.' && b.len == 0))
            c = '_';
        str_addc(&b, c);
    }
    if (b.len == 0)
        str_add(&b, "source");
    /* The end of a name matters more than its beginning: .tar.xz. */
    if (b.len > MAX_NAME) {
        char *end = xstrdup(b.s + b.len - MAX_NAME);

        str_free(&b);
        *end = *end == '.' ? '_' : *end;
        return end;
    }
    return str_take(&b);
}

/* What follows the last '/' that is not at the end. */
static char *last_component(const char *path)
{
    size_t n = strlen(path), start;

    while (n && path[n - 1] == '/')
        n--;
    for (start = n; start && path[start - 1] != '/';)
        start--;
    return xstrndup(path + start, n - start);
}

char *source_file_name(const char *url)
{
    const struct source_kind *kind = find(url);
    WL_CLEANUP_FREE char *name = kind && kind->file_name ? kind->file_name(url) : last_component(url);

    return safe_name(name);
}

char *offers_place(const char *url)
{
    const struct source_kind *kind = find(url);

    return kind && kind->place ? kind->place(url) : xstrndup(url, strcspn(url, "#"));
}
