/* Sockets: those that the caller has given, listening or connected, and those that the guest has made by requests
 * (net/), which have rules and limits. */
#include "wasi/wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

/* (The host's flags of a standard stream belong to the caller.) */
static int dont_wait(const struct wasi_fd *f)
{
    return f->flags & WASI_FD_NONBLOCK ? MSG_DONTWAIT : 0;
}

/* ---- What a guest has made ---- */

static uint32_t transfer(struct wasi *w, struct wasi_fd *f, uint32_t iovs, uint32_t count, bool writing,
                         uint32_t result);

struct wasi_socket *wasi_new_socket(const struct wasi_socket *like, uint32_t *e)
{
    struct wasi_socket *s = *like->open < like->most ? calloc(1, sizeof *s) : NULL;

    if (!s) {
        *e = *like->open < like->most ? WASI_ENOMEM : WASI_EMFILE;
        return NULL;
    }
    *s = (struct wasi_socket){.transfer = transfer,
                              .open = like->open,
                              .most = like->most,
                              .received_left = like->received_left,
                              .sent_left = like->sent_left,
                              .hears = like->hears,
                              .arg = like->arg};
    memcpy(s->wait_ms, like->wait_ms, sizeof s->wait_ms);
    ++*s->open;
    return s;
}

void wasi_free_socket(struct wasi_socket *s)
{
    if (!s)
        return;
    --*s->open;
    if (s->listening)
        --*s->listening;
    free(s->heard);
    free(s);
}

bool wasi_has_heard(const struct wasi_socket *s, const struct sockaddr_storage *from, socklen_t size)
{
    for (size_t i = 0; s->heard && i < WASI_HEARD; i++)
        if (s->heard[i].ss_family && !memcmp(&s->heard[i], from, size))
            return true;
    return false;
}

/* Notes the sender of a datagram, so that a server can answer it. */
static void hear(struct wasi_socket *s, const struct sockaddr_storage *from, socklen_t size)
{
    s->from = *from;
    s->from_size = size;
    if (!s->serves || wasi_has_heard(s, from, size))
        return;
    if (!s->heard && !(s->heard = calloc(WASI_HEARD, sizeof *s->heard)))
        return;
    s->heard[s->heard_next] = *from;
    s->heard_next = (s->heard_next + 1) % WASI_HEARD;
}

/* ---- Calls ---- */

uint32_t wasi_sock_accept(struct wasi *w, uint32_t fd, uint32_t flags, uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    uint32_t e, accepted;
    struct wasi_fd *f = sock(w, fd, WASI_R_SOCK_ACCEPT, &e);
    struct wasi_socket *own = NULL;
    int host;

    if (!f)
        return e;
    if (flags & ~(uint32_t)WASI_FD_NONBLOCK)
        return WASI_EINVAL;
    if (!wasi_inside(m, result, 4))
        return WASI_EFAULT;
    if (wasi_ready(w, &f, POLLIN) < 0)
        return wasi_from_errno(errno);
    do
        host = accept4(f->host, NULL, NULL, SOCK_CLOEXEC | (flags & WASI_FD_NONBLOCK ? SOCK_NONBLOCK : 0));
    while (host < 0 && wasi_again(w));
    if (host < 0)
        return wasi_from_errno(errno);
    if (f->socket && !(own = wasi_new_socket(f->socket, &e))) {
        close(host);
        return e;
    }
    e = wasi_insert(w, host,
                    (WASI_R_FD_READ | WASI_R_FD_WRITE | WASI_R_FD_SET_FLAGS | WASI_R_FD_FILESTAT_GET | WASI_R_POLL |
                     WASI_R_SOCK_SHUTDOWN),
                    0, (uint16_t)flags, &accepted);
    if (e) {
        wasi_free_socket(own);
        return e;
    }
    w->fds[accepted].socket = own;
    wasi_store(m, result, 4, accepted);
    return WASI_SUCCESS;
}

/* Whether a datagram may reach the guest. */
static bool is_heard(const struct wasi_socket *s, const struct msghdr *message)
{
    return s->serves || s->hears(s->arg, message->msg_name, message->msg_namelen);
}

/* recvmsg() until something comes that may. Of a datagram that may not, nothing is seen. *from gets the sender. */
static ssize_t receive_allowed(struct wasi *w, struct wasi_fd **of, struct msghdr *message,
                               struct sockaddr_storage *from, int flags)
{
    struct wasi_fd *f = *of;
    const bool filters = f->socket && f->type == WASI_SOCKET_DGRAM;

    for (;;) {
        ssize_t n;
        char byte;

        message->msg_name = filters ? from : NULL;
        message->msg_namelen = filters ? sizeof *from : 0;
        memset(from, 0, sizeof *from);
        if (wasi_ready(w, of, POLLIN) < 0)
            return -1;
        f = *of;
        do
            n = recvmsg(f->host, message, flags | dont_wait(f));
        while (n < 0 && wasi_again(w));
        /* (One of a pair has no address.) */
        if (n < 0 || !filters || message->msg_namelen <= sizeof from->ss_family)
            return n;
        if (is_heard(f->socket, message)) {
            hear(f->socket, from, message->msg_namelen);
            return n;
        }
        if (flags & MSG_PEEK)
            (void)!recv(f->host, &byte, 1, MSG_DONTWAIT);
    }
}

