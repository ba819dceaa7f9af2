/* Signals, which WASI does not have: those that a program sends itself work everywhere; with this project's host also
 * those from outside (system/signals.c; docs/channel.md, the set "signal"). */
#ifndef WL_SIGNALS_H
#define WL_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* One word for each signal, by its number. The host sets one to 1 when the signal arrives. */
enum { SIGNAL_WORDS = 32 };
extern volatile uint32_t wl_signal_words[SIGNAL_WORDS];

/* Whether it is one that processes send each other; interrupts (SIGINT) are not among them. */
bool signals_come_from_others(int number);

/* At each start, also of a snapshot: tells the host which signals this program handles, as far as it has any host for
 * that. */
void signals_begin(void);

/* Does what has to be done for the signals that have arrived, as a kernel would have done: calls handlers, or ends the
 * program. To be called where a handler may run. */
void wl_signals_deliver(void);

#endif
