/* Threads, of which one runs at a time: POSIX's functions over requests to this project's host (threads.c;
 * docs/threads.md). With another host pthread_create() fails with EAGAIN.
 *
 * Another thread can run only while a function of this file waits, or a call of the host that may wait; so nothing here
 * and in the layer of files needs a lock. */
#ifndef WL_THREADS_H
#define WL_THREADS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether there is a thread besides this one. */
bool threads_others(void);
/* Whether this is the one that the program began with, which gets the signals. */
bool threads_is_first(void);

/* Waits until threads_wake() of the same address, or for so many nanoseconds (UINT64_MAX: any time). Returns 0,
 * ETIMEDOUT, EINTR, or EDEADLK: nobody could wake it. */
int threads_park(const void *at, uint64_t ns);
void threads_wake(const void *at, uint32_t most);
/* The next poll_oneoff() also ends when the address is woken, with EINTR. */
void threads_poll(const void *at);

/* Each thread has its own content of this word. To be called before there is a second thread. */
void threads_own_word(void *word);
/* Where the host is to set bits when another thread wants to run, so that the code that runs looks at threads_wanted:
 * in the word at `offset` from the address that is in *cell, if that is not NULL. Such code then calls
 * threads_give_way(). */
void threads_ask_by(void *const *cell, uint32_t offset, uint32_t bits);
extern volatile uint32_t *const threads_wanted;
void threads_give_way(void);
/* Whether any thread waits for a condition variable (pthread_cond_t). */
bool threads_wait_at(const void *condition);

/* What to do when the only thread waits for another one, instead of ending the program: returns an error number, or 0
 * to go on as if it was woken. NULL: there is no such function. */
extern int (*threads_on_deadlock)(void);

/* Whether a signal from outside may come for which the program has a handler: then it is no deadlock. NULL: none. */
extern bool (*threads_signals_come)(void);
/* For a call that has ended with EINTR: calls the handlers, and tells whether all of them want the call to start again
 * (SA_RESTART). NULL: none. */
extern bool (*threads_signals_restart)(void);
/* The same for the error of any call. */
static inline bool threads_again(int error)
{
    return error == EINTR && threads_signals_restart && threads_signals_restart();
}
/* For the only thread: waits for such a signal. EINTR: one may have come. EDEADLK: none can. */
int threads_wait_for_signal(void);

#endif
