/* What a module that wasm2c translated needs to run, contained: its linear memory between guard pages, a stack of its
 * own with a guard, and an end with a message for everything that goes wrong in it. Any number of guests can run, also
 * side by side, each on the thread that calls. */
#ifndef WL_RUNTIME_H
#define WL_RUNTIME_H

#include "core/control.h"
#include "core/end.h"
#include "core/err.h"
#include "core/limits.h"
#include "wasi/wasi.h"

#include "wasm-rt.h"

/* ---- for who runs a guest ---- */

struct runtime {
    const char *name; /* of the program, for messages */
    const struct limits *limits;
    struct wasi *wasi;       /* what it is given */
    struct control *control; /* by which it can be interrupted and stopped from outside; NULL: by nothing. Needed for a
                              * deadline. */
    bool stoppable;          /* it has a deadline, or can be cancelled: waiting calls have to end for that */
    bool last;               /* the process ends next: the guest is left at once, even in the middle of a call of the
                              * host's, and nothing of it is kept or released */
};

/* Runs the module to its end. 0, and *end says how it ended; or -ERR_SETUP with err: why it did not begin. Everything
 * that the guest had is released, except for r->wasi. */
int runtime_run(const struct runtime *r, struct end *end, struct err *err);

/* ---- for the translated module and its calls ---- */

/* Before the host works for a guest: ends one that has not left it the stack it needs, since nobody gets out of the
 * middle of that work: it may hold something. */
void runtime_begin(void);
/* After it: ends the guest if it has to, because of the call or because its time has passed. */
void runtime_go_on(void);

/* For a guest that exports wl_interrupt_cells: it takes interrupts from now on (core/control.h). */
void runtime_interrupts(uint32_t address);

/* Made for each module (tools/aot/glue.c). */
extern const char guest_name[];
/* What its memory holds at the start, from that address on, in a section that begins with a page (image.s); empty where
 * guest_instantiate() copies it. */
extern const uint8_t guest_image[], guest_image_end[];
extern const uint64_t guest_image_from;
/* Whether the memory has nothing but that before _start: no data that is copied, nothing that a start section does. */
extern const bool guest_image_is_all;
/* What one instance of it takes, in bytes; zeroed before it is run. */
extern const size_t guest_size;
/* Whether it has instructions that do; else its tables are the same for ever. */
extern const bool guest_changes_tables;
void guest_instantiate(void *instance, struct wasi *w);
/* Before guest_start(): says what calls of an instance are made of, which was perhaps instantiated for another w. */
void guest_use(void *instance, struct wasi *w);
/* Calls _start. */
void guest_start(void *instance);
/* Releases what it has, also if it never came to be. */
void guest_free(void *instance);
/* Its memory; empty before there is one. */
const wasm_rt_memory_t *guest_memory(void *instance);

#endif
