/* A program: a module as code that an engine runs, from the cache or compiled. */
#ifndef WL_PROGRAM_H
#define WL_PROGRAM_H

#include "core/cache.h"
#include "core/engine.h"

/* What programs are loaded with. Everything belongs to the caller. */
struct loader {
    const struct engine_ops *ops;
    struct engine *engine;
    struct engine_settings settings; /* the engine's */
    struct cache *cache;             /* or NULL */
    const char *compiler;            /* the command that compiles (core/compiler.h); NULL: this process does */
    const struct limits *limits;     /* of compiling */
    const struct host_calls *calls;  /* tables */
    size_t calls_n;
    void (*on_compile)(void *arg, const char *module, bool done); /* as in wlpy.h; may be NULL */
    void *on_compile_arg;
    void (*on_note)(void *arg, const char *text); /* likewise */
    void *on_note_arg;
};

struct program {
    struct code *code;
    struct cache_key key;      /* of the module's bytes */
    struct module_bytes bytes; /* as they were read, if it is for a snapshot */
    int file;                  /* that its code was loaded from, or -1 */
};

/* From a file. for_snapshot: its code can tell whether tables have changed, and its bytes are kept. 0, or -code with
 * err; then there is nothing to free. */
int program_load(struct program *p, const struct loader *l, const char *file, bool for_snapshot, struct err *err);
/* From memory, which is not used after the call. name: for messages. */
int program_from_bytes(struct program *p, const struct loader *l, const char *name, const void *bytes, size_t size,
                       struct err *err);
/* From a file with its code, which another process has loaded. Only for program_free() it needs a key. */
int program_from_code(struct program *p, const struct loader *l, const char *name, int fd, struct err *err);
/* A descriptor of a file with its code, to be closed by the caller. -1 with err. */
int program_code(const struct program *p, const struct loader *l, struct err *err);
/* Whether these are the bytes that it was loaded from, and not for a snapshot. */
bool program_is(const struct program *p, const struct loader *l, const uint8_t *wasm, size_t size);
void program_free(struct program *p, const struct engine_ops *ops);

#endif
