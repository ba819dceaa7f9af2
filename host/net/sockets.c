/* Requests for sockets. */
#include "net/requests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Words ---- */

struct wasi_fd *net_any_socket(struct wasi_request *r, uint32_t *e)
{
    struct wasi_fd *f = wasi_word_fd(r, e);

    if (f && f->type != WASI_SOCKET_STREAM && f->type != WASI_SOCKET_DGRAM) {
        *e = WASI_ENOTSOCK;
        return NULL;
    }
    return f;
}

struct wasi_fd *net_own_socket(struct wasi_request *r, uint32_t *e)
{
    struct wasi_fd *f = net_any_socket(r, e);

    if (f && !f->socket) {
        *e = WASI_ENOTCAPABLE;
        return NULL;
    }
    return f;
}

/* Two words: the address and the port. */
static bool address(struct wasi_request *r, int at, struct net_address *a)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    int64_t port;

    if (r->n < at + 2 || !wasi_word(r, at + 1, 0, 65535, &port))
        return false;
    if (inet_pton(AF_INET, r->word[at], &four.sin_addr) == 1) {
        if (!net_from_sockaddr((struct sockaddr *)&four, sizeof four, a))
            return false;
    } else if (inet_pton(AF_INET6, r->word[at], &six.sin6_addr) != 1 ||
               !net_from_sockaddr((struct sockaddr *)&six, sizeof six, a)) {
        return false;
    }
    a->port = (uint16_t)port;
    return true;
}

static int family_of(const struct wasi_fd *f)
{
    int family = 0;
    socklen_t size = sizeof family;

    return getsockopt(f->host, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0 ? -1 : family;
}

/* The host's form of an address for that socket; 0: it has none in the socket's family. To connect to "any" means to
 * connect to this machine. */
static socklen_t peer_address(const struct wasi_fd *f, struct net_address *a, struct sockaddr_storage *to)
{
    static const uint8_t any4[16] = {[10] = 0xff, [11] = 0xff}, any6[16];
    const int family = family_of(f);

    if (!memcmp(a->bytes, any4, sizeof any4))
        memcpy(a->bytes + 12, (const uint8_t[]){127, 0, 0, 1}, 4);
    else if (!memcmp(a->bytes, any6, sizeof any6))
        a->bytes[15] = 1;
    return net_to_sockaddr(a, family, to);
}

void net_say_address(struct wasi_request *r, const struct sockaddr_storage *a)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *four = (const void *)a;

        inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
        wasi_say(r, "4 %s %u", text, ntohs(four->sin_port));
    } else if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)a;

        inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
        wasi_say(r, "6 %s %u", text, ntohs(six->sin6_port));
    } else {
        wasi_say(r, "0 - 0"); /* one of a pair */
    }
}

/* Whether a datagram from there may reach a guest that does not listen. */
static bool may_hear(void *arg, const struct sockaddr *from, socklen_t size)
{
    struct net_address a;

    return net_from_sockaddr(from, size, &a) && net_may_connect(arg, &a);
}

/* ---- Requests ---- */

static uint32_t insert(struct wasi_request *r, int host)
{
    struct net *n = r->arg;
    const struct wasi_socket like = {.open = &n->sockets,
                                     .most = n->most_sockets,
                                     .received_left = &n->received_left,
                                     .sent_left = &n->sent_left,
                                     .hears = may_hear,
                                     .arg = n};
    uint32_t fd, e;
    struct wasi_socket *s = wasi_new_socket(&like, &e);

    if (!s) {
        close(host);
        return e;
    }
    e = wasi_insert(r->w, host,
                    WASI_R_FD_READ | WASI_R_FD_WRITE | WASI_R_FD_SET_FLAGS | WASI_R_FD_FILESTAT_GET | WASI_R_POLL |
                        WASI_R_SOCK_SHUTDOWN | WASI_R_SOCK_ACCEPT,
                    0, 0, &fd);
    if (e) {
        wasi_free_socket(s);
        return e;
    }
    r->w->fds[fd].socket = s;
    wasi_say(r, r->size ? " %u" : "%u", fd);
    return 0;
}

