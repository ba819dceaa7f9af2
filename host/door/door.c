#include "door/curl.h"
#include "door/doors.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 5000 };

/* ---- the guest's way in ---- */

static bool resolve(void *arg, const char *name, struct net_address *a)
{
    const struct doors *d = arg;

    for (size_t i = 0; i < d->n; i++)
        if (!d->list[i].host.is_address && !strcmp(d->list[i].host.text, name)) {
            *a = d->list[i].at;
            a->port = 0;
            return true;
        }
    return false;
}

/* Two ends of one connection over loopback, so that the guest's is a TCP socket like all others. Nobody else gets in:
 * what was accepted has to be the guest's. */
static int join(int guest, int listening)
{
    struct sockaddr_storage at = {0}, own = {0}, peer = {0};
    socklen_t size = sizeof at, own_size = sizeof own, peer_size;
    struct pollfd p = {.fd = listening, .events = POLLIN};
    int fd = -1;

    if (getsockname(listening, (struct sockaddr *)&at, &size) < 0)
        return -1;
    /* (A socket that does not wait is connected by the time that accept() returns.) */
    if (connect(guest, (struct sockaddr *)&at, size) < 0 && errno != EINPROGRESS)
        return -1;
    if (getsockname(guest, (struct sockaddr *)&own, &own_size) < 0)
        return -1;
    while (poll(&p, 1, WAIT_MS) > 0) {
        peer_size = sizeof peer;
        fd = accept4(listening, (struct sockaddr *)&peer, &peer_size, SOCK_CLOEXEC);
        if (fd >= 0 && peer_size == own_size && !memcmp(&peer, &own, own_size))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    errno = ETIMEDOUT;
    return -1;
}

static int loopback(int family)
{
    const struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r = fd < 0               ? -1
            : family == AF_INET6 ? bind(fd, (const struct sockaddr *)&six, sizeof six)
                                 : bind(fd, (const struct sockaddr *)&four, sizeof four);

    if (r == 0 && listen(fd, 16) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int enter(struct doors *d, const struct door *door, int guest)
{
    int family = 0, listening, fd;
    socklen_t size = sizeof family;

    if (atomic_load(&d->visits) >= DOOR_MOST_VISITS) {
        errno = EAGAIN;
        return -1;
    }
    if (getsockopt(guest, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0)
        return -1;
    listening = loopback(family);
    if (listening < 0)
        return -1;
    fd = join(guest, listening);
    close(listening);
    return fd < 0 ? -1 : visit_start(d, door, fd);
}

static int pass(void *arg, const struct net_address *a, int fd, char why[NET_WHY_SIZE])
{
    struct doors *d = arg;
    const struct door *beside = NULL;

    for (size_t i = 0; i < d->n; i++) {
        const struct door *door = &d->list[i];

        if (memcmp(door->at.bytes, a->bytes, sizeof a->bytes) != 0)
            continue;
        if (door->at.port == a->port)
            return enter(d, door, fd);
        if (!door->host.is_address)
            beside = door;
    }
    if (!beside)
        return 1;
    snprintf(why, NET_WHY_SIZE,
             "connecting to port %u of %.60s refused; a host with a secret is reached as http://%.60s", a->port,
             beside->host.text, beside->host.text);
    errno = EACCES;
    return -1;
}

/* ---- for the caller ---- */

struct doors *doors_new(const struct net_secret *secrets, size_t n, const char *certificates, struct err *err)
{
    struct doors *d = n <= DOOR_MOST_SECRETS ? calloc(1, sizeof *d) : NULL;
    char why[NET_WHY_SIZE];
    int r = 0;

    if (!d) {
        err_set(err, ERR_SETUP, n <= DOOR_MOST_SECRETS ? "out of memory" : "cannot use more than %d secrets",
                DOOR_MOST_SECRETS);
        return NULL;
    }
    d->owners = 1;
    d->gate = (struct net_gate){d, resolve, pass};
    if (certificates && *certificates && !(d->certificates = strdup(certificates)))
        r = err_set(err, ERR_SETUP, "out of memory");
    for (size_t i = 0; r == 0 && i < n; i++)
        r = doors_add_secret(d, &secrets[i], err);
    if (r == 0 && curl_load(why) < 0) {
        r = err_set(err, ERR_SETUP, "cannot use secrets: %s", why);
        err_hint(err, "install libcurl, which is libcurl4 in Debian");
    }
    if (r == 0)
        return d;
    doors_free(d);
    return NULL;
}

const struct net_gate *doors_gate(const struct doors *d)
{
    return &d->gate;
}

const char *const *doors_variables(const struct doors *d, size_t *n)
{
    *n = d->variables_n;
    return d->variables;
}
