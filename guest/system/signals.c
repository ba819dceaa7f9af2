/* Signals: handlers, masks, waiting for them, and the timer of alarm().
 *
 * A host cannot call a handler in the middle of the guest's code. So it marks a signal as arrived, and the guest looks
 * at the marks where a handler may run: CPython does that between two instructions, in long loops, and after a call
 * that was interrupted. A signal that has neither a handler nor is blocked the guest leaves to the host, which then
 * does with its own process what the kernel does by default. */
#include "../signals.h"

#include "../channel.h"
#include "../processes.h"
#include "../threads.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

#undef raise

enum { MICROSECONDS = 1000000, OTHERS_LOOK_MS = 20 };

volatile uint32_t wl_signal_words[SIGNAL_WORDS];

static struct {
    struct sigaction action[NSIG];
    sigset_t blocked, waited_for; /* both stay pending instead of being acted on */
    sigset_t others_mask;         /* of threads but the first: they get no signals */
    sigset_t pending;
    unsigned handled; /* how often a handler was called, */
    unsigned breaks;  /* and one that wants calls to end */
    bool timed;       /* the timer of alarm() was set */
    bool from_host;
    char told[SIGNAL_WORDS]; /* what the host knows: the first letter of the word in the request; 0: default */
} signals;

static sigset_t bit(int number)
{
    return (sigset_t)1 << (number - 1);
}

static bool is_number(int number)
{
    return number > 0 && number < NSIG;
}

static bool is_ignored_by_default(int number)
{
    return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT;
}

static bool is_ignored(int number)
{
    void (*const handler)(int) = signals.action[number].sa_handler;

    return handler == SIG_IGN || (handler == SIG_DFL && is_ignored_by_default(number));
}

static bool is_held(int number)
{
    return (signals.blocked | signals.waited_for) & bit(number);
}

/* ---- telling the host ---- */

/* Interrupts (SIGINT) always come (guest/interrupt.c). The other signals that a process may get from others. */
bool signals_come_from_others(int number)
{
    return number == SIGHUP || number == SIGQUIT || number == SIGUSR1 || number == SIGUSR2 || number == SIGALRM ||
           number == SIGTERM || number == SIGCHLD || number == SIGCONT || number == SIGWINCH;
}

static void tell_as(int number, const char *what)
{
    const int before = errno;

    if (!signals.from_host || !signals_come_from_others(number) || signals.told[number] == *what)
        return;
    if (channel_ask(NULL, 0, "signal.take %d %s", number, what) >= 0)
        signals.told[number] = *what;
    errno = before;
}

static void tell(int number)
{
    const bool by_default = signals.action[number].sa_handler == SIG_DFL;

    if (is_held(number) || (number == SIGALRM && by_default && signals.timed))
        tell_as(number, "handle");
    else if (signals.action[number].sa_handler == SIG_IGN)
        tell_as(number, "ignore");
    else
        tell_as(number, by_default ? "default" : "handle");
}

static void tell_all(void)
{
    for (int i = 1; i < SIGNAL_WORDS; i++)
        tell(i);
}

void signals_begin(void)
{
    char answer[128], *next = answer;

    for (int i = 0; i < SIGNAL_WORDS; i++)
        wl_signal_words[i] = 0;
    memset(signals.told, 'd', sizeof signals.told);
    signals.pending = 0;
    signals.timed = false;
    signals.from_host = channel_has("signal") && channel_ask(answer, sizeof answer, "signal.begin %lu",
                                                             (unsigned long)(uintptr_t)wl_signal_words) >= 0;
    if (!signals.from_host)
        return;
    /* What was ignored when the host started stays so, as after exec(). */
    for (long n = strtol(next, &next, 10); n > 0; n = strtol(next, &next, 10))
        if (n < SIGNAL_WORDS && signals.action[n].sa_handler == SIG_DFL)
            signals.action[n].sa_handler = SIG_IGN;
    tell_all();
}

