/* The socket functions that WASI preview 1 lacks. If the host provides a network, it creates sockets on request
 * (guest/channel.h), and data passes through WASI's own calls. Otherwise a program has only the sockets that its
 * host hands over, which are already connected or listening, and everything that needs a network fails with ENOTSUP. */
#include "sockets.h"

#include "../channel.h"
#include "../processes.h"
#include "../vfs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#undef accept
#undef accept4
#undef getsockopt

static int fails(int error)
{
    errno = error;
    return -1;
}

int socket_type(int fd)
{
    __wasi_fdstat_t stat;
    __wasi_errno_t e = __wasi_fd_fdstat_get(fd, &stat);

    if (e != __WASI_ERRNO_SUCCESS)
        return fails(e);
    if (stat.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM)
        return SOCK_STREAM;
    return stat.fs_filetype == __WASI_FILETYPE_SOCKET_DGRAM ? SOCK_DGRAM : fails(ENOTSOCK);
}

/* Refuses what only a network could do, once it is clear that fd is a socket. */
static int check(int fd)
{
    return socket_type(fd) < 0 ? -1 : 0;
}

/* A number for a descriptor that the host has opened; flags: SOCK_NONBLOCK. */
static int adopt(unsigned long host, int flags)
{
    int fd = channel_adopt(host);
    __wasi_errno_t e = 0;

    if (fd >= 0 && (flags & SOCK_NONBLOCK))
        e = __wasi_fd_fdstat_set_flags((__wasi_fd_t)fd, __WASI_FDFLAGS_NONBLOCK);
    return e ? fails(e) : fd;
}

int socket(int family, int type, int protocol)
{
    const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    char answer[16];

    type &= ~flags;
    if (!channel_has("net"))
        return fails(ENOTSUP);
    if (family != AF_INET && family != AF_INET6)
        return fails(EAFNOSUPPORT);
    if (type == SOCK_RAW)
        return fails(EPERM);
    if ((type != SOCK_STREAM && type != SOCK_DGRAM) ||
        (protocol && protocol != (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP)))
        return fails(EPROTONOSUPPORT);
    if (channel_ask(answer, sizeof answer, "net.socket %d %s", family == AF_INET ? 4 : 6,
                    type == SOCK_STREAM ? "stream" : "dgram") < 0)
        return -1;
    return adopt(strtoul(answer, NULL, 10), flags);
}

int socketpair(int family, int type, int protocol, int pair[2])
{
    const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    char answer[32], *second;

    type &= ~flags;
    if (!channel_has("net") && !processes_exist())
        return fails(ENOTSUP);
    if (family != AF_UNIX && family != AF_INET)
        return fails(EAFNOSUPPORT);
    if ((type != SOCK_STREAM && type != SOCK_DGRAM) || protocol)
        return fails(EPROTONOSUPPORT);
    if (!channel_has("net")) {
        if (processes_pair(type == SOCK_STREAM, pair) < 0)
            return -1;
        for (int i = 0; i < 2 && flags & SOCK_NONBLOCK; i++)
            (void)!__wasi_fd_fdstat_set_flags((__wasi_fd_t)pair[i], __WASI_FDFLAGS_NONBLOCK);
        return 0;
    }
    if (channel_ask(answer, sizeof answer, "net.pair %s", type == SOCK_STREAM ? "stream" : "dgram") < 0)
        return -1;
    pair[0] = adopt(strtoul(answer, &second, 10), flags);
    pair[1] = adopt(strtoul(second, NULL, 10), flags);
    if (pair[0] >= 0 && pair[1] >= 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
    return -1;
}

/* ---- Addresses ---- */

enum { WORDS = INET6_ADDRSTRLEN + 8 };

/* " ADDRESS PORT" */
static int to_words(const struct sockaddr *address, socklen_t size, char words[WORDS])
{
    const struct sockaddr_in *four = (const void *)address;
    const struct sockaddr_in6 *six = (const void *)address;
    char text[INET6_ADDRSTRLEN];

    if (!address || size < sizeof address->sa_family)
        return fails(EINVAL);
    if (address->sa_family == AF_INET && size < sizeof *four)
        return fails(EINVAL);
    if (address->sa_family == AF_INET6 && size < sizeof *six)
        return fails(EINVAL);
    if (address->sa_family == AF_INET && inet_ntop(AF_INET, &four->sin_addr, text, sizeof text))
        snprintf(words, WORDS, " %s %u", text, ntohs(four->sin_port));
    else if (address->sa_family == AF_INET6 && inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text))
        snprintf(words, WORDS, " %s %u", text, ntohs(six->sin6_port));
    else
        return fails(EAFNOSUPPORT);
    return 0;
}

