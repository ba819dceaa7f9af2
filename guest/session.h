/* An interpreter that stays between calls of its host (session.c). */
#ifndef WL_SESSION_H
#define WL_SESSION_H

#include <stdbool.h>
#include <stddef.h>

/* start.c: starts Python for a session instead of for a program; false if it cannot. */
bool start_session(void);

/* start.c: makes the memory one that another start can begin with; false if this Python cannot, or with a message on
 * stderr. */
bool start_save(void);

/* session.c: makes what a session needs of Python, which a snapshot has inside. False with an exception set. */
bool session_prepare(void);

#endif
