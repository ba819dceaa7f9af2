/* The end of descriptors, with everything that hangs on them. */
#include "wasi/lock.h"
#include "wasi/tree.h"
#include "wasi/wasi.h"

#include <stdlib.h>
#include <unistd.h>

static void empty(struct wasi *w, struct wasi_fd *f)
{
    const size_t at = (size_t)(f - w->fds);

    *f = (struct wasi_fd){0};
    if (at < w->fds_low)
        w->fds_low = at;
}

void wasi_drop(struct wasi *w, struct wasi_fd *f)
{
    wasi_close_dir(w, f);
    wasi_lock_closing(w, f);
    if (f->host >= 0)
        close(f->host);
    if (f->node)
        tree_drop(f->node);
    free(f->preopen);
    wasi_free_socket(f->socket);
    empty(w, f);
}

void wasi_free(struct wasi *w)
{
    for (size_t i = 0; i < w->fds_n; i++)
        if (w->fds[i].used)
            wasi_drop(w, &w->fds[i]);
    wasi_lock_free(w);
    free(w->fds);
    w->fds = NULL;
    w->fds_n = w->fds_low = 0;
}

uint32_t wasi_fd_close(struct wasi *w, uint32_t fd)
{
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);

    if (!f)
        return e;
    wasi_drop(w, f);
    return WASI_SUCCESS;
}

uint32_t wasi_fd_renumber(struct wasi *w, uint32_t from, uint32_t to)
{
    uint32_t e;
    struct wasi_fd *a = wasi_fd(w, from, 0, &e), *b = wasi_fd(w, to, 0, &e);

    if (!a || !b)
        return WASI_EBADF;
    if (a == b)
        return WASI_SUCCESS;
    wasi_drop(w, b);
    *b = *a;
    empty(w, a);
    return WASI_SUCCESS;
}
