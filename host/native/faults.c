/* Faults of the guest's code. This file has state of the whole process: the handlers of SIGSEGV and SIGBUS, installed
 * at the first run. A fault that does not belong to a guest goes to the handlers that were installed before. */
#include "core/signals.h"
#include "native/run.h"

#include <errno.h>

static struct former segv = FORMER_INIT, bus = FORMER_INIT;

/* A fault that nobody handles ends the process, unless it was only sent by somebody and is ignored. */
static void end_by(int number, const siginfo_t *info, bool ignored)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    bool comes_again = info->si_code > 0 && !(number == SIGBUS && info->si_code == BUS_MCEERR_AO);

    if (ignored && info->si_code <= 0)
        return;
    sigaction(number, &by_default, NULL);
    if (!comes_again)
        raise(number);
}

/* Only a fault of the guest's own code is a trap. A fault of the host, even in the guest's memory, stays a crash, and a
 * fault that has nothing to do with a guest goes to the handler that was installed before. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    const struct run *r = run_current;
    const uint8_t *at = info->si_addr;
    struct former *f = number == SIGSEGV ? &segv : &bus;

    if (r && info->si_code > 0 && at >= r->stack + SIGNAL_STACK && at < r->stack + SIGNAL_STACK + STACK_GUARD)
        run_trap(trap_texts[TRAP_STACK]);
    for (size_t i = 0; r && i < r->ranges_n; i++)
        if (info->si_code > 0 && at >= r->ranges[i] && at < r->ranges[i] + NATIVE_RESERVED && !r->at_work)
            run_trap(trap_texts[TRAP_MEMORY]);
    if (!signals_hand_on(f, number, info, context))
        end_by(number, info, !(f->action.sa_flags & SA_SIGINFO) && f->action.sa_handler == SIG_IGN);
}

int faults_install(void)
{
    /* (The old actions first: a fault of another thread may come at any time.) */
    if (sigaction(SIGBUS, NULL, &bus.action) < 0 || signals_take(SIGSEGV, on_fault, &segv) < 0 ||
        signals_take(SIGBUS, on_fault, &bus) < 0)
        return errno;
    return 0;
}
