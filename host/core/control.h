/* What reaches a running guest from outside: an interrupt (Ctrl-C), other signals, its deadline, a cancel.
 *
 * A guest has no signals. A module that wants interrupts exports wl_interrupt_cells: () -> i32, the address in its
 * memory of
 *     u32 count;  count times { u32 address; u32 bits; }
 * An interrupt sets the bits at each address, in this order, while the guest runs. The guest clears the first cell once
 * it has noticed. A call that waits in the host ends with EINTR, so that the guest can look. Another signal that the
 * guest wants (control_serve) sets a word of its own, and then the same cells except for the first.
 *
 * A deadline that passes and a cancel end the guest: a waiting call ends, and the engine stops it.
 *
 * This file has state of the whole process: the handler of CONTROL_SIGNAL, which ends a waiting system call of a
 * guest's thread. The first run that needs it installs it; a signal that is not for a guest goes to the handler that
 * was installed before. No other signal is touched: a caller that wants SIGINT to reach a guest handles it and calls
 * control_interrupt(). */
#ifndef WL_CONTROL_H
#define WL_CONTROL_H

#include "core/end.h"
#include "core/limits.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* One that nothing else is likely to use. */
#define CONTROL_SIGNAL (SIGRTMAX - 2)

enum { CONTROL_MAX_CELLS = 16, CONTROL_MAX_THREADS = 257, CONTROL_SIGNALS = 32 };

/* What the guest wants of a signal. */
enum control_wish { CONTROL_DEFAULT, CONTROL_HANDLES, CONTROL_IGNORES };

struct control_cell {
    uint32_t address, bits;
};

/* Why a guest has to end. */
enum control_ending {
    CONTROL_GOES_ON,
    CONTROL_DEADLINE,
    CONTROL_CANCELLED,
    CONTROL_CPU,
    CONTROL_OVER /* one of its threads has ended it */
};

struct control {
    atomic_bool on;     /* a run uses it; written by control_begin and control_end */
    atomic_uint inside; /* calls from outside that are in progress, on any thread */
    atomic_int ending;  /* enum control_ending */
    pid_t thread;       /* the guest's, as the kernel's number: a joined pthread_t must not be used */
    /* Called in the signal handler, on the guest's thread, when the guest has to end, and again until it has ended. It
     * makes the guest notice. It need not return. */
    void (*on_end)(void *arg, const void *context);
    void *arg;
    uint64_t grace_ms;  /* of the limits */
    atomic_bool graced; /* the deadline has passed, and it was interrupted */
    timer_t timer;      /* for the deadline, and for repeating the signal */
    bool timed;         /* the timer exists */
    timer_t cpu_timer;
    bool cpu_timed; /* likewise; its address is what the timer's signal carries */
    sigset_t mask;  /* the thread's own */
    struct control *outer;
    /* Interrupts. */
    atomic_bool listens; /* it has cells */
    uint8_t *memory;
    struct control_cell cells[CONTROL_MAX_CELLS];
    size_t count;
    atomic_uint seen;
    atomic_bool fresh;     /* no waiting call has ended for it, or for another signal, yet */
    atomic_llong unheeded; /* when the interrupt came that the guest has not noticed yet, in ms; 0: none */
    /* Other signals (deliver.c, signal_requests.c). */
    atomic_uint words;                /* the address of the guest's words, one for each; 0: it takes none */
    atomic_int wish[CONTROL_SIGNALS]; /* enum control_wish */
    atomic_uint given;                /* a bit for each signal that is fresh, or came since control_before_move() */
    timer_t alarm;                    /* of the guest's: SIGALRM */
    bool alarmed;                     /* it exists; its address is what the timer's signal carries */
    /* Further threads of the guest (the kernel's numbers; 0: none, -1: soon one). Interrupts are for the first. */
    atomic_int threads[CONTROL_MAX_THREADS];
    atomic_bool threaded; /* there are any */
    clockid_t clocks[CONTROL_MAX_THREADS];
    clockid_t clock; /* of the first */
    uint64_t spent;  /* by it before the run, ms */
};

/* A further thread of the guest's, while it is one. */
struct control_thread {
    struct control *control;
    void (*on_end)(void *arg, const void *context);
    void *arg;
    int slot;
    sigset_t mask;
};

void control_init(struct control *c);

/* Before a run, on the thread that will run it. The limits of time count from now on; that of processor time is of this
 * thread. 0, or -1 with errno. A control that was cancelled before ends the run immediately: if on_end does not return,
 * this does not either, and control_end must still be called. */
int control_begin(struct control *c, const struct limits *limits, void (*on_end)(void *arg, const void *context),
                  void *arg);
/* After the run, on the same thread, before its memory is unmapped. Returns how often it was interrupted. */
unsigned control_end(struct control *c);
/* After a run of a whole program, c: or NULL: one that has exited because its deadline had passed was ended by that. */
void control_tell(const struct control *c, struct end *end);

static inline enum control_ending control_ending(const struct control *c)
{
    return (enum control_ending)atomic_load(&c->ending);
}

/* Reads the list at an address. False if any of it lies outside memory, is not aligned, or is absurd. */
bool control_read_cells(const uint8_t *memory, size_t size, uint32_t address, struct control_cell *cells, size_t *n);
/* From now on interrupts are for the guest, whose memory must neither move nor shrink until control_end. */
void control_listen(struct control *c, uint8_t *memory, const struct control_cell *cells, size_t n);

/* On that thread: from now on it is ended with the guest; no longer. on_end: as for control_begin. */
void control_join(struct control *c, struct control_thread *t, void (*on_end)(void *arg, const void *context),
                  void *arg);
void control_leave(struct control_thread *t);
/* Ends the run, if nothing else has: all its threads, which get signals. Again: they get signals again. */
void control_finish(struct control *c);
/* Now and then, if the guest has several threads: ends it if all have taken more processor time than its limit. */
void control_look(struct control *c, const struct limits *limits);
/* Around what copies the guest's memory and puts the copy under its address, while the guest does not run: signals that
 * came meanwhile may be marked in what was there before, so the second marks them again. */
void control_before_move(struct control *c);
void control_mark_again(struct control *c);

struct wasi;
/* Serves the set "signal" of the channel to a guest that is run with a control. Returns 0, or -1 with errno. */
int control_serve(struct wasi *w);

/* For struct wasi: whether a waiting call has to end, which is true once for each signal; and ppoll, which then ends
 * with EINTR. It checks and waits in one step, so that it misses none. Other signals end it with 0. */
bool control_interrupted(void *control);
int control_wait(void *control, struct pollfd *fds, nfds_t n, const struct timespec *time);

/* From any thread and from signal handlers, even if nothing runs. */

enum control_answer {
    CONTROL_GIVEN, /* the guest has it in its memory, or ignores it */
    CONTROL_NONE,  /* no guest runs, or it does not take it */
    CONTROL_STUCK, /* the guest has not noticed an earlier one for a second */
    /* A guest that takes signals has ended, or is about to because of its deadline: a signal does not change how. */
    CONTROL_LATE,
};
enum control_answer control_interrupt(struct control *c);
/* Any signal; SIGINT is an interrupt. */
enum control_answer control_signal(struct control *c, int number);
/* Ends the run, or the next one if nothing runs, with END_CANCELLED; control_init() undoes it. */
void control_cancel(struct control *c);

#endif
