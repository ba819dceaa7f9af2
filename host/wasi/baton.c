#include "wasi/baton.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
/* How long a thread runs that others wait for. */
#define SLICE UINT64_C(5000000)
/* How long the ticker sleeps if nothing happens. */
#define LONG UINT64_C(100000000)
/* How long a wait is short: then the next one first looks again and again whether it is over, for so long, because a
 * sleeping processor takes longer to wake than the other thread needs. */
#define SHORT UINT64_C(100000)

uint64_t baton_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* ---- the guest's words ---- */

bool baton_is_word(struct guest_memory m, uint64_t at)
{
    return at % 4 == 0 && wasi_inside(m, at, 4);
}

static void save_words(struct wasi_threads *g, struct wasi_thread *t)
{
    for (uint32_t i = 0; i < g->words_n; i++)
        t->words[i] = (uint32_t)wasi_load(g->memory, g->word[i], 4);
}

static void load_words(struct wasi_threads *g, const struct wasi_thread *t)
{
    struct guest_memory m = wasi_memory(g->w);

    for (uint32_t i = 0; i < g->words_n; i++)
        wasi_store(m, g->word[i], 4, t->words[i]);
}

static _Atomic uint32_t *atomic_word(const struct wasi_threads *g, uint64_t at)
{
    return (_Atomic uint32_t *)(void *)(g->memory.base + at);
}

/* WebAssembly is little endian. */
static uint32_t little(uint32_t v)
{
    uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

    memcpy(&v, bytes, 4);
    return v;
}

/* Asks the thread that runs to give the baton away. It runs meanwhile, and the list is its own, so all is checked. */
static void want(struct wasi_threads *g)
{
    uint64_t cell, at;

    if (!g->begun)
        return;
    atomic_store(atomic_word(g, g->list + LIST_WANTED), little(1));
    cell = little(atomic_load(atomic_word(g, g->list + LIST_CELL)));
    if (!cell || !baton_is_word(g->memory, cell))
        return;
    at = little(atomic_load(atomic_word(g, cell)));
    if (!at)
        return;
    at += little(atomic_load(atomic_word(g, g->list + LIST_OFFSET)));
    if (baton_is_word(g->memory, at))
        atomic_fetch_or(atomic_word(g, at), atomic_load(atomic_word(g, g->list + LIST_BITS)));
}

/* ---- the baton; the lock is held ---- */

static void grant(struct wasi_threads *g, struct wasi_thread *t)
{
    g->holder = t;
    g->turns++;
    g->since = baton_now();
    t->state = WASI_THREAD_RUNS;
}

