#include "core/control.h"

#include "core/deliver.h"
#include "core/signals.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The signal is repeated, because a guest that is just about to wait would miss the first one. */
enum { AGAIN_NS = 10000000 };

/* The guest of this thread, for the signal handler. */
static _Thread_local struct control *current __attribute__((tls_model("initial-exec")));
static _Thread_local struct control_thread *joined __attribute__((tls_model("initial-exec")));
static struct former former = FORMER_INIT;
static int install_errno;

static void wake_others(struct control *c)
{
    for (int i = 0; atomic_load(&c->threaded) && i < CONTROL_MAX_THREADS; i++) {
        const int thread = atomic_load(&c->threads[i]);

        if (thread > 0 && thread != gettid())
            control_wake_thread(c, thread);
    }
}

void control_cancel(struct control *c)
{
    int saved = errno, goes_on = CONTROL_GOES_ON;

    atomic_fetch_add(&c->inside, 1);
    atomic_compare_exchange_strong(&c->ending, &goes_on, CONTROL_CANCELLED);
    if (atomic_load(&c->on)) {
        control_wake(c);
        wake_others(c);
    }
    atomic_fetch_sub(&c->inside, 1);
    errno = saved;
}

void control_finish(struct control *c)
{
    int saved = errno, goes_on = CONTROL_GOES_ON;

    atomic_compare_exchange_strong(&c->ending, &goes_on, CONTROL_OVER);
    if (c->thread != gettid())
        control_wake(c);
    wake_others(c);
    errno = saved;
}

static uint64_t spent(clockid_t clock)
{
    struct timespec t;

    return clock_gettime(clock, &t) < 0 ? 0 : (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* (Each is one that runs, or waits to be used again: none has ended.) */
void control_look(struct control *c, const struct limits *limits)
{
    uint64_t all = spent(c->clock) - c->spent;
    int goes_on = CONTROL_GOES_ON;

    if (!limits->cpu_ms)
        return;
    for (int i = 0; i < CONTROL_MAX_THREADS; i++)
        if (atomic_load(&c->threads[i]) > 0)
            all += spent(c->clocks[i]);
    if (all < limits->cpu_ms)
        return;
    atomic_compare_exchange_strong(&c->ending, &goes_on, CONTROL_CPU);
    control_wake(c);
    wake_others(c);
}

/* ---- for waiting calls ---- */

bool control_interrupted(void *control)
{
    struct control *c = control;

    return control_ending(c) != CONTROL_GOES_ON || (!joined && control_has_news(c));
}

static void own_signal(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, CONTROL_SIGNAL);
}

int control_wait(void *control, struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    sigset_t set, mask;
    int r = -1, e = EINTR;

    own_signal(&set);
    pthread_sigmask(SIG_BLOCK, &set, &mask);
    if (!control_interrupted(control)) {
        r = ppoll(fds, n, time, &mask);
        e = errno;
        if (r < 0 && e == EINTR && !control_interrupted(control))
            r = 0; /* another signal, for example SIGWINCH or SIGCONT */
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    errno = e;
    return r;
}

/* ---- the signal ---- */

static bool is_for(const struct control *c, const siginfo_t *info)
{
    const void *of = info->si_value.sival_ptr;

    if (c && ((c->cpu_timed && of == &c->cpu_timed) || (c->alarmed && of == &c->alarmed)))
        return info->si_code == SI_TIMER;
    return c && of == c && (info->si_code == SI_TIMER || (info->si_code == SI_QUEUE && info->si_pid == getpid()));
}

static int set_timer(timer_t timer, uint64_t ms)
{
    const struct itimerspec t = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000},
        .it_interval = {.tv_nsec = AGAIN_NS},
    };

    return timer_settime(timer, 0, &t, NULL);
}

/* At the deadline, once. */
static bool give_grace(struct control *c)
{
    if (!c->grace_ms || c->graced || control_ending(c) != CONTROL_GOES_ON || control_interrupt(c) != CONTROL_GIVEN)
        return false;
    c->graced = true;
    return set_timer(c->timer, c->grace_ms) == 0;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    const struct itimerspec again = {.it_value = {.tv_nsec = AGAIN_NS}, .it_interval = {.tv_nsec = AGAIN_NS}};
    struct control *c = current;
    int saved = errno, goes_on = CONTROL_GOES_ON;
    bool deadline;

    if (!is_for(c, info)) {
        signals_hand_on(&former, number, info, context);
        errno = saved;
        return;
    }
    if (info->si_code == SI_TIMER && info->si_value.sival_ptr == &c->alarmed) {
        control_signal(c, SIGALRM);
        errno = saved;
        return;
    }
    deadline = info->si_code == SI_TIMER && info->si_value.sival_ptr == c;
    if (deadline && give_grace(c)) {
        errno = saved;
        return;
    }
    if (info->si_code == SI_TIMER)
        atomic_compare_exchange_strong(&c->ending, &goes_on, deadline ? CONTROL_DEADLINE : CONTROL_CPU);
    /* (Processor time stands still while it waits.) */
    if (!deadline && control_ending(c) != CONTROL_GOES_ON && c->timed)
        timer_settime(c->timer, 0, &again, NULL);
    if (control_ending(c) != CONTROL_GOES_ON && joined) {
        joined->on_end(joined->arg, context);
    } else if (control_ending(c) != CONTROL_GOES_ON) {
        wake_others(c);
        c->on_end(c->arg, context);
    }
    errno = saved;
}

