#include "calls.h"

#include "interrupt.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_IOVS = 64, /* more than a caller has; the rest is a short transfer */
    SUBSCRIPTION = 48,
    EVENT = 32,
    TAG_CLOCK = 0,
    TAG_READ = 1,
    TAG_WRITE = 2,
    FLAG_ABSTIME = 1,
    FLAG_HANGUP = 1
};

#define SECOND UINT64_C(1000000000)
#define FOREVER UINT64_MAX

static bool inside(struct guest_memory m, uint32_t at, uint64_t size)
{
    return size <= m.size && at <= m.size - size;
}

static uint64_t load(struct guest_memory m, uint32_t at, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++)
        v |= (uint64_t)m.base[at + i] << 8 * i;
    return v;
}

static uint32_t load32(struct guest_memory m, uint32_t at)
{
    return (uint32_t)load(m, at, 4);
}

static void store(struct guest_memory m, uint32_t at, unsigned size, uint64_t v)
{
    for (unsigned i = 0; i < size; i++)
        m.base[at + i] = (uint8_t)(v >> 8 * i);
}

static uint16_t from_errno(int e)
{
    switch (e) {
    case EACCES:
        return WASI_EACCES;
    case EAGAIN:
        return WASI_EAGAIN;
    case EBADF:
        return WASI_EBADF;
    case EFAULT:
        return WASI_EFAULT;
    case EFBIG:
        return WASI_EFBIG;
    case EINTR:
        return WASI_EINTR;
    case EINVAL:
        return WASI_EINVAL;
    case EISDIR:
        return WASI_EISDIR;
    case ENOMEM:
        return WASI_ENOMEM;
    case ENOSPC:
    case EDQUOT:
        return WASI_ENOSPC;
    case ENXIO:
        return WASI_ENXIO;
    case EPERM:
        return WASI_EPERM;
    case EPIPE:
        return WASI_EPIPE;
    default:
        return WASI_EIO;
    }
}

void streams_init(struct streams *s)
{
    for (int i = 0; i < 3; i++)
        s->guest_fd[i] = i;
}

int streams_find(const struct streams *s, uint32_t guest_fd, bool writing)
{
    if (!writing)
        return s->guest_fd[STDIN_FILENO] == guest_fd ? STDIN_FILENO : -1;
    for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
        if (s->guest_fd[i] == guest_fd)
            return i;
    return -1;
}

void streams_closed(struct streams *s, uint32_t guest_fd)
{
    for (int i = 0; i < 3; i++)
        if (s->guest_fd[i] == guest_fd)
            s->guest_fd[i] = -1;
}

void streams_renumbered(struct streams *s, uint32_t from, uint32_t to)
{
    if (from == to)
        return;
    streams_closed(s, to);
    for (int i = 0; i < 3; i++)
        if (s->guest_fd[i] == from)
            s->guest_fd[i] = to;
}

/* Waits until fd can be read or written, a signal that the guest has to see, or the end of `ns`. Returns what ppoll
 * did, or -1 with EINTR for the guest. */
static int wait_for(struct pollfd *fds, nfds_t n, uint64_t ns)
{
    const uint64_t day = 86400 * SECOND;
    struct timespec t = {0};

    if (ns != FOREVER) {
        uint64_t part = ns < day ? ns : day; /* the caller looks at the clock again anyway */

        t.tv_sec = (time_t)(part / SECOND);
        t.tv_nsec = (long)(part % SECOND);
    }
    return interrupt_poll(fds, n, ns == FOREVER ? NULL : &t);
}

uint16_t wasi_transfer(struct guest_memory m, int host_fd, bool writing, uint32_t iovs, uint32_t count, uint32_t result)
{
    struct iovec io[MAX_IOVS];
    struct pollfd fd = {.fd = host_fd, .events = writing ? POLLOUT : POLLIN};
    int n = 0;
    ssize_t done;

    if (!inside(m, iovs, (uint64_t)count * 8) || !inside(m, result, 4))
        return WASI_EFAULT;
    for (uint32_t i = 0; i < count && n < MAX_IOVS; i++) {
        uint32_t at = load32(m, iovs + 8 * i), size = load32(m, iovs + 8 * i + 4);

        if (!inside(m, at, size))
            return WASI_EFAULT;
        if (size == 0)
            continue;
        io[n++] = (struct iovec){.iov_base = m.base + at, .iov_len = size};
    }
    if (n == 0) {
        store(m, result, 4, 0);
        return WASI_SUCCESS;
    }
    for (;;) {
        /* Output seldom blocks; if it does, Ctrl-C ends the write itself. */
        if (!writing) {
            int ready = wait_for(&fd, 1, FOREVER);

            if (ready < 0)
                return from_errno(errno);
            if (ready == 0)
                continue;
        }
        done = writing ? writev(host_fd, io, n) : readv(host_fd, io, n);
        if (done >= 0)
            break;
        if (errno != EINTR)
            return from_errno(errno);
        if (interrupt_take())
            return WASI_EINTR;
    }
    store(m, result, 4, (uint64_t)done);
    return WASI_SUCCESS;
}

