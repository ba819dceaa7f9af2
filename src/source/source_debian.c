/* debian:pool/...: a file of Debian's archive, from the mirrors this machine's own apt is told to use. */
#include "fs.h"
#include "kinds.h"
#include "run.h"

#include <string.h>

static int check(const char *url, struct wl_err *err)
{
    const char *path = url + strlen("debian:");

    if (!starts_with(path, "pool/") || ends_with(path, "/") || strstr(path, "..") || strstr(path, "//") ||
        !plain_text(path, "/+-._~:%"))
        return wl_err_set(err, WL_E_RECIPE, "%s is not of the form debian:pool/COMPONENT/.../FILE", url);
    return 0;
}

/* The value of a line NAME='value', which is quoted for a shell. */

static char *unquote(const char *line)
{
    struct str s = {0};

    for (const char *p = strchr(line, '='); p && *++p && *p != '\n';)
        if (*p != '\'')
            str_addc(&s, *p);
    return str_take(&s);
}

/* The value of apt's option, or NULL when it has none. */
static char *apt_option(const char *option, const struct fetch_options *o)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    char *argv[] = {"apt-config", "shell", "VALUE", (char *)option, NULL};
    struct client c = {.package = "apt", .argv = argv, .o = o};
    WL_CLEANUP_FREE char *text = NULL;

    if (client_run(&c, &text, &ignored) < 0 || !starts_with(text, "VALUE="))
        return NULL;
    return unquote(text);
}

static char *apt_proxy(const char *mirror, const struct fetch_options *o)
{
    const char *kind = starts_with(mirror, "https:") ? "https" : "http";
    const char *host = strstr(mirror, "://") + 3;
    WL_CLEANUP_FREE char *of_host = xasprintf("Acquire::%s::Proxy::%.*s", kind, (int)strcspn(host, "/:@"), host);
    WL_CLEANUP_FREE char *of_kind = xasprintf("Acquire::%s::Proxy", kind);
    char *proxy = apt_option(of_host, o);

    if (!proxy)
        proxy = apt_option(of_kind, o);
    if (!proxy && !strcmp(kind, "https"))
        proxy = apt_option("Acquire::http::Proxy", o);
    if (proxy && !strcmp(proxy, "DIRECT"))
        *proxy = '\0';
    return proxy;
}

static int read_mirrors(struct strv *mirrors, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *folder = NULL, *text = NULL, *lists = NULL;
    int r = scratch_folder(part, &folder, err);

    if (r < 0)
        return r;
    /* With an empty folder of lists apt does not read through all package lists first, which takes seconds, and works
     * on a machine where they were thrown away. */
    lists = xasprintf("Dir::State::lists=%s", folder);
    {
        char *argv[] = {"apt-get", "-o", lists, "--no-release-info", "indextargets", "--format", "$(REPO_URI)", NULL};
        struct client c = {.package = "apt (only Debian and its kin have it)", .argv = argv, .o = o};

        r = client_run(&c, &text, err);
    }
    if (r < 0)
        return r;
    for (char *line = text; *line;) {
        size_t n = strcspn(line, "\n");
        WL_CLEANUP_FREE char *one = xstrndup(line, n);

        line += n + (line[n] == '\n');
        n = strlen(one);
        while (n && one[n - 1] == '/')
            one[--n] = '\0';
        if (starts_with(one, "https://") || starts_with(one, "http://") || starts_with(one, "file:/") ||
            starts_with(one, "copy:/"))
            strv_add_once(mirrors, one);
    }
    if (mirrors->n == 0)
        return wl_err_set(err, WL_E_FETCH, "apt is told of no mirror that can be read");
    return 0;
}

static int get_from(const char *mirror, const char *path, const char *part, const struct fetch_options *o,
                    struct wl_err *err)
{
    WL_CLEANUP_FREE char *address = xasprintf("%s/%s", mirror, path);
    WL_CLEANUP_FREE char *proxy = NULL, *ca = NULL;
    struct transfer t = {.url = address, .any_http = true};

    if (starts_with(address, "file:") || starts_with(address, "copy:")) {
        const char *local = address + 5;

        return copy_file(starts_with(local, "///") ? local + 2 : local, part, err);
    }
    t.proxy = proxy = apt_proxy(mirror, o);
    if (starts_with(address, "https:"))
        t.ca = ca = apt_option("Acquire::https::CaInfo", o);
    return transfer_get(&t, part, o, err);
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv mirrors = {0};
    WL_CLEANUP_STR struct str reasons = {0};
    int r = read_mirrors(&mirrors, part, o, err);

    (void)sha256;
    if (r < 0)
        return r;
    for (size_t i = 0; i < mirrors.n; i++) {
        r = get_from(mirrors.v[i], url + strlen("debian:"), part, o, err);
        if (r == 0 || err->cls == WL_E_INTERRUPTED || err->cls == WL_E_IO)
            return r;
        str_addf(&reasons, "%s%s: %s", reasons.len ? "; " : "", mirrors.v[i], err->text);
    }
    return wl_err_set(err, WL_E_FETCH, "%s", reasons.s);
}

const struct source_kind source_debian = {"debian:", true, check, get};