static void install(void)
{
    if (signals_take(CONTROL_SIGNAL, on_signal, &former) < 0)
        install_errno = errno;
}

/* ---- a run ---- */

void control_init(struct control *c)
{
    *c = (struct control){0};
}

/* (A cancel needs the first timer too, if it is to be repeated. Without one it sends its signal only once.) */
static int set_timers(struct control *c, uint64_t deadline_ms, uint64_t cpu_ms)
{
    c->timed = control_make_timer(c, CLOCK_MONOTONIC, c, &c->timer);
    if (deadline_ms && (!c->timed || set_timer(c->timer, deadline_ms) < 0))
        return -1;
    if (!cpu_ms)
        return 0;
    c->cpu_timed = control_make_timer(c, CLOCK_THREAD_CPUTIME_ID, &c->cpu_timed, &c->cpu_timer);
    return c->cpu_timed ? set_timer(c->cpu_timer, cpu_ms) : -1;
}

int control_begin(struct control *c, const struct limits *limits, void (*on_end)(void *arg, const void *context),
                  void *arg)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int passed = CONTROL_DEADLINE, used_up = CONTROL_CPU, over = CONTROL_OVER;
    sigset_t set;

    pthread_once(&once, install);
    errno = install_errno;
    if (errno)
        return -1;
    c->on_end = on_end;
    c->arg = arg;
    c->thread = gettid();
    pthread_getcpuclockid(pthread_self(), &c->clock);
    c->spent = limits->cpu_ms ? spent(c->clock) : 0;
    c->grace_ms = limits->grace_ms;
    c->graced = false;
    /* The deadline of an earlier run is over. */
    atomic_compare_exchange_strong(&c->ending, &passed, CONTROL_GOES_ON);
    atomic_compare_exchange_strong(&c->ending, &used_up, CONTROL_GOES_ON);
    atomic_compare_exchange_strong(&c->ending, &over, CONTROL_GOES_ON);
    atomic_store(&c->listens, false);
    atomic_store(&c->seen, 0);
    atomic_store(&c->fresh, false);
    atomic_store(&c->unheeded, 0);
    atomic_store(&c->words, 0);
    atomic_store(&c->given, 0);
    /* The signal may come as soon as anything here can send it, and must find all of it. */
    own_signal(&set);
    pthread_sigmask(SIG_BLOCK, &set, &c->mask);
    c->outer = current;
    current = c;
    atomic_store(&c->on, true);
    if (set_timers(c, limits->deadline_ms, limits->cpu_ms) < 0) {
        int e = errno;

        control_end(c);
        errno = e;
        return -1;
    }
    /* (If it was cancelled before, no other signal comes.) */
    if (control_ending(c) != CONTROL_GOES_ON)
        control_wake(c);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return 0;
}

void control_join(struct control *c, struct control_thread *t, void (*on_end)(void *arg, const void *context),
                  void *arg)
{
    sigset_t set;

    *t = (struct control_thread){.control = c, .on_end = on_end, .arg = arg, .slot = -1};
    own_signal(&set);
    pthread_sigmask(SIG_BLOCK, &set, &t->mask);
    current = c;
    joined = t;
    for (int i = 0; t->slot < 0 && i < CONTROL_MAX_THREADS; i++) {
        int none = 0;

        if (atomic_compare_exchange_strong(&c->threads[i], &none, -1))
            t->slot = i;
    }
    if (t->slot >= 0) {
        pthread_getcpuclockid(pthread_self(), &c->clocks[t->slot]);
        atomic_store(&c->threads[t->slot], gettid());
    }
    atomic_store(&c->threaded, true);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void control_leave(struct control_thread *t)
{
    sigset_t set;

    own_signal(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (t->slot >= 0)
        atomic_store(&t->control->threads[t->slot], 0);
    current = NULL;
    joined = NULL;
    pthread_sigmask(SIG_SETMASK, &t->mask, NULL);
}

void control_tell(const struct control *c, struct end *end)
{
    if (!c || !c->graced || end->kind != END_EXITED)
        return;
    end->kind = END_DEADLINE;
    end->status = STATUS_DEADLINE;
    end->left = true;
    snprintf(end->text, sizeof end->text, "%s", END_TEXT_DEADLINE);
}

/* Takes away its pending signals, which the next guest would take for its own. Signals of others are sent again. */
static void drain(const struct control *c, const sigset_t *set)
{
    const struct timespec now = {0};
    siginfo_t others[16], one;
    size_t n = 0;

    while (n < sizeof others / sizeof *others && sigtimedwait(set, &one, &now) > 0)
        if (!is_for(c, &one))
            others[n++] = one;
    for (size_t i = 0; i < n; i++)
        syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), CONTROL_SIGNAL, &others[i]);
}

unsigned control_end(struct control *c)
{
    sigset_t set;

    atomic_store(&c->on, false);
    atomic_store(&c->listens, false);
    /* After this, the thread may end and the memory be unmapped, so wait for calls from other threads. */
    while (atomic_load(&c->inside))
        sched_yield();
    own_signal(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (c->timed)
        timer_delete(c->timer);
    if (c->cpu_timed)
        timer_delete(c->cpu_timer);
    if (c->alarmed)
        timer_delete(c->alarm);
    c->timed = false;
    drain(c, &set);
    c->cpu_timed = c->alarmed = false;
    current = c->outer;
    pthread_sigmask(SIG_SETMASK, &c->mask, NULL);
    return atomic_load(&c->seen);
}
