#include "store/store_private.h"

#include "util/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not "store", where an older wl-make keeps directories without manifests: the two must not mix. */
#define ARTIFACTS "artifacts"
#define MANIFEST STORE_MANIFEST
#define TREE STORE_TREE
/* The lock of all artifacts: shared by processes that use some, exclusive to one that removes some. */
#define ALL "store"
/* The same for all sources. */
#define SOURCES "sources"

enum { POLL_MS = 200, SOON_MS = 5, MAX_PARALLEL = 64 };

/* Takes "." and ".." out of a path, if what is left leads to the same directory: without a sandbox steps see the path
 * of the cache, so it is in the keys, and must not depend on where the tool was started. Links stay: one without spaces
 * can stand for a directory with some. */
static void remove_dots(char **path)
{
    struct str plain = {0};
    struct stat before, after;

    for (const char *p = *path; *(p += strspn(p, "/"));) {
        size_t n = strcspn(p, "/");

        if (n == 2 && !strncmp(p, "..", 2)) {
            while (plain.len && plain.s[--plain.len] != '/')
                ;
            if (plain.s)
                plain.s[plain.len] = '\0';
        } else if (n != 1 || *p != '.') {
            str_addf(&plain, "/%.*s", (int)n, p);
        }
        p += n;
    }
    if (plain.len && stat(*path, &before) == 0 && stat(plain.s, &after) == 0 && before.st_dev == after.st_dev &&
        before.st_ino == after.st_ino) {
        free(*path);
        *path = str_take(&plain);
    }
    str_free(&plain);
}

int store_open(struct store *s, const char *cache, struct wl_err *err)
{
    static const char *const folders[] = {"sources", ARTIFACTS, "build", "logs", "lock"};

    *s = (struct store){.cache = path_absolute(cache), .held = -1, .held_sources = -1};
    if (make_dirs(s->cache, err) < 0)
        return -(int)err->cls;
    remove_dots(&s->cache);
    s->sources = path_join(s->cache, "sources");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        WL_CLEANUP_FREE char *dir = path_join(s->cache, folders[i]);
        int r = make_dirs(dir, err);

        if (r < 0)
            return r;
    }
    return 0;
}

void store_close(struct store *s)
{
    if (s->cache) {
        close_fdp(&s->held);
        close_fdp(&s->held_sources);
    }
    free(s->cache);
    free(s->sources);
    *s = (struct store){.held = -1, .held_sources = -1};
}

char *store_artifacts(const struct store *s)
{
    return path_join(s->cache, ARTIFACTS);
}

char *store_entry(const struct store *s, const char *key)
{
    return xasprintf("%s/" ARTIFACTS "/%s", s->cache, key);
}

char *store_path(const struct store *s, const char *key)
{
    return xasprintf("%s/" ARTIFACTS "/%s/" TREE, s->cache, key);
}

char *store_build_dir(const struct store *s, const char *key)
{
    return xasprintf("%s/build/%s", s->cache, key);
}

char *store_log_dir(const struct store *s, const char *port, const char *key)
{
    return xasprintf("%s/logs/%s/%.12s", s->cache, port, key);
}

char *store_lock_path(const struct store *s, const char *name)
{
    return xasprintf("%s/lock/%s", s->cache, name);
}

/* --- locks --- */

/* Takes a lock by take(path, fd, err), which returns 1 while another process holds it. */
static int wait_for(const char *path, int (*take)(const char *path, int *fd, struct wl_err *err),
                    const struct store_calls *calls, int *fd, struct wl_err *err)
{
    /* A sweep holds each lock for an instant, which is not worth a message. */
    for (int tries = 0;; tries++) {
        int r = take(path, fd, err);

        if (r <= 0)
            return r;
        if (tries == 1 && calls->on_wait)
            calls->on_wait(calls->data);
        if (cancel_sleep_ms(calls->cancel, tries ? POLL_MS : SOON_MS))
            return cancel_error(err);
    }
}

static int take_exclusive(const char *path, int *fd, struct wl_err *err)
{
    return lock_take(path, false, fd, err);
}

static int hold(const struct store *s, const char *name, int *held, const struct cancel *cancel, struct wl_err *err)
{
    WL_CLEANUP_FREE char *path = store_lock_path(s, name);

    return *held >= 0 ? 0 : wait_for(path, lock_share, &(struct store_calls){.cancel = cancel}, held, err);
}

int store_hold(struct store *s, const struct cancel *cancel, struct wl_err *err)
{
    return hold(s, ALL, &s->held, cancel, err);
}

int store_hold_sources(struct store *s, const struct cancel *cancel, struct wl_err *err)
{
    return hold(s, SOURCES, &s->held_sources, cancel, err);
}

int store_alone(const struct store *s, char **path, int *fd, struct wl_err *err)
{
    *path = store_lock_path(s, ALL);
    return lock_take(*path, false, fd, err);
}

int store_sources_alone(const struct store *s, const struct store_calls *calls, char **path, int *fd,
                        struct wl_err *err)
{
    *path = store_lock_path(s, SOURCES);
    return wait_for(*path, take_exclusive, calls, fd, err);
}