static bool signals_come(void)
{
    for (int i = 1; signals.from_host && i < SIGNAL_WORDS; i++)
        if (signals.told[i] == 'h')
            return true;
    return false;
}

static bool call_again(void)
{
    const unsigned handled = signals.handled, breaks = signals.breaks;

    if (!threads_is_first())
        return false;
    wl_signals_deliver();
    return signals.handled != handled && signals.breaks == breaks;
}

/* (After the layer of files, which finds the channel.) */
__attribute__((constructor(102))) static void begin(void)
{
    threads_signals_come = signals_come;
    threads_signals_restart = call_again;
    signals_begin();
}

/* ---- what they do ---- */

/* In this process the exit status is 128 plus the number of the signal, as shells show it. A parent that is a process
 * of this program learns of the signal itself. */
static _Noreturn void end_by(int number)
{
    tell_as(number, "default");
    processes_end_by(number == SIGSTOP ? SIGKILL : number);
    if (number == SIGABRT)
        abort();
    _Exit(128 + number);
}

static void act(int number)
{
    struct sigaction *const action = &signals.action[number];
    void (*const handler)(int) = action->sa_handler;
    const sigset_t before = signals.blocked;
    const int error = errno;

    if (is_ignored(number))
        return;
    if (handler == SIG_DFL)
        end_by(number);
    if (action->sa_flags & SA_RESETHAND) {
        action->sa_handler = SIG_DFL;
        tell(number);
    }
    /* (The host need not know: what comes now waits for the next look anyway.) */
    signals.blocked |= action->sa_mask | (action->sa_flags & SA_NODEFER ? 0 : bit(number));
    handler(number);
    signals.blocked = before;
    signals.handled++;
    signals.breaks += !(action->sa_flags & SA_RESTART);
    errno = error;
}

/* The first thread may wait in the host: that wakes it, if this signal is one that the host delivers. */
static bool send_by_host(int number)
{
    const int before = errno;
    const bool sent = signals.from_host && channel_ask(NULL, 0, "signal.send %d", number) >= 0;

    errno = before;
    return sent;
}

int wl_raise(int number)
{
    if (number == 0)
        return 0;
    if (!is_number(number)) {
        errno = EINVAL;
        return -1;
    }
    if (number == SIGKILL || number == SIGSTOP)
        end_by(number);
    if (!threads_is_first() && send_by_host(number))
        return 0;
    if (is_held(number) && !is_ignored(number))
        signals.pending |= bit(number);
    else
        act(number);
    return 0;
}

int raise(int number)
{
    return wl_raise(number);
}

void wl_signals_deliver(void)
{
    for (int i = 1; i < SIGNAL_WORDS; i++) {
        if (!wl_signal_words[i])
            continue;
        wl_signal_words[i] = 0;
        wl_raise(i);
    }
    for (int i = 1; signals.pending & ~(signals.blocked | signals.waited_for) && i < NSIG; i++) {
        if (!(signals.pending & bit(i)) || is_held(i))
            continue;
        signals.pending &= ~bit(i);
        act(i);
    }
}

/* ---- handlers ---- */

/* The address of these two is what signal() means by them; nobody calls them. */
void __SIG_IGN(int number)
{
    (void)number;
}

void __SIG_ERR(int number)
{
    (void)number;
}

int sigaction(int number, const struct sigaction *restrict new, struct sigaction *restrict old)
{
    if (!is_number(number) || (new && (number == SIGKILL || number == SIGSTOP))) {
        errno = EINVAL;
        return -1;
    }
    if (old)
        *old = signals.action[number];
    if (!new)
        return 0;
    /* (What has arrived before is still for the handler of that time.) */
    wl_signals_deliver();
    signals.action[number] = *new;
    if (is_ignored(number))
        signals.pending &= ~bit(number);
    tell(number);
    return 0;
}

