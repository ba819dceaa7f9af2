/* Handling a signal in a library: handlers that were installed before are still called. And which signals others send.
 */
#ifndef WL_SIGNALS_H
#define WL_SIGNALS_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* What a signal did before. */
struct former {
    struct sigaction action;
    atomic_flag spent; /* of SA_RESETHAND: it has been called */
};
#define FORMER_INIT                                                                                                    \
    {                                                                                                                  \
        .spent = ATOMIC_FLAG_INIT                                                                                      \
    }

typedef void signals_handler(int number, siginfo_t *info, void *context);

/* The signals that others send a process, besides interrupts (SIGINT). Not those of its own faults, and none that stops
 * it. */
struct signals_sent {
    int number;
    bool ignored; /* by default */
};
extern const struct signals_sent signals_sent[];
extern const size_t signals_sent_n;
/* NULL: it is none of them. */
const struct signals_sent *signals_find_sent(int number);

/* Handles the signal from now on, on the thread's alternate stack if it has one. 0, or -1 with errno. */
int signals_take(int number, signals_handler *handler, struct former *former);

/* From that handler: calls the earlier one as the kernel would have called it; false: there was none. */
bool signals_hand_on(struct former *f, int number, siginfo_t *info, void *context);

#endif