/* "4|6 ADDRESS PORT", or "0 - 0" for one without an address. */
static int from_words(const char *words, struct sockaddr *restrict address, socklen_t *restrict size)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {0};
    char text[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;
    int family = -1;
    socklen_t n = sizeof a.any.sa_family;

    if (sscanf(words, "%d %45s %u", &family, text, &port) != 3)
        return fails(EIO);
    if (family == 4 && inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = htons((uint16_t)port);
        n = sizeof a.v4;
    } else if (family == 6 && inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1) {
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons((uint16_t)port);
        n = sizeof a.v6;
    } else {
        a.any.sa_family = AF_UNIX;
    }
    memcpy(address, &a, *size < n ? *size : n);
    *size = n;
    return 0;
}

static int ask_address(int fd, const char *what, struct sockaddr *restrict address, socklen_t *restrict size)
{
    char answer[96];

    return channel_ask_of(fd, answer, sizeof answer, what, "%s", "") < 0 ? -1 : from_words(answer, address, size);
}

/* The unspecified address: WASI does not report the peer of a socket that a host hands over. */
static int unknown_address(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    struct sockaddr_in any = {.sin_family = AF_INET};

    if (check(fd) < 0)
        return -1;
    memcpy(address, &any, *size < sizeof any ? *size : sizeof any);
    *size = sizeof any;
    return 0;
}

int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    return channel_has("net") ? ask_address(fd, "net.name", address, size) : unknown_address(fd, address, size);
}

int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    return channel_has("net") ? ask_address(fd, "net.peer", address, size) : unknown_address(fd, address, size);
}

/* ---- Connections ---- */

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    char words[WORDS];

    if (!channel_has("net"))
        return check(fd) < 0 ? -1 : fails(ENOTSUP);
    return to_words(address, size, words) < 0 || channel_ask_of(fd, NULL, 0, "net.connect", "%s", words) < 0 ? -1 : 0;
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    char words[WORDS];

    if (!channel_has("net"))
        return check(fd) < 0 ? -1 : fails(ENOTSUP);
    return to_words(address, size, words) < 0 || channel_ask_of(fd, NULL, 0, "net.bind", "%s", words) < 0 ? -1 : 0;
}

int listen(int fd, int backlog)
{
    if (!channel_has("net"))
        return check(fd) < 0 ? -1 : fails(ENOTSUP);
    return channel_ask_of(fd, NULL, 0, "net.listen", " %d", backlog) < 0 ? -1 : 0;
}

int wl_accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
    const int accepted = accept4(fd, NULL, NULL, flags & SOCK_NONBLOCK);

    if (accepted < 0 || !address)
        return accepted;
    if (getpeername(accepted, address, size) < 0)
        *size = 0; /* the other end has closed it */
    return accepted;
}

int wl_accept(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    return wl_accept4(fd, address, size, 0);
}

/* ---- Datagrams ---- */

int socket_send_to(int fd, const struct sockaddr *address, socklen_t size)
{
    char words[WORDS];

    if (!channel_has("net"))
        return check(fd) < 0 ? -1 : fails(ENOTSUP);
    if (to_words(address, size, words) < 0)
        return -1;
    if (channel_ask_of(fd, NULL, 0, "net.to", "%s", words) >= 0)
        return 0;
    return errno == EISCONN ? 0 : -1; /* a stream, which ignores the address, as on Linux */
}

