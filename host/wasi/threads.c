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

enum { TICKER_STACK = 256 << 10 };

/* ---- threads of the process ---- */

/* The process's signals are for its other threads; what the engine needs, it unblocks. */
static int start(pthread_t *thread, size_t stack, void *(*run)(void *arg), void *arg)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int e;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    e = pthread_attr_setstacksize(&attr, stack);
    if (e == 0)
        e = pthread_create(thread, &attr, run, arg);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

static void *thread_main(void *arg)
{
    struct wasi_thread *me = arg;
    struct wasi_threads *g = me->group;

    g->ops->begin(g->arg, me->context);
    for (;;) {
        baton_await(g, me);
        pthread_mutex_lock(&g->lock);
        if (me->state == WASI_THREAD_IDLE)
            break;
        pthread_mutex_unlock(&g->lock);
        baton_pick_up(g, me);
        if (!g->ops->is_over(g->arg))
            g->ops->run(g->arg, me->context, me->argument);
        pthread_mutex_lock(&g->lock);
        baton_put_aside(g, me);
        me->state = WASI_THREAD_IDLE;
        me->exits = false;
        me->poll_at = 0;
        g->live--;
        baton_pass(g);
        pthread_cond_signal(&g->ended);
        pthread_mutex_unlock(&g->lock);
    }
    pthread_mutex_unlock(&g->lock);
    g->ops->end(g->arg, me->context);
    return NULL;
}

/* (It stays idle until it gets something to do, because that needs the baton.) */
static struct wasi_thread *find_idle(struct wasi_threads *g)
{
    struct wasi_thread *t;

    pthread_mutex_lock(&g->lock);
    for (t = g->all; t && t->state != WASI_THREAD_IDLE; t = t->other)
        ;
    pthread_mutex_unlock(&g->lock);
    return t;
}

static void drop(const struct wasi_threads *g, struct wasi_thread *t)
{
    if (t->context)
        g->ops->close(g->arg, t->context);
    if (t->event >= 0)
        close(t->event);
    free(t);
}

static struct wasi_thread *make(struct wasi_threads *g)
{
    struct wasi_thread *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->group = g;
    t->state = WASI_THREAD_IDLE;
    t->event = eventfd(0, EFD_CLOEXEC);
    t->context = t->event < 0 ? NULL : g->ops->open(g->arg);
    if (!t->context || start(&t->os, g->stack, thread_main, t) != 0) {
        drop(g, t);
        return NULL;
    }
    pthread_mutex_lock(&g->lock);
    t->other = g->all;
    g->all = t;
    pthread_mutex_unlock(&g->lock);
    return t;
}

/* From now on there may be several. */
static bool switch_on(struct wasi_threads *g)
{
    cpu_set_t processors;

    if (atomic_load(&g->on))
        return true;
    g->first.event = eventfd(0, EFD_CLOEXEC);
    if (g->first.event < 0)
        return false;
    g->first.group = g;
    g->first.state = WASI_THREAD_RUNS;
    g->holder = g->last = &g->first;
    g->since = baton_now();
    g->memory = wasi_memory(g->w);
    g->quit = g->asleep = false;
    g->spins = sched_getaffinity(0, sizeof processors, &processors) == 0 && CPU_COUNT(&processors) > 1;
    g->ticking = start(&g->ticker, TICKER_STACK, baton_ticker, g) == 0;
    if (!g->ticking) {
        close(g->first.event);
        return false;
    }
    atomic_store(&g->on, true);
    return true;
}

/* ---- requests ---- */

static bool address(const struct wasi_request *r, int at, uint32_t *value)
{
    int64_t v;

    if (!wasi_word(r, at, 0, UINT32_MAX, &v))
        return false;
    *value = (uint32_t)v;
    return true;
}

