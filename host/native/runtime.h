/* What a module that wasm2c translated needs to run, contained: its linear memory between guard pages, a stack of its
 * own with a guard, and an end with a message for everything that goes wrong in it.
 *
 * One guest a process: a trap, a spent deadline or proc_exit ends the process, and with it all that the guest held. */
#ifndef WL_RUNTIME_H
#define WL_RUNTIME_H

#include "wasi/wasi.h"

#include "wasm-rt.h"

struct runtime {
    const char *name;     /* of the program, for messages */
    uint64_t stack;       /* bytes */
    uint64_t memory;      /* the most bytes the guest may have */
    uint64_t deadline_ms; /* 0: none */
    wasi *wasi;
};

/* Status after a trap, as a shell tells of SIGABRT; after a spent deadline, as timeout(1) says it. */
enum { RUNTIME_TRAPPED = 134, RUNTIME_DEADLINE = 124, RUNTIME_SETUP = 125, RUNTIME_INTERRUPTED = 130 };

/* Runs the module to its end. Does not return: ends the process with the guest's status, or one of those above. */
_Noreturn void runtime_run(const struct runtime *r);

/* proc_exit: ends the process. */
_Noreturn void runtime_exit(uint32_t status);

/* For a guest that exports wl_interrupt_cells: Ctrl-C is its from now on (host/interrupt.h). */
void runtime_interrupts(uint32_t address);

/* The imports of a module, as wasm2c declares them (imports.c). */
#define RUNTIME_IMPORT(name, parameters, arguments) uint32_t w2c_wasi__snapshot__preview1_##name parameters;
WASI_CALLS(RUNTIME_IMPORT)
#undef RUNTIME_IMPORT
void w2c_wasi__snapshot__preview1_proc_exit(wasi *w, uint32_t status);

/* Made for each module by the build (glue.c). */
extern const char guest_name[];
/* What its memory holds at the start, from that address on, in a section that begins with a page (image.s); empty where
 * guest_run() copies it. */
extern const uint8_t guest_image[], guest_image_end[];
extern const uint64_t guest_image_from;
/* Makes the instance, calls _start. */
void guest_run(wasi *w);
/* Its memory; NULL before there is one. */
const wasm_rt_memory_t *guest_memory(void);

#endif
