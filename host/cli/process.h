/* What the commands do with their own process. A library must not. */
#ifndef WL_CLI_PROCESS_H
#define WL_CLI_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* At the start, before anything is opened. */
void process_set_up(void);

/* Raises the limit of descriptors, as far as it goes, for that many of a guest's sockets. 0: it is enough. */
void process_allow_sockets(uint64_t n);

/* From now on SIGINT is handed to `give`, which is called in the signal handler, on any thread. Where that returns
 * false the process ends as it would have without a handler. Does nothing if SIGINT is ignored, as by a shell in the
 * background or by nohup. */
void process_on_sigint(bool (*give)(void *arg), void *arg);

/* Ends the process by a signal. By SIGINT a program ends that was interrupted: a shell then stops its script, too. */
void process_end_by(int number);

#endif