/* --- work --- */

static int empty_folder(struct store_work *w, struct wl_err *err)
{
    int r;

    w->dir = store_build_dir(w->store, w->name);
    r = remove_tree(w->dir, err);
    return r < 0 ? r : make_dirs(w->dir, err);
}

static int take_work(struct store_work *w, const struct store *s, const char *name, const struct store_calls *calls,
                     struct wl_err *err)
{
    *w = (struct store_work){.store = s, .name = xstrdup(name), .lock_path = store_lock_path(s, name), .lock = -1};
    return wait_for(w->lock_path, take_exclusive, calls, &w->lock, err);
}

int work_begin(struct store_work *w, const struct store *s, const char *name, const struct store_calls *calls,
               struct wl_err *err)
{
    int r = take_work(w, s, name, calls, err);

    return r < 0 ? r : empty_folder(w, err);
}

int work_begin_any(struct store_work *w, const struct store *s, const char *name, struct wl_err *err)
{
    for (int i = 1; i <= MAX_PARALLEL; i++) {
        int r;

        *w = (struct store_work){.store = s, .name = xasprintf("%s-%d", name, i), .lock = -1};
        w->lock_path = store_lock_path(s, w->name);
        r = lock_take(w->lock_path, false, &w->lock, err);
        if (r <= 0)
            return r < 0 ? r : empty_folder(w, err);
        work_end(w, true);
    }
    wl_err_set(err, WL_E_FAILED, "%d other wl-make work in %s/build/%s-*", MAX_PARALLEL, s->cache, name);
    return wl_err_hint(err, "wait until one has ended");
}

int work_remove(const struct store_work *w, const char *path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *away = path_join(w->dir, path_base(path));

    if (rename(path, away) == 0)
        return remove_tree(away, err);
    if (errno == ENOENT)
        return 0;
    return errno == EXDEV ? remove_tree(path, err) : wl_err_errno(err, WL_E_IO, "cannot move %s to %s", path, away);
}

void work_end(struct store_work *w, bool keep)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    if (w->lock >= 0) {
        if (!keep && w->dir)
            remove_tree(w->dir, &ignored);
        lock_end(w->lock_path, &w->lock);
    }
    free(w->name);
    free(w->dir);
    free(w->lock_path);
    *w = (struct store_work){.lock = -1};
}

/* --- artifacts --- */

