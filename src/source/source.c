#include "source/source.h"

#include "source/kinds.h"
#include "util/clock.h"
#include "util/fs.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_NAME = 200, LOCK_POLL_MS = 100, LOCK_QUIET_MS = 1000 };

/* The first whose scheme an address starts with is its kind. */
static const struct source_kind *const kinds[] = {
    &source_https,    &source_http,   &source_path, &source_file, &source_git,
    &source_git_file, &source_debian, &source_pypi, &source_npm,  &source_crate,
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

int source_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -WL_E_FETCH;
}

void source_exit(void)
{
    curl_global_cleanup();
}

void source_free(struct source *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->archives[i].sha256);
        strv_free(&s->archives[i].urls);
    }
    free(s->archives);
    *s = (struct source){0};
}

struct dead_hosts {
    pthread_mutex_t lock;
    struct strv hosts, why;
};

struct dead_hosts *dead_hosts_new(void)
{
    struct dead_hosts *d = xcalloc(1, sizeof *d);

    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void dead_hosts_free(struct dead_hosts *d)
{
    if (!d)
        return;
    strv_free(&d->hosts);
    strv_free(&d->why);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

void dead_hosts_add(struct dead_hosts *d, const char *host, const char *why)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    if (!strv_has(&d->hosts, host)) {
        strv_add(&d->hosts, host);
        strv_add(&d->why, why);
    }
    pthread_mutex_unlock(&d->lock);
}

char *dead_hosts_find(struct dead_hosts *d, const char *host)
{
    char *why = NULL;

    if (!d)
        return NULL;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->hosts.n && !why; i++)
        if (!strcmp(d->hosts.v[i], host))
            why = xstrdup(d->why.v[i]);
    pthread_mutex_unlock(&d->lock);
    return why;
}

int stall_seconds(const struct fetch_options *o)
{
    return o->stall_timeout_s > 0 ? o->stall_timeout_s : 20;
}

int connect_seconds(const struct fetch_options *o)
{
    return o->connect_timeout_s > 0 ? o->connect_timeout_s : 8;
}

bool plain_text(const char *s, const char *extra)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(extra, *s))
            return false;
    return true;
}

const struct source_kind *source_kind_of(const char *url, struct wl_err *err)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (starts_with(url, kinds[i]->scheme))
            return kinds[i];
    wl_err_set(err, WL_E_RECIPE, "the address %s is of no known kind", url);
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
            return wl_err_set(err, WL_E_RECIPE, "an address has a control character in it: %.*s", (int)(p - url), url);
    return kind->check(url, err);
}

/* Makes of any text one component of a path: no '/', no control character, no dot in front, not too long. */
static char *safe_name(const char *text)
{
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
    /* The end of a name says more than its beginning: .tar.xz. */
    if (b.len > MAX_NAME) {
        char *end = xstrdup(b.s + b.len - MAX_NAME);

        str_free(&b);
        *end = *end == '.' ? '_' : *end;
        return end;
    }
    return str_take(&b);
}

/* NAME and VERSION of "NAME@VERSION", the name without the scope's "@" and "/". */
static char *package_file_name(const char *spec, const char *extension)
{
    const char *at = strrchr(spec, '@');
    WL_CLEANUP_FREE char *name = at && at > spec ? xstrndup(spec, (size_t)(at - spec)) : xstrdup(spec);
    WL_CLEANUP_FREE char *file = NULL;

    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '-';
    file = xasprintf("%s-%s%s", name + (*name == '@'), at && at > spec ? at + 1 : "", extension);
    return safe_name(file);
}

