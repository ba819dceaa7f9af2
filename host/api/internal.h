/* What the files of api/ share. */
#ifndef WL_API_INTERNAL_H
#define WL_API_INTERNAL_H

#include "core/program.h"
#include "family/family.h"
#include "native/load.h"
#include "native/runtime.h"
#include "wlpy.h"

#include <pthread.h>
#include <stdatomic.h>

struct wlpy_engine {
    struct wlpy_engine_config config;
    struct limits limits; /* of compiling */
    pthread_mutex_t lock; /* for opening wasmtime, which happens with the first .wasm file */
    struct loader loader;
    struct engine *engine; /* wasmtime's; NULL: not opened yet */
    struct cache *cache;
};

struct wlpy_program {
    struct wlpy_engine *engine;
    char *name;
    struct program program;        /* if it is not native */
    struct native_program *native; /* or NULL */
};

struct wlpy_files {
    struct tree *tree;
    atomic_bool used; /* by a run */
};

/* files.c: a copy, which nobody uses; NULL: out of memory. */
struct wlpy_files *files_copy(const struct wlpy_files *files);

struct wlpy_control {
    struct control control;
};

struct wlpy_child {
    struct family_start *start;
};

/* engine.c */

extern const struct engine_ops *const api_ops;

/* Opens wasmtime, unless it is open. */
int api_open_wasmtime(struct wlpy_engine *e, struct err *err);

/* program.c: for_snapshot as in program_load(). bytes NULL: from the file `name`. */
int api_load(struct wlpy_engine *engine, const char *name, const void *bytes, size_t size, bool for_snapshot,
             struct wlpy_program **program, struct wlpy_err *err);

/* check.c: these return -code; to, err: may be NULL. api_null() says that the caller's pointer is NULL. */
int api_err(const struct err *from, struct wlpy_err *to);
int api_out_of_memory(struct wlpy_err *err);
int api_null(const char *what, struct wlpy_err *err);
/* api_take() of a configuration, with the pointers that it needs. 0, or -ERR_SETUP. */
int api_take_config(struct wlpy_run_config *c, const struct wlpy_run_config *given, struct err *err);

/* sized.c: copies a caller's struct, which begins with its size, into one of our size; what it does not have is zero.
 * what: its name, for the error. 0, or -ERR_SETUP. */
int api_take(void *to, size_t size, const void *given, const char *what, struct err *err);

#endif
