/* What control.c, deliver.c and signal_requests.c share. */
#ifndef WL_DELIVER_H
#define WL_DELIVER_H

#include "core/control.h"

/* Whether a signal was marked that the guest has not noticed and no waiting call has ended for; true once for each. */
bool control_has_news(struct control *c);

/* Ends a waiting call of a thread of the guest, or of its first. May be called in a signal handler. */
void control_wake_thread(const struct control *c, pid_t thread);
void control_wake(const struct control *c);

/* A timer of the guest's first thread that sends it CONTROL_SIGNAL with this address. */
bool control_make_timer(const struct control *c, clockid_t clock, void *of, timer_t *timer);

#endif
