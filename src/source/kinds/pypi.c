/* pypi:NAME==VERSION/FILENAME: the file itself, from the index that pip is configured with on this machine.
 *
 * pip cannot download a source archive without running the code in it to learn its name and dependencies. So pip is
 * only asked for its default index, and only if no index is configured. The pages of an index are specified in
 * https://packaging.python.org/en/latest/specifications/simple-repository-api/. */
#include "source/address.h"
#include "source/client.h"
#include "source/kinds/kinds.h"
#include "source/listing.h"
#include "source/pip_config.h"
#include "util/fs.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_PAGE = 64 << 20 };

/* Splits an address into NAME==VERSION and FILENAME. */
static bool split_address(const char *url, char **wanted, const char **file)
{
    const char *spec = url + strlen("pypi:"), *slash = strchr(spec, '/'), *version = strstr(spec, "==");
    WL_CLEANUP_FREE char *name = NULL, *of = NULL;

    if (!slash || !version || version > slash)
        return false;
    name = xstrndup(spec, (size_t)(version - spec));
    version += strlen("==");
    of = version < slash ? xstrndup(version, (size_t)(slash - version)) : xstrdup("");
    *file = slash + 1;
    *wanted = xstrndup(spec, (size_t)(slash - spec));
    return isalnum((unsigned char)*name) && plain_text(name, ".-_") && isalnum((unsigned char)*of) &&
           plain_text(of, ".-_+!") && plain_text(*file, ".-_+") && **file != '.' && **file != '-';
}

static int check(const char *url, struct wl_err *err)
{
    WL_CLEANUP_FREE char *wanted = NULL;
    const char *file;

    if (!split_address(url, &wanted, &file))
        return wl_err_set(err, WL_E_RECIPE, "%s is not of the form pypi:NAME==VERSION/FILENAME", url);
    return 0;
}

char *pypi_name(const char *name, size_t n)
{
    struct str s = {0};

    for (size_t i = 0; i < n; i++)
        if (!strchr("-_.", name[i]))
            str_addc(&s, (char)tolower((unsigned char)name[i]));
        else if (i == 0 || !strchr("-_.", name[i - 1]))
            str_addc(&s, '-');
    return str_take(&s);
}

/* --- the indexes --- */

/* The default index, from pip's help: "(default ADDRESS)". */
static int default_index(const struct fetch_options *o, char **index, struct wl_err *err)
{
    static const char option[] = "--index-url", mark[] = "(default ";
    static const char *const without[] = {"COLUMNS", NULL};
    char *argv[] = {"python3", "-m", "pip", "download", "--help", NULL};
    WL_CLEANUP_STRV struct strv env = {0};
    struct client c = {.package = "python3-pip", .module = "pip", .argv = argv, .env = &env, .o = o};
    WL_CLEANUP_FREE char *text = NULL;
    const char *at;
    size_t n;
    int r;

    client_env(&env, without);
    strv_add(&env, "COLUMNS=1000"); /* no line break in the address */
    r = client_run(&c, &text, err);
    if (r < 0)
        return r;
    at = strstr(text, option);
    at = at ? strstr(at, mark) : NULL;
    at = at ? at + strlen(mark) : "";
    n = strcspn(at, ") \t\r\n");
    while (n && at[n - 1] == '/')
        n--;
    *index = xstrndup(at, n);
    if (!starts_with(*index, "https://") && !starts_with(*index, "http://"))
        return wl_err_set(err, WL_E_FETCH,
                          "cannot find out pip's default index: name an index in pip.conf (index-url)");
    return 0;
}

static int read_config(struct pip_config *c, const struct fetch_options *o, struct wl_err *err)
{
    struct strv all = {0};
    char *index = NULL;
    int r = pip_config_read(c, err);

    if (r < 0 || !c->uses_default)
        return r;
    r = default_index(o, &index, err);
    if (r < 0)
        free(index);
    else
        strv_take(&all, index);
    strv_addv(&all, &c->indexes);
    strv_free(&c->indexes);
    c->indexes = all;
    return c->indexes.n || c->links.n ? 0 : r;
}

/* A page of an index, or a directory or page with links. */
struct index_page {
    const struct pip_config *c;
    const struct fetch_options *o;
    char *url;   /* of the page, without a login */
    char *login; /* NULL: none */
    char *dir;
};

static void index_page_free(struct index_page *p)
{
    free(p->url);
    free(p->login);
    free(p->dir);
}
#define CLEANUP_INDEX_PAGE __attribute__((cleanup(index_page_free)))

/* The path if an address is a file of this machine, "file:///a" or "/a"; else NULL. The caller frees it. */
static char *local_path(const char *address)
{
    static const char *const starts[] = {"file://localhost/", "file:///"};

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (starts_with(address, starts[i])) {
            const char *path = address + strlen(starts[i]) - 1;

            return percent_decode(path, strlen(path));
        }
    return *address == '/' ? xstrdup(address) : NULL;
}