static bool is_entry(const struct store *s, const char *key, char **manifest, char **tree)
{
    WL_CLEANUP_FREE char *entry = store_entry(s, key);
    struct stat st;

    *manifest = path_join(entry, MANIFEST);
    *tree = path_join(entry, TREE);
    return lstat(*manifest, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && lstat(*tree, &st) == 0 &&
           S_ISDIR(st.st_mode);
}

bool store_has(const struct store *s, const char *key)
{
    WL_CLEANUP_FREE char *manifest = NULL, *tree = NULL;

    return is_entry(s, key, &manifest, &tree);
}

/* WL_E_VERIFY, whose text is only the reason, if the artifact differs from its manifest. */
static int compare(const struct store *s, const char *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *manifest = NULL, *tree = NULL;
    WL_CLEANUP_MANIFEST struct manifest m = {0};
    int r;

    if (!is_entry(s, key, &manifest, &tree))
        return wl_err_set(err, WL_E_VERIFY, "its %s or its files are missing", MANIFEST);
    r = manifest_read(manifest, &m, err);
    if (r == 0 && strcmp(m.key, key) != 0)
        return wl_err_set(err, WL_E_VERIFY, "%s: it belongs to another artifact", MANIFEST);
    return r < 0 ? r : manifest_compare(&m, tree, err);
}

int store_file_hash(const struct store *s, const char *key, const char *path, char hex[HASH_HEX_SIZE],
                    struct wl_err *err)
{
    WL_CLEANUP_FREE char *entry = store_entry(s, key), *file = path_join(entry, MANIFEST);
    WL_CLEANUP_MANIFEST struct manifest m = {0};
    int r = manifest_read(file, &m, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < m.files_n; i++)
        if (m.files[i].type == MANIFEST_FILE && !strcmp(m.files[i].path, path)) {
            memcpy(hex, m.files[i].sha256, HASH_HEX_SIZE);
            return 0;
        }
    return wl_err_set(err, WL_E_VERIFY, "%s names no file %s", file, path);
}

void store_used(const struct store *s, const char *key)
{
    WL_CLEANUP_FREE char *entry = store_entry(s, key);

    stamp_used(entry);
}

int store_look(const struct store *s, const char *key, char **damage, struct wl_err *err)
{
    WL_CLEANUP_FREE char *entry = store_entry(s, key);
    struct wl_err why = WL_ERR_INIT;
    int r;

    *damage = NULL;
    if (!path_exists(entry))
        return 0;
    r = compare(s, key, &why);
    if (r == -WL_E_VERIFY) {
        *damage = xstrdup(why.text);
        r = -1;
    } else if (r < 0) {
        wl_err_free(err);
        *err = why;
        return r;
    }
    wl_err_free(&why);
    return r == 0;
}

/* The same with the lock of the key held; a damaged artifact is removed. */
static int look_and_remove(const struct store *s, const char *key, char **damage, struct wl_err *err)
{
    WL_CLEANUP_FREE char *entry = store_entry(s, key);
    int r = store_look(s, key, damage, err);

    return *damage ? remove_tree(entry, err) : r;
}

int store_check(const struct store *s, const char *key, char **damage, struct wl_err *err)
{
    WL_CLEANUP_FREE char *lock = store_lock_path(s, key), *first = NULL;
    int fd, r = store_look(s, key, &first, err);

    *damage = NULL;
    if (r == 1)
        store_used(s, key);
    if (!first)
        return r;
    /* Check again with the lock of the key: another process may just have replaced it. */
    r = lock_take(lock, false, &fd, err);
    if (r != 0)
        return r < 0 ? r : 0;
    r = look_and_remove(s, key, damage, err);
    lock_end(lock, &fd);
    return r;
}

int store_begin(struct store_work *w, const struct store *s, const char *key, const struct store_calls *calls,
                struct wl_err *err)
{
    WL_CLEANUP_FREE char *damage = NULL;
    int r = take_work(w, s, key, calls, err);

    if (r == 0)
        r = look_and_remove(s, key, &damage, err);
    if (damage && calls->on_damage)
        calls->on_damage(calls->data, damage);
    return r != 0 ? r : empty_folder(w, err);
}

char *store_stage(const struct store_work *w)
{
    return path_join(w->dir, "stage");
}

static void make_read_only(const char *path)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;

    if (lstat(path, &st) < 0 || S_ISLNK(st.st_mode))
        return;
    if (S_ISREG(st.st_mode))
        chmod(path, st.st_mode & 0555);
    if (!S_ISDIR(st.st_mode))
        return;
    chmod(path, (st.st_mode & 0777) | 0700);
    if (dir_list(path, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        make_read_only(sub);
    }
}

/* A new name is on the disk once its directory is. */
static void sync_folder(const char *path)
{
    WL_CLEANUP_FREE char *dir = path_dir(path);
    WL_CLEANUP_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        fsync(fd);
}

/* If a manifest could not be read again, its artifact would never count as intact, and would be made again every time.
 */
static int check_readable(const char *path, struct wl_err *err)
{
    WL_CLEANUP_MANIFEST struct manifest m = {0};
    int r = manifest_read(path, &m, err);

    if (r == -WL_E_VERIFY)
        err->cls = WL_E_FAILED;
    return r < 0 ? -(int)err->cls : 0;
}

int store_publish(const struct store_work *w, const char *entry, struct wl_err *err)
{
    WL_CLEANUP_FREE char *to = store_entry(w->store, w->name);
    /* Without this, a power cut could leave the name with empty files. */
    int r = path_sync(entry, err);

    if (r == 0)
        r = path_replace(entry, to, err);
    if (r == 0)
        sync_folder(to);
    return r;
}

int store_commit(struct store_work *w, struct manifest *made, struct wl_err *err)
{
    WL_CLEANUP_FREE char *stage = store_stage(w), *entry = path_join(w->dir, "entry");
    WL_CLEANUP_FREE char *tree = path_join(entry, TREE), *manifest = path_join(entry, MANIFEST);
    struct stat st;
    /* Steps can write to this directory: something of theirs may have that name, and may lead elsewhere. */
    int r = remove_tree(entry, err);

    if (r == 0)
        r = make_dirs(entry, err);
    if (r == 0 && (lstat(stage, &st) < 0 || !S_ISDIR(st.st_mode)))
        return wl_err_set(err, WL_E_FAILED, "%s is no longer a directory", stage);
    snprintf(made->key, sizeof made->key, "%s", w->name);
    make_read_only(stage);
    if (r == 0 && rename(stage, tree) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot move %s to %s", stage, tree);
    if (r == 0)
        r = manifest_scan(made, tree, err);
    if (r == 0)
        r = manifest_write(made, manifest, err);
    if (r == 0)
        r = check_readable(manifest, err);
    return r < 0 ? r : store_publish(w, entry, err);
}

/* --- what killed runs leave --- */

static void sweep_builds(const struct store *s)
{
    WL_CLEANUP_FREE char *builds = path_join(s->cache, "build");
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (dir_list(builds, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *dir = path_join(builds, names.v[i]), *enter = path_join(dir, "enter.sh");
        WL_CLEANUP_FREE char *lock = store_lock_path(s, names.v[i]);
        int fd;

        if (path_exists(enter) || lock_take(lock, false, &fd, &ignored) != 0)
            continue;
        remove_tree(dir, &ignored);
        lock_end(lock, &fd);
    }
}

static void sweep_locks(const struct store *s)
{
    WL_CLEANUP_FREE char *locks = path_join(s->cache, "lock");
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (dir_list(locks, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(locks, names.v[i]);
        int fd;

        if (lock_take(path, false, &fd, &ignored) == 0)
            lock_end(path, &fd);
    }
}

void store_sweep(const struct store *s)
{
    sweep_builds(s);
    sweep_locks(s);
}
