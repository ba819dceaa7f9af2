/* What the commands do with their own process. A library must not. */
#ifndef WL_CLI_PROCESS_H
#define WL_CLI_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* At the start, before anything is opened. */
void process_set_up(void);

/* Raises the limit of descriptors, as far as it goes, for that many of a guest's sockets. 0: it is enough. */
void process_allow_sockets(uint64_t n);

/* From now on signals that others send are handed to `give`, which is called in the signal handler, on any thread.
 * Where that returns false they do what they would have done without a handler. One that is ignored, as by nohup or by
 * a shell in the background, stays ignored. */
void process_on_signals(bool (*give)(void *arg, int number), void *arg);

/* Ends the process by a signal. By SIGINT a program ends that was interrupted: a shell then stops its script, too. */
void process_end_by(int number);

#endif