void baton_signal(struct wasi_thread *t)
{
    const uint64_t one = 1;

    atomic_store_explicit(&t->called, true, memory_order_release);
    while (write(t->event, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void baton_queue(struct wasi_threads *g, struct wasi_thread *t)
{
    t->state = WASI_THREAD_QUEUED;
    t->next = NULL;
    *g->queue_end = t;
    g->queue_end = &t->next;
    if (g->holder && baton_now() - g->since >= SLICE)
        want(g);
    if (g->asleep) {
        g->asleep = false;
        pthread_cond_signal(&g->ticks);
    }
}

/* Takes the thread's event, which has counted or is about to. */
static void take_event(struct wasi_thread *me)
{
    uint64_t count;

    atomic_store_explicit(&me->called, false, memory_order_relaxed);
    while (read(me->event, &count, sizeof count) < 0)
        if (errno != EINTR)
            abort(); /* it is the host's own */
}

/* Before a thread waits for its event, and if it had the baton again soon the last time: waits without sleeping. Others
 * that want the processor get it. */
static void wait_awake(const struct wasi_threads *g, const struct wasi_thread *me)
{
    if (!g->spins || me->waited >= SHORT)
        return;
    while (!atomic_load_explicit(&me->called, memory_order_acquire) && baton_now() - me->gave < SHORT)
        sched_yield();
}

/* To the one that has waited longest. */
void baton_pass(struct wasi_threads *g)
{
    struct wasi_thread *t = g->queue;

    g->holder = NULL;
    if (!t)
        return;
    g->queue = t->next;
    if (!g->queue)
        g->queue_end = &g->queue;
    grant(g, t);
    baton_signal(t);
}

/* The holder puts what is its own aside. */
void baton_put_aside(struct wasi_threads *g, struct wasi_thread *me)
{
    g->ops->give(g->arg, me->context);
    g->memory = wasi_memory(g->w);
    save_words(g, me);
    g->last = me;
    me->gave = baton_now();
}

/* Without the lock: until it has the baton, or has to go. */
void baton_await(struct wasi_threads *g, struct wasi_thread *me)
{
    for (bool there = false; !there;) {
        wait_awake(g, me);
        take_event(me);
        pthread_mutex_lock(&g->lock);
        there = me->state == WASI_THREAD_RUNS || (g->quit && me->state == WASI_THREAD_IDLE);
        pthread_mutex_unlock(&g->lock);
    }
}

void baton_pick_up(struct wasi_threads *g, struct wasi_thread *me)
{
    g->ops->take(g->arg, me->context);
    me->waited = baton_now() - me->gave;
    if (g->last != me)
        load_words(g, me);
}

/* Takes the baton. The lock is held, and not afterwards. */
void baton_take(struct wasi_threads *g, struct wasi_thread *me)
{
    bool at_once = !g->holder;

    if (at_once)
        grant(g, me);
    else if (me->state != WASI_THREAD_QUEUED && me->state != WASI_THREAD_RUNS)
        baton_queue(g, me);
    pthread_mutex_unlock(&g->lock);
    if (!at_once)
        baton_await(g, me);
    baton_pick_up(g, me);
}

struct wasi_thread *wasi_threads_leave(const struct wasi *w, bool polls)
{
    struct wasi_threads *g = w->threads;
    struct wasi_thread *me;

    if (!g || !atomic_load_explicit(&g->on, memory_order_relaxed))
        return NULL;
    me = g->holder;
    pthread_mutex_lock(&g->lock);
    baton_put_aside(g, me);
    me->state = WASI_THREAD_AWAY;
    if (polls && me->poll_at) {
        me->at = me->poll_at;
        me->poll_at = 0;
        me->state = WASI_THREAD_POLLS;
        me->polls = true;
        me->next = g->parked;
        g->parked = me;
    }
    baton_pass(g);
    pthread_mutex_unlock(&g->lock);
    return me;
}

void baton_unpark(struct wasi_threads *g, const struct wasi_thread *me)
{
    struct wasi_thread **p = &g->parked;

    while (*p && *p != me)
        p = &(*p)->next;
    if (*p)
        *p = me->next;
}

void wasi_threads_return(struct wasi_thread *t)
{
    int error = errno;

    if (!t)
        return;
    pthread_mutex_lock(&t->group->lock);
    if (t->state == WASI_THREAD_POLLS)
        baton_unpark(t->group, t);
    t->state = WASI_THREAD_AWAY;
    baton_take(t->group, t);
    errno = error;
}

int baton_wait_here(const struct wasi *w, struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    return w->wait ? w->wait(w->wait_arg, fds, n, time) : ppoll(fds, n, time, NULL);
}

/* With the event by which a wake ends it. */
static int wait_for_wake(const struct wasi *w, struct wasi_thread *t, struct pollfd *fds, nfds_t n,
                         const struct timespec *time)
{
    struct pollfd *all = malloc((n + 1) * sizeof *all);
    int r = -1, error = ENOMEM;
    bool woken;

    if (all) {
        if (n)
            memcpy(all, fds, n * sizeof *all);
        all[n] = (struct pollfd){.fd = t->event, .events = POLLIN};
        r = baton_wait_here(w, all, n + 1, time);
        error = errno;
        if (n)
            memcpy(fds, all, n * sizeof *all);
        if (r > 0 && all[n].revents && --r == 0) {
            r = -1;
            error = EINTR;
        }
    }
    free(all);
    t->polls = false;
    pthread_mutex_lock(&t->group->lock);
    woken = t->state != WASI_THREAD_POLLS;
    if (!woken)
        baton_unpark(t->group, t);
    t->state = WASI_THREAD_AWAY;
    pthread_mutex_unlock(&t->group->lock);
    /* (Nobody signals a thread that is away.) */
    if (woken)
        take_event(t);
    errno = error;
    return r;
}

int wasi_threads_wait(const struct wasi *w, struct wasi_thread *t, struct pollfd *fds, nfds_t n,
                      const struct timespec *time)
{
    return t && t->polls ? wait_for_wake(w, t, fds, n, time) : baton_wait_here(w, fds, n, time);
}

/* Waits until it is woken, or `time` has passed. The lock is held, and not afterwards. */
uint32_t baton_parked(struct wasi_threads *g, struct wasi_thread *me, uint64_t until)
{
    struct pollfd event = {.fd = me->event, .events = POLLIN};

    for (;;) {
        uint64_t at = baton_now(), left = until > at ? until - at : 0;
        struct timespec t = {.tv_sec = (time_t)(left / SECOND), .tv_nsec = (long)(left % SECOND)};
        int n;

        pthread_mutex_unlock(&g->lock);
        wait_awake(g, me);
        n = baton_wait_here(g->w, &event, 1, until == UINT64_MAX ? NULL : &t);
        if (n < 0)
            n = errno == EINTR ? -1 : 0;
        pthread_mutex_lock(&g->lock);
        if (me->state != WASI_THREAD_PARKED)
            return WASI_SUCCESS;
        if (n >= 0 && baton_now() < until)
            continue;
        baton_unpark(g, me);
        me->state = WASI_THREAD_AWAY;
        return n < 0 ? WASI_EINTR : WASI_ETIMEDOUT;
    }
}

/* ---- the ticker: a thread of the host's that ends slices of time ---- */

static void sleep_ns(struct wasi_threads *g, uint64_t ns)
{
    uint64_t until = baton_now() + ns;
    struct timespec t = {.tv_sec = (time_t)(until / SECOND), .tv_nsec = (long)(until % SECOND)};

    pthread_cond_timedwait(&g->ticks, &g->lock, &t);
}

static void tick(struct wasi_threads *g, uint64_t *turns)
{
    uint64_t passed = baton_now() - g->since;

    g->ops->look(g->arg);
    if (g->ops->is_over(g->arg)) {
        g->ops->recall(g->arg);
        sleep_ns(g, BATON_AGAIN);
    } else if (g->holder && g->queue) {
        if (passed >= SLICE)
            want(g);
        sleep_ns(g, passed >= SLICE ? SLICE : SLICE - passed);
    } else if (g->turns != *turns) {
        sleep_ns(g, SLICE);
    } else {
        g->asleep = true;
        sleep_ns(g, LONG);
        g->asleep = false;
    }
    *turns = g->turns;
}

void *baton_ticker(void *arg)
{
    struct wasi_threads *g = arg;
    uint64_t turns = 0;

    pthread_mutex_lock(&g->lock);
    while (!g->quit)
        tick(g, &turns);
    pthread_mutex_unlock(&g->lock);
    return NULL;
}