void socket_sent_from(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
    /* For a stream no address is reported, as on Linux. */
    if (!channel_has("net") || socket_type(fd) != SOCK_DGRAM || ask_address(fd, "net.from", address, size) < 0)
        *size = 0;
}

/* ---- Options ---- */

static const struct {
    int level, option;
    const char *name;
} options[] = {
    {SOL_SOCKET, SO_REUSEADDR, "reuseaddr"},
    {SOL_SOCKET, SO_REUSEPORT, "reuseport"},
    {SOL_SOCKET, SO_KEEPALIVE, "keepalive"},
    {SOL_SOCKET, SO_BROADCAST, "broadcast"},
    {SOL_SOCKET, SO_OOBINLINE, "oobinline"},
    {SOL_SOCKET, SO_RCVBUF, "rcvbuf"},
    {SOL_SOCKET, SO_SNDBUF, "sndbuf"},
    {SOL_SOCKET, SO_RCVLOWAT, "rcvlowat"},
    {SOL_SOCKET, SO_ERROR, "error"},
    {SOL_SOCKET, SO_ACCEPTCONN, "acceptconn"},
    {SOL_SOCKET, SO_DONTROUTE, "dontroute"},
    {SOL_SOCKET, SO_SNDLOWAT, "sndlowat"},
    {IPPROTO_TCP, TCP_NODELAY, "nodelay"},
    {IPPROTO_TCP, TCP_KEEPIDLE, "keepidle"},
    {IPPROTO_TCP, TCP_KEEPINTVL, "keepintvl"},
    {IPPROTO_TCP, TCP_KEEPCNT, "keepcnt"},
    {IPPROTO_TCP, TCP_MAXSEG, "maxseg"},
    {IPPROTO_TCP, TCP_CORK, "cork"},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, "deferaccept"},
    {IPPROTO_TCP, TCP_QUICKACK, "quickack"},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, "usertimeout"},
    {IPPROTO_TCP, TCP_SYNCNT, "syncnt"},
    {IPPROTO_TCP, TCP_LINGER2, "linger2"},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, "windowclamp"},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, "notsentlowat"},
    {IPPROTO_TCP, TCP_FASTOPEN, "fastopen"},
    {IPPROTO_IP, IP_TOS, "tos"},
    {IPPROTO_IP, IP_TTL, "ttl"},
    {IPPROTO_IPV6, IPV6_V6ONLY, "v6only"},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, "hops"},
    {IPPROTO_IPV6, IPV6_TCLASS, "tclass"},
    {IPPROTO_IPV6, IPV6_DONTFRAG, "dontfrag"},
};

static const char *option_name(int level, int option)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].level == level && options[i].option == option)
            return options[i].name;
    return NULL;
}

static int give(const void *answer, socklen_t n, void *value, socklen_t *size)
{
    memcpy(value, answer, *size < n ? *size : n);
    *size = *size < n ? *size : n;
    return 0;
}

/* SO_RCVTIMEO and SO_SNDTIMEO: how long a call waits. A struct timeval, or the smaller one of 32-bit systems, which
 * programs write that pack two C longs. */
struct small_timeval {
    int32_t tv_sec, tv_usec;
};

static const char *wait_name(int level, int option)
{
    if (level != SOL_SOCKET || (option != SO_RCVTIMEO && option != SO_SNDTIMEO))
        return NULL;
    return option == SO_RCVTIMEO ? "receive" : "send";
}