static char *file_address(const char *path)
{
    struct str s = {0};

    str_add(&s, "file://");
    for (const char *p = path; *p; p++)
        if (isalnum((unsigned char)*p) || strchr("/-._~+", *p))
            str_addc(&s, *p);
        else
            str_addf(&s, "%%%02X", (unsigned char)*p);
    return str_take(&s);
}

static const char *ca_file(const struct pip_config *c)
{
    const char *file = c->cert ? c->cert : getenv("REQUESTS_CA_BUNDLE");

    return file && *file ? file : NULL;
}

static int transfer(const struct index_page *p, const char *url, char **final_url, const char *part, struct wl_err *err)
{
    WL_CLEANUP_FREE char *bare = NULL, *own = web_address_login(url, &bare);
    const char *login = own ? own : web_address_same_host(bare, p->url) ? p->login : NULL;

    if (!web_address_is_safe(bare))
        return wl_err_set(err, WL_E_FETCH, "%s is neither a URL of https: nor on this machine", bare);
    return transfer_get(&(struct transfer){.url = bare,
                                           .page = final_url != NULL,
                                           .proxy = p->c->proxy,
                                           .ca = ca_file(p->c),
                                           .login = login,
                                           .netrc = true,
                                           .final_url = final_url},
                        part, p->o, err);
}

/* The text of a page, and the address that its links are relative to. part is a file that may be made. */
static int get_page(const struct index_page *p, const char *part, char **text, char **base, struct wl_err *err)
{
    WL_CLEANUP_FREE char *local = local_path(p->url), *file = NULL;
    int r = 0;

    if (local) {
        bool dir = path_is_dir(local);
        file = dir ? path_join(local, "index.html") : xstrdup(local);
        /* A directory of files, which try_page() has looked at, needs no page. */
        if (dir && !path_exists(file))
            return wl_err_set(err, WL_E_FETCH, "%s has neither the file nor index.html", p->url);
        *base = file_address(file);
    } else {
        file = xstrdup(part);
        unlink(part); /* it may hold another page */
        r = transfer(p, p->url, base, part, err);
    }
    if (r < 0)
        return r;
    r = file_read(file, MAX_PAGE, text, NULL, err);
    /* Another page may have the file. */
    if (r < 0)
        err->cls = WL_E_FETCH;
    return r < 0 ? -WL_E_FETCH : 0;
}

/* Decodes "&amp;", the only entity that addresses contain. */
static char *link_text(const char *link, size_t n)
{
    struct str s = {0};

    for (size_t i = 0; i < n; i++) {
        str_addc(&s, link[i]);
        if (link[i] == '&' && n - i >= 5 && !strncasecmp(link + i, "&amp;", 5))
            i += 4;
    }
    return str_take(&s);
}

/* The address of the file on a page. NULL: the page does not list it. */
static char *find_file(const char *page, const char *base, const char *file)
{
    const char *link;
    size_t n;

    while ((link = listing_next(&page, &n))) {
        WL_CLEANUP_FREE char *text = link_text(link, n), *name = listing_name(text, strlen(text));

        if (!strcmp(name, file))
            return web_address_join(base, text);
    }
    return NULL;
}

static int get_from(const struct index_page *p, const char *file, const char *part, struct wl_err *err)
{
    WL_CLEANUP_FREE char *page_file = path_join(p->dir, "page"), *page = NULL, *base = NULL, *url = NULL, *local = NULL;
    int r = get_page(p, page_file, &page, &base, err);

    if (r < 0)
        return r;
    url = find_file(page, base, file);
    if (!url)
        return wl_err_set(err, WL_E_FETCH, "%s does not list the file", p->url);
    /* Only a page of this machine may name files of this machine. */
    local = starts_with(base, "file:") ? local_path(url) : NULL;
    if (local)
        return copy_to_part(local, part, err);
    return transfer(p, url, NULL, part, err);
}

/* Sets up the page for one of pip's addresses. name: the package, for its page in an index; NULL: the address itself.
 */
static void index_page_set(struct index_page *p, const struct pip_config *c, const struct fetch_options *o,
                           const char *address, const char *name)
{
    WL_CLEANUP_FREE char *bare = NULL;

    p->c = c;
    p->o = o;
    if (strstr(address, "://"))
        p->login = web_address_login(address, &bare);
    else
        bare = path_absolute(address);
    p->url = name ? xasprintf("%s/%s/", bare, name) : xstrdup(bare);
}

static void add_reason(struct str *reasons, const struct index_page *p, const struct wl_err *why)
{
    const char *text = why->text ? why->text : "unknown";

    str_addf(reasons, "%s%s%s%s", reasons->len ? "; " : "", starts_with(text, p->url) ? "" : p->url,
             starts_with(text, p->url) ? "" : ": ", text);
}

