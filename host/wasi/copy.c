/* The descriptors of a copy of a guest. */
#include "wasi/tree.h"
#include "wasi/wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuse(const char *what, const char **why)
{
    *why = what;
    errno = ENOTSUP;
    return -1;
}

static int copy_one(struct wasi_fd *to, const struct wasi_fd *from,
                    struct tree *(*tree)(void *arg, const struct tree *of), void *arg, const char **why)
{
    bool named;

    if (from->socket)
        return refuse("it has a socket", why);
    if (from->standard || (from->host < 0 && !from->node && !from->channel))
        return refuse("it has moved its standard streams", why);
    *to = *from;
    to->dir = NULL;
    to->next = NULL;
    to->dir_at = 0;
    to->locked = false;
    named = wasi_set_name(to, from->preopen);
    to->host = from->host >= 0 ? fcntl(from->host, F_DUPFD_CLOEXEC, 0) : -1;
    if (from->node) {
        struct tree *t = tree(arg, from->node->tree);

        to->node = from->node->copy ? from->node->copy : tree_copy_removed(t, from->node);
        if (to->node)
            tree_hold(to->node);
    }
    if (!named || (from->node && !to->node))
        errno = ENOMEM;
    else if (from->host < 0 || to->host >= 0)
        return 0;
    return refuse(strerror(errno), why);
}

int wasi_copy(struct wasi *to, const struct wasi *from, struct tree *(*tree)(void *arg, const struct tree *of),
              void *arg, const char **why)
{
    struct wasi_fd *fds;

    if (from->locks)
        return refuse("it has locked a file", why);
    fds = realloc(to->fds, (from->fds_n + 1) * sizeof *fds);
    if (!fds)
        return refuse("out of memory", why);
    to->fds = fds;
    for (; to->fds_n < from->fds_n; to->fds_n++)
        fds[to->fds_n] = (struct wasi_fd){0};
    for (size_t i = 0; i < from->fds_n; i++) {
        const struct wasi_fd *f = &from->fds[i];

        if (f->used && f->locked)
            return refuse("it has locked a file", why);
        if (i < 3 && f->used && f->standard && fds[i].used) {
            fds[i].flags = f->flags;
            continue;
        }
        if (fds[i].used)
            wasi_drop(to, &fds[i]);
        if (f->used && copy_one(&fds[i], f, tree, arg, why) < 0)
            return -1;
    }
    to->serial = from->serial;
    to->fds_low = from->fds_low;
    to->no_openat2 = from->no_openat2;
    to->has_openat2 = from->has_openat2;
    to->tells_modes = from->tells_modes;
    to->umask = from->umask;
    return 0;
}
