/* select() and pselect(), in place of wasi-libc's. Those round the timeout down to milliseconds, so that a program with
 * a shorter one spins (asyncio with a SelectSelector does), and they do not report closed descriptors. The semantics
 * are those of POSIX.1-2017, pselect(3). fd_set is wasi-libc's, a list of descriptors. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/select.h>
#include <wasi/api.h>

static int check(int fd)
{
    __wasi_fdstat_t stat;
    __wasi_errno_t e = __wasi_fd_fdstat_get(fd, &stat);

    if (e != __WASI_ERRNO_SUCCESS)
        errno = e;
    return e == __WASI_ERRNO_SUCCESS ? 0 : -1;
}

/* Adds a subscription for each descriptor of a set. -1: one of them is invalid. */
static int subscribe(const fd_set *set, int nfds, uint8_t tag, __wasi_subscription_t *subs, size_t *n)
{
    for (size_t i = 0; set && i < set->__nfds; i++) {
        int fd = set->__fds[i];

        if (fd >= nfds)
            continue;
        if (check(fd) < 0)
            return -1;
        subs[*n].userdata = (uint64_t)fd;
        subs[*n].u.tag = tag;
        subs[(*n)++].u.u.fd_read.file_descriptor = fd;
    }
    return 0;
}

/* Keeps the descriptors in the sets that are ready. One that cannot be waited for counts as ready. */
static int take_events(const __wasi_event_t *events, size_t n, fd_set *reads, fd_set *writes)
{
    int ready = 0;

    for (size_t i = 0; i < n; i++) {
        fd_set *set = events[i].type == __WASI_EVENTTYPE_FD_READ    ? reads
                      : events[i].type == __WASI_EVENTTYPE_FD_WRITE ? writes
                                                                    : NULL;

        if (!set)
            continue;
        FD_SET((int)events[i].userdata, set);
        ready++;
    }
    return ready;
}

static void clear(fd_set *set)
{
    if (set)
        FD_ZERO(set);
}

int pselect(int nfds, fd_set *restrict reads, fd_set *restrict writes, fd_set *restrict exceptions,
            const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
    size_t most = (reads ? reads->__nfds : 0) + (writes ? writes->__nfds : 0) + 1, n = 0, got = 0;
    __wasi_subscription_t *subs;
    __wasi_event_t *events;
    __wasi_errno_t e;
    int r = -1;

    (void)mask;
    if (nfds < 0 || (timeout && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000))) {
        errno = EINVAL;
        return -1;
    }
    for (size_t i = 0; exceptions && i < exceptions->__nfds; i++)
        if (exceptions->__fds[i] < nfds && check(exceptions->__fds[i]) < 0)
            return -1;
    subs = calloc(most, sizeof *subs);
    events = calloc(most, sizeof *events);
    if (!subs || !events) {
        errno = ENOMEM;
    } else if (subscribe(reads, nfds, __WASI_EVENTTYPE_FD_READ, subs, &n) == 0 &&
               subscribe(writes, nfds, __WASI_EVENTTYPE_FD_WRITE, subs, &n) == 0) {
        if (timeout) {
            /* Treat more than 584 years as no timeout. */
            uint64_t seconds = (uint64_t)timeout->tv_sec, ns;

            if (__builtin_mul_overflow(seconds, UINT64_C(1000000000), &ns) ||
                __builtin_add_overflow(ns, (uint64_t)timeout->tv_nsec, &ns))
                ns = UINT64_MAX;
            subs[n].u.tag = __WASI_EVENTTYPE_CLOCK;
            subs[n].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
            subs[n++].u.u.clock.timeout = ns;
        }
        /* No host waits for nothing without a timeout. */
        e = n ? __wasi_poll_oneoff(subs, events, n, &got) : __WASI_ERRNO_NOTSUP;
        if (e == __WASI_ERRNO_SUCCESS) {
            clear(reads);
            clear(writes);
            clear(exceptions);
            r = take_events(events, got, reads, writes);
        } else {
            errno = e;
        }
    }
    free(subs);
    free(events);
    return r;
}

int select(int nfds, fd_set *restrict reads, fd_set *restrict writes, fd_set *restrict exceptions,
           struct timeval *restrict timeout)
{
    struct timespec ts;

    if (timeout && (timeout->tv_usec < 0 || timeout->tv_usec >= 1000000)) {
        errno = EINVAL;
        return -1;
    }
    if (timeout)
        ts = (struct timespec){.tv_sec = timeout->tv_sec, .tv_nsec = (long)timeout->tv_usec * 1000};
    return pselect(nfds, reads, writes, exceptions, timeout ? &ts : NULL, NULL);
}