/* Fetches the file from one page: 1 if it has the file, 0 if another one may. */
static int try_page(struct index_page *p, const char *file, const char *part, struct str *reasons, struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    WL_CLEANUP_FREE char *dir = local_path(p->url), *here = dir ? path_join(dir, file) : NULL;
    int r = here && path_exists(here) ? copy_to_part(here, part, &why) : get_from(p, file, part, &why);

    if (r == 0)
        return 1;
    if (why.cls == WL_E_INTERRUPTED || why.cls == WL_E_IO)
        return wl_err_set(err, why.cls, "%s", why.text);
    add_reason(reasons, p, &why);
    return 0;
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *wanted = NULL, *dir = NULL, *name = NULL;
    WL_CLEANUP_PIP_CONFIG struct pip_config c = {0};
    WL_CLEANUP_STR struct str reasons = {0};
    const char *file;
    int r;

    (void)sha256;
    if (!split_address(url, &wanted, &file))
        return check(url, err);
    name = pypi_name(wanted, strcspn(wanted, "="));
    r = scratch_dir(part, &dir, err);
    r = r < 0 ? r : read_config(&c, o, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < c.links.n + c.indexes.n; i++) {
        bool is_link = i < c.links.n;
        CLEANUP_INDEX_PAGE struct index_page p = {.dir = xstrdup(dir)};

        index_page_set(&p, &c, o, is_link ? c.links.v[i] : c.indexes.v[i - c.links.n], is_link ? NULL : name);
        r = try_page(&p, file, part, &reasons, err);
    }
    if (r == 0)
        return wl_err_set(err, WL_E_FETCH, "%s", reasons.s);
    return r < 0 ? r : 0;
}

/* --- which versions there are --- */

static const char *without_suffix(const char *file, size_t *n)
{
    static const char *const suffixes[] = {".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"};

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (ends_with(file, suffixes[i])) {
            *n = strlen(file) - strlen(suffixes[i]);
            return file;
        }
    return NULL;
}

/* The version in the name of a wheel or source archive; NULL: it is neither, or another package's. */
static char *version_of(const char *file, const char *name)
{
    size_t n;

    if (ends_with(file, ".whl")) {
        WL_CLEANUP_FREE char *own = pypi_name(file, strcspn(file, "-"));
        const char *version = file + strcspn(file, "-");

        return *version && !strcmp(own, name) ? xstrndup(version + 1, strcspn(version + 1, "-")) : NULL;
    }
    if (!without_suffix(file, &n))
        return NULL;
    for (size_t i = 1; i + 1 < n; i++) {
        bool may_end = file[i] == '-' && isdigit((unsigned char)file[i + 1]);
        WL_CLEANUP_FREE char *own = may_end ? pypi_name(file, i) : NULL;

        if (own && !strcmp(own, name))
            return xstrndup(file + i + 1, n - i - 1);
    }
    return NULL;
}

/* Whether the element with the link marks the file as withdrawn. */
static bool is_yanked(const char *page, const char *link, size_t n)
{
    static const char mark[] = "data-yanked";
    const char *start = link, *end = link + n;

    while (start > page && *start != '<')
        start--;
    end += strcspn(end, ">");
    for (const char *p = start; p + strlen(mark) < end; p++)
        if (!strncasecmp(p, mark, strlen(mark)))
            return true;
    return false;
}

static void add_versions(const char *page, const char *name, struct strv *versions)
{
    const char *link, *at = page;
    size_t n;

    while ((link = listing_next(&at, &n))) {
        WL_CLEANUP_FREE char *text = link_text(link, n), *file = listing_name(text, strlen(text));
        WL_CLEANUP_FREE char *version = is_yanked(page, link, n) ? NULL : version_of(file, name);

        if (version)
            strv_add_once(versions, version);
    }
}

static int lookup(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    WL_CLEANUP_PIP_CONFIG struct pip_config c = {0};
    WL_CLEANUP_STR struct str reasons = {0};
    const char *name = data;
    int r = read_config(&c, offers_fetch(o), err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < c.indexes.n; i++) {
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
        WL_CLEANUP_FREE char *page = NULL, *base = NULL;
        CLEANUP_INDEX_PAGE struct index_page p = {0};

        index_page_set(&p, &c, offers_fetch(o), c.indexes.v[i], name);
        r = get_page(&p, part, &page, &base, &why);
        if (r == -WL_E_INTERRUPTED)
            return cancel_error(err);
        if (r == 0)
            add_versions(page, name, names);
        else
            add_reason(&reasons, &p, &why);
    }
    if (names->n)
        return 0;
    return wl_err_set(err, WL_E_FETCH, "%s", reasons.len ? reasons.s : "pip's index lists no version");
}

static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    const char *spec = q->url + strlen("pypi:"), *version = strstr(spec, "==");
    WL_CLEANUP_FREE char *name = pypi_name(spec, (size_t)(version - spec)), *key = xasprintf("pypi:%s", name);
    const struct strv *names;
    int r = offers_list(o, key, lookup, name, &names, err);

    *own = xstrndup(version + 2, strcspn(version + 2, "/"));
    if (r == 0)
        strv_addv(found, names);
    return r;
}

static char *place(const char *url)
{
    return xstrndup(url, strcspn(url, "="));
}

const struct source_kind source_pypi = {"pypi:", true, check, get, versions, NULL, place};