char *source_file_name(const char *url)
{
    WL_CLEANUP_FREE char *path = NULL;
    size_t n;

    if (starts_with(url, "npm:"))
        return package_file_name(url + 4, ".tgz");
    if (starts_with(url, "crate:"))
        return package_file_name(url + 6, ".crate");
    if (starts_with(url, "git+")) {
        WL_CLEANUP_FREE char *repo = xstrndup(url, strcspn(url, "#"));
        WL_CLEANUP_FREE char *file = NULL;
        const char *commit = url + strlen(repo);

        n = strlen(repo);
        while (n && repo[n - 1] == '/')
            repo[--n] = '\0';
        if (ends_with(repo, ".git"))
            repo[n - 4] = '\0';
        file = xasprintf("%s-%.12s.tar", path_base(repo), *commit ? commit + 1 : "");
        return safe_name(file);
    }
    /* A file may have '?' in its name; what stands behind it in an address of the web is no name. */
    if (starts_with(url, "http"))
        path = xstrndup(url, strcspn(url, "?#"));
    else
        path = xstrdup(url);
    n = strlen(path);
    while (n && path[n - 1] == '/')
        path[--n] = '\0';
    return safe_name(path_base(path));
}

static void note(const struct fetch_options *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(const struct fetch_options *o, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *line = NULL;
    va_list ap;

    if (!o->on_note)
        return;
    va_start(ap, fmt);
    line = xvasprintf(fmt, ap);
    va_end(ap);
    o->on_note(o->data, line);
}

static char *archive_folder(const struct source_archive *a, const struct fetch_options *o)
{
    return path_join(o->cache, a->sha256);
}

/* The file that is in the cache for an archive, or NULL. Locks and parts begin with a dot and so are none. */
static char *cached_file(const struct source_archive *a, const struct fetch_options *o)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *folder = archive_folder(a, o);

    if (dir_list(folder, &names, &ignored) < 0)
        return NULL;
    for (size_t i = 0; i < names.n; i++) {
        char *file = path_join(folder, names.v[i]);
        struct stat st;

        if (*names.v[i] != '.' && lstat(file, &st) == 0 && S_ISREG(st.st_mode))
            return file;
        free(file);
    }
    return NULL;
}

int source_cached(const struct source *s, const struct fetch_options *o, char **path, size_t *index)
{
    *path = NULL;
    for (size_t i = 0; i < s->n; i++) {
        *path = cached_file(&s->archives[i], o);
        if (*path) {
            *index = i;
            return 0;
        }
    }
    return 1;
}

/* Beside a file of the cache: the address that served it. */
#define FROM ".from"

