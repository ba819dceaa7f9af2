#include "handoff.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Idle threads are kept, because making one takes longer than a short run. STACK is that of the thread; guests have
 * others. TICK_MS: a signal may come just before the main thread begins to wait, so it looks now and then. */
enum { MOST_IDLE = 16, STACK = 256 << 10, TICK_MS = 100, GRACE_MS = 1000, SPINS = 200 };

enum state { WAITS, RUNS, ASKS, DONE };

struct handoff {
    atomic_uint state; /* a futex: RUNS is the guest's turn, ASKS and DONE that of the waiting thread */
    void (*work)(void *);
    void *arg;
    void (*what)(void *);
    void *what_arg;
    struct wlpy_control *control;
    PyThreadState *thread; /* of a thread that runs its guest itself; else NULL */
    bool gently;
    long long cancel_at;            /* ms; 0: never */
    PyObject *type, *value, *trace; /* why it was aborted */
};

struct worker {
    atomic_uint wakes; /* a futex */
    struct handoff *task;
    struct worker *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *idle;
static unsigned idle_n;

static long futex(atomic_uint *at, int what, unsigned value, const struct timespec *time)
{
    return syscall(SYS_futex, at, what | FUTEX_PRIVATE_FLAG, value, time, NULL, 0);
}

static void wake(atomic_uint *at)
{
    futex(at, FUTEX_WAKE, 1, NULL);
}

/* Waits a little without the kernel: most calls of host functions are short. */
static bool changes_soon(const atomic_uint *at, unsigned from)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(at) != from)
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

static void wait_while(atomic_uint *at, unsigned value)
{
    while (!changes_soon(at, value) && atomic_load(at) == value)
        futex(at, FUTEX_WAIT, value, NULL);
}

static void turn(struct handoff *h, enum state state)
{
    atomic_store(&h->state, state);
    wake(&h->state);
}

/* ---- the threads of guests ---- */

/* True: there is another task. */
static bool rest(struct worker *w)
{
    unsigned wakes = atomic_load(&w->wakes);

    pthread_mutex_lock(&lock);
    if (idle_n == MOST_IDLE) {
        pthread_mutex_unlock(&lock);
        free(w);
        return false;
    }
    idle_n++;
    w->next = idle;
    idle = w;
    pthread_mutex_unlock(&lock);
    wait_while(&w->wakes, wakes);
    return true;
}

static void *work(void *arg)
{
    struct worker *w = arg;

    do {
        struct handoff *h = w->task;

        h->work(h->arg);
        w->task = NULL;
        turn(h, DONE);
    } while (rest(w));
    return NULL;
}

static int start_thread(struct worker *w)
{
    pthread_attr_t attr;
    sigset_t all, before;
    pthread_t thread;
    int r = pthread_attr_init(&attr);

    if (r != 0)
        return r;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK);
    /* Signals are for Python's threads. The library lets in those that it needs. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&thread, &attr, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return r;
}

static struct worker *take_idle(void)
{
    struct worker *w;

    pthread_mutex_lock(&lock);
    w = idle;
    if (w) {
        idle = w->next;
        idle_n--;
    }
    pthread_mutex_unlock(&lock);
    return w;
}

static int give(struct handoff *h)
{
    struct worker *w = take_idle();
    int r;

    if (w) {
        w->task = h;
        atomic_fetch_add(&w->wakes, 1);
        wake(&w->wakes);
        return 0;
    }
    w = calloc(1, sizeof *w);
    if (!w)
        return ENOMEM;
    w->task = h;
    r = start_thread(w);
    if (r != 0)
        free(w);
    return r;
}

/* A child of fork() has none of these threads. */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    idle = NULL;
    idle_n = 0;
    pthread_mutex_unlock(&lock);
}

static void prepare(void)
{
    pthread_atfork(before_fork, in_parent, in_child);
}

/* ---- the thread that waits ---- */

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void handoff_abort(struct handoff *h)
{
    if (h->type) {
        PyErr_Clear();
        return;
    }
    PyErr_Fetch(&h->type, &h->value, &h->trace);
    if (!h->gently || wlpy_interrupt(h->control) != WLPY_GIVEN)
        wlpy_cancel(h->control);
    else
        h->cancel_at = now_ms() + GRACE_MS;
}

static void look_at_signals(struct handoff *h)
{
    if (h->cancel_at && now_ms() >= h->cancel_at)
        wlpy_cancel(h->control);
    else if (PyErr_CheckSignals() < 0)
        handoff_abort(h);
}

static void wait_for_guest(struct handoff *h, bool main)
{
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};

    while (atomic_load(&h->state) == RUNS) {
        if (changes_soon(&h->state, RUNS))
            return;
        if (futex(&h->state, FUTEX_WAIT, RUNS, main || h->cancel_at ? &tick : NULL) < 0 && errno != EAGAIN)
            return;
    }
}

/* Signals are handled by the main thread. */
static bool is_main(void)
{
    return syscall(SYS_gettid) == getpid();
}

static void attend(struct handoff *h)
{
    PyThreadState *thread = PyEval_SaveThread();
    bool main = is_main();
    unsigned state;

    while ((state = atomic_load(&h->state)) != DONE) {
        if (state == RUNS) {
            wait_for_guest(h, main);
            state = atomic_load(&h->state);
            if (state == RUNS && (main || h->cancel_at)) {
                PyEval_RestoreThread(thread);
                look_at_signals(h);
                thread = PyEval_SaveThread();
            }
        } else {
            PyEval_RestoreThread(thread);
            h->what(h->what_arg);
            thread = PyEval_SaveThread();
            turn(h, RUNS);
        }
    }
    PyEval_RestoreThread(thread);
}

/* 0, or an errno. */
static int run_elsewhere(struct handoff *h)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int r;

    pthread_once(&once, prepare);
    atomic_store(&h->state, RUNS);
    r = give(h);
    if (r == 0)
        attend(h);
    return r;
}

static int run_here(struct handoff *h)
{
    h->thread = PyEval_SaveThread();
    h->work(h->arg);
    PyEval_RestoreThread(h->thread);
    return 0;
}

int handoff_run(struct handoff **at, struct wlpy_control *control, bool gently, void (*what)(void *), void *arg)
{
    struct handoff *h = calloc(1, sizeof *h);
    int r;

    if (!h) {
        PyErr_NoMemory();
        return -1;
    }
    h->work = what;
    h->arg = arg;
    h->control = control;
    h->gently = gently;
    *at = h;
    r = is_main() ? run_elsewhere(h) : run_here(h);
    if (r != 0) {
        errno = r;
        PyErr_SetFromErrno(PyExc_OSError);
        r = -1;
    } else if (h->type) {
        PyErr_Restore(h->type, h->value, h->trace);
        r = -1;
    }
    *at = NULL;
    free(h);
    return r;
}

void handoff_ask(struct handoff *h, void (*what)(void *), void *arg)
{
    if (h->thread) {
        PyEval_RestoreThread(h->thread);
        /* (It has not heeded the interrupt.) */
        if (h->type)
            wlpy_cancel(h->control);
        what(arg);
        h->thread = PyEval_SaveThread();
        return;
    }
    h->what = what;
    h->what_arg = arg;
    turn(h, ASKS);
    wait_while(&h->state, ASKS);
}