void (*signal(int number, void (*handler)(int)))(int)
{
    const struct sigaction new = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct sigaction old;

    return sigaction(number, &new, &old) < 0 ? SIG_ERR : old.sa_handler;
}

void (*bsd_signal(int number, void (*handler)(int)))(int) __attribute__((alias("signal")));
void (*__sysv_signal(int number, void (*handler)(int)))(int) __attribute__((alias("signal")));

int siginterrupt(int number, int flag)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) < 0)
        return -1;
    action.sa_flags = flag ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(number, &action, NULL);
}

/* ---- sets and masks ---- */

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ~(sigset_t)0;
    return 0;
}

static int change(sigset_t *set, int number, bool in)
{
    if (!is_number(number)) {
        errno = EINVAL;
        return -1;
    }
    *set = in ? *set | bit(number) : *set & ~bit(number);
    return 0;
}

int sigaddset(sigset_t *set, int number)
{
    return change(set, number, true);
}

int sigdelset(sigset_t *set, int number)
{
    return change(set, number, false);
}

int sigismember(const sigset_t *set, int number)
{
    if (is_number(number))
        return (*set & bit(number)) != 0;
    errno = EINVAL;
    return -1;
}

int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    sigset_t *const mask = threads_is_first() ? &signals.blocked : &signals.others_mask;

    if (old)
        *old = *mask;
    if (!set)
        return 0;
    if (how == SIG_BLOCK)
        *mask |= *set;
    else if (how == SIG_UNBLOCK)
        *mask &= ~*set;
    else if (how == SIG_SETMASK)
        *mask = *set;
    else
        return EINVAL;
    *mask &= ~(bit(SIGKILL) | bit(SIGSTOP));
    if (mask == &signals.blocked) {
        tell_all();
        wl_signals_deliver();
    }
    return 0;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    const int error = pthread_sigmask(how, set, old);

    if (error)
        errno = error;
    return error ? -1 : 0;
}

int sigpending(sigset_t *set)
{
    wl_signals_deliver();
    *set = signals.pending;
    return 0;
}

/* ---- waiting ---- */

/* Until a signal comes or the time is over. The host wakes the first thread alone, so others look now and then. */
static void wait_for_host(uint64_t ns)
{
    const uint64_t most = threads_is_first() ? UINT64_C(1000000000) * 86400 : UINT64_C(1000000) * OTHERS_LOOK_MS;
    const __wasi_subscription_t clock = {
        .u = {.tag = __WASI_EVENTTYPE_CLOCK,
              .u.clock = {.id = __WASI_CLOCKID_MONOTONIC, .timeout = ns < most ? ns : most}}};
    __wasi_event_t event;
    __wasi_size_t n;

    (void)!__wasi_poll_oneoff(&clock, &event, 1, &n);
}

static bool can_come(void)
{
    if (!signals.from_host)
        errno = ENOTSUP;
    return signals.from_host;
}

int pause(void)
{
    unsigned before;

    wl_signals_deliver();
    before = signals.handled;
    if (!can_come())
        return -1;
    while (signals.handled == before) {
        wait_for_host(UINT64_MAX);
        wl_signals_deliver();
    }
    errno = EINTR;
    return -1;
}

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Takes one of the set that is pending. 0: none is. */
static int take_pending(sigset_t set)
{
    for (int i = 1; i < NSIG; i++) {
        if (!(signals.pending & set & bit(i)))
            continue;
        signals.pending &= ~bit(i);
        return i;
    }
    return 0;
}

static int wait_until(sigset_t set, uint64_t end, bool goes_on)
{
    const unsigned before = signals.handled;

    for (;;) {
        const uint64_t time = end == UINT64_MAX ? 0 : now();
        int number;

        wl_signals_deliver();
        number = take_pending(set);
        if (number)
            return number;
        if (time >= end)
            errno = EAGAIN;
        else if (signals.handled != before && !goes_on)
            errno = EINTR;
        else if (end != UINT64_MAX || can_come()) {
            wait_for_host(end == UINT64_MAX ? end : end - time);
            continue;
        }
        return -1;
    }
}