/* thread.begin LIST */
static uint32_t begin(struct wasi_request *r)
{
    struct wasi_threads *g = r->arg;
    struct guest_memory m = wasi_memory(r->w);
    uint32_t list, count;

    if (!g->ops)
        return WASI_ENOTSUP;
    if (!address(r, 0, &list) || list % 4)
        return WASI_EINVAL;
    if (!wasi_inside(m, list, LIST_WORDS))
        return WASI_EFAULT;
    count = (uint32_t)wasi_load(m, (uint64_t)list + LIST_COUNT, 4);
    if (count > WASI_MOST_WORDS_KEPT || atomic_load(&g->on))
        return WASI_EINVAL;
    if (!wasi_inside(m, (uint64_t)list + LIST_WORDS, (uint64_t)count * 4))
        return WASI_EFAULT;
    for (uint32_t i = 0; i < count; i++) {
        g->word[i] = (uint32_t)wasi_load(m, (uint64_t)list + LIST_WORDS + (uint64_t)i * 4, 4);
        if (!baton_is_word(m, g->word[i]))
            return WASI_EFAULT;
    }
    g->list = list;
    g->words_n = count;
    g->begun = true;
    return WASI_SUCCESS;
}

/* thread.spawn ARGUMENT */
static uint32_t spawn(struct wasi_request *r)
{
    struct wasi_threads *g = r->arg;
    struct wasi_thread *t;
    uint32_t argument;

    if (!g->ops)
        return WASI_ENOTSUP;
    if (!address(r, 0, &argument) || !g->begun)
        return WASI_EINVAL;
    if (g->live >= g->most || g->ops->is_over(g->arg) || !switch_on(g))
        return WASI_EAGAIN;
    t = find_idle(g);
    if (!t)
        t = make(g);
    if (!t)
        return WASI_EAGAIN;
    pthread_mutex_lock(&g->lock);
    g->memory = wasi_memory(g->w);
    t->argument = argument;
    memset(t->words, 0, sizeof t->words);
    g->live++;
    baton_queue(g, t);
    pthread_mutex_unlock(&g->lock);
    return WASI_SUCCESS;
}

/* thread.park ADDRESS NANOSECONDS|forever */
static uint32_t park(struct wasi_request *r)
{
    struct wasi_threads *g = r->arg;
    struct wasi_thread *me, **p;
    uint64_t until = UINT64_MAX;
    uint32_t at, e;
    int64_t ns;

    if (!address(r, 0, &at))
        return WASI_EINVAL;
    if (strcmp(r->word[1], "forever") != 0) {
        if (!wasi_word(r, 1, 0, INT64_MAX, &ns))
            return WASI_EINVAL;
        until = baton_now() + (uint64_t)ns;
    }
    /* (There is nobody who could wake it.) */
    if (!atomic_load(&g->on))
        return WASI_EDEADLK;
    me = g->holder;
    pthread_mutex_lock(&g->lock);
    baton_put_aside(g, me);
    me->state = WASI_THREAD_PARKED;
    me->at = at;
    me->next = NULL;
    for (p = &g->parked; *p; p = &(*p)->next)
        ;
    *p = me;
    baton_pass(g);
    e = baton_parked(g, me, until);
    baton_take(g, me);
    return e;
}

/* thread.wake ADDRESS COUNT */
static uint32_t wake(struct wasi_request *r)
{
    struct wasi_threads *g = r->arg;
    uint32_t at;
    int64_t n;

    if (!address(r, 0, &at) || !wasi_word(r, 1, 0, UINT32_MAX, &n))
        return WASI_EINVAL;
    if (!atomic_load(&g->on))
        return WASI_SUCCESS;
    pthread_mutex_lock(&g->lock);
    for (struct wasi_thread **p = &g->parked; *p && n;) {
        struct wasi_thread *t = *p;

        if (t->at != at) {
            p = &t->next;
            continue;
        }
        *p = t->next;
        n--;
        if (t->state == WASI_THREAD_PARKED) {
            baton_queue(g, t);
        } else {
            t->state = WASI_THREAD_AWAY;
            baton_signal(t);
        }
    }
    pthread_mutex_unlock(&g->lock);
    return WASI_SUCCESS;
}

