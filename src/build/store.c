#include "store.h"

#include "fs.h"

#include <string.h>
#include <sys/stat.h>

int store_open(struct store *s, const char *cache, struct wl_err *err)
{
    static const char *const folders[] = {"sources", "store", "build", "logs", "lock"};

    s->cache = path_absolute(cache);
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
    free(s->cache);
    free(s->sources);
    *s = (struct store){0};
}

char *store_path(const struct store *s, const char *key)
{
    return xasprintf("%s/store/%s", s->cache, key);
}

char *store_build_dir(const struct store *s, const char *key)
{
    return xasprintf("%s/build/%s", s->cache, key);
}

int store_scratch(const struct store *s, const char *key, char **dir, struct wl_err *err)
{
    int r;

    *dir = store_build_dir(s, key);
    r = remove_tree(*dir, err);
    return r < 0 ? r : make_dirs(*dir, err);
}

char *store_log_dir(const struct store *s, const char *port, const char *key)
{
    return xasprintf("%s/logs/%s/%.12s", s->cache, port, key);
}

bool store_has(const struct store *s, const char *key)
{
    WL_CLEANUP_FREE char *path = store_path(s, key);

    return path_is_dir(path);
}

int store_lock(const struct store *s, const char *name, const struct cancel *cancel, void (*on_wait)(void *data),
               void *data, int *fd, struct wl_err *err)
{
    WL_CLEANUP_FREE char *path = xasprintf("%s/lock/%s", s->cache, name);
    bool told = false;

    for (;;) {
        int r = lock_take(path, false, fd, err);

        if (r <= 0)
            return r;
        if (!told && on_wait)
            on_wait(data);
        told = true;
        if (cancel_sleep_ms(cancel, 200))
            return cancel_error(err);
    }
}

/* Whoever holds an artifact must not change it by accident: every later build would be of something else. */
static void make_read_only(const char *path)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;

    if (lstat(path, &st) < 0 || S_ISLNK(st.st_mode))
        return;
    if (S_ISDIR(st.st_mode) && dir_list(path, &names, &ignored) == 0)
        for (size_t i = 0; i < names.n; i++) {
            WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

            make_read_only(sub);
        }
    if (S_ISREG(st.st_mode))
        chmod(path, st.st_mode & 0555);
}

int store_commit(const struct store *s, const char *key, const char *stage, struct wl_err *err)
{
    WL_CLEANUP_FREE char *path = store_path(s, key);

    make_read_only(stage);
    return path_replace(stage, path, err);
}

void store_sweep(const struct store *s)
{
    WL_CLEANUP_FREE char *builds = path_join(s->cache, "build");
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (dir_list(builds, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *dir = path_join(builds, names.v[i]), *enter = path_join(dir, "enter.sh");
        WL_CLEANUP_FREE char *lock = xasprintf("%s/lock/%s", s->cache, names.v[i]);
        WL_CLEANUP_FD int fd = -1;

        if (!path_exists(enter) && lock_take(lock, false, &fd, &ignored) == 0)
            remove_tree(dir, &ignored);
    }
}
