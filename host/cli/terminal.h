/* The terminal's settings when a signal ends or stops the process (process.h).
 *
 * This file has state of the whole process: the settings that the guest found, and the handlers of signals. */
#ifndef WL_CLI_TERMINAL_H
#define WL_CLI_TERMINAL_H

#include <stdbool.h>

/* Call this before a guest first changes the settings of a terminal (struct tty in wasi/tty.h, wlpy.h). fd stays open
 * until the settings have been restored. From now on a signal that ends the process restores them first, and one that
 * stops it (Ctrl-Z) restores them until it goes on. A signal that something else handles or ignores is left alone. */
void terminal_on_change(void *arg, int fd);

/* Whether one of the standard streams is a terminal. */
bool terminal_is_there(void);

/* Restores the settings. May be called in a signal handler. */
void terminal_restore(void);

#endif
