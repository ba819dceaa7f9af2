/* Where a path leads: for the files that take one. */
#ifndef WL_WASI_PLACE_H
#define WL_WASI_PLACE_H

#include "wasi/wasi.h"

#include <limits.h>

struct wasi_place {
    char path[PATH_MAX];
    const char *last; /* the last part, with its trailing slashes */
    int dir;          /* the directory that holds it, open */
    bool read_only;   /* nothing may change there */
};

/* The descriptor of a directory that has these rights; NULL with *e. */
struct wasi_fd *wasi_folder(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t *e);
/* Whether fd is a directory in memory; then its path is read, for which there is room for PATH_MAX, or *e says why not.
 */
bool wasi_in_tree(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size, char *path,
                  struct wasi_fd **dir, uint32_t *e);
/* Opens the directory that holds a path's last part. The caller closes p->dir. */
uint32_t wasi_find_parent(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size,
                          struct wasi_place *p);
/* Opens a path only for questions about it (O_PATH). *node is -1 if it fails. */
uint32_t wasi_find_node(struct wasi *w, uint32_t fd, uint64_t rights, bool follow, uint32_t at, uint32_t size,
                        int *node);

/* path_open, in a file's own words. */
struct wasi_opening {
    uint32_t fd, lookup, path, size, create, fdflags;
    uint64_t rights, inheriting;
    mode_t mode; /* of a file that it creates */
};
uint32_t wasi_open(struct wasi *w, const struct wasi_opening *o, uint32_t *opened);
/* path_create_directory with a mode. */
uint32_t wasi_make_dir(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size, mode_t mode);

#endif
