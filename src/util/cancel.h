/* Ctrl-C and the like (SIGINT, SIGTERM, SIGHUP), as a descriptor that everything that waits can poll. A signal that was
 * ignored when the tool was started (nohup, a background job of a shell) stays ignored.
 *
 * The signals are blocked and left pending in a signalfd that is never read: once one has arrived, the descriptor stays
 * readable for every thread. There is no handler and no global state. */
#ifndef WL_CANCEL_H
#define WL_CANCEL_H

#include "util/err.h"

#include <stdbool.h>

struct cancel {
    int fd; /* poll it for POLLIN; -1 when nothing can cancel */
};

#define CANCEL_NONE                                                                                                    \
    {                                                                                                                  \
        -1                                                                                                             \
    }

/* Call it before the first thread starts. */
int cancel_init(struct cancel *c, struct wl_err *err);
/* False for NULL and CANCEL_NONE. */
bool cancel_pending(const struct cancel *c);
/* Fills err with "interrupted". */
int cancel_error(struct wl_err *err);
/* Which signal arrived (0: none); it is taken out of the queue. */
int cancel_signal(struct cancel *c);
/* Sleeps; returns true at once when cancelled. NULL and CANCEL_NONE only sleep. */
bool cancel_sleep_ms(const struct cancel *c, int ms);

#endif
