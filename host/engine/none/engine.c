/* In place of an engine: a library for native programs only. */
#include "engine/engines.h"

#include <stdio.h>

static void none_identity(const struct engine_settings *settings, char *out, size_t size)
{
    (void)settings;
    snprintf(out, size, "none");
}

static int none_open(const struct engine_settings *settings, struct engine **out, struct err *err)
{
    (void)settings;
    *out = NULL;
    err_set(err, ERR_SETUP, "cannot run .wasm files: this library has no engine for them");
    return err_hint(err, "use the library that contains wasmtime, or compile the program with wl-make aot --library");
}

static void none_close(struct engine *e)
{
    (void)e;
}

static void none_free_code(struct code *c)
{
    (void)c;
}

/* (Nothing else is called without an engine.) */
const struct engine_ops engine_wasmtime = {
    .name = "no engine",
    .identity = none_identity,
    .open = none_open,
    .close = none_close,
    .free_code = none_free_code,
};
