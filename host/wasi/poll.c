/* Clocks, waiting, random numbers. */
#include "wasi/threads.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>

enum { SUBSCRIPTION = 48, EVENT = 32, MAX_SUBSCRIPTIONS = 1 << 17 };
enum { TAG_CLOCK = 0, TAG_READ = 1, TAG_WRITE = 2 };
enum { ABSTIME = 1, HANGUP = 1 };

#define SECOND UINT64_C(1000000000)
#define FOREVER UINT64_MAX
/* How long a look at a clock takes, if the clocks are fixed: programs wait in loops until time has passed. */
#define LOOK 1000

static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};

static uint64_t now_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static uint64_t now(const struct wasi *w, clockid_t clock)
{
    if (w->fixed)
        return clock == CLOCK_REALTIME ? w->fixed->now : w->fixed->now - w->fixed->start;
    return now_of(clock);
}

uint32_t wasi_clock_res_get(struct wasi *w, uint32_t clock, uint32_t at)
{
    struct guest_memory m = wasi_memory(w);
    struct timespec t;
    uint64_t ns;

    if (clock > 3)
        return WASI_EINVAL;
    if (!wasi_inside(m, at, 8))
        return WASI_EFAULT;
    if (clock_getres(clocks[clock], &t) < 0)
        return wasi_from_errno(errno);
    ns = (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
    wasi_store(m, at, 8, ns > w->clock_ns ? ns : w->clock_ns);
    return WASI_SUCCESS;
}

uint32_t wasi_clock_time_get(struct wasi *w, uint32_t clock, uint64_t precision, uint32_t at)
{
    struct guest_memory m = wasi_memory(w);
    uint64_t ns;

    (void)precision;
    if (clock > 3)
        return WASI_EINVAL;
    if (!wasi_inside(m, at, 8))
        return WASI_EFAULT;
    if (w->fixed)
        w->fixed->now += LOOK;
    ns = now(w, clocks[clock]);
    wasi_store(m, at, 8, w->clock_ns ? ns - ns % w->clock_ns : ns);
    return WASI_SUCCESS;
}

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). Nothing that it makes is a
 * secret. */
static void fixed_random(struct wasi_fixed *f, uint8_t *to, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 8) {
        uint64_t z = f->random += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        for (uint32_t k = 0; k < 8 && i + k < size; k++)
            to[i + k] = (uint8_t)(z >> 8 * k);
    }
}

uint32_t wasi_random_get(struct wasi *w, uint32_t at, uint32_t size)
{
    struct guest_memory m = wasi_memory(w);

    if (!wasi_inside(m, at, size))
        return WASI_EFAULT;
    if (w->fixed) {
        fixed_random(w->fixed, m.base + at, size);
        return WASI_SUCCESS;
    }
    for (uint32_t done = 0; done < size;) {
        ssize_t n = getrandom(m.base + at + done, size - done, 0);

        if (n < 0 && !wasi_again(w))
            return wasi_from_errno(errno);
        done += n > 0 ? (uint32_t)n : 0;
        /* 4 GiB take many seconds; each part ends when a signal comes. */
        if (done < size && w->interrupted && w->interrupted(w->wait_arg))
            return WASI_EINTR;
    }
    return WASI_SUCCESS;
}

uint32_t wasi_sched_yield(struct wasi *w)
{
    struct wasi_thread *me = wasi_threads_leave(w, false);

    sched_yield();
    wasi_threads_return(me);
    return WASI_SUCCESS;
}

/* The time until a subscription to a clock is due. */
static uint64_t due_in(const struct wasi *w, struct guest_memory subs, uint64_t s, uint64_t begun)
{
    uint64_t timeout = wasi_load(subs, s + 24, 8), passed;
    clockid_t clock = clocks[wasi_load(subs, s + 16, 4)];

    if (wasi_load(subs, s + 40, 2) & ABSTIME)
        passed = now(w, clock);
    else
        passed = now(w, CLOCK_MONOTONIC) - begun;
    return timeout > passed ? timeout - passed : 0;
}

