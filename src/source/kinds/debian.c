/* debian:pool/...: a file of Debian's archive, from the mirrors that apt is configured with on this machine. */
#include "source/address.h"
#include "source/client.h"
#include "source/kinds/kinds.h"
#include "source/listing.h"
#include "source/pattern.h"
#include "util/fs.h"
#include "util/hash.h"
#include "util/version.h"

#include <archive.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static int check(const char *url, struct wl_err *err)
{
    const char *path = url + strlen("debian:"), *component = starts_with(path, "pool/") ? path + strlen("pool/") : "";

    if (!strchr(component, '/') || ends_with(path, "/") || strstr(path, "..") || strstr(path, "//") ||
        !plain_text(path, "/+-._~:%"))
        return wl_err_set(err, WL_E_RECIPE, "%s is not of the form debian:pool/COMPONENT/.../FILE", url);
    return 0;
}

/* The value in a line NAME='value', quoted for a shell. */
static char *unquote(const char *line)
{
    struct str s = {0};

    for (const char *p = strchr(line, '='); p && *++p && *p != '\n';)
        if (*p != '\'')
            str_addc(&s, *p);
    return str_take(&s);
}

/* The value of an option of apt, or NULL if it is not set. */
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
    const char *host = web_host(mirror);
    WL_CLEANUP_FREE char *of_host =
        host ? xasprintf("Acquire::%s::Proxy::%.*s", kind, (int)strcspn(host, "/:@"), host) : xstrdup("");
    WL_CLEANUP_FREE char *of_kind = xasprintf("Acquire::%s::Proxy", kind);
    char *proxy = *of_host ? apt_option(of_host, o) : NULL;

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
    WL_CLEANUP_FREE char *dir = NULL, *text = NULL, *lists = NULL;
    int r = scratch_dir(part, &dir, err);

    if (r < 0)
        return r;
    /* With an empty directory of lists apt does not read all package lists first, which takes seconds, and it works
     * where they were removed. */
    lists = xasprintf("Dir::State::lists=%s", dir);
    {
        char *argv[] = {"apt-get", "-o", lists, "--no-release-info", "indextargets", "--format", "$(REPO_URI)", NULL};
        struct client c = {.package = "apt (only Debian and its derivatives have it)", .argv = argv, .o = o};

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
        return wl_err_set(err, WL_E_FETCH, "apt is configured with no mirror that can be read");
    return 0;
}

/* Fetches a file, or (if names is not NULL) adds the names in a directory to names. */
static int get_from(const char *mirror, const char *path, const char *part, const struct fetch_options *o,
                    struct strv *names, struct wl_err *err)
{
    WL_CLEANUP_FREE char *address = xasprintf("%s/%s", mirror, path);
    WL_CLEANUP_FREE char *proxy = NULL, *ca = NULL;
    struct transfer t = {.url = address, .any_http = true};

    if (starts_with(address, "file:") || starts_with(address, "copy:")) {
        const char *local = address + 5;

        local += starts_with(local, "///") ? 2 : 0;
        return names ? dir_list(local, names, err) : copy_to_part(local, part, err);
    }
    t.proxy = proxy = apt_proxy(mirror, o);
    if (starts_with(address, "https:"))
        t.ca = ca = apt_option("Acquire::https::CaInfo", o);
    return names ? listing_get(&t, part, o, names, err) : transfer_get(&t, part, o, err);
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
        r = get_from(mirrors.v[i], url + strlen("debian:"), part, o, NULL, err);
        if (r == 0 || err->cls == WL_E_INTERRUPTED || err->cls == WL_E_IO)
            return r;
        str_addf(&reasons, "%s%s: %s", reasons.len ? "; " : "", mirrors.v[i], err->text);
    }
    return wl_err_set(err, WL_E_FETCH, "%s", reasons.s);
}

/* --- which versions there are ---
 *
 * The directory of the pool has the files of every suite. If the mirror does not list it, the indices of the suites are
 * read, from the newest on. */

static int lookup_mirrors(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    (void)data;
    return read_mirrors(names, part, offers_fetch(o), err);
}

/* A file or directory of one mirror. */
struct location {
    const char *mirror, *path;
};

static int lookup_dir(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    const struct location *at = data;

    return get_from(at->mirror, at->path, part, offers_fetch(o), names, err);
}

/* Extracts the directory and the .dsc file of each source package from an index, one per line: "pool/main/z/zlib
 * zlib_1.3-1.dsc". */
struct extract {
    struct str line, out;
    char *dir, *dsc;
};

static void extract_entry(struct extract *d)
{
    if (d->dir && d->dsc)
        str_addf(&d->out, "%s %s\n", d->dir, d->dsc);
    free_charp(&d->dir);
    free_charp(&d->dsc);
}

static void extract_line(struct extract *d, const char *line)
{
    static const char dir[] = "Directory: ";

    if (starts_with(line, dir)) {
        free(d->dir);
        d->dir = xstrdup(line + strlen(dir));
    } else if (*line == ' ' && ends_with(line, ".dsc")) {
        free(d->dsc);
        d->dsc = xstrdup(strrchr(line, ' ') + 1);
    } else if (!*line) {
        extract_entry(d);
    }
}

static void extract_free(struct extract *d)
{
    str_free(&d->line);
    str_free(&d->out);
    free(d->dir);
    free(d->dsc);
}

