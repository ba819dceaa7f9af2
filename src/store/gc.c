#include "store/gc.h"

#include "util/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_RECORD = 1 << 18 };

struct items {
    struct gc_item *v;
    size_t n;
};

static void items_free(struct items *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].path);
        free(l->v[i].what);
    }
    free(l->v);
}

/* --- what there is --- */

static char *what_artifact(const struct gc *g, const char *key)
{
    WL_CLEANUP_FREE char *entry = store_entry(g->store, key), *file = path_join(entry, STORE_MANIFEST);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_MANIFEST struct manifest m = {0};

    if (manifest_read(file, &m, &ignored) < 0)
        return xstrdup("");
    return xasprintf("%s%s%s", m.name, *m.version ? " " : "", m.version);
}

static char *what_source(const char *dir)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (dir_list(dir, &names, &ignored) == 0)
        for (size_t i = 0; i < names.n; i++)
            if (*names.v[i] != '.')
                return xstrdup(names.v[i]);
    return xstrdup("");
}

/* Whether gc may remove something of this name. (What is foreign is for fsck.) */
static bool is_ours(enum gc_kind kind, const char *path)
{
    WL_CLEANUP_FREE char *key = xstrndup(path_base(path), HASH_HEX_SIZE - 1), *enter = path_join(path, "enter.sh");

    if (kind == GC_BUILD)
        return path_exists(enter);
    return is_hex(key, HASH_HEX_SIZE - 1) &&
           !strcmp(path_base(path) + HASH_HEX_SIZE - 1, kind == GC_COMPILED ? ".compiled"
                                                        : kind == GC_PART   ? ".part"
                                                                            : "");
}

static int list_kind(const struct gc *g, enum gc_kind kind, const char *folder, struct items *l, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(g->store->cache, folder);
    WL_CLEANUP_STRV struct strv names = {0};
    int r = path_is_dir(dir) ? dir_list(dir, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]);
        struct stat st;

        if (!is_ours(kind, path) || lstat(path, &st) < 0 ||
            S_ISDIR(st.st_mode) != (kind != GC_COMPILED && kind != GC_PART))
            continue;
        l->v = xreallocarray(l->v, l->n + 1, sizeof *l->v);
        l->v[l->n++] = (struct gc_item){
            .kind = kind,
            .size = tree_size(path),
            .used = st.st_mtim.tv_sec,
            .what = kind == GC_ARTIFACT ? what_artifact(g, names.v[i])
                    : kind == GC_SOURCE ? what_source(path)
                                        : xstrdup(""),
        };
        l->v[l->n - 1].path = path;
        path = NULL;
    }
    return r;
}

/* What a record of `run` names counts as used when the record was last read: `run` starts from it without looking at
 * the store. */
static int note_records(const struct gc *g, struct items *l, struct wl_err *err)
{
    static const char folder[] = "/artifacts/";
    WL_CLEANUP_FREE char *dir = path_join(g->store->cache, "identity");
    WL_CLEANUP_STRV struct strv names = {0};
    int r = path_is_dir(dir) ? dir_list(dir, &names, err) : 0;

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *path = path_join(dir, names.v[i]), *text = NULL;
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
        struct stat st;
        time_t used;
        size_t n;

        /* (Reading it here would count as a use.) */
        if (!starts_with(names.v[i], "launch-") || lstat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
            file_read(path, MAX_RECORD, &text, &n, &ignored) < 0)
            continue;
        utimensat(AT_FDCWD, path, (const struct timespec[]){st.st_atim, st.st_mtim}, 0);
        used = st.st_atim.tv_sec > st.st_mtim.tv_sec ? st.st_atim.tv_sec : st.st_mtim.tv_sec;
        for (const char *p = text; (p = memmem(p, n - (size_t)(p - text), folder, sizeof folder - 1));) {
            p += sizeof folder - 1;
            for (size_t k = 0; k < l->n; k++)
                if (l->v[k].kind == GC_ARTIFACT && !strncmp(path_base(l->v[k].path), p, HASH_HEX_SIZE - 1) &&
                    l->v[k].used < used)
                    l->v[k].used = used;
        }
    }
    return r;
}

static int oldest_first(const void *a, const void *b)
{
    const struct gc_item *x = a, *y = b;

    return x->used != y->used ? (x->used > y->used) - (x->used < y->used) : strcmp(x->path, y->path);
}

/* --- removing --- */

/* Removes the thing. A build directory that another process works in is left: 1. */
static int remove_item(const struct gc *g, const struct store_work *w, const struct gc_item *x, struct wl_err *err)
{
    WL_CLEANUP_FREE char *lock = store_lock_path(g->store, path_base(x->path));
    int fd = -1, r = x->kind == GC_BUILD ? lock_take(lock, false, &fd, err) : 0;

    if (r != 0)
        return r;
    g->on_remove(g->data, x);
    r = work_remove(w, x->path, err);
    lock_end(lock, &fd);
    return r;
}

static int remove_old(struct gc *g, const struct items *l, struct wl_err *err)
{
    struct store_work w = {.lock = -1};
    int r = g->dry_run ? 0 : work_begin_any(&w, g->store, "gc", err);

    for (size_t i = 0; i < l->n; i++)
        g->left += l->v[i].size;
    for (size_t i = 0; r == 0 && i < l->n; i++) {
        const struct gc_item *x = &l->v[i];
        bool old = g->by_age && g->now - x->used > g->older_than;

        if (!old && !(g->by_size && g->left > g->max_size))
            continue;
        if (cancel_pending(g->cancel)) {
            r = cancel_error(err);
            break;
        }
        if (g->dry_run)
            g->on_remove(g->data, x);
        else
            r = remove_item(g, &w, x, err);
        if (r == 0) {
            g->removed++;
            g->freed += x->size;
            g->left -= x->size;
        }
        r = r > 0 ? 0 : r;
    }
    work_end(&w, false);
    return r;
}

int gc_run(struct gc *g, struct wl_err *err)
{
    WL_CLEANUP_FREE char *artifacts = store_artifacts(g->store);
    struct items l = {0};
    int r = list_kind(g, GC_ARTIFACT, path_base(artifacts), &l, err);

    if (r == 0)
        r = list_kind(g, GC_SOURCE, "sources", &l, err);
    if (r == 0)
        r = list_kind(g, GC_COMPILED, "compiled", &l, err);
    if (r == 0)
        r = list_kind(g, GC_BUILD, "build", &l, err);
    if (r == 0)
        r = list_kind(g, GC_PART, "remote", &l, err);
    if (r == 0)
        r = note_records(g, &l, err);
    if (l.n)
        qsort(l.v, l.n, sizeof *l.v, oldest_first);
    if (r == 0)
        r = remove_old(g, &l, err);
    items_free(&l);
    return r;
}
