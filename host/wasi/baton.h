/* The baton (threads.h): who has it, who wants it, who waits for a wake. For the files of wasi/ about threads. */
#ifndef WL_WASI_BATON_H
#define WL_WASI_BATON_H

#include "wasi/threads.h"

/* How often threads are called again that have to end, ns. */
#define BATON_AGAIN UINT64_C(10000000)

/* In the guest's memory: u32 wanted, which the host sets when others want the baton; u32 cell, offset, bits: then it
 * also sets these bits in the word at `offset` from the address that is in the word `cell` (0: nowhere); u32 count and
 * the addresses of `count` words of which each thread has its own. */
enum { LIST_WANTED = 0, LIST_CELL = 4, LIST_OFFSET = 8, LIST_BITS = 12, LIST_COUNT = 16, LIST_WORDS = 20 };

uint64_t baton_now(void); /* of CLOCK_MONOTONIC, ns */
bool baton_is_word(struct guest_memory m, uint64_t at);

/* With the lock. */

/* The holder puts what is its own aside. It then gives itself another state, and passes the baton to the one that has
 * waited longest. */
void baton_put_aside(struct wasi_threads *g, struct wasi_thread *me);
void baton_pass(struct wasi_threads *g);
/* Lets it wait for the baton. */
void baton_queue(struct wasi_threads *g, struct wasi_thread *t);
/* Takes the baton, and releases the lock. */
void baton_take(struct wasi_threads *g, struct wasi_thread *me);
/* Of a thread in WASI_THREAD_PARKED: waits until it is woken, or the time has come (UINT64_MAX: never). The lock is
 * released meanwhile. Returns WASI's errno. */
uint32_t baton_parked(struct wasi_threads *g, struct wasi_thread *me, uint64_t until);
void baton_unpark(struct wasi_threads *g, const struct wasi_thread *me);

/* Without it. */

void baton_signal(struct wasi_thread *t);
/* Until it has the baton, or has to go; then what is its own comes back. */
void baton_await(struct wasi_threads *g, struct wasi_thread *me);
void baton_pick_up(struct wasi_threads *g, struct wasi_thread *me);
/* The thread of the host that ends slices of time; arg: the group. */
void *baton_ticker(void *arg);

#endif