static int extract_index(const char *file, struct extract *d, struct wl_err *err)
{
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    char block[1 << 16];
    la_ssize_t n = 0;
    int r = 0;

    archive_read_support_format_raw(a);
    archive_read_support_filter_all(a);
    if (archive_read_open_filename(a, file, sizeof block) != ARCHIVE_OK ||
        archive_read_next_header(a, &entry) != ARCHIVE_OK)
        r = wl_err_set(err, WL_E_FETCH, "cannot read the index of sources: %s", archive_error_string(a));
    while (r == 0 && (n = archive_read_data(a, block, sizeof block)) > 0)
        for (la_ssize_t i = 0; i < n; i++) {
            const char *end = memchr(block + i, '\n', (size_t)(n - i));
            size_t len = end ? (size_t)(end - block - i) : (size_t)(n - i);

            str_addn(&d->line, block + i, len);
            i += (la_ssize_t)len;
            if (!end)
                break;
            extract_line(d, d->line.s);
            d->line.len = 0;
            *d->line.s = '\0';
        }
    if (r == 0 && n < 0)
        r = wl_err_set(err, WL_E_FETCH, "the index of sources is damaged: %s", archive_error_string(a));
    extract_entry(d);
    archive_read_free(a);
    return r;
}

/* The extract of an index, kept for a day. */
static int lookup_index(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    enum { DAY_S = 24 * 60 * 60, MAX_EXTRACT = 64 << 20 };
    const struct location *at = data;
    __attribute__((cleanup(extract_free))) struct extract d = {0};
    struct hash *h = hash_new();
    WL_CLEANUP_FREE char *kept = NULL, *text = NULL;
    char hex[HASH_HEX_SIZE];
    struct stat st;
    int r;

    hash_field(h, "mirror", at->mirror);
    hash_field(h, "path", at->path);
    hash_end(h, hex);
    kept = xasprintf("%s/index-%.16s", offers_work(o), hex);
    if (stat(kept, &st) == 0 && st.st_mtime > time(NULL) - DAY_S && st.st_mtime <= time(NULL)) {
        r = file_read(kept, MAX_EXTRACT, &text, NULL, err);
    } else {
        r = get_from(at->mirror, at->path, part, offers_fetch(o), NULL, err);
        r = r < 0 ? r : extract_index(part, &d, err);
        text = str_take(&d.out);
        r = r < 0 ? r : file_write(kept, text, strlen(text), err);
    }
    if (r == 0) {
        strv_take(names, text);
        text = NULL;
    }
    return r;
}

static void add_version(const char *source, const char *file, struct strv *versions)
{
    char *version = pattern_debian(source, file);

    if (version)
        strv_take(versions, version);
}

/* Adds the versions of the package whose files are in directory, from the extract of an index. */
static void find_in_extract(const char *extract, const char *dir, struct strv *versions)
{
    WL_CLEANUP_FREE char *start = xasprintf("%s ", dir);

    for (const char *line = extract; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        WL_CLEANUP_FREE char *file = NULL;

        if (!starts_with(line, start))
            continue;
        file = xstrndup(line + strlen(start), strcspn(line + strlen(start), "\n"));
        add_version(path_base(dir), file, versions);
    }
}

static bool has_series(const struct strv *versions, const char *series)
{
    for (size_t i = 0; i < versions->n; i++)
        if (version_in_series(versions->v[i], series))
            return true;
    return false;
}

static int search_indices(struct offers *o, const struct offer_query *q, const struct strv *mirrors, const char *dir,
                          struct strv *found, struct wl_err *err)
{
    static const char *const suites[] = {"sid", "testing", "stable", "oldstable"};
    const char *component = dir + strlen("pool/");
    bool read = false;

    for (size_t s = 0; s < sizeof suites / sizeof *suites && !has_series(found, q->series); s++)
        for (size_t i = 0; i < mirrors->n; i++) {
            WL_CLEANUP_FREE char *path =
                xasprintf("dists/%s/%.*s/source/Sources.xz", suites[s], (int)strcspn(component, "/"), component);
            WL_CLEANUP_FREE char *key = path_join(mirrors->v[i], path);
            const struct strv *extract;
            int r = offers_list(o, key, lookup_index, &(struct location){mirrors->v[i], path}, &extract, err);

            if (r < 0 && err->cls != WL_E_FETCH)
                return r;
            if (r < 0)
                continue;
            read = true;
            find_in_extract(extract->v[0], dir, found);
            break;
        }
    if (!read)
        return wl_err_set(err, WL_E_FETCH, "none of apt's mirrors lists its files: %s",
                          err->text ? err->text : "there are no mirrors");
    if (!found->n)
        return wl_err_set(err, WL_E_USAGE, "no suite of Debian has it any more");
    return 0;
}

static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    const char *path = q->url + strlen("debian:");
    WL_CLEANUP_FREE char *dir = path_dir(path), *listed = xasprintf("%s/", dir);
    WL_CLEANUP_FREE char *name = xstrndup(path_base(path), strcspn(path_base(path), "_"));
    const struct strv *mirrors;
    int r = offers_list(o, "debian mirrors", lookup_mirrors, NULL, &mirrors, err);

    if (r < 0)
        return r;
    *own = pattern_debian(name, path_base(path));
    if (!*own)
        return wl_err_set(err, WL_E_USAGE, "its name does not contain a version as Debian writes it");
    for (size_t i = 0; i < mirrors->n; i++) {
        WL_CLEANUP_FREE char *key = path_join(mirrors->v[i], listed);
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
        const struct strv *names;

        r = offers_list(o, key, lookup_dir, &(struct location){mirrors->v[i], listed}, &names, &why);
        if (r == -WL_E_INTERRUPTED)
            return cancel_error(err);
        for (size_t k = 0; r == 0 && k < names->n; k++)
            add_version(path_base(dir), names->v[k], found);
    }
    return found->n ? 0 : search_indices(o, q, mirrors, dir, found, err);
}

static char *place(const char *url)
{
    WL_CLEANUP_FREE char *dir = path_dir(url);

    return xasprintf("debian:%s", path_base(dir));
}

const struct source_kind source_debian = {"debian:", true, check, get, versions, NULL, place};
