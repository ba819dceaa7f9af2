#include "core/signals.h"

#include <pthread.h>

const struct signals_sent signals_sent[] = {{SIGHUP, false},  {SIGQUIT, false}, {SIGUSR1, false},
                                            {SIGUSR2, false}, {SIGALRM, false}, {SIGTERM, false},
                                            {SIGCHLD, true},  {SIGCONT, true},  {SIGWINCH, true}};
const size_t signals_sent_n = sizeof signals_sent / sizeof *signals_sent;

const struct signals_sent *signals_find_sent(int number)
{
    for (size_t i = 0; i < signals_sent_n; i++)
        if (signals_sent[i].number == number)
            return &signals_sent[i];
    return NULL;
}

int signals_take(int number, signals_handler *handler, struct former *former)
{
    const struct sigaction own = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    /* (First the old action: the signal may come as soon as the handler is installed.) */
    return sigaction(number, NULL, &former->action) < 0 ? -1 : sigaction(number, &own, NULL);
}

bool signals_hand_on(struct former *f, int number, siginfo_t *info, void *context)
{
    const struct sigaction *a = &f->action;
    bool with_info = a->sa_flags & SA_SIGINFO;
    sigset_t again;

    if (!with_info && (a->sa_handler == SIG_DFL || a->sa_handler == SIG_IGN))
        return false;
    if ((a->sa_flags & SA_RESETHAND) && atomic_flag_test_and_set(&f->spent))
        return false;
    /* (When the handler returns, the kernel puts back the mask of what was interrupted.) */
    pthread_sigmask(SIG_BLOCK, &a->sa_mask, NULL);
    if ((a->sa_flags & SA_NODEFER) && !sigismember(&a->sa_mask, number)) {
        sigemptyset(&again);
        sigaddset(&again, number);
        pthread_sigmask(SIG_UNBLOCK, &again, NULL);
    }
    if (with_info)
        a->sa_sigaction(number, info, context);
    else
        a->sa_handler(number);
    return true;
}