static int wait_for(sigset_t set, uint64_t end, bool goes_on)
{
    const sigset_t before = signals.waited_for;
    int number;

    signals.waited_for |= set & ~(bit(SIGKILL) | bit(SIGSTOP));
    tell_all();
    number = wait_until(set, end, goes_on);
    signals.waited_for = before;
    tell_all();
    return number;
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info, const struct timespec *restrict timeout)
{
    uint64_t end = UINT64_MAX, ns;
    int number;

    if (timeout && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000)) {
        errno = EINVAL;
        return -1;
    }
    if (timeout && !__builtin_mul_overflow((uint64_t)timeout->tv_sec, UINT64_C(1000000000), &ns) && ns < UINT64_MAX / 2)
        end = now() + ns + (uint64_t)timeout->tv_nsec;
    number = wait_for(*set, end, false);
    if (number > 0 && info)
        *info = (siginfo_t){.si_signo = number, .si_uid = getuid()};
    return number;
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    return sigtimedwait(set, info, NULL);
}

int sigwait(const sigset_t *restrict set, int *restrict number)
{
    const int before = errno;

    *number = wait_for(*set, UINT64_MAX, true);
    if (*number < 0) {
        const int error = errno;

        errno = before;
        return error;
    }
    return 0;
}

/* ---- the timer ---- */

static struct timeval from_microseconds(unsigned long long us)
{
    return (struct timeval){.tv_sec = (time_t)(us / MICROSECONDS), .tv_usec = (suseconds_t)(us % MICROSECONDS)};
}

static int to_microseconds(const struct timeval *t, unsigned long long *us)
{
    const time_t most = 999999999; /* what the host takes: some 31 years */

    if (t->tv_sec < 0 || t->tv_usec < 0 || t->tv_usec >= MICROSECONDS) {
        errno = EINVAL;
        return -1;
    }
    *us = (unsigned long long)(t->tv_sec < most ? t->tv_sec : most) * MICROSECONDS + (unsigned long long)t->tv_usec;
    return 0;
}

/* The host's timer; value NULL: only reads it. */
static int ask_timer(const struct itimerval *new, struct itimerval *old)
{
    unsigned long long value, interval;
    char answer[64];

    if (!can_come())
        return -1;
    if (!new) {
        if (channel_ask(answer, sizeof answer, "signal.timer") < 0)
            return -1;
    } else if (to_microseconds(&new->it_value, &value) < 0 || to_microseconds(&new->it_interval, &interval) < 0 ||
               channel_ask(answer, sizeof answer, "signal.timer %llu %llu", value, interval) < 0) {
        return -1;
    }
    if (!old)
        return 0;
    if (sscanf(answer, "%llu %llu", &value, &interval) != 2) {
        errno = EIO;
        return -1;
    }
    *old = (struct itimerval){.it_value = from_microseconds(value), .it_interval = from_microseconds(interval)};
    return 0;
}

int getitimer(int which, struct itimerval *current)
{
    if (which == ITIMER_REAL)
        return ask_timer(NULL, current);
    errno = EINVAL;
    return -1;
}

int setitimer(int which, const struct itimerval *restrict new, struct itimerval *restrict old)
{
    if (which != ITIMER_REAL) {
        errno = EINVAL;
        return -1;
    }
    signals.timed = new->it_value.tv_sec || new->it_value.tv_usec;
    if (!signals.from_host && !signals.timed) {
        if (old)
            *old = (struct itimerval){0};
        return 0;
    }
    /* (First the host has to know that it is not to end its process by it.) */
    tell(SIGALRM);
    return ask_timer(new, old);
}

unsigned alarm(unsigned seconds)
{
    const struct itimerval new = {.it_value.tv_sec = seconds};
    struct itimerval old;

    if (setitimer(ITIMER_REAL, &new, &old) < 0)
        return 0;
    return (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec > 0);
}
