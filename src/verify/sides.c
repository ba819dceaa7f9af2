#include "verify/sides.h"

#include "util/fs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int link_to(const char *target, const char *path, struct wl_err *err)
{
    return symlink(target, path) == 0 ? 0 : wl_err_errno(err, WL_E_IO, "cannot make the link %s", path);
}

static int borrow_artifacts(const struct store *store, const char *to, const struct strv *without, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = store_artifacts(store);
    WL_CLEANUP_STRV struct strv keys = {0};
    int r = dir_list(dir, &keys, err);

    for (size_t i = 0; r == 0 && i < keys.n; i++) {
        WL_CLEANUP_FREE char *entry = path_join(dir, keys.v[i]), *link = path_join(to, keys.v[i]);

        if (!strv_has(without, keys.v[i]))
            r = link_to(entry, link, err);
    }
    return r;
}

int side_make(const struct store *store, const char *cache, bool borrow, const struct strv *without, struct wl_err *err)
{
    WL_CLEANUP_FREE char *artifacts = path_join(cache, "artifacts"), *sources = path_join(cache, "sources");
    int r = make_dirs(artifacts, err);

    if (r == 0)
        r = link_to(store->sources, sources, err);
    return r == 0 && borrow ? borrow_artifacts(store, artifacts, without, err) : r;
}

static int compare(const void *a, const void *b)
{
    const struct side_artifact *x = a, *y = b;

    return strcmp(x->manifest.name, y->manifest.name);
}

int side_artifacts(const char *cache, struct side_artifacts *list, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(cache, "artifacts");
    WL_CLEANUP_STRV struct strv keys = {0};
    int r = dir_list(dir, &keys, err);

    for (size_t i = 0; r == 0 && i < keys.n; i++) {
        WL_CLEANUP_FREE char *entry = path_join(dir, keys.v[i]), *file = path_join(entry, STORE_MANIFEST),
                             *borrowed = link_target(entry);
        struct side_artifact *x;

        if (borrowed)
            continue;
        list->v = xreallocarray(list->v, list->n + 1, sizeof *list->v);
        x = &list->v[list->n++];
        *x = (struct side_artifact){.tree = path_join(entry, STORE_TREE)};
        r = manifest_read(file, &x->manifest, err);
        if (r == 0 && strcmp(x->manifest.kind, "port") != 0) {
            manifest_free(&x->manifest);
            free(x->tree);
            list->n--;
        }
    }
    if (r == 0 && list->n)
        qsort(list->v, list->n, sizeof *list->v, compare);
    return r;
}

void side_artifacts_free(struct side_artifacts *list)
{
    for (size_t i = 0; i < list->n; i++) {
        manifest_free(&list->v[i].manifest);
        free(list->v[i].tree);
    }
    free(list->v);
    *list = (struct side_artifacts){0};
}

const struct side_artifact *side_artifact_of(const struct side_artifacts *list, const char *port)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->v[i].manifest.name, port))
            return &list->v[i];
    return NULL;
}
