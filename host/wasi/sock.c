/* Sockets that the caller gave, listening or connected. A guest cannot make any of its own. */
#include "wasi/wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RI_PEEK = 1, RI_WAITALL = 2, RO_TRUNCATED = 1, SD_RD = 1, SD_WR = 2 };

static struct wasi_fd *sock(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t *e)
{
    struct wasi_fd *f = wasi_fd(w, fd, 0, e);

    if (f && f->type != WASI_SOCKET_STREAM && f->type != WASI_SOCKET_DGRAM) {
        *e = WASI_ENOTSOCK;
        return NULL;
    }
    return f ? wasi_fd(w, fd, rights, e) : NULL;
}

/* (A stream's own flags are the caller's.) */
static int dont_wait(const struct wasi_fd *f)
{
    return f->flags & WASI_FD_NONBLOCK ? MSG_DONTWAIT : 0;
}

uint32_t wasi_sock_accept(struct wasi *w, uint32_t fd, uint32_t flags, uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    uint32_t e, accepted;
    struct wasi_fd *f = sock(w, fd, WASI_R_SOCK_ACCEPT, &e);
    int host;

    if (!f)
        return e;
    if (flags & ~(uint32_t)WASI_FD_NONBLOCK)
        return WASI_EINVAL;
    if (!wasi_inside(m, result, 4))
        return WASI_EFAULT;
    if (wasi_ready(w, f, POLLIN) < 0)
        return wasi_from_errno(errno);
    do
        host = accept4(f->host, NULL, NULL, SOCK_CLOEXEC | (flags & WASI_FD_NONBLOCK ? SOCK_NONBLOCK : 0));
    while (host < 0 && wasi_again(w));
    if (host < 0)
        return wasi_from_errno(errno);
    e = wasi_insert(w, host,
                    (WASI_R_FD_READ | WASI_R_FD_WRITE | WASI_R_FD_SET_FLAGS | WASI_R_FD_FILESTAT_GET | WASI_R_POLL |
                     WASI_R_SOCK_SHUTDOWN),
                    0, (uint16_t)flags, &accepted);
    if (e == 0)
        wasi_store(m, result, 4, accepted);
    return e;
}

uint32_t wasi_sock_recv(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags, uint32_t result,
                        uint32_t out_flags)
{
    struct guest_memory m = wasi_memory(w);
    struct iovec io[WASI_MAX_IOVS];
    struct msghdr message = {.msg_iov = io};
    size_t n_io;
    uint64_t total;
    uint32_t e;
    struct wasi_fd *f = sock(w, fd, WASI_R_FD_READ, &e);
    ssize_t n;

    if (!f)
        return e;
    if (flags & ~(uint32_t)(RI_PEEK | RI_WAITALL))
        return WASI_EINVAL;
    if (!wasi_inside(m, result, 4) || !wasi_inside(m, out_flags, 2))
        return WASI_EFAULT;
    e = wasi_vectors(m, iovs, count, io, &n_io, &total);
    if (e)
        return e;
    message.msg_iovlen = n_io; /* (an int in some C libraries) */
    if (wasi_ready(w, f, POLLIN) < 0)
        return wasi_from_errno(errno);
    do
        n = recvmsg(f->host, &message,
                    (flags & RI_PEEK ? MSG_PEEK : 0) | (flags & RI_WAITALL ? MSG_WAITALL : 0) | dont_wait(f));
    while (n < 0 && wasi_again(w));
    if (n < 0)
        return wasi_from_errno(errno);
    wasi_store(m, result, 4, (uint64_t)n);
    wasi_store(m, out_flags, 2, message.msg_flags & MSG_TRUNC ? RO_TRUNCATED : 0);
    return WASI_SUCCESS;
}

uint32_t wasi_sock_send(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags, uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    struct iovec io[WASI_MAX_IOVS];
    struct msghdr message = {.msg_iov = io};
    size_t n_io;
    uint64_t total;
    uint32_t e;
    struct wasi_fd *f = sock(w, fd, WASI_R_FD_WRITE, &e);
    bool limited;
    ssize_t n;

    if (!f)
        return e;
    if (flags)
        return WASI_EINVAL; /* none are defined */
    if (!wasi_inside(m, result, 4))
        return WASI_EFAULT;
    e = wasi_vectors(m, iovs, count, io, &n_io, &total);
    if (e)
        return e;
    limited = wasi_limit_output(w, f, total, io, &n_io);
    if (limited && n_io == 0) {
        wasi_count_output(w, f, limited, 0);
        return WASI_EIO; /* nobody sees it */
    }
    message.msg_iovlen = n_io; /* (an int in some C libraries) */
    if (wasi_ready(w, f, POLLOUT) < 0)
        return wasi_from_errno(errno);
    do
        n = sendmsg(f->host, &message, MSG_NOSIGNAL | dont_wait(f));
    while (n < 0 && wasi_again(w));
    if (n < 0)
        return wasi_from_errno(errno);
    wasi_count_output(w, f, limited, (size_t)n);
    wasi_store(m, result, 4, (uint64_t)n);
    return WASI_SUCCESS;
}

uint32_t wasi_sock_shutdown(struct wasi *w, uint32_t fd, uint32_t how)
{
    uint32_t e;
    struct wasi_fd *f = sock(w, fd, WASI_R_SOCK_SHUTDOWN, &e);

    if (!f)
        return e;
    if (how == 0 || how & ~(uint32_t)(SD_RD | SD_WR))
        return WASI_EINVAL;
    if (shutdown(f->host, how == SD_RD ? SHUT_RD : how == SD_WR ? SHUT_WR : SHUT_RDWR) < 0)
        return wasi_from_errno(errno);
    return WASI_SUCCESS;
}