/* net.socket 4|6 stream|dgram: the descriptor */
uint32_t net_socket(struct wasi_request *r)
{
    const bool six = !strcmp(r->word[0], "6"), datagram = !strcmp(r->word[1], "dgram");
    int host;

    if ((!six && strcmp(r->word[0], "4") != 0) || (!datagram && strcmp(r->word[1], "stream") != 0))
        return WASI_EINVAL;
    host = socket(six ? AF_INET6 : AF_INET, (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    return host < 0 ? wasi_from_errno(errno) : insert(r, host);
}

/* net.pair stream|dgram: two descriptors, connected */
uint32_t net_pair(struct wasi_request *r)
{
    const bool datagram = !strcmp(r->word[0], "dgram");
    int hosts[2];
    uint32_t e;
    size_t first;

    if (!datagram && strcmp(r->word[0], "stream") != 0)
        return WASI_EINVAL;
    if (socketpair(AF_UNIX, (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0, hosts) < 0)
        return wasi_from_errno(errno);
    e = insert(r, hosts[0]);
    if (e) {
        close(hosts[1]);
        return e;
    }
    first = (size_t)strtoul(r->answer, NULL, 10);
    e = insert(r, hosts[1]);
    if (e)
        wasi_drop(r->w, &r->w->fds[first]);
    return e;
}

/* Waits until a socket is connected; without a guest's permission to wait it says so at once. */
static uint32_t finish_connect(struct wasi_request *r, struct wasi_fd **f, int error)
{
    const struct wasi_mark mark = wasi_mark(r->w, *f);
    socklen_t size = sizeof error;
    int ready;

    if (error != EINPROGRESS)
        return error ? wasi_from_errno(error) : 0;
    ready = wasi_wait_for(r->w, *f, POLLOUT);
    *f = wasi_again_fd(r->w, mark);
    if (ready < 0 || !*f)
        return ready < 0 ? wasi_from_errno(errno) : WASI_EBADF;
    if (ready == 0)
        return WASI_EINPROGRESS;
    if (getsockopt((*f)->host, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    return error ? wasi_from_errno(error) : 0;
}

/* Connects to something of the host's own. False: the address leads to the network. */
static bool pass_gate(struct net *n, const struct wasi_fd *f, const struct net_address *a, uint32_t *e)
{
    char why[NET_WHY_SIZE] = "";
    int r;

    if (!n->gate || f->type != WASI_SOCKET_STREAM)
        return false;
    r = n->gate->connect(n->gate->arg, a, f->host, why);
    if (r > 0)
        return false;
    *e = r < 0 ? wasi_from_errno(errno) : 0;
    if (r < 0 && *why && n->refused)
        n->refused(n->arg, why);
    return true;
}

/* net.connect FD ADDRESS PORT */
uint32_t net_connect(struct wasi_request *r)
{
    struct net *n = r->arg;
    char text[NET_ADDRESS_TEXT];
    struct sockaddr_storage to;
    struct net_address a;
    socklen_t size;
    uint32_t e;
    struct wasi_fd *f = net_own_socket(r, &e);
    int flags, error;

    if (!f)
        return e;
    if (!address(r, 1, &a))
        return WASI_EINVAL;
    size = peer_address(f, &a, &to);
    if (!size)
        return WASI_EAFNOSUPPORT;
    if (pass_gate(n, f, &a, &e))
        return e;
    if (!net_may_connect(n, &a)) {
        net_address_text(&a, text);
        net_refuse(n, "connecting to", text, "--net");
        return WASI_EACCES;
    }
    if (f->flags & WASI_FD_NONBLOCK || f->type == WASI_SOCKET_DGRAM)
        return connect(f->host, (struct sockaddr *)&to, size) < 0 ? wasi_from_errno(errno) : 0;
    /* A wait of the kernel's could not be ended by an interrupt or a deadline. */
    flags = fcntl(f->host, F_GETFL);
    fcntl(f->host, F_SETFL, flags | O_NONBLOCK);
    error = connect(f->host, (struct sockaddr *)&to, size) < 0 ? errno : 0;
    e = finish_connect(r, &f, error);
    if (f)
        fcntl(f->host, F_SETFL, flags);
    return e;
}

/* net.bind FD ADDRESS PORT */
uint32_t net_bind(struct wasi_request *r)
{
    struct net *n = r->arg;
    char text[NET_ADDRESS_TEXT];
    struct sockaddr_storage at;
    struct net_address a;
    socklen_t size;
    uint32_t e;
    struct wasi_fd *f = net_own_socket(r, &e);

    if (!f)
        return e;
    if (!address(r, 1, &a))
        return WASI_EINVAL;
    size = net_to_sockaddr(&a, family_of(f), &at);
    if (!size)
        return WASI_EAFNOSUPPORT;
    /* A port that the system chooses is one for answers, too, as every client has; only listening needs a rule then. */
    if (a.port && !net_policy_bind(n->policy, &a, false)) {
        net_address_text(&a, text);
        net_refuse(n, "listening on", text, "--net-listen");
        return WASI_EACCES;
    }
    if (bind(f->host, (struct sockaddr *)&at, size) < 0)
        return wasi_from_errno(errno);
    f->socket->any_port = !a.port;
    f->socket->serves = net_policy_bind(n->policy, &a, !a.port);
    return 0;
}

/* net.listen FD BACKLOG */
uint32_t net_listen(struct wasi_request *r)
{
    struct net *n = r->arg;
    char text[NET_ADDRESS_TEXT];
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    struct net_address a;
    int64_t backlog;
    uint32_t e;
    struct wasi_fd *f = net_own_socket(r, &e);

    if (!f)
        return e;
    if (!wasi_word(r, 1, INT32_MIN, INT32_MAX, &backlog))
        return WASI_EINVAL;
    if (getsockname(f->host, (struct sockaddr *)&at, &size) < 0)
        return wasi_from_errno(errno);
    if (!net_from_sockaddr((struct sockaddr *)&at, size, &a))
        return WASI_ENOTSUP; /* one of a pair */
    /* Without bind() the kernel would choose a port now. */
    if (!net_policy_bind(n->policy, &a, f->socket->any_port || !a.port)) {
        net_address_text(&a, text);
        net_refuse(n, "listening on", text, "--net-listen");
        return WASI_EACCES;
    }
    if (!f->socket->listening && n->listening >= n->most_listening) {
        net_address_text(&a, text);
        net_refuse_more(n, "listening on", text, "--max-listening", n->most_listening);
        return WASI_EMFILE;
    }
    if (listen(f->host, backlog < 0 ? 0 : backlog > SOMAXCONN ? SOMAXCONN : (int)backlog) < 0)
        return wasi_from_errno(errno);
    if (!f->socket->listening)
        ++*(f->socket->listening = &n->listening);
    return 0;
}

static uint32_t say_name(struct wasi_request *r, int (*get)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_storage a = {0};
    socklen_t size = sizeof a;
    uint32_t e;
    struct wasi_fd *f = net_any_socket(r, &e);

    if (!f)
        return e;
    if (get(f->host, (struct sockaddr *)&a, &size) < 0)
        return wasi_from_errno(errno);
    net_say_address(r, &a);
    return 0;
}

static int name_of(int fd, struct sockaddr *a, socklen_t *size)
{
    return getsockname(fd, a, size);
}

static int peer_of(int fd, struct sockaddr *a, socklen_t *size)
{
    return getpeername(fd, a, size);
}

/* net.name FD: 4|6 ADDRESS PORT, or 0 - 0 */
uint32_t net_own_name(struct wasi_request *r)
{
    return say_name(r, name_of);
}

/* net.peer FD */
uint32_t net_peer(struct wasi_request *r)
{
    return say_name(r, peer_of);
}

/* net.from FD: where the last datagram came from */
uint32_t net_from(struct wasi_request *r)
{
    uint32_t e;
    struct wasi_fd *f = net_own_socket(r, &e);

    if (!f)
        return e;
    if (!f->socket->from_size)
        return WASI_ENOTCONN;
    net_say_address(r, &f->socket->from);
    return 0;
}

/* net.to FD ADDRESS PORT: where the next datagram goes */
uint32_t net_to(struct wasi_request *r)
{
    struct net *n = r->arg;
    char text[NET_ADDRESS_TEXT];
    struct sockaddr_storage to;
    struct net_address a;
    socklen_t size;
    uint32_t e;
    struct wasi_fd *f = net_own_socket(r, &e);

    if (!f)
        return e;
    if (f->type != WASI_SOCKET_DGRAM || !address(r, 1, &a))
        return f->type != WASI_SOCKET_DGRAM ? WASI_EISCONN : WASI_EINVAL;
    size = peer_address(f, &a, &to);
    if (!size)
        return WASI_EAFNOSUPPORT;
    if (!net_may_connect(n, &a) && !(f->socket->serves && wasi_has_heard(f->socket, &to, size))) {
        net_address_text(&a, text);
        net_refuse(n, "sending to", text, "--net");
        return WASI_EACCES;
    }
    f->socket->to = to;
    f->socket->to_size = size;
    return 0;
}
