#include "util/cancel.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int cancel_init(struct cancel *c, struct wl_err *err)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], NULL, &action) < 0 || action.sa_handler != SIG_IGN)
            sigaddset(&set, signals[i]);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || (c->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot watch for signals");
    return 0;
}

bool cancel_sleep_ms(const struct cancel *c, int ms)
{
    struct pollfd p = {.fd = c ? c->fd : -1, .events = POLLIN};

    return poll(&p, 1, ms) > 0;
}

bool cancel_pending(const struct cancel *c)
{
    return cancel_sleep_ms(c, 0);
}

int cancel_error(struct wl_err *err)
{
    wl_err_set(err, WL_E_INTERRUPTED, "interrupted");
    return wl_err_hint(err, "run the same command again: it goes on with what is finished");
}

int cancel_signal(struct cancel *c)
{
    struct signalfd_siginfo info;

    if (c->fd < 0 || read(c->fd, &info, sizeof info) != sizeof info)
        return 0;
    return (int)info.ssi_signo;
}
