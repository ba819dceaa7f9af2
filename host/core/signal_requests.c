/* The set "signal" of the channel, by which a guest says what it wants of each signal (docs/channel.md). */
#include "core/deliver.h"
#include "core/signals.h"
#include "wasi/channel.h"

#include <errno.h>
#include <string.h>

enum { LEAST_INTERVAL_US = 1000, US = 1000000 };
/* Some 31 years. */
#define MOST_US INT64_C(1000000000000000)

/* A guest speaks of the signals that others send a process. It says nothing about those of its own faults, which are
 * the host's, nor about interrupts: it gets them anyway. */

/* That of the guest which asks, if it takes interrupts; only its first thread waits by it. */
static struct control *listening(const struct wasi_request *r)
{
    struct control *c = r->w->wait == control_wait ? r->w->wait_arg : NULL;

    return c && atomic_load(&c->listens) ? c : NULL;
}

/* signal.begin ADDRESS: the numbers of those that this process ignores */
static uint32_t begin(struct wasi_request *r)
{
    struct control *c = listening(r);
    const char *blank = "";
    struct sigaction is;
    int64_t address;

    if (!c)
        return WASI_ENOTSUP;
    if (!wasi_word(r, 0, 4, UINT32_MAX, &address) || address % 4 != 0)
        return WASI_EINVAL;
    if (!wasi_inside(wasi_memory(r->w), (uint32_t)address, 4 * CONTROL_SIGNALS))
        return WASI_EFAULT;
    for (int i = 0; i < CONTROL_SIGNALS; i++)
        atomic_store(&c->wish[i], CONTROL_DEFAULT);
    atomic_store(&c->words, (uint32_t)address);
    for (size_t i = 0; i < signals_sent_n; i++) {
        const int number = signals_sent[i].number;

        if (sigaction(number, NULL, &is) < 0 || (is.sa_flags & SA_SIGINFO) || is.sa_handler != SIG_IGN)
            continue;
        wasi_say(r, "%s%d", blank, number);
        blank = " ";
    }
    return 0;
}

/* signal.take NUMBER default|handle|ignore */
static uint32_t take(struct wasi_request *r)
{
    static const char *const words[] = {
        [CONTROL_DEFAULT] = "default", [CONTROL_HANDLES] = "handle", [CONTROL_IGNORES] = "ignore"};
    struct control *c = listening(r);
    int64_t number;

    if (!c || !atomic_load(&c->words))
        return WASI_ENOTSUP;
    if (!wasi_word(r, 0, 1, CONTROL_SIGNALS - 1, &number) || !signals_find_sent((int)number))
        return WASI_EINVAL;
    for (int i = CONTROL_DEFAULT; i <= CONTROL_IGNORES; i++) {
        if (strcmp(r->word[1], words[i]) != 0)
            continue;
        atomic_store(&c->wish[number], i);
        return 0;
    }
    return WASI_EINVAL;
}

/* signal.send NUMBER: by a thread that is not the first */
static uint32_t send_one(struct wasi_request *r)
{
    struct control *c = listening(r);
    int64_t number;

    if (!wasi_word(r, 0, 1, CONTROL_SIGNALS - 1, &number))
        return WASI_EINVAL;
    return c && atomic_load(&c->words) && control_signal(c, (int)number) == CONTROL_GIVEN ? 0 : WASI_ENOTSUP;
}

static struct timespec from_us(int64_t us)
{
    return (struct timespec){.tv_sec = (time_t)(us / US), .tv_nsec = (long)(us % US) * 1000};
}

static int64_t to_us(const struct timespec *t)
{
    return (int64_t)t->tv_sec * US + (t->tv_nsec + 999) / 1000;
}

/* signal.timer [VALUE INTERVAL]: what was left, and the interval */
static uint32_t timer(struct wasi_request *r)
{
    struct control *c = listening(r);
    struct itimerspec is = {0};
    int64_t value, interval;

    if (!c || !atomic_load(&c->words))
        return WASI_ENOTSUP;
    if (r->n == 1 || (r->n == 2 && (!wasi_word(r, 0, 0, MOST_US, &value) || !wasi_word(r, 1, 0, MOST_US, &interval))))
        return WASI_EINVAL;
    if (c->alarmed && timer_gettime(c->alarm, &is) < 0)
        return wasi_from_errno(errno);
    if (r->n == 2) {
        /* (With a shorter one the guest would do nothing but take signals.) */
        if (interval && interval < LEAST_INTERVAL_US)
            interval = LEAST_INTERVAL_US;
        const struct itimerspec new = {.it_value = from_us(value), .it_interval = from_us(interval)};

        if (!c->alarmed)
            c->alarmed = control_make_timer(c, CLOCK_MONOTONIC, &c->alarmed, &c->alarm);
        if (!c->alarmed || timer_settime(c->alarm, 0, &new, NULL) < 0)
            return wasi_from_errno(errno);
    }
    wasi_say(r, "%lld %lld", (long long)to_us(&is.it_value), (long long)to_us(&is.it_interval));
    return 0;
}

static const struct wasi_request_kind kinds[] = {
    {"signal.begin", 1, 1, begin},
    {"signal.take", 2, 2, take},
    {"signal.send", 1, 1, send_one},
    {"signal.timer", 0, 2, timer},
};

int control_serve(struct wasi *w)
{
    static const struct wasi_request_set set = {
        .name = "signal", .version = 1, .kinds = kinds, .n = sizeof kinds / sizeof *kinds};

    return wasi_serve(w, &set);
}