char *source_served_by(const char *path)
{
    enum { MAX_ADDRESS = 1 << 14 };
    WL_CLEANUP_FREE char *folder = path_dir(path), *file = path_join(folder, FROM), *text = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    if (file_read(file, MAX_ADDRESS, &text, NULL, &ignored) < 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    return *text && utf8_valid(text, strlen(text)) ? xstrdup(text) : NULL;
}

/* Waits for the lock in small steps, for flock itself cannot be cancelled. */
static int take_lock(const char *path, const char *name, const struct fetch_options *o, int *fd, struct wl_err *err)
{
    long long start = clock_ms();
    bool told = false;

    for (;;) {
        int r = lock_take(path, false, fd, err);

        if (r <= 0)
            return r;
        if (!told && clock_ms() - start >= LOCK_QUIET_MS) {
            note(o, "waiting for another wl-make that fetches %s", name);
            told = true;
        }
        if (cancel_sleep_ms(o->cancel, LOCK_POLL_MS))
            return cancel_error(err);
    }
}

/* 1: the bytes are right; 0: they are not, or the file is gone. */
static int has_hash(const char *path, const char *sha256, struct wl_err *err)
{
    char got[HASH_HEX_SIZE];
    int r = path_exists(path) ? hash_file(path, got, err) : 1;

    return r < 0 ? r : r == 0 && !strcasecmp(got, sha256);
}

int source_check(const char *path, const char *sha256, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *folder = path_dir(path), *lock_path = path_join(folder, ".lock");
    WL_CLEANUP_FD int lock = -1;
    int r = has_hash(path, sha256, err);

    if (r != 0)
        return r;
    /* Another process may have removed it, too, and fetched it again. */
    r = take_lock(lock_path, path_base(path), o, &lock, err);
    if (r == 0)
        r = has_hash(path, sha256, err);
    return r != 0 ? r : remove_tree(path, err);
}

/* What is being fetched, and what was learned on the way. */
struct attempt {
    const struct source_archive *archive;
    const struct fetch_options *o;
    const char *name, *folder, *part;
    struct str *reasons; /* "ADDRESS (why), ..." */
    bool *rejected;      /* some address gave other bytes */
    struct str *rejection;
};

static void add_reason(struct attempt *t, const char *url, const char *why)
{
    str_addf(t->reasons, "%s%s (%s)", t->reasons->len ? ", " : "", url, why);
}

/* Moves a file with a wrong hash aside, where a person can look at it, and remembers what to say of it. */
static int reject(struct attempt *t, const char *url, const char *got, struct wl_err *err)
{
    WL_CLEANUP_FREE char *folder = path_join(t->o->cache, "rejected");
    WL_CLEANUP_FREE char *aside = xasprintf("%s/%.12s-%s", folder, got, t->name);
    WL_CLEANUP_FREE char *head = NULL;
    const char *page = "";
    int r;

    r = make_dirs(folder, err);
    if (r == 0)
        r = path_replace(t->part, aside, err);
    if (r < 0)
        return r;
    {
        WL_CLEANUP_FD int fd = open(aside, O_RDONLY | O_CLOEXEC);
        char text[256] = "";
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

        if (n > 0 && (strcasestr(text, "<!doctype html") || strcasestr(text, "<html")))
            page = "; it is an HTML page";
    }
    str_addf(t->rejection,
             "%s%s from %s is not what the recipe pins%s: expected sha256 %s, got %s; the file is kept in %s",
             t->rejection->len ? "; " : "", t->name, url, page, t->archive->sha256, got, aside);
    *t->rejected = true;
    add_reason(t, url, "wrong hash");
    note(t->o, "%s: %s gave other bytes than the recipe pins", t->name, url);
    return 0;
}

/* The same for a file that the registry's client compared with the hash itself and did not hand over. */
static void reject_unseen(struct attempt *t, const char *url, const char *why)
{
    str_addf(t->rejection, "%s%s from %s is not what the recipe pins: %s", t->rejection->len ? "; " : "", t->name, url,
             why);
    *t->rejected = true;
    add_reason(t, url, "wrong hash");
    note(t->o, "%s: %s gave other bytes than the recipe pins", t->name, url);
}

/* Puts the verified part in its place. url: who served it; NULL where that is not known any more. */
static int put_in_place(struct attempt *t, const char *url, char **path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *final = path_join(t->folder, t->name), *from = path_join(t->folder, FROM);
    WL_CLEANUP_FD int fd = open(t->part, O_RDONLY | O_CLOEXEC);

    if (url && file_write(from, url, strlen(url), err) < 0)
        return -(int)err->cls;

    /* A power cut must not leave a whole name with half of the bytes. */
    if (fd < 0 || fsync(fd) < 0 || rename(t->part, final) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot put %s in place", final);
    *path = final;
    final = NULL;
    return 0;
}

/* Whether the part has the right bytes: 1 yes, 0 no (got is its hash). */
static int verify(struct attempt *t, char got[HASH_HEX_SIZE], struct wl_err *err)
{
    int r = hash_file(t->part, got, err);

    return r < 0 ? r : !strcasecmp(got, t->archive->sha256);
}

/* Gets one address: 1 when it served, 0 when not and the next may be tried. */
static int try_address(struct attempt *t, const char *url, char **path, struct wl_err *err)
{
    const struct source_kind *kind = source_kind_of(url, err);
    WL_CLEANUP_FREE char *scratch = xasprintf("%s.tmp", t->part);
    char got[HASH_HEX_SIZE];
    bool resumed;
    int r;

    if (!kind)
        return -(int)err->cls;
    if (t->o->offline && kind->needs_network) {
        add_reason(t, url, "not tried: offline");
        return 0;
    }
    do {
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT, ignored = WL_ERR_INIT;

        resumed = path_exists(t->part);
        r = kind->get(url, t->archive->sha256, t->part, t->o, &why);
        remove_tree(scratch, &ignored);
        if (r < 0 && (why.cls == WL_E_INTERRUPTED || why.cls == WL_E_IO || why.cls == WL_E_RECIPE)) {
            wl_err_free(err);
            *err = why;
            why = (struct wl_err)WL_ERR_INIT;
            return r;
        }
        if (r < 0 && why.cls == WL_E_VERIFY) {
            reject_unseen(t, url, why.text);
            return 0;
        }
        if (r < 0) {
            add_reason(t, url, why.text);
            note(t->o, "%s: %s: %s", t->name, url, why.text);
            return 0;
        }
        r = verify(t, got, err);
        if (r < 0)
            return r;
        if (r > 0)
            return put_in_place(t, url, path, err) < 0 ? -(int)err->cls : 1;
        /* The first half may have come from elsewhere: the address gets the chance to give all of it. */
        if (resumed && unlink(t->part) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot remove %s", t->part);
    } while (resumed);
    r = reject(t, url, got, err);
    return r;
}

/* Gets one archive, with its lock held: 1 when it is there. */
static int try_archive(struct attempt *t, char **path, struct wl_err *err)
{
    char got[HASH_HEX_SIZE];
    int r = 0;

    *path = cached_file(t->archive, t->o);
    if (*path)
        return 1;
    /* Ended in the instant between the last byte and the name. */
    if (path_exists(t->part)) {
        r = verify(t, got, err);
        if (r > 0)
            return put_in_place(t, NULL, path, err) < 0 ? -(int)err->cls : 1;
    }
    for (size_t i = 0; r == 0 && i < t->archive->urls.n; i++) {
        if (cancel_pending(t->o->cancel))
            return cancel_error(err);
        r = try_address(t, t->archive->urls.v[i], path, err);
    }
    return r;
}

int source_fetch(const struct source *s, const struct fetch_options *o, char **path, size_t *index, struct wl_err *err)
{
    WL_CLEANUP_STR struct str reasons = {0}, rejection = {0};
    WL_CLEANUP_FREE char *wanted = NULL;
    bool rejected = false;
    size_t n_urls = 0;

    if (source_cached(s, o, path, index) == 0)
        return 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct source_archive *a = &s->archives[i];
        WL_CLEANUP_FREE char *name = source_file_name(a->urls.n ? a->urls.v[0] : "");
        WL_CLEANUP_FREE char *folder = archive_folder(a, o);
        WL_CLEANUP_FREE char *part = path_join(folder, ".part"), *lock_path = path_join(folder, ".lock");
        struct attempt t = {a, o, name, folder, part, &reasons, &rejected, &rejection};
        WL_CLEANUP_FD int lock = -1;
        int r;

        n_urls += a->urls.n;
        if (!wanted)
            wanted = xstrdup(name);
        r = make_dirs(folder, err);
        if (r == 0)
            r = take_lock(lock_path, name, o, &lock, err);
        if (r == 0)
            r = try_archive(&t, path, err);
        if (r < 0)
            return r;
        if (r > 0) {
            *index = i;
            return 0;
        }
    }
    if (rejected) {
        if (n_urls > 1)
            str_addf(&rejection, "; of all addresses: %s", reasons.s);
        wl_err_set(err, WL_E_VERIFY, "%s", rejection.s);
        return wl_err_hint(err, "if upstream really changed the file, put its new hash in the recipe; else somebody "
                                "between there and here changed it");
    }
    wl_err_set(err, WL_E_FETCH, "%s is not to be had: %s", wanted ? wanted : "a source",
               reasons.len ? reasons.s : "the recipe names no address");
    if (o->offline)
        return wl_err_hint(err, "run wl-make fetch once without --offline");
    return wl_err_hint(err, "check the network, or fetch the file yourself and give it with --source FILE");
}
