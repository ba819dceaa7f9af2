/* The guest's descriptors, and functions on them that files and paths share. */
#include "wasi/wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* MAX_DIRS: directories that are being read at once; libc takes from 32 KiB to 1 MiB of the host's memory for each.
 * RESERVE: descriptors that the guest leaves to the process around it. */
enum { MAX_FDS = 65536, MAX_DIRS = 32, RESERVE = 16 };

struct wasi_fd *wasi_fd(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t *e)
{
    struct wasi_fd *f = fd < w->fds_n && w->fds[fd].used ? &w->fds[fd] : NULL;

    if (!f)
        *e = WASI_EBADF;
    else if ((f->rights & rights) != rights) {
        uint64_t missing = rights & ~f->rights;

        /* As POSIX programs expect: reading a file that was opened for writing, a path below a file. */
        if (missing & (WASI_R_FD_READ | WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE))
            *e = WASI_EBADF;
        else if (f->type != WASI_DIRECTORY && missing & ~(WASI_R_FILE | WASI_R_SOCK_SHUTDOWN | WASI_R_SOCK_ACCEPT))
            *e = WASI_ENOTDIR;
        else
            *e = WASI_ENOTCAPABLE;
        return NULL;
    }
    return f;
}

/* Whether the process has few descriptors left. (The kernel gives the lowest free number.) */
static bool is_last(int host)
{
    struct rlimit limit;

    return host > 8 * RESERVE && getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)host + RESERVE >= limit.rlim_cur;
}

/* The lowest free entry; NULL with *e. */
static struct wasi_fd *find_free(struct wasi *w, uint32_t *e)
{
    size_t at = w->fds_low, n, used = 0;
    struct wasi_fd *more;

    /* (The channel is the host's own.) */
    for (size_t i = w->most_fds ? 0 : w->fds_n; i < w->fds_n; i++)
        used += w->fds[i].used && !w->fds[i].channel;
    if (w->most_fds && used >= w->most_fds) {
        *e = WASI_EMFILE;
        return NULL;
    }
    while (at < w->fds_n && w->fds[at].used)
        at++;
    w->fds_low = at;
    if (at < w->fds_n)
        return &w->fds[at];
    n = w->fds_n ? w->fds_n * 2 : 16;
    more = n <= MAX_FDS ? realloc(w->fds, n * sizeof *more) : NULL;
    if (!more) {
        *e = n <= MAX_FDS ? WASI_ENOMEM : WASI_EMFILE;
        return NULL;
    }
    memset(more + w->fds_n, 0, (n - w->fds_n) * sizeof *more);
    w->fds = more;
    w->fds_n = n;
    return &w->fds[at];
}

uint32_t wasi_insert(struct wasi *w, int host, uint64_t rights, uint64_t inheriting, uint16_t flags, uint32_t *fd)
{
    struct wasi_fd *f;
    struct stat st;
    uint32_t e = WASI_EMFILE;

    if (is_last(host)) {
        close(host);
        return WASI_EMFILE;
    }
    if (fstat(host, &st) < 0) {
        e = wasi_failed(wasi_from_errno(errno));
        close(host);
        return e;
    }
    f = find_free(w, &e);
    if (!f) {
        close(host);
        return e;
    }
    *f = (struct wasi_fd){.used = true,
                          .serial = ++w->serial,
                          .host = host,
                          .type = wasi_filetype(host, &st),
                          .rights = rights,
                          .inheriting = inheriting,
                          .flags = flags};
    *fd = (uint32_t)(f - w->fds);
    return WASI_SUCCESS;
}

static int to_errno(uint32_t e)
{
    return e == WASI_ENOMEM ? ENOMEM : e == WASI_EMFILE ? EMFILE : EBADF;
}

