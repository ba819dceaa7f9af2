/* Runs a module that wasm2c translated, contained: its linear memory lies between guard pages, it has a separate stack
 * with a guard, and everything that goes wrong in it ends it with a message. Any number of guests of any number of
 * programs can run at once, each on the thread that calls. */
#ifndef WL_RUNTIME_H
#define WL_RUNTIME_H

#include "abi/native.h"
#include "core/control.h"
#include "core/end.h"
#include "core/err.h"
#include "core/limits.h"
#include "core/session.h"
#include "wasi/wasi.h"

#include <pthread.h>

/* A program. It outlives its runs. */
struct native_program {
    const struct native_guest *guest;
    /* The file that the image was loaded from, and the place in it (image.c). */
    pthread_once_t image_once;
    int image_fd;
    struct stat image_file;
    off_t image_offset;
    /* What earlier guests have left (recycle.c). */
    struct run *idle;
    long idle_n;
};
#define NATIVE_PROGRAM_INIT(the_guest)                                                                                 \
    {                                                                                                                  \
        .guest = the_guest, .image_once = PTHREAD_ONCE_INIT, .image_fd = -1                                            \
    }

/* Releases what is kept for further runs. */
void native_program_clear(struct native_program *p);

/* One run. */
struct runtime {
    const char *name; /* of the program, for messages */
    const struct limits *limits;
    struct wasi *wasi;       /* what it is given */
    struct control *control; /* through which it can be interrupted and stopped from outside; or NULL. A deadline
                              * needs it. */
    bool stoppable;          /* it has a deadline or can be cancelled, so waiting calls must be able to end */
    bool last;               /* the process exits next: the guest is left immediately, even in the middle of a call
                              * of the host, and nothing of it is kept or released */
};

/* A guest that stays between calls (core/session.h), and is called by one thread at a time. *r must last as long; what
 * it says may be another before each call. NULL with err. */
struct run *runtime_open(struct native_program *p, const struct runtime *r, struct err *err);
/* 0, and *end says how the call ended: END_EXITED without `left` if the guest returned, and may be called again. Or
 * -code with err: it did not begin. */
int runtime_call(struct run *run, struct session_call *call, struct end *end, struct err *err);
/* A copy of it, for a struct wasi of its own: its memory is shared until one of the two writes to it. NULL with err. */
struct run *runtime_fork(struct run *run, const struct runtime *r, struct err *err);
/* Releases everything that it has, except for the struct wasi. */
void runtime_close(struct run *run);

/* Runs the program to its end. 0, and *end says how it ended; or -ERR_SETUP with err: why it did not begin. Everything
 * that the guest had is released, except for r->wasi. */
int runtime_run(struct native_program *p, const struct runtime *r, struct end *end, struct err *err);

#endif
