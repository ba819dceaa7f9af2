/* Requests for the options of sockets. */
#include "net/requests.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <string.h>

/* Options, by names of our own since their numbers differ between systems. */
static const struct option {
    const char *name;
    int level, option;
    bool read_only;
} options[] = {
    {"reuseaddr", SOL_SOCKET, SO_REUSEADDR, false},
    {"reuseport", SOL_SOCKET, SO_REUSEPORT, false},
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE, false},
    {"broadcast", SOL_SOCKET, SO_BROADCAST, false},
    {"oobinline", SOL_SOCKET, SO_OOBINLINE, false},
    {"rcvbuf", SOL_SOCKET, SO_RCVBUF, false},
    {"sndbuf", SOL_SOCKET, SO_SNDBUF, false},
    {"rcvlowat", SOL_SOCKET, SO_RCVLOWAT, false},
    {"error", SOL_SOCKET, SO_ERROR, true},
    {"acceptconn", SOL_SOCKET, SO_ACCEPTCONN, true},
    {"dontroute", SOL_SOCKET, SO_DONTROUTE, false},
    {"sndlowat", SOL_SOCKET, SO_SNDLOWAT, true},
    {"nodelay", IPPROTO_TCP, TCP_NODELAY, false},
    {"cork", IPPROTO_TCP, TCP_CORK, false},
    {"keepidle", IPPROTO_TCP, TCP_KEEPIDLE, false},
    {"keepintvl", IPPROTO_TCP, TCP_KEEPINTVL, false},
    {"keepcnt", IPPROTO_TCP, TCP_KEEPCNT, false},
    {"maxseg", IPPROTO_TCP, TCP_MAXSEG, false},
    {"usertimeout", IPPROTO_TCP, TCP_USER_TIMEOUT, false},
    {"quickack", IPPROTO_TCP, TCP_QUICKACK, false},
    {"deferaccept", IPPROTO_TCP, TCP_DEFER_ACCEPT, false},
    {"syncnt", IPPROTO_TCP, TCP_SYNCNT, false},
    {"linger2", IPPROTO_TCP, TCP_LINGER2, false},
    {"windowclamp", IPPROTO_TCP, TCP_WINDOW_CLAMP, false},
    {"notsentlowat", IPPROTO_TCP, TCP_NOTSENT_LOWAT, false},
    {"fastopen", IPPROTO_TCP, TCP_FASTOPEN, false},
    {"tos", IPPROTO_IP, IP_TOS, false},
    {"ttl", IPPROTO_IP, IP_TTL, false},
    {"v6only", IPPROTO_IPV6, IPV6_V6ONLY, false},
    {"hops", IPPROTO_IPV6, IPV6_UNICAST_HOPS, false},
    {"tclass", IPPROTO_IPV6, IPV6_TCLASS, false},
    {"dontfrag", IPPROTO_IPV6, IPV6_DONTFRAG, false},
};

/* net.linger FD [ON SECONDS]: ON SECONDS */
uint32_t net_linger(struct wasi_request *r)
{
    struct linger l = {0};
    socklen_t size = sizeof l;
    int64_t on, seconds;
    uint32_t e;
    struct wasi_fd *f = net_own_socket(r, &e);

    if (!f)
        return e;
    if (r->n == 1) {
        if (getsockopt(f->host, SOL_SOCKET, SO_LINGER, &l, &size) < 0)
            return wasi_from_errno(errno);
        wasi_say(r, "%d %d", l.l_onoff, l.l_linger);
        return 0;
    }
    if (!wasi_word(r, 1, INT32_MIN, INT32_MAX, &on) || !wasi_word(r, 2, 0, INT32_MAX, &seconds))
        return WASI_EINVAL;
    /* close() would wait for up to that time, and nothing could end it. */
    if (on && seconds > 0 && !(f->flags & WASI_FD_NONBLOCK))
        seconds = seconds > 5 ? 5 : seconds;
    l = (struct linger){.l_onoff = on != 0, .l_linger = (int)seconds};
    return setsockopt(f->host, SOL_SOCKET, SO_LINGER, &l, sizeof l) < 0 ? wasi_from_errno(errno) : 0;
}

/* net.wait FD receive|send [MILLISECONDS]: how long such a call waits. The kernel is not told, because the runner does
 * the waiting. */
uint32_t net_wait(struct wasi_request *r)
{
    uint32_t e;
    struct wasi_fd *f = net_own_socket(r, &e);
    int64_t ms;
    bool send;

    if (!f)
        return e;
    send = !strcmp(r->word[1], "send");
    if (!send && strcmp(r->word[1], "receive") != 0)
        return WASI_EINVAL;
    if (r->n == 2) {
        wasi_say(r, "%" PRIu32, f->socket->wait_ms[send]);
        return 0;
    }
    if (!wasi_word(r, 2, 0, UINT32_MAX, &ms))
        return WASI_EINVAL;
    f->socket->wait_ms[send] = (uint32_t)ms;
    return 0;
}

/* net.option FD NAME [VALUE]: the value, of an option that is asked for */
uint32_t net_option(struct wasi_request *r)
{
    const struct option *o = NULL;
    int value = 0;
    socklen_t size = sizeof value;
    int64_t given;
    uint32_t e;
    struct wasi_fd *f = r->n == 3 ? net_own_socket(r, &e) : net_any_socket(r, &e);

    if (!f)
        return e;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (!strcmp(options[i].name, r->word[1]))
            o = &options[i];
    if (!o || (r->n == 3 && o->read_only))
        return WASI_ENOPROTOOPT;
    if (r->n == 3) {
        if (!wasi_word(r, 2, INT32_MIN, INT32_MAX, &given))
            return WASI_EINVAL;
        value = (int)given;
        return setsockopt(f->host, o->level, o->option, &value, size) < 0 ? wasi_from_errno(errno) : 0;
    }
    if (getsockopt(f->host, o->level, o->option, &value, &size) < 0)
        return wasi_from_errno(errno);
    if (o->level == SOL_SOCKET && o->option == SO_ERROR)
        value = value ? (int)wasi_from_errno(value) : 0;
    wasi_say(r, "%d", value);
    return 0;
}
