/* What an engine is: it turns a module into something that can be run, keeps that for later, and runs it.
 *
 * The way of a module: open an engine -> load it from the cache, or compile it and save it there -> run. What is saved
 * tells, too, what the module needs (needs.h), which the limits of a run are made of. */
#ifndef WLPY_ENGINE_H
#define WLPY_ENGINE_H

#include "module.h"
#include "wasi/wasi.h"
#include "wlpy.h"

struct engine; /* each engine's own */
struct module;

struct engine_ops {
    const char *name; /* with its version */

    /* Everything that makes a compiled module of one engine useless to another: version, settings, processor. */
    int (*identity)(const struct wlpy_config *config, char *out, size_t size, struct err *err);

    int (*open)(const struct wlpy_config *config, struct engine **out, struct err *err);
    void (*close)(struct engine *e);

    int (*compile)(struct engine *e, const char *name, const uint8_t *wasm, size_t size, struct module **out,
                   struct err *err);
    /* The bytes to keep for load; to be given to free(). */
    int (*save)(struct module *m, uint8_t **bytes, size_t *size, struct err *err);
    /* From a file whose bytes save gave. Fails if they are not what this engine can run. */
    int (*load)(struct engine *e, int fd, struct module **out, struct err *err);
    void (*free_module)(struct module *m);

    /* Runs _start to its end on the calling thread, which has room for limits.stack and engine_spare_stack more. wasi
     * has all that the guest is given; the engine adds what reaches into its memory and what interrupts it. wasm: what
     * a snapshot is made of; else NULL. */
    int (*run)(struct engine *e, struct module *m, const struct wlpy_config *config, wasi *wasi,
               const struct module_bytes *wasm, struct wlpy_result *result, struct err *err);
};

/* What the host's own functions, called by the guest at the bottom of its stack, may need. */
enum { engine_spare_stack = 2 << 20 };

extern const struct engine_ops engine_wasmtime;

#endif
