/* Runs a module that wasm2c translated, contained: its linear memory lies between guard pages, it has a separate stack
 * with a guard, and everything that goes wrong in it ends it with a message. Any number of guests can run at once, each
 * on the thread that calls. */
#ifndef WL_RUNTIME_H
#define WL_RUNTIME_H

#include "core/control.h"
#include "core/end.h"
#include "core/err.h"
#include "core/limits.h"
#include "wasi/wasi.h"

#include "wasm-rt.h"

/* ---- for the caller ---- */

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

/* Runs the module to its end. 0, and *end says how it ended; or -ERR_SETUP with err: why it did not begin. Everything
 * that the guest had is released, except for r->wasi. */
int runtime_run(const struct runtime *r, struct end *end, struct err *err);

/* ---- for the translated module ---- */

/* For a guest that exports wl_interrupt_cells: from now on it gets interrupts (core/control.h). */
void runtime_interrupts(uint32_t address);

/* Made for each module (tools/aot/glue.c). */
extern const char guest_name[];
/* The initial content of its memory from guest_image_from on, in a section that begins on a page (image.s); empty if
 * guest_instantiate() copies it. */
extern const uint8_t guest_image[], guest_image_end[];
extern const uint64_t guest_image_from;
/* Whether that is all that the memory has before _start: no data is copied, and no start section runs. */
extern const bool guest_image_is_all;
/* The size of an instance in bytes; it is zeroed before it is run. */
extern const size_t guest_size;
/* Whether it has instructions that change its tables. */
extern const bool guest_changes_tables;
void guest_instantiate(void *instance, struct wasi *w);
/* Before guest_start(): sets the struct wasi of an instance, which may have been instantiated for another one. */
void guest_use(void *instance, struct wasi *w);
/* Calls _start. */
void guest_start(void *instance);
/* Releases its parts, even if it was never completed. */
void guest_free(void *instance);
/* Its memory; empty before there is one. */
const wasm_rt_memory_t *guest_memory(void *instance);

#endif
