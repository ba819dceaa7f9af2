/* What a module that wasm2c translated needs to run, contained: its linear memory between guard pages, a stack of its
 * own with a guard, and an end with a message for everything that goes wrong in it.
 *
 * In a command the guest is the process: a trap, a spent deadline or proc_exit ends it, and with it all that the guest
 * held. In a library (library.c) any number of guests can run, also side by side. */
#ifndef WL_RUNTIME_H
#define WL_RUNTIME_H

#include "wasi/wasi.h"

#include "wasm-rt.h"

/* How a guest of a library ended. */
struct runtime_end {
    int status;     /* its own, or one of those below */
    char text[256]; /* why, where it was not the guest who ended it; else "" */
};

struct runtime {
    const char *name;        /* of the program, for messages */
    uint64_t stack;          /* bytes */
    uint64_t memory;         /* the most bytes the guest may have */
    uint64_t deadline_ms;    /* 0: none */
    struct runtime_end *end; /* told how it ended; NULL: that ends the process */
    /* Without end: called before the process ends with a status other than 0 that is the guest's own. May be NULL. */
    void (*failed)(void *arg);
    void *failed_arg;
    wasi *wasi;
};

/* Status after a trap, as a shell tells of SIGABRT; after a spent deadline, as timeout(1) says it. */
enum { RUNTIME_TRAPPED = 134, RUNTIME_DEADLINE = 124, RUNTIME_SETUP = 125, RUNTIME_INTERRUPTED = 130 };

/* Runs the module to its end. Without r->end it does not return: the process ends with the guest's status, or one of
 * those above. Else all that the guest had is released, but for r->wasi. */
void runtime_run(const struct runtime *r);

/* proc_exit. */
_Noreturn void runtime_exit(uint32_t status);
/* Before the host works for a guest: ends one that has not left it the stack it needs, since out of the middle of that
 * work nobody gets: it may hold something. */
void runtime_begin(void);
/* Before a guest goes on after a call: ends it if its time has passed meanwhile. */
void runtime_go_on(void);

/* For a guest that exports wl_interrupt_cells: Ctrl-C is its from now on (host/interrupt.h), if the process is. */
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
/* Whether the memory has nothing but that before _start: no data that is copied, nothing that a start section does. */
extern const bool guest_image_is_all;
/* What one instance of it takes, in bytes; zeroed before it is run. */
extern const size_t guest_size;
/* Whether it has instructions that do; else its tables are the same for ever. */
extern const bool guest_changes_tables;
void guest_instantiate(void *instance, wasi *w);
/* Before guest_start(): says what calls of an instance are made of, which was perhaps instantiated for another w. */
void guest_use(void *instance, wasi *w);
/* Calls _start. */
void guest_start(void *instance);
/* Releases what it has, also if it never came to be. */
void guest_free(void *instance);
/* Its memory; empty before there is one. */
const wasm_rt_memory_t *guest_memory(void *instance);

#endif