static int set_wait(int fd, const char *name, const void *value, socklen_t size)
{
    const long long most = UINT32_MAX;
    struct timeval t = {0};
    struct small_timeval small;
    long long ms;

    if (size >= sizeof t) {
        memcpy(&t, value, sizeof t);
    } else if (size >= sizeof small) {
        memcpy(&small, value, sizeof small);
        t = (struct timeval){.tv_sec = small.tv_sec, .tv_usec = small.tv_usec};
    } else {
        return fails(EINVAL);
    }
    if (t.tv_usec < 0 || t.tv_usec >= 1000000)
        return fails(EDOM);
    ms = t.tv_sec > most / 1000 ? most : t.tv_sec < 0 ? 0 : t.tv_sec * 1000 + (t.tv_usec + 999) / 1000;
    return channel_ask_of(fd, NULL, 0, "net.wait", " %s %lld", name, ms < most ? ms : most) < 0 ? -1 : 0;
}

static int get_wait(int fd, const char *name, void *value, socklen_t *size)
{
    char answer[32];
    struct timeval t;
    struct small_timeval small;
    long long ms;

    if (channel_ask_of(fd, answer, sizeof answer, "net.wait", " %s", name) < 0)
        return -1;
    ms = atoll(answer);
    t = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    small = (struct small_timeval){.tv_sec = (int32_t)t.tv_sec, .tv_usec = (int32_t)t.tv_usec};
    return *size < sizeof t ? give(&small, sizeof small, value, size) : give(&t, sizeof t, value, size);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    const char *name = option_name(level, option);
    struct linger l;
    int number;

    if (!channel_has("net"))
        return check(fd) < 0 ? -1 : fails(ENOPROTOOPT);
    if (level == SOL_SOCKET && option == SO_LINGER) {
        if (size < sizeof l)
            return fails(EINVAL);
        memcpy(&l, value, sizeof l);
        return channel_ask_of(fd, NULL, 0, "net.linger", " %d %d", l.l_onoff, l.l_linger) < 0 ? -1 : 0;
    }
    if (wait_name(level, option))
        return set_wait(fd, wait_name(level, option), value, size);
    if (check(fd) < 0)
        return -1;
    if (!name)
        return fails(ENOPROTOOPT);
    if (size < sizeof number)
        return fails(EINVAL);
    memcpy(&number, value, sizeof number);
    return channel_ask_of(fd, NULL, 0, "net.option", " %s %d", name, number) < 0 ? -1 : 0;
}

/* The family of a socket, by its own address. */
static int family_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;

    return getsockname(fd, (struct sockaddr *)&address, &size) < 0 ? -1 : address.ss_family;
}

int wl_getsockopt(int fd, int level, int option, void *restrict value, socklen_t *restrict size)
{
    const char *name = option_name(level, option);
    struct linger l = {0};
    char answer[32];
    int number, type;

    if (level == SOL_SOCKET && option == SO_TYPE)
        return getsockopt(fd, level, option, value, size);
    type = socket_type(fd);
    if (type < 0)
        return -1;
    if (level == SOL_SOCKET && option == SO_DOMAIN) {
        number = family_of(fd);
        return number < 0 ? -1 : give(&number, sizeof number, value, size);
    }
    if (level == SOL_SOCKET && option == SO_PROTOCOL) {
        number = family_of(fd);
        number = number != AF_INET && number != AF_INET6 ? 0 : type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
        return give(&number, sizeof number, value, size);
    }
    if (!channel_has("net") && level == SOL_SOCKET && option == SO_ERROR) {
        number = 0;
        return give(&number, sizeof number, value, size);
    }
    if (!channel_has("net"))
        return fails(ENOPROTOOPT);
    if (level == SOL_SOCKET && option == SO_LINGER) {
        if (channel_ask_of(fd, answer, sizeof answer, "net.linger", "%s", "") < 0 ||
            sscanf(answer, "%d %d", &l.l_onoff, &l.l_linger) != 2)
            return -1;
        return give(&l, sizeof l, value, size);
    }
    if (wait_name(level, option))
        return get_wait(fd, wait_name(level, option), value, size);
    if (!name)
        return fails(ENOPROTOOPT);
    if (channel_ask_of(fd, answer, sizeof answer, "net.option", " %s", name) < 0)
        return -1;
    number = atoi(answer);
    return give(&number, sizeof number, value, size);
}