/* thread.yield */
static uint32_t yield(struct wasi_request *r)
{
    struct wasi_threads *g = r->arg;
    struct wasi_thread *me;

    if (!atomic_load(&g->on))
        return WASI_SUCCESS;
    pthread_mutex_lock(&g->lock);
    me = g->holder;
    if (!g->queue) {
        pthread_mutex_unlock(&g->lock);
        return WASI_SUCCESS;
    }
    baton_put_aside(g, me);
    baton_queue(g, me);
    baton_pass(g);
    pthread_mutex_unlock(&g->lock);
    baton_await(g, me);
    baton_pick_up(g, me);
    return WASI_SUCCESS;
}

/* thread.exit */
static uint32_t leave(struct wasi_request *r)
{
    struct wasi_threads *g = r->arg;

    if (!atomic_load(&g->on) || g->holder == &g->first)
        return WASI_EINVAL;
    g->holder->exits = true;
    return WASI_SUCCESS;
}

/* thread.poll ADDRESS */
static uint32_t poll_too(struct wasi_request *r)
{
    struct wasi_threads *g = r->arg;
    uint32_t at;

    if (!address(r, 0, &at))
        return WASI_EINVAL;
    if (atomic_load(&g->on))
        g->holder->poll_at = at;
    return WASI_SUCCESS;
}

static const struct wasi_request_kind kinds[] = {
    {"thread.begin", 1, 1, begin},   {"thread.spawn", 1, 1, spawn}, {"thread.park", 2, 2, park},
    {"thread.wake", 2, 2, wake},     {"thread.yield", 0, 0, yield}, {"thread.exit", 0, 0, leave},
    {"thread.poll", 1, 1, poll_too},
};

int wasi_threads_serve(struct wasi_threads *g, struct wasi *w, unsigned most)
{
    pthread_condattr_t attr;

    *g = (struct wasi_threads){.w = w, .most = most < WASI_MOST_THREADS ? most : WASI_MOST_THREADS};
    g->set = (struct wasi_request_set){"thread", 1, kinds, sizeof kinds / sizeof *kinds, g};
    g->queue_end = &g->queue;
    pthread_mutex_init(&g->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&g->ticks, &attr);
    pthread_cond_init(&g->ended, &attr);
    pthread_condattr_destroy(&attr);
    w->threads = g;
    return wasi_serve(w, &g->set);
}

void wasi_threads_finish(struct wasi_threads *g)
{
    struct wasi_thread *t, *next;

    if (!atomic_load(&g->on))
        return;
    pthread_mutex_lock(&g->lock);
    baton_put_aside(g, &g->first);
    g->first.state = WASI_THREAD_AWAY;
    baton_pass(g);
    while (g->live) {
        uint64_t until = baton_now() + BATON_AGAIN;
        struct timespec at = {.tv_sec = (time_t)(until / SECOND), .tv_nsec = (long)(until % SECOND)};

        g->ops->recall(g->arg);
        pthread_cond_timedwait(&g->ended, &g->lock, &at);
    }
    g->quit = true;
    for (t = g->all; t; t = t->other)
        baton_signal(t);
    pthread_cond_signal(&g->ticks);
    pthread_mutex_unlock(&g->lock);
    pthread_join(g->ticker, NULL);
    for (t = g->all; t; t = next) {
        next = t->other;
        pthread_join(t->os, NULL);
        drop(g, t);
    }
    g->all = NULL;
    close(g->first.event);
    g->ops->take(g->arg, NULL);
    g->ops = NULL;
    atomic_store(&g->on, false);
}

void wasi_threads_polled(const struct wasi *w)
{
    if (w->threads && atomic_load_explicit(&w->threads->on, memory_order_relaxed))
        w->threads->holder->poll_at = 0;
}
