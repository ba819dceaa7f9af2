/* Programs. */
#include "api/internal.h"

#include <stdlib.h>
#include <string.h>

static struct wlpy_program *new_program(struct wlpy_engine *engine, const char *name)
{
    struct wlpy_program *p = calloc(1, sizeof *p);

    if (p) {
        p->engine = engine;
        p->name = strdup(name);
    }
    if (p && p->name)
        return p;
    free(p);
    return NULL;
}

/* Hands it to the caller, or frees it. */
static int deliver(int r, struct wlpy_program *p, const struct err *why, struct wlpy_program **program,
                   struct wlpy_err *err)
{
    if (r == 0) {
        *program = p;
        return 0;
    }
    free(p->name);
    free(p);
    return api_err(why, err);
}

int api_load(struct wlpy_engine *engine, const char *name, const void *bytes, size_t size, bool for_snapshot,
             struct wlpy_program **program, struct wlpy_err *err)
{
    struct wlpy_program *p;
    struct err why;
    int r;

    if (!engine || !name || !program)
        return api_null("an engine, a name or the place for a program", err);
    *program = NULL;
    p = new_program(engine, name);
    if (!p)
        return api_out_of_memory(err);
    r = api_open_wasmtime(engine, &why);
    if (r == 0)
        r = bytes ? program_from_bytes(&p->program, &engine->loader, name, bytes, size, &why)
                  : program_load(&p->program, &engine->loader, name, for_snapshot, &why);
    return deliver(r, p, &why, program, err);
}

int wlpy_program_of_child(struct wlpy_engine *engine, const char *name, struct wlpy_child *child,
                          struct wlpy_program **program, struct wlpy_err *err)
{
    struct wlpy_program *p = new_program(engine, name);
    struct err why;
    int r;

    *program = NULL;
    if (!p)
        return api_out_of_memory(err);
    r = api_open_wasmtime(engine, &why);
    if (r == 0)
        r = program_from_code(&p->program, &engine->loader, name, family_code(child->start), &why);
    return deliver(r, p, &why, program, err);
}

int wlpy_program_load(struct wlpy_engine *engine, const char *file, struct wlpy_program **program, struct wlpy_err *err)
{
    return api_load(engine, file, NULL, 0, false, program, err);
}

int wlpy_program_from_bytes(struct wlpy_engine *engine, const char *name, const void *wasm, size_t size,
                            struct wlpy_program **program, struct wlpy_err *err)
{
    return api_load(engine, name, wasm ? wasm : "", wasm ? size : 0, false, program, err);
}

static int take_native(struct wlpy_engine *engine, const char *file, const struct native_guest *linked,
                       struct wlpy_program **program, struct wlpy_err *err)
{
    struct native_program *native;
    struct wlpy_program *p;
    struct err why;
    int r;

    if (!engine || (!file && !linked) || !program)
        return api_null("an engine, a file or the place for a program", err);
    *program = NULL;
    r = file ? native_load(file, &native, &why) : native_take(linked, &native, &why);
    if (r < 0)
        return api_err(&why, err);
    p = new_program(engine, native->guest->name);
    if (!p) {
        native_unload(native);
        return api_out_of_memory(err);
    }
    p->native = native;
    *program = p;
    return 0;
}

int wlpy_program_load_native(struct wlpy_engine *engine, const char *file, struct wlpy_program **program,
                             struct wlpy_err *err)
{
    return take_native(engine, file, NULL, program, err);
}

int wlpy_program_builtin(struct wlpy_engine *engine, const struct native_guest *linked, struct wlpy_program **program,
                         struct wlpy_err *err)
{
    return take_native(engine, NULL, linked, program, err);
}

void wlpy_program_free(struct wlpy_program *p)
{
    if (!p)
        return;
    if (p->native)
        native_unload(p->native);
    else
        program_free(&p->program, api_ops);
    free(p->name);
    free(p);
}
