/* The calls that a guest makes of its host. */
#include "core/text.h"
#include "engine/wasmtime/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An empty memory if the guest exports none: every address in it is a fault. */
struct guest_memory wt_memory(void *run)
{
    struct instance *r = run;

    if (!r->has_memory)
        return (struct guest_memory){0};
    return (struct guest_memory){r->base, wasmtime_memory_data_size(r->context, &r->memory)};
}

void wt_take_memory(struct instance *r, wasmtime_extern_t *item)
{
    if (item->kind == WASMTIME_EXTERN_MEMORY) {
        r->memory = item->of.memory;
        r->base = wasmtime_memory_data(r->context, &r->memory);
        r->has_memory = true;
    } else {
        wasmtime_extern_delete(item);
    }
}

/* Before a call is answered. The memory may be needed before there is an instance to ask for it. */
static struct instance *enter(wasmtime_caller_t *caller)
{
    wasmtime_context_t *context = wasmtime_caller_context(caller);
    struct instance *r = wasmtime_context_get_data(context);
    wasmtime_extern_t item;

    r->context = context;
    if (!r->has_memory && wasmtime_caller_export_get(caller, MEMORY, LEN(MEMORY), &item))
        wt_take_memory(r, &item);
    return r;
}

static wasm_trap_t *on_call(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *v, size_t n)
{
    const struct binding *b = env;
    struct instance *r = enter(caller);
    uint64_t arguments[HOST_CALL_MAX_PARAMETERS];
    uint32_t answer;

    for (size_t i = 0; i < n && i < HOST_CALL_MAX_PARAMETERS; i++)
        arguments[i] = (uint64_t)v[i].i64;
    answer = b->call->function(r->given->arguments[b->table], arguments);
    if (b->call->gives) {
        v[0].i64 = 0;
        v[0].i32 = (int32_t)answer;
    }
    return wt_has_to_end(r) ? wasmtime_trap_new("end", 3) : NULL;
}

static int link_call(wasmtime_linker_t *linker, struct binding *b, struct err *err)
{
    const struct host_call *call = b->call;
    wasm_valtype_t *params[HOST_CALL_MAX_PARAMETERS], *results[1];
    wasm_valtype_vec_t p, q;
    wasm_functype_t *type;
    wasmtime_error_t *error;
    size_t n = 0;

    for (const char *at = call->parameters; (at = strstr(at, "uint")) != NULL; at += 4)
        params[n++] = wasm_valtype_new(!strncmp(at, "uint64_t", 8) ? WASM_I64 : WASM_I32);
    if (call->gives)
        results[0] = wasm_valtype_new(WASM_I32);
    wasm_valtype_vec_new(&p, n, params);
    wasm_valtype_vec_new(&q, call->gives, results);
    type = wasm_functype_new(&p, &q);
    error = wasmtime_linker_define_func_unchecked(linker, call->module, strlen(call->module), call->name,
                                                  strlen(call->name), type, on_call, b, NULL);
    wasm_functype_delete(type);
    return error ? wt_error(error, "cannot prepare the program", err) : 0;
}

static bool is(const wasm_name_t *name, const char *text)
{
    return name->size == strlen(text) && !memcmp(name->data, text, name->size);
}

static bool is_given(const struct host_calls *calls, size_t calls_n, const wasm_name_t *from, const wasm_name_t *name)
{
    for (size_t t = 0; t < calls_n; t++)
        for (size_t i = 0; i < calls[t].n; i++)
            if (is(name, calls[t].table[i].name) && is(from, calls[t].table[i].module))
                return true;
    return false;
}

/* Names an import that nothing provides. */
static int check_imports(const struct code *c, const char *file, const struct host_calls *calls, size_t calls_n,
                         struct err *err)
{
    wasm_importtype_vec_t imports;
    int r = 0;

    wasmtime_module_imports(c->module, &imports);
    for (size_t i = 0; r == 0 && i < imports.size; i++) {
        const wasm_name_t *from = wasm_importtype_module(imports.data[i]),
                          *name = wasm_importtype_name(imports.data[i]);
        char a[128], b[128];

        if (is_given(calls, calls_n, from, name))
            continue;
        text_one_line(a, sizeof a, from->data, from->size);
        text_one_line(b, sizeof b, name->data, name->size);
        err_set(err, ERR_MODULE, "cannot run %s: it imports %s.%s, which does not exist here", file, a, b);
        r = err_hint(err, strcmp(a, "wasi_unstable") == 0 || strncmp(a, "wasi:", 5) == 0
                              ? "only WASI preview 1 does; build it for wasm32-wasip1"
                              : "only WASI preview 1 does; link the program without it");
    }
    wasm_importtype_vec_delete(&imports);
    return r;
}

static int link_calls(struct code *c, const struct host_calls *calls, size_t calls_n, struct err *err)
{
    size_t n = 0, k = 0;
    int r = 0;

    for (size_t t = 0; t < calls_n; t++)
        n += calls[t].n;
    c->bindings = calloc(n + 1, sizeof *c->bindings);
    if (!c->bindings)
        return err_set(err, ERR_SETUP, "out of memory");
    for (size_t t = 0; t < calls_n; t++)
        for (size_t i = 0; r == 0 && i < calls[t].n; i++, k++) {
            c->bindings[k] = (struct binding){&calls[t].table[i], t};
            r = link_call(c->linker, &c->bindings[k], err);
        }
    return r;
}

int wt_link(struct engine *e, struct code *c, const char *name, const struct host_calls *calls, size_t calls_n,
            struct err *err)
{
    wasmtime_error_t *error;
    char why[512];
    int r = check_imports(c, name, calls, calls_n, err);

    if (r < 0)
        return r;
    c->linker = wasmtime_linker_new(e->engine);
    r = link_calls(c, calls, calls_n, err);
    if (r < 0)
        return r;
    error = wasmtime_linker_instantiate_pre(c->linker, c->module, &c->pre);
    if (!error)
        return 0;
    wt_error_text(error, why, sizeof why, true);
    return err_set(err, ERR_MODULE, "cannot run %s: %s", name, why);
}