bool wasi_poll_ours(struct guest_memory m, const struct streams *s, uint32_t in, uint32_t count)
{
    if (!inside(m, in, (uint64_t)count * SUBSCRIPTION))
        return true; /* to fail there */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t sub = in + i * SUBSCRIPTION;
        unsigned tag = m.base[sub + 8];

        if (tag == TAG_CLOCK ? load32(m, sub + 16) > 1
                             : tag > TAG_WRITE || streams_find(s, load32(m, sub + 16), tag == TAG_WRITE) < 0)
            return false;
    }
    return true;
}

static uint64_t now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* How long until a clock subscription is due; begun is the monotonic time of the call. */
static uint64_t due_in(struct guest_memory m, uint32_t sub, uint64_t begun)
{
    uint64_t timeout = load(m, sub + 24, 8), passed;

    if (load(m, sub + 40, 2) & FLAG_ABSTIME)
        passed = now(load32(m, sub + 16) == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC);
    else
        passed = now(CLOCK_MONOTONIC) - begun;
    return timeout > passed ? timeout - passed : 0;
}

static void event(struct guest_memory m, uint32_t at, uint32_t sub, const struct pollfd *fd)
{
    int waiting = 0;

    memset(m.base + at, 0, EVENT);
    store(m, at, 8, load(m, sub, 8));
    store(m, at + 10, 1, m.base[sub + 8]);
    if (!fd)
        return;
    if (fd->revents & POLLNVAL) {
        store(m, at + 8, 2, WASI_EBADF);
        return;
    }
    if (fd->events & POLLIN && ioctl(fd->fd, FIONREAD, &waiting) == 0 && waiting > 0)
        store(m, at + 16, 8, (uint64_t)waiting);
    if (fd->revents & (POLLHUP | POLLERR))
        store(m, at + 24, 2, FLAG_HANGUP);
}

uint16_t wasi_poll(struct guest_memory m, const struct streams *s, uint32_t in, uint32_t out, uint32_t count,
                   uint32_t result)
{
    struct pollfd fds[3] = {{.fd = -1}, {.fd = -1}, {.fd = -1}};
    uint64_t begun = now(CLOCK_MONOTONIC);
    uint32_t events = 0;

    if (count == 0)
        return WASI_EINVAL;
    if (!inside(m, in, (uint64_t)count * SUBSCRIPTION) || !inside(m, out, (uint64_t)count * EVENT) ||
        !inside(m, result, 4))
        return WASI_EFAULT;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t sub = in + i * SUBSCRIPTION;
        unsigned tag = m.base[sub + 8];

        if (tag != TAG_CLOCK) {
            int fd = streams_find(s, load32(m, sub + 16), tag == TAG_WRITE);

            if (fd < 0)
                return WASI_EBADF;
            fds[fd] = (struct pollfd){.fd = fd, .events = tag == TAG_WRITE ? POLLOUT : POLLIN};
        }
    }
    while (events == 0) {
        uint64_t wait = FOREVER;

        for (uint32_t i = 0; i < count; i++) {
            uint32_t sub = in + i * SUBSCRIPTION;
            uint64_t left = m.base[sub + 8] == TAG_CLOCK ? due_in(m, sub, begun) : FOREVER;

            if (left < wait)
                wait = left;
        }
        if (wait_for(fds, 3, wait) < 0)
            return from_errno(errno);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t sub = in + i * SUBSCRIPTION, at = out + events * EVENT;
            unsigned tag = m.base[sub + 8];

            if (tag == TAG_CLOCK) {
                if (due_in(m, sub, begun) > 0)
                    continue;
                event(m, at, sub, NULL);
            } else {
                int fd = streams_find(s, load32(m, sub + 16), tag == TAG_WRITE);

                /* A guest whose events overlap its subscriptions has just written over one. */
                if (fd < 0)
                    return WASI_EINVAL;
                if (fds[fd].revents == 0)
                    continue;
                event(m, at, sub, &fds[fd]);
            }
            events++;
        }
    }
    store(m, result, 4, events);
    return WASI_SUCCESS;
}

uint16_t wasi_strings_sizes(struct guest_memory m, const char *const *strings, size_t count, uint32_t count_at,
                            uint32_t size_at)
{
    uint64_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += strlen(strings[i]) + 1;
    if (!inside(m, count_at, 4) || !inside(m, size_at, 4))
        return WASI_EFAULT;
    if (size > INT32_MAX)
        return WASI_ENOMEM;
    store(m, count_at, 4, count);
    store(m, size_at, 4, size);
    return WASI_SUCCESS;
}

uint16_t wasi_strings_get(struct guest_memory m, const char *const *strings, size_t count, uint32_t list,
                          uint32_t bytes)
{
    if (!inside(m, list, (uint64_t)count * 4))
        return WASI_EFAULT;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(strings[i]) + 1;

        if (!inside(m, bytes, size))
            return WASI_EFAULT;
        memcpy(m.base + bytes, strings[i], size);
        store(m, list + (uint32_t)(4 * i), 4, bytes);
        bytes += (uint32_t)size;
    }
    return WASI_SUCCESS;
}
