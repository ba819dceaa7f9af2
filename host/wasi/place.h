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
/* Opens the directory that holds a path's last part. The caller closes p->dir. */
uint32_t wasi_find_parent(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size,
                          struct wasi_place *p);
/* Opens a path only for questions about it (O_PATH). *node is -1 if it fails. */
uint32_t wasi_find_node(struct wasi *w, uint32_t fd, uint64_t rights, bool follow, uint32_t at, uint32_t size,
                        int *node);

#endif
