#include "source/source.h"

#include "util/clock.h"
#include "util/fs.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_POLL_MS = 100, LOCK_QUIET_MS = 1000 };

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

static char *archive_dir(const struct source_archive *a, const struct fetch_options *o)
{
    return path_join(o->cache, a->sha256);
}

/* The cached file of an archive, or NULL. Locks and parts begin with a dot and do not count. */
static char *cached_file(const struct source_archive *a, const struct fetch_options *o)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *dir = archive_dir(a, o);

    if (dir_list(dir, &names, &ignored) < 0)
        return NULL;
    for (size_t i = 0; i < names.n; i++) {
        char *file = path_join(dir, names.v[i]);
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

/* The file beside a cached one that names the address that served it. */
#define FROM ".from"

char *source_served_by(const char *path)
{
    enum { MAX_ADDRESS = 1 << 14 };
    WL_CLEANUP_FREE char *dir = path_dir(path), *file = path_join(dir, FROM), *text = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    if (file_read(file, MAX_ADDRESS, &text, NULL, &ignored) < 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    return *text && utf8_valid(text, strlen(text)) ? xstrdup(text) : NULL;
}

/* Polls for the lock, since flock() cannot be cancelled. */
static int take_lock(const char *path, const char *name, const struct fetch_options *o, int *fd, struct wl_err *err)
{
    long long start = clock_ms();
    bool told = false;

    for (;;) {
        int r = lock_take(path, false, fd, err);

        if (r <= 0)
            return r;
        if (!told && clock_ms() - start >= LOCK_QUIET_MS) {
            note(o, "waiting for another wl-make that is fetching %s", name);
            told = true;
        }
        if (cancel_sleep_ms(o->cancel, LOCK_POLL_MS))
            return cancel_error(err);
    }
}

/* 1: the file has the hash; 0: it has not, or it is gone. */
static int has_hash(const char *path, const char *sha256, struct wl_err *err)
{
    char got[HASH_HEX_SIZE];
    int r = path_exists(path) ? hash_file(path, got, err) : 1;

    return r < 0 ? r : r == 0 && !strcasecmp(got, sha256);
}

int source_check(const char *path, const char *sha256, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_dir(path), *lock_path = path_join(dir, ".lock");
    WL_CLEANUP_FD int lock = -1;
    int r = has_hash(path, sha256, err);

    if (r == 1)
        stamp_used(dir);
    if (r != 0)
        return r;
    /* Meanwhile another process may have removed it and fetched it again. */
    r = take_lock(lock_path, path_base(path), o, &lock, err);
    if (r == 0)
        r = has_hash(path, sha256, err);
    return r != 0 ? r : remove_tree(path, err);
}

/* The fetching of one archive, and why addresses failed so far. */
struct attempt {
    const struct source_archive *archive;
    const struct fetch_options *o;
    const char *name, *dir, *part;
    struct str *reasons; /* "ADDRESS (why), ..." */
    bool *rejected;      /* some address served bytes with another hash */
    struct str *rejection;
};

static void add_reason(struct attempt *t, const char *url, const char *why)
{
    str_addf(t->reasons, "%s%s (%s)", t->reasons->len ? ", " : "", url, why);
}

/* Keeps a file with a wrong hash where the user can look at it, and adds it to the text of the error. */
static int reject(struct attempt *t, const char *url, const char *got, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(t->o->cache, "rejected");
    WL_CLEANUP_FREE char *aside = xasprintf("%s/%.12s-%s", dir, got, t->name);
    WL_CLEANUP_FREE char *head = NULL;
    const char *page = "";
    int r;

    r = make_dirs(dir, err);
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
             "%s%s from %s does not match the recipe%s: expected sha256 %s, got %s; the file is kept in %s",
             t->rejection->len ? "; " : "", t->name, url, page, t->archive->sha256, got, aside);
    *t->rejected = true;
    add_reason(t, url, "wrong hash");
    note(t->o, "%s: the file from %s does not match the recipe's hash", t->name, url);
    return 0;
}

/* The same when the registry's client compared the hash itself and did not keep the file. */
static void reject_unseen(struct attempt *t, const char *url, const char *why)
{
    str_addf(t->rejection, "%s%s from %s does not match the recipe: %s", t->rejection->len ? "; " : "", t->name, url,
             why);
    *t->rejected = true;
    add_reason(t, url, "wrong hash");
    note(t->o, "%s: the file from %s does not match the recipe's hash", t->name, url);
}

/* Gives the verified part its name. */
static int put_in_place(struct attempt *t, char **path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *final = path_join(t->dir, t->name);
    WL_CLEANUP_FD int fd = open(t->part, O_RDONLY | O_CLOEXEC);

    /* A power cut must not leave a complete name with half of the bytes. */
    if (fd < 0 || fsync(fd) < 0 || rename(t->part, final) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot put %s in place", final);
    *path = final;
    final = NULL;
    return 0;
}

/* Whether the part has the right hash: 1 yes, 0 no. got is the hash that it has. */
static int verify(struct attempt *t, char got[HASH_HEX_SIZE], struct wl_err *err)
{
    int r = hash_file(t->part, got, err);

    return r < 0 ? r : !strcasecmp(got, t->archive->sha256);
}

/* Fetches from one address: 1 if it served, 0 if the next one may be tried. */
static int try_address(struct attempt *t, const char *url, char **path, struct wl_err *err)
{
    const struct source_kind *kind = source_kind_of(url, err);
    WL_CLEANUP_FREE char *scratch = xasprintf("%s.tmp", t->part), *from = path_join(t->dir, FROM);
    char got[HASH_HEX_SIZE];
    bool resumed;
    int r;

    if (!kind)
        return -(int)err->cls;
    if (t->o->offline && kind->needs_network) {
        add_reason(t, url, "not tried: offline");
        return 0;
    }
    /* Before the bytes: if this run ends after the last one, the next run finds them and knows where they are from. */
    r = file_write(from, url, strlen(url), err);
    if (r < 0)
        return r;
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
            return put_in_place(t, path, err) < 0 ? -(int)err->cls : 1;
        /* The first half may be another address's, so try this one again from the beginning. */
        if (resumed && unlink(t->part) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot remove %s", t->part);
    } while (resumed);
    r = reject(t, url, got, err);
    return r;
}

/* Without a part there is nothing whose address would have to be known. */
static void forget_address(struct attempt *t)
{
    WL_CLEANUP_FREE char *from = path_join(t->dir, FROM);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    if (!path_exists(t->part))
        remove_tree(from, &ignored);
}

/* Fetches one archive, whose lock is held: 1 if it is in the cache now. */
static int try_archive(struct attempt *t, char **path, struct wl_err *err)
{
    char got[HASH_HEX_SIZE];
    int r = 0;

    *path = cached_file(t->archive, t->o);
    if (*path)
        return 1;
    /* An earlier run was killed after the last byte and before the rename. */
    if (path_exists(t->part)) {
        r = verify(t, got, err);
        if (r > 0)
            return put_in_place(t, path, err) < 0 ? -(int)err->cls : 1;
    }
    for (size_t i = 0; r == 0 && i < t->archive->urls.n; i++) {
        if (cancel_pending(t->o->cancel))
            return cancel_error(err);
        r = try_address(t, t->archive->urls.v[i], path, err);
        if (r <= 0)
            forget_address(t);
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
        WL_CLEANUP_FREE char *dir = archive_dir(a, o);
        WL_CLEANUP_FREE char *part = path_join(dir, ".part"), *lock_path = path_join(dir, ".lock");
        struct attempt t = {a, o, name, dir, part, &reasons, &rejected, &rejection};
        WL_CLEANUP_FD int lock = -1;
        int r;

        n_urls += a->urls.n;
        if (!wanted)
            wanted = xstrdup(name);
        r = make_dirs(dir, err);
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
            str_addf(&rejection, "; all addresses: %s", reasons.s);
        wl_err_set(err, WL_E_VERIFY, "%s", rejection.s);
        return wl_err_hint(err, "if upstream changed the file, put the new hash into the recipe; otherwise somebody "
                                "between upstream and this machine changed it");
    }
    wl_err_set(err, WL_E_FETCH, "cannot fetch %s: %s", wanted ? wanted : "a source",
               reasons.len ? reasons.s : "the recipe names no address");
    if (o->offline)
        return wl_err_hint(err, "run wl-make fetch once without --offline");
    return wl_err_hint(err, "check the network, or download the file yourself and pass it with --source FILE");
}