static void event(struct guest_memory m, uint64_t at, struct guest_memory subs, uint64_t s, uint32_t error,
                  const struct pollfd *fd)
{
    int waiting = 0;

    memset(m.base + at, 0, EVENT);
    wasi_store(m, at, 8, wasi_load(subs, s, 8));
    wasi_store(m, at + 8, 2, error);
    wasi_store(m, at + 10, 1, subs.base[s + 8]);
    if (!fd || error)
        return;
    if (fd->events & POLLIN && ioctl(fd->fd, FIONREAD, &waiting) == 0 && waiting > 0)
        wasi_store(m, at + 16, 8, (uint64_t)waiting);
    if (fd->revents & (POLLHUP | POLLERR))
        wasi_store(m, at + 24, 2, HANGUP);
}

/* What is known of a subscription before waiting. */
struct early {
    uint32_t error; /* an immediate event, for example for a descriptor that does not exist */
    bool ready;     /* likewise, for a stream that is not a descriptor of the host */
};

/* An end of a pipe that is asked for what only the other end does: then it learns that nobody has that. */
static struct wasi_fd *wrong_end(struct wasi *w, uint32_t fd, uint32_t *e)
{
    uint32_t ignored;
    struct wasi_fd *f = wasi_fd(w, fd, WASI_R_POLL, &ignored);

    if (!f || f->host < 0 || f->type != WASI_UNKNOWN || !(f->rights & (WASI_R_FD_READ | WASI_R_FD_WRITE)))
        return NULL;
    *e = WASI_SUCCESS;
    return f;
}

/* Finds out what the subscriptions wait for. */
static uint32_t prepare(struct wasi *w, struct guest_memory subs, uint32_t count, struct pollfd *fds,
                        struct early *early)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t s = (uint64_t)i * SUBSCRIPTION;
        unsigned tag = subs.base[s + 8];
        uint64_t rights = WASI_R_POLL | (tag == TAG_WRITE ? WASI_R_FD_WRITE : WASI_R_FD_READ);
        struct wasi_fd *f;

        fds[i] = (struct pollfd){.fd = -1};
        early[i] = (struct early){WASI_SUCCESS, false};
        if (tag > TAG_WRITE)
            return WASI_EINVAL;
        if (tag == TAG_CLOCK) {
            /* Processor time does not pass while waiting. */
            if (wasi_load(subs, s + 16, 4) > 1)
                early[i].error = wasi_load(subs, s + 16, 4) > 3 ? WASI_EINVAL : WASI_ENOTSUP;
            continue;
        }
        f = wasi_fd(w, (uint32_t)wasi_load(subs, s + 16, 4), rights, &early[i].error);
        early[i].ready = f && f->host < 0;
        if (f)
            fds[i] = (struct pollfd){.fd = f->host, .events = tag == TAG_WRITE ? POLLOUT : POLLIN};
        else if ((f = wrong_end(w, (uint32_t)wasi_load(subs, s + 16, 4), &early[i].error)))
            fds[i] = (struct pollfd){.fd = f->host};
    }
    return WASI_SUCCESS;
}

int wasi_wait(const struct wasi *w, struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    const bool at_once = time && !time->tv_sec && !time->tv_nsec;
    struct wasi_thread *me = at_once ? NULL : wasi_threads_leave(w, true);
    int r = wasi_threads_wait(w, me, fds, n, time);

    wasi_threads_return(me);
    return r < 0 && errno == EINTR && !w->wait ? 0 : r;
}

/* When a call on that socket stops to wait, by the real clock. */
static uint64_t wait_end(const struct wasi_fd *f, short events)
{
    const uint32_t ms = f->socket ? f->socket->wait_ms[events == POLLOUT] : 0;

    return ms ? now_of(CLOCK_MONOTONIC) + ms * (SECOND / 1000) : FOREVER;
}

int wasi_wait_for(const struct wasi *w, const struct wasi_fd *f, short events)
{
    const uint64_t end = wait_end(f, events);
    struct pollfd one = {.fd = f->host, .events = events};
    int r = 0;

    while (r == 0 && end == FOREVER)
        r = wasi_wait(w, &one, 1, NULL);
    while (r == 0) {
        const uint64_t t = now_of(CLOCK_MONOTONIC);
        const struct timespec left = {.tv_sec = (time_t)((end - t) / SECOND), .tv_nsec = (long)((end - t) % SECOND)};

        if (t >= end)
            return 0;
        r = wasi_wait(w, &one, 1, &left);
    }
    return r;
}

