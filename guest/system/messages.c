/* What is sent and received: send(), recv() and their kin, over WASI's sock_send and sock_recv. Ancillary data (file
 * descriptors, credentials, hop limits) would lead out of the sandbox, or has no call: it cannot be sent, and none
 * arrives. */
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <wasi/api.h>

/* The host takes this many buffers at once, and a datagram is never longer. */
enum { MOST_BUFFERS = 64, MOST_DATAGRAM = 65536 };

static int fails(int error)
{
    errno = error;
    return -1;
}

/* -1 with EAGAIN if the call would have to wait. */
static int is_ready(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    const int n = poll(&p, 1, 0);

    return n < 0 ? -1 : n ? 0 : fails(EAGAIN);
}

static ssize_t send_buffers(int fd, const struct iovec *io, size_t count, int flags)
{
    __wasi_size_t n;
    __wasi_errno_t e;

    if (flags & ~(MSG_NOSIGNAL | MSG_DONTWAIT))
        return fails(EOPNOTSUPP);
    if ((flags & MSG_DONTWAIT) && is_ready(fd, POLLOUT) < 0)
        return -1;
    _Static_assert(sizeof *io == sizeof(__wasi_ciovec_t), "the buffers of C and of WASI differ");
    e = __wasi_sock_send(fd, (const __wasi_ciovec_t *)io, count, 0, &n);
    return e ? fails(e) : (ssize_t)n;
}

/* *truncated: a datagram was longer than the buffers. */
static ssize_t receive_buffers(int fd, const struct iovec *io, size_t count, int flags, int *truncated)
{
    const int known = MSG_PEEK | MSG_WAITALL;
    __wasi_roflags_t what = 0;
    __wasi_size_t n;
    __wasi_errno_t e;

    if (flags & ~(known | MSG_NOSIGNAL | MSG_DONTWAIT))
        return fails(EOPNOTSUPP);
    if ((flags & MSG_DONTWAIT) && is_ready(fd, POLLIN) < 0)
        return -1;
    e = __wasi_sock_recv(fd, (const __wasi_iovec_t *)io, count, (__wasi_riflags_t)(flags & known), &n, &what);
    *truncated = what & __WASI_ROFLAGS_RECV_DATA_TRUNCATED;
    return e ? fails(e) : (ssize_t)n;
}

ssize_t wl_send(int fd, const void *bytes, size_t n, int flags)
{
    return send_buffers(fd, &(struct iovec){(void *)bytes, n}, 1, flags);
}

ssize_t wl_recv(int fd, void *bytes, size_t n, int flags)
{
    int ignored;

    return receive_buffers(fd, &(struct iovec){bytes, n}, 1, flags, &ignored);
}

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *address, socklen_t size)
{
    return address && socket_send_to(fd, address, size) < 0 ? -1 : wl_send(fd, bytes, n, flags);
}

ssize_t recvfrom(int fd, void *restrict bytes, size_t n, int flags, struct sockaddr *restrict address,
                 socklen_t *restrict size)
{
    const ssize_t got = wl_recv(fd, bytes, n, flags);

    if (got >= 0 && address)
        socket_sent_from(fd, address, size);
    return got;
}

/* ---- Several buffers ---- */

/* A datagram in more buffers than the host takes goes through a single one, because it cannot be sent or received in
 * parts. NULL with *size == 0: it is not needed; NULL otherwise: no memory. */
static char *single_buffer(int fd, const struct msghdr *m, size_t *size)
{
    *size = 0;
    if (m->msg_iovlen <= MOST_BUFFERS || socket_type(fd) != SOCK_DGRAM)
        return NULL;
    for (int i = 0; i < m->msg_iovlen && *size < MOST_DATAGRAM; i++)
        *size += m->msg_iov[i].iov_len < MOST_DATAGRAM ? m->msg_iov[i].iov_len : MOST_DATAGRAM;
    *size = *size < MOST_DATAGRAM ? *size : MOST_DATAGRAM;
    return malloc(*size + !*size);
}

/* Copies between the buffers and the single one, up to n bytes. */
static void copy_buffers(const struct msghdr *m, char *single, size_t n, int to_single)
{
    for (int i = 0; i < m->msg_iovlen && n; i++) {
        const size_t part = m->msg_iov[i].iov_len < n ? m->msg_iov[i].iov_len : n;

        if (to_single)
            memcpy(single, m->msg_iov[i].iov_base, part);
        else
            memcpy(m->msg_iov[i].iov_base, single, part);
        single += part;
        n -= part;
    }
}

static size_t at_once(int count)
{
    return count < MOST_BUFFERS ? (size_t)count : MOST_BUFFERS;
}

/* Sends as many buffers at once as the host takes, as long as it takes all of them. */
static ssize_t send_in_parts(int fd, const struct iovec *io, int count, int flags)
{
    ssize_t sent = 0;

    do {
        const size_t part = at_once(count);
        const ssize_t n = send_buffers(fd, io, part, flags);
        size_t size = 0;

        if (n < 0)
            return sent ? sent : -1;
        for (size_t i = 0; i < part; i++)
            size += io[i].iov_len;
        sent += n;
        if ((size_t)n < size)
            return sent;
        io += part;
        count -= (int)part;
    } while (count);
    return sent;
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    char *single;
    size_t size;
    ssize_t sent;

    if (m->msg_iovlen < 0)
        return fails(EMSGSIZE);
    if (m->msg_controllen)
        return socket_type(fd) < 0 ? -1 : fails(EOPNOTSUPP);
    if (m->msg_name && m->msg_namelen && socket_send_to(fd, m->msg_name, m->msg_namelen) < 0)
        return -1;
    single = single_buffer(fd, m, &size);
    if (size && !single)
        return fails(ENOMEM);
    if (!single)
        return send_in_parts(fd, m->msg_iov, m->msg_iovlen, flags);
    copy_buffers(m, single, size, 1);
    sent = wl_send(fd, single, size, flags);
    free(single);
    return sent;
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    char *single;
    int truncated = 0;
    size_t size;
    ssize_t got;

    if (m->msg_iovlen < 0)
        return fails(EMSGSIZE);
    single = single_buffer(fd, m, &size);
    if (size && !single)
        return fails(ENOMEM);
    if (single)
        got = receive_buffers(fd, &(struct iovec){single, size}, 1, flags, &truncated);
    else
        got = receive_buffers(fd, m->msg_iov, at_once(m->msg_iovlen), flags, &truncated);
    if (single && got > 0)
        copy_buffers(m, single, (size_t)got, 0);
    free(single);
    if (got < 0)
        return -1;
    if (m->msg_name)
        socket_sent_from(fd, m->msg_name, &m->msg_namelen);
    m->msg_flags = truncated ? MSG_TRUNC : 0;
    m->msg_controllen = 0;
    return got;
}