int wasi_give_stream(struct wasi *w, const struct wasi_stream *stream)
{
    uint32_t e = WASI_EMFILE;
    struct wasi_fd *f = find_free(w, &e);

    if (!f) {
        errno = to_errno(e);
        return -1;
    }
    /* As a pipe. */
    *f = (struct wasi_fd){.used = true,
                          .serial = ++w->serial,
                          .standard = true,
                          .host = -1,
                          .stream = *stream,
                          .type = WASI_UNKNOWN,
                          .rights = (stream->read ? WASI_R_FD_READ : 0) | (stream->write ? WASI_R_FD_WRITE : 0) |
                                    WASI_R_FD_SET_FLAGS | WASI_R_FD_FILESTAT_GET | WASI_R_POLL};
    return (int)(f - w->fds);
}

int wasi_give_requests(struct wasi *w, const char *name)
{
    uint32_t e = WASI_EMFILE;
    struct wasi_fd *f = find_free(w, &e);

    if (!f) {
        errno = to_errno(e);
        return -1;
    }
    *f = (struct wasi_fd){.used = true,
                          .serial = ++w->serial,
                          .channel = true,
                          .host = -1,
                          .type = WASI_DIRECTORY,
                          .rights = WASI_R_PATH_READLINK};
    if (!wasi_set_name(f, name)) {
        *f = (struct wasi_fd){0};
        errno = ENOMEM;
        return -1;
    }
    return (int)(f - w->fds);
}

int wasi_give(struct wasi *w, int host, const char *name, bool read_only, bool standard)
{
    int flags = fcntl(host, F_GETFL);
    uint32_t fd, e;
    struct wasi_fd *f;

    e = flags < 0 ? WASI_EBADF : wasi_insert(w, host, WASI_R_ALL, WASI_R_ALL, 0, &fd);
    if (e) {
        errno = to_errno(e);
        return -1;
    }
    f = &w->fds[fd];
    f->standard = standard;
    f->read_only = read_only;
    /* wasi-libc's access() checks this right. */
    if (read_only)
        f->inheriting &= ~WASI_R_FD_WRITE;
    f->flags = (uint16_t)((flags & O_APPEND ? WASI_FD_APPEND : 0) | (flags & O_NONBLOCK ? WASI_FD_NONBLOCK : 0));
    if (f->type == WASI_DIRECTORY) {
        f->rights &= WASI_R_DIRECTORY;
    } else {
        f->inheriting = 0;
        f->rights &= WASI_R_FILE;
        if (f->type == WASI_SOCKET_STREAM || f->type == WASI_SOCKET_DGRAM)
            f->rights |= WASI_R_SOCK_SHUTDOWN | WASI_R_SOCK_ACCEPT;
        /* To wasi-libc, a character device without the right to seek is a terminal. */
        if (f->type != WASI_REGULAR_FILE && f->type != WASI_BLOCK_DEVICE &&
            (f->type != WASI_CHARACTER_DEVICE || isatty(host)))
            f->rights &= ~(WASI_R_FD_SEEK | WASI_R_FD_TELL);
        if ((flags & O_ACCMODE) == O_RDONLY)
            f->rights &= ~(WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE | WASI_R_FD_SET_SIZE);
        if ((flags & O_ACCMODE) == O_WRONLY)
            f->rights &= ~WASI_R_FD_READ;
    }
    if (!wasi_set_name(f, name)) {
        close(host);
        *f = (struct wasi_fd){0};
        errno = ENOMEM;
        return -1;
    }
    return (int)fd;
}

void wasi_close_dir(struct wasi *w, struct wasi_fd *f)
{
    if (!f->dir)
        return;
    closedir(f->dir);
    f->dir = NULL;
    f->next = NULL;
    f->dir_at = 0;
    w->dirs_n--;
}