static uint32_t receive(struct wasi *w, struct wasi_fd *f, uint32_t iovs, uint32_t count, int flags, uint32_t result,
                        int *out_flags)
{
    struct guest_memory m = wasi_memory(w);
    struct iovec io[WASI_MAX_IOVS];
    struct msghdr message = {.msg_iov = io};
    struct sockaddr_storage from;
    uint64_t total;
    size_t n_io;
    uint32_t e;
    ssize_t n;

    if (!wasi_inside(m, result, 4))
        return WASI_EFAULT;
    e = wasi_vectors(m, iovs, count, io, &n_io, &total);
    if (e)
        return e;
    if (f->socket && !*f->socket->received_left)
        return WASI_EDQUOT;
    message.msg_iovlen = n_io; /* (an int in some C libraries) */
    n = receive_allowed(w, &f, &message, &from, flags);
    if (n < 0)
        return wasi_from_errno(errno);
    if (f->socket && *f->socket->received_left != UINT64_MAX && !(flags & MSG_PEEK))
        *f->socket->received_left -= (uint64_t)n < *f->socket->received_left ? (uint64_t)n : *f->socket->received_left;
    wasi_store(m, result, 4, (uint64_t)n);
    *out_flags = message.msg_flags;
    return WASI_SUCCESS;
}

/* Takes what was sent away from the front. */
static void advance(struct msghdr *message, size_t n)
{
    for (; message->msg_iovlen && n >= message->msg_iov->iov_len; message->msg_iov++, message->msg_iovlen--)
        n -= message->msg_iov->iov_len;
    if (!n)
        return;
    message->msg_iov->iov_base = (char *)message->msg_iov->iov_base + n;
    message->msg_iov->iov_len -= n;
}

/* sendmsg(). A stream that waits takes everything, unless the wait is ended. */
static ssize_t send_message(struct wasi *w, struct wasi_fd **of, struct msghdr *message, size_t total)
{
    const struct wasi_fd *f = *of;
    size_t sent = 0;
    /* Usually there is room, so asking first would only cost time. */
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT;

    for (;;) {
        const ssize_t n = sendmsg(f->host, message, flags);

        if (n >= 0 && (sent += (size_t)n) >= total)
            return (ssize_t)sent;
        if (n < 0 && wasi_again(w))
            continue;
        if (n < 0 && errno != EAGAIN)
            return sent ? (ssize_t)sent : -1;
        if (dont_wait(f))
            return n < 0 && !sent ? -1 : (ssize_t)sent;
        advance(message, n < 0 ? 0 : (size_t)n);
        if (wasi_ready(w, of, POLLOUT) < 0)
            return sent && *of ? (ssize_t)sent : -1;
        f = *of;
        /* Without a wait of the runner's, the kernel waits. */
        flags = MSG_NOSIGNAL | (w->wait ? MSG_DONTWAIT : 0);
    }
}

static uint32_t transmit(struct wasi *w, struct wasi_fd *f, uint32_t iovs, uint32_t count, uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    struct iovec io[WASI_MAX_IOVS];
    struct msghdr message = {.msg_iov = io};
    struct wasi_socket *s = f->socket;
    struct sockaddr_storage to;
    uint64_t total;
    size_t n_io;
    uint32_t e;
    struct wasi_output output;
    uint64_t *left = s && *s->sent_left != UINT64_MAX ? s->sent_left : NULL;
    ssize_t n;

    if (!wasi_inside(m, result, 4))
        return WASI_EFAULT;
    e = wasi_vectors(m, iovs, count, io, &n_io, &total);
    if (e)
        return e;
    if (left && total > *left)
        return WASI_EDQUOT;
    output = wasi_limit_output(w, f, total, io, &n_io);
    if (output.limited && n_io == 0) {
        wasi_count_output(w, output, 0);
        return WASI_EIO; /* nobody sees it */
    }
    message.msg_iovlen = n_io; /* (an int in some C libraries) */
    if (s && s->to_size) {
        to = s->to;
        message.msg_name = &to;
        message.msg_namelen = s->to_size;
        s->to_size = 0;
    }
    total = 0;
    for (size_t i = 0; i < n_io; i++)
        total += io[i].iov_len;
    /* (Other threads may send while this one waits.) */
    if (left)
        *left -= total;
    n = send_message(w, &f, &message, total);
    e = n < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
    if (left)
        *left += total - (e ? 0 : (uint64_t)n);
    wasi_count_output(w, output, e ? 0 : (size_t)n);
    if (e)
        return e;
    wasi_store(m, result, 4, (uint64_t)n);
    return WASI_SUCCESS;
}

static uint32_t transfer(struct wasi *w, struct wasi_fd *f, uint32_t iovs, uint32_t count, bool writing,
                         uint32_t result)
{
    int ignored;

    return writing ? transmit(w, f, iovs, count, result) : receive(w, f, iovs, count, 0, result, &ignored);
}

uint32_t wasi_sock_recv(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags, uint32_t result,
                        uint32_t out_flags)
{
    struct guest_memory m = wasi_memory(w);
    int message_flags = 0;
    uint32_t e;
    struct wasi_fd *f = sock(w, fd, WASI_R_FD_READ, &e);

    if (!f)
        return e;
    if (flags & ~(uint32_t)(RI_PEEK | RI_WAITALL))
        return WASI_EINVAL;
    if (!wasi_inside(m, result, 4) || !wasi_inside(m, out_flags, 2))
        return WASI_EFAULT;
    e = receive(w, f, iovs, count, (flags & RI_PEEK ? MSG_PEEK : 0) | (flags & RI_WAITALL ? MSG_WAITALL : 0), result,
                &message_flags);
    if (e == WASI_SUCCESS)
        wasi_store(wasi_memory(w), out_flags, 2, message_flags & MSG_TRUNC ? RO_TRUNCATED : 0);
    return e;
}

uint32_t wasi_sock_send(struct wasi *w, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags, uint32_t result)
{
    uint32_t e;
    struct wasi_fd *f = sock(w, fd, WASI_R_FD_WRITE, &e);

    if (!f)
        return e;
    return flags ? WASI_EINVAL /* none are defined */ : transmit(w, f, iovs, count, result);
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
