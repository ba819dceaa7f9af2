/* What a program that wasm2c translated and the host around it know of each other. Both are linked into an executable.
 * A program in a file of its own (`wl-make aot --library`) reaches the host through a table (bridge.c), so that one
 * libwlpy runs any number of programs, also of earlier releases.
 *
 * Of the host, translated code sees only the headers of this directory: a change here, and no other change of the
 * host, makes wl-make translate modules again. */
#ifndef WL_ABI_NATIVE_H
#define WL_ABI_NATIVE_H

#include "abi/wasi_calls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Changes when an older program or library cannot work with this one. New members go to the ends of the structs. */
#define NATIVE_ABI 2
/* The struct native_guest of a file. */
#define NATIVE_SYMBOL "wlpy_native_program"

/* A linear memory as it is now. */
struct native_memory {
    uint8_t *data;
    uint64_t size;
};

/* ---- what the host does for a program, on the thread of a run; it may leave the guest for good ---- */

/* Ends the guest for what it did: enum trap of core/end.h, whose order is part of this. */
_Noreturn void native_trap(uint32_t trap);
/* The same while it is instantiated, because it asks for too much: `why` is kept. */
_Noreturn void native_refuse(const char *why);
/* A memory of `size` bytes, which has the program's image if it is the first. */
uint8_t *native_memory_new(uint64_t size);
/* Makes it larger by `more` bytes; false: it may not be. */
bool native_memory_grow(uint8_t *memory, uint64_t size, uint64_t more);
void native_memory_free(uint8_t *memory);
/* The memory of tables: zeroed. NULL of the second: the table cannot grow. */
void *native_table_new(size_t n, size_t size);
void *native_table_grow(void *table, size_t size);
/* For a guest that exports wl_interrupt_cells: from now on it gets interrupts (core/control.h). */
void native_interrupts(uint32_t address);

/* The calls of WASI, under the names and types that wasm2c gives to a module's imports. */
struct w2c_wasi__snapshot__preview1; /* a struct wasi */
#define wasi w2c_wasi__snapshot__preview1
#define IMPORT(name, parameters, arguments) uint32_t w2c_wasi__snapshot__preview1_##name parameters;
WASI_CALLS(IMPORT)
#undef IMPORT
void w2c_wasi__snapshot__preview1_proc_exit(struct wasi *w, uint32_t status);

/* The same as a table. */
struct native_host {
    uint32_t abi, size; /* of this struct */
    void (*trap)(uint32_t trap);
    void (*refuse)(const char *why);
    uint8_t *(*memory_new)(uint64_t size);
    bool (*memory_grow)(uint8_t *memory, uint64_t size, uint64_t more);
    void (*memory_free)(uint8_t *memory);
    void *(*table_new)(size_t n, size_t size);
    void *(*table_grow)(void *table, size_t size);
    void (*interrupts)(uint32_t address);
    void (*proc_exit)(struct wasi *w, uint32_t status);
#define MEMBER(name, parameters, arguments) uint32_t(*name) parameters;
    WASI_CALLS(MEMBER)
#undef MEMBER
};
#undef wasi

/* ---- what a program is ---- */

struct native_guest {
    uint32_t abi, size; /* of this struct */
    const char *name;
    /* The initial content of its memory from image_from on, in a section that begins on a page (image.s); empty if
     * instantiate() copies it. */
    const uint8_t *image, *image_end;
    uint64_t image_from;
    uint64_t instance_size; /* bytes; an instance is zeroed before it is made */
    bool image_is_all;      /* the image is all that the memory has before _start: no data is copied, and no start
                             * section runs */
    bool changes_tables;    /* it has instructions that change its tables */
    void (*instantiate)(void *instance, struct w2c_wasi__snapshot__preview1 *w);
    /* Before start(): sets the struct wasi of an instance, which may have been instantiated for another one. */
    void (*use)(void *instance, struct w2c_wasi__snapshot__preview1 *w);
    void (*start)(void *instance);                  /* calls _start */
    void (*free)(void *instance);                   /* releases its parts, even if it was never completed */
    struct native_memory (*memory)(void *instance); /* empty before there is one */
    /* Of a file: before anything else. False: it already has another host. NULL in an executable. */
    bool (*connect)(const struct native_host *host);
    /* In place of start(), and any number of times: calls wl_session (core/session.h). NULL: it does not export it. */
    uint32_t (*session)(void *instance, uint32_t what, uint32_t size);
    /* Sets the size of its memory, which the host has made larger. */
    void (*resize)(void *instance, uint64_t size);
    /* The SHA-256 of the .wasm file that it was made from, in hexadecimal. */
    const char *module;
    /* Calls wl_thread of an instance of its own (guest/threads.h). NULL: it does not export it. A file that is older
     * than this member has a smaller `size`. */
    void (*thread)(void *instance, uint32_t argument);
};

/* The one program of an executable, or of a file. Made for each module (tools/aot/glue.c). */
extern const struct native_guest wlpy_native_program;

#endif