uint32_t wasi_open_dir(struct wasi *w, struct wasi_fd *f)
{
    int own = openat(f->host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint32_t e;

    if (own < 0)
        return wasi_from_errno(errno);
    f->dir = fdopendir(own);
    if (!f->dir) {
        e = wasi_from_errno(errno);
        close(own);
        return e;
    }
    for (size_t i = 0; w->dirs_n >= MAX_DIRS && i < w->fds_n; i++)
        if (w->fds[i].used && &w->fds[i] != f)
            wasi_close_dir(w, &w->fds[i]);
    w->dirs_n++;
    return WASI_SUCCESS;
}

uint32_t wasi_fd_prestat_get(struct wasi *w, uint32_t fd, uint32_t at)
{
    struct guest_memory m = wasi_memory(w);
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);

    if (!f || !f->preopen)
        return WASI_EBADF;
    if (!wasi_inside(m, at, 8))
        return WASI_EFAULT;
    wasi_store(m, at, 8, (uint64_t)strlen(f->preopen) << 32); /* tag 0: a directory */
    return WASI_SUCCESS;
}

uint32_t wasi_fd_prestat_dir_name(struct wasi *w, uint32_t fd, uint32_t at, uint32_t size)
{
    struct guest_memory m = wasi_memory(w);
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);
    size_t length;

    if (!f || !f->preopen)
        return WASI_EBADF;
    length = strlen(f->preopen);
    if (size < length)
        return WASI_ENAMETOOLONG;
    if (!wasi_inside(m, at, length))
        return WASI_EFAULT;
    memcpy(m.base + at, f->preopen, length);
    return WASI_SUCCESS;
}

uint32_t wasi_fd_fdstat_get(struct wasi *w, uint32_t fd, uint32_t at)
{
    struct guest_memory m = wasi_memory(w);
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);

    if (!f)
        return e;
    if (!wasi_inside(m, at, 24))
        return WASI_EFAULT;
    wasi_store(m, at, 8, f->type | (uint64_t)f->flags << 16);
    wasi_store(m, (uint64_t)at + 8, 8, f->rights);
    wasi_store(m, (uint64_t)at + 16, 8, f->inheriting);
    return WASI_SUCCESS;
}

uint32_t wasi_fd_fdstat_set_flags(struct wasi *w, uint32_t fd, uint32_t flags)
{
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, WASI_R_FD_SET_FLAGS, &e);
    int now;

    if (!f)
        return e;
    if (flags & ~(uint32_t)(WASI_FD_APPEND | WASI_FD_DSYNC | WASI_FD_NONBLOCK | WASI_FD_RSYNC | WASI_FD_SYNC))
        return WASI_EINVAL;
    /* Linux accepts a change of these and ignores it. */
    if ((flags ^ f->flags) & (WASI_FD_DSYNC | WASI_FD_RSYNC | WASI_FD_SYNC))
        return WASI_ENOTSUP;
    /* A terminal that no longer blocks would trouble its next user, and a stream that was opened for appending has to
     * stay so. So non-blocking is only noted, for wasi_ready(). */
    if (f->node) {
        f->flags = (uint16_t)flags;
        return WASI_SUCCESS;
    }
    if (f->standard) {
        if ((flags ^ f->flags) & WASI_FD_APPEND)
            return WASI_ENOTSUP;
        f->flags = (uint16_t)flags;
        return WASI_SUCCESS;
    }
    now = fcntl(f->host, F_GETFL);
    if (now < 0)
        return wasi_from_errno(errno);
    now &= ~(O_APPEND | O_NONBLOCK);
    now |= (flags & WASI_FD_APPEND ? O_APPEND : 0) | (flags & WASI_FD_NONBLOCK ? O_NONBLOCK : 0);
    if (fcntl(f->host, F_SETFL, now) < 0)
        return wasi_from_errno(errno);
    f->flags = (uint16_t)flags;
    return WASI_SUCCESS;
}

uint32_t wasi_fd_fdstat_set_rights(struct wasi *w, uint32_t fd, uint64_t rights, uint64_t inheriting)
{
    uint32_t e;
    struct wasi_fd *f = wasi_fd(w, fd, 0, &e);

    if (!f)
        return e;
    if (rights & ~f->rights || inheriting & ~f->inheriting)
        return WASI_ENOTCAPABLE; /* rights can only be given up */
    f->rights = rights;
    f->inheriting = inheriting;
    return WASI_SUCCESS;
}
