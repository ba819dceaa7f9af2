/* An answer that is sent while it comes into being: server-sent events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). One thread evaluates and puts them in, another one
 * sends them to the client. */
#ifndef WL_SERVE_EVENTS_H
#define WL_SERVE_EVENTS_H

#include "sandbox.h"

#include <jansson.h>
#include <sys/types.h>

struct events;

/* NULL: out of memory. Free it when both threads have left it. */
struct events *events_new(void);
void events_free(struct events *e);

/* ---- of the thread that evaluates ---- */

/* The session that it evaluates in, from now on, which begins the answer; NULL: none any more. False: the client has
 * gone. */
bool events_use(struct events *e, struct sandbox_session *session);
/* Puts one in; the JSON is taken. */
void events_put(struct events *e, const char *name, json_t *data);
/* Puts in an event with a text, which is whole UTF-8 characters: what is left over begins the next one of that name.
 * n = 0: nothing more comes, so that the rest is put in as it is. */
void events_put_text(struct events *e, bool to_stderr, const char *text, size_t n);
void events_end(struct events *e);

/* ---- of the other one ---- */

/* Waits until an evaluation begins; false: there is none. */
bool events_begin(struct events *e);
/* Takes bytes that are to be sent: waits for them, and if none come for a while gives a comment, so that a client that
 * has gone is noticed. 0: it has ended. */
size_t events_take(struct events *e, char *to, size_t n);
/* The client has gone, or has got everything: interrupts an evaluation that is in progress, and if that does not end it
 * soon, ends its session. */
void events_leave(struct events *e);

#endif
