/* What every instance needs, a guest's first and those of its further threads. */
#include "engine/wasmtime/internal.h"

#include <stdio.h>
#include <string.h>

static wasmtime_error_t *on_epoch(const wasmtime_context_t *context, void *data, uint64_t *delta,
                                  wasmtime_update_deadline_kind_t *kind)
{
    (void)context;
    if (wt_has_to_end(data))
        return wasmtime_error_new("end");
    *delta = 1;
    *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
    return NULL;
}

void wt_make_stoppable(struct instance *r)
{
    wasmtime_context_set_epoch_deadline(r->context, 1);
    wasmtime_store_epoch_deadline_callback(r->store, on_epoch, r, NULL);
}

static struct instance *first_of(struct instance *r)
{
    return r->first ? r->first : r;
}

static uint64_t limit_of(struct instance *r)
{
    return first_of(r)->most - first_of(r)->crew.taken;
}

int wt_set_limits(struct instance *r, struct err *err)
{
    struct share share;

    if (!needs_share(&r->code->needs, limit_of(r), &share)) {
        err_set(err, ERR_SETUP, "cannot run %s: " ERR_TEXT_MEMORY, r->given->name);
        return err_hint(err, ERR_HINT_MEMORY);
    }
    r->limit = limit_of(r);
    wasmtime_store_limiter(r->store, (int64_t)share.memory, (int64_t)share.elements, 1, NEEDS_MAX_TABLES, 1);
    return 0;
}

bool wt_renew_limits(struct instance *r)
{
    struct err err;

    return r->limit == limit_of(r) || wt_set_limits(r, &err) == 0;
}

/* ---- what several guests share ---- */

static uint64_t spare(void *arg)
{
    struct instance *r = arg;
    const uint64_t size = wt_memory(r).size;
    struct share share;

    return needs_share(&r->code->needs, limit_of(r), &share) && share.memory > size ? share.memory - size : 0;
}

static void change(void *arg, int64_t bytes)
{
    struct instance *r = arg;

    first_of(r)->most += (uint64_t)bytes;
    wt_renew_limits(r);
}

static uint64_t least(void *arg)
{
    const struct instance *r = arg;

    return needs_least(&r->code->needs);
}

const struct wasi_room wt_room = {.spare = spare, .change = change, .least = least};

bool wt_get_function(const struct instance *r, const wasmtime_instance_t *instance, const char *name,
                     wasmtime_func_t *func)
{
    wasmtime_extern_t item;

    if (!wasmtime_instance_export_get(r->context, instance, name, strlen(name), &item))
        return false;
    if (item.kind != WASMTIME_EXTERN_FUNC) {
        wasmtime_extern_delete(&item);
        return false;
    }
    *func = item.of.func;
    return true;
}

int wt_instantiate(struct instance *r, wasmtime_instance_t *instance, struct err *err)
{
    wasm_trap_t *t = NULL;
    struct instance *outer = wt_making(r);
    wasmtime_error_t *error = wasmtime_instance_pre_instantiate(r->code->pre, r->context, instance, &t);
    wasm_frame_vec_t trace = {0};
    char why[512];
    size_t frames;

    wt_making(outer);
    if (!error && !t)
        return 0;
    if (error)
        wasmtime_error_wasm_trace(error, &trace);
    frames = trace.size;
    wasm_frame_vec_delete(&trace);
    if (error && !r->stopped && frames == 0) {
        wt_error_text(error, why, sizeof why, true);
        err_set(err, ERR_SETUP, "cannot give %s its memory: %s", r->given->name, why);
        return err_hint(err, "4 GiB of addresses are reserved for it (ulimit -v), and --max-memory must hold what it "
                             "starts with");
    }
    wt_ended(r, error, t);
    return 1;
}

/* Whether it takes and returns so many i32 and nothing else. */
bool wt_is_function(const struct instance *r, const wasmtime_func_t *func, size_t takes, size_t returns)
{
    wasm_functype_t *type = wasmtime_func_type(r->context, func);
    const wasm_valtype_vec_t *params = wasm_functype_params(type), *results = wasm_functype_results(type);
    bool well = params->size == takes && results->size == returns;

    for (size_t i = 0; well && i < takes; i++)
        well = wasm_valtype_kind(params->data[i]) == WASM_I32;
    for (size_t i = 0; well && i < returns; i++)
        well = wasm_valtype_kind(results->data[i]) == WASM_I32;
    wasm_functype_delete(type);
    return well;
}

bool wt_get_thread(const struct instance *r, wasmtime_func_t *func)
{
    return wt_get_function(r, &r->instance, "wl_thread", func) && wt_is_function(r, func, 1, 0);
}
