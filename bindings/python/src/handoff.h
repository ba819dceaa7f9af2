/* Running a guest without the GIL, and calling Python for it.
 *
 * Most threads run their guests themselves. Python's main thread lets another thread do it and waits, because Python
 * handles signals on that thread and in no other: Ctrl-C would have to wait for the guest's end. In both cases, what a
 * guest wants of Python is done by the thread that has started it, on that thread's own stack (libwlpy sees to that
 * where it is the same thread): with its context and thread-local data. */
#ifndef WLPY_HANDOFF_H
#define WLPY_HANDOFF_H

#include "module.h"

/* One run. */
struct handoff;

/* Runs work(arg), and returns when it has ended. The GIL is held before and after. What the guest asks for is done
 * meanwhile. Where a signal's handler raises an exception (Ctrl-C), or handoff_abort() is called, the
 * guest is ended by `control`: at once, or if `gently` it is interrupted first and has a second to end by itself. Then
 * it returns -1, with the exception. */
int handoff_run(struct handoff **at, struct wlpy_control *control, bool gently, void (*work)(void *), void *arg);

/* By work(): lets the thread that has called handoff_run call what(arg), with the GIL. */
void handoff_ask(struct handoff *h, void (*what)(void *), void *arg);

/* While `what` runs: takes the exception that is set, and ends the guest with it. */
void handoff_abort(struct handoff *h);

#endif