int wasi_ready(struct wasi *w, struct wasi_fd **of, short events)
{
    const struct wasi_fd *f = *of;
    const struct wasi_mark mark = wasi_mark(w, f);
    struct pollfd one = {.fd = f->host, .events = events};
    const struct timespec at_once = {0};
    int r;

    if (f->type == WASI_REGULAR_FILE || f->type == WASI_DIRECTORY || f->type == WASI_BLOCK_DEVICE)
        return 0;
    if (f->flags & WASI_FD_NONBLOCK) {
        if (!f->standard)
            return 0; /* the descriptor itself does not block */
        r = ppoll(&one, 1, &at_once, NULL);
        if (r == 0)
            errno = EAGAIN;
        return r > 0 || (r < 0 && errno == EINTR) ? 0 : -1;
    }
    if (!w->wait && wait_end(f, events) == FOREVER)
        return 0;
    /* (Another thread may have taken what there was, after the wait and before this one runs.) */
    do {
        r = wasi_wait_for(w, f, events);
        *of = wasi_again_fd(w, mark);
        if (r == 0)
            errno = EAGAIN;
        else if (r > 0 && !*of)
            errno = EBADF;
        f = *of;
    } while (r > 0 && f && w->threads && ppoll(&one, 1, &at_once, NULL) == 0);
    return r <= 0 || !f ? -1 : 0;
}

static int wait_once(const struct wasi *w, struct guest_memory subs, uint32_t count, struct pollfd *fds,
                     const struct early *early, uint64_t begun)
{
    const uint64_t day = 86400 * SECOND;
    uint64_t wait = FOREVER;
    struct timespec t = {0};
    int r;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t s = (uint64_t)i * SUBSCRIPTION;
        uint64_t left = early[i].error || early[i].ready ? 0
                        : subs.base[s + 8] == TAG_CLOCK  ? due_in(w, subs, s, begun)
                                                         : FOREVER;

        if (left < wait)
            wait = left;
    }
    if (wait != FOREVER && wait > day)
        wait = day; /* the loop checks the clock again anyway */
    if (w->fixed && wait != FOREVER) {
        r = wasi_wait(w, fds, count, &t);
        if (r == 0)
            w->fixed->now += wait;
        return r;
    }
    t = (struct timespec){.tv_sec = (time_t)(wait / SECOND), .tv_nsec = (long)(wait % SECOND)};
    return wasi_wait(w, fds, count, wait == FOREVER ? NULL : &t);
}

static uint32_t poll_these(struct wasi *w, struct guest_memory subs, uint32_t out, uint32_t count, struct pollfd *fds,
                           struct early *early, uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    uint64_t begun = now(w, CLOCK_MONOTONIC);
    uint32_t events = 0, e = prepare(w, subs, count, fds, early);

    if (e)
        return e;
    while (events == 0) {
        if (wait_once(w, subs, count, fds, early, begun) < 0)
            return wasi_from_errno(errno);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t s = (uint64_t)i * SUBSCRIPTION;
            bool clock = subs.base[s + 8] == TAG_CLOCK;

            if (!early[i].error && !early[i].ready && (clock ? due_in(w, subs, s, begun) > 0 : fds[i].revents == 0))
                continue;
            event(m, out + (uint64_t)events * EVENT, subs, s, early[i].error, clock || early[i].ready ? NULL : &fds[i]);
            events++;
        }
    }
    wasi_store(m, result, 4, events);
    return WASI_SUCCESS;
}

uint32_t wasi_poll_oneoff(struct wasi *w, uint32_t in, uint32_t out, uint32_t count, uint32_t result)
{
    struct guest_memory m = wasi_memory(w), subs;
    struct pollfd *fds;
    struct early *early;
    uint32_t e = WASI_ENOMEM;

    if (count == 0 || count > MAX_SUBSCRIPTIONS)
        return WASI_EINVAL;
    if (!wasi_inside(m, in, (uint64_t)count * SUBSCRIPTION) || !wasi_inside(m, out, (uint64_t)count * EVENT) ||
        !wasi_inside(m, result, 4))
        return WASI_EFAULT;
    /* A copy, because the guest may have its events written over its subscriptions. */
    subs.size = (uint64_t)count * SUBSCRIPTION;
    subs.base = malloc(subs.size);
    fds = calloc(count, sizeof *fds);
    early = calloc(count, sizeof *early);
    if (subs.base && fds && early) {
        memcpy(subs.base, m.base + in, subs.size);
        e = poll_these(w, subs, out, count, fds, early, result);
        wasi_threads_polled(w);
    }
    free(subs.base);
    free(fds);
    free(early);
    return e;
}
