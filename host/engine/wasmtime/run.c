/* One run: an instance from its start to its end. */
#include "core/snapshot.h"
#include "engine/wasmtime/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- stopping it from outside ---- */

/* In a signal handler. Running code looks at the engine's epoch; that of other runs looks, too, and goes on. */
static void on_end(void *arg, const void *context)
{
    const struct run *r = arg;

    (void)context;
    wasmtime_engine_increment_epoch(r->engine->engine);
}

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

static int begin_control(struct run *r, wasmtime_store_t *store, struct err *err)
{
    struct control *c = r->given->control;
    const struct limits *l = r->given->limits;

    if (r->engine->settings.stoppable) {
        wasmtime_context_set_epoch_deadline(r->context, 1);
        wasmtime_store_epoch_deadline_callback(store, on_epoch, r, NULL);
    } else if (l->deadline_ms || l->cpu_ms) {
        return err_set(err, ERR_SETUP, "cannot set a limit of time: the engine is not stoppable");
    }
    if (!c)
        return 0;
    if (control_begin(c, l->deadline_ms, l->cpu_ms, on_end, r) < 0)
        return err_set(err, ERR_SETUP, "cannot set its limits of time: %s", strerror(errno));
    if (r->engine->settings.stoppable) {
        r->given->wasi->wait = control_wait;
        r->given->wasi->interrupted = control_interrupted;
        r->given->wasi->wait_arg = c;
    }
    return 0;
}

/* ---- preparing it ---- */

static int set_limits(const struct run *r, wasmtime_store_t *store, struct err *err)
{
    struct share share;

    if (!needs_share(&r->code->needs, r->given->limits->memory, &share)) {
        err_set(err, ERR_SETUP, "cannot run %s: " ERR_TEXT_MEMORY, r->given->name);
        return err_hint(err, ERR_HINT_MEMORY);
    }
    wasmtime_store_limiter(store, (int64_t)share.memory, (int64_t)share.elements, 1, NEEDS_MAX_TABLES, 1);
    return 0;
}

static bool get_function(const struct run *r, const wasmtime_instance_t *instance, const char *name,
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

/* 1 if the module's own start function has already ended the run. */
static int instantiate(struct run *r, wasmtime_instance_t *instance, struct err *err)
{
    wasm_trap_t *t = NULL;
    wasmtime_error_t *error = wasmtime_instance_pre_instantiate(r->code->pre, r->context, instance, &t);
    wasm_frame_vec_t trace = {0};
    char why[512];
    size_t frames;

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

/* A module without the list, or with a senseless one, takes no interrupts. 1 if the module ended the run instead of
 * giving the list. */
static int listen_to_interrupts(struct run *r, const wasmtime_instance_t *instance)
{
    struct control *c = r->given->control;
    struct control_cell cells[CONTROL_MAX_CELLS];
    struct guest_memory memory;
    wasmtime_func_t func;
    wasmtime_val_t address;
    wasm_functype_t *type;
    wasm_trap_t *t = NULL;
    wasmtime_error_t *error;
    size_t count, params, results;

    if (!c || !get_function(r, instance, "wl_interrupt_cells", &func))
        return 0;
    type = wasmtime_func_type(r->context, &func);
    params = wasm_functype_params(type)->size;
    results = wasm_functype_results(type)->size;
    wasm_functype_delete(type);
    if (params != 0 || results != 1)
        return 0;
    error = wasmtime_func_call(r->context, &func, NULL, 0, &address, 1, &t);
    if (r->stopped) {
        wt_ended(r, error, t);
        return 1;
    }
    if (error)
        wasmtime_error_delete(error);
    if (t)
        wasm_trap_delete(t);
    memory = wt_memory(r);
    if (error || t || address.kind != WASMTIME_I32 ||
        !control_read_cells(memory.base, memory.size, (uint32_t)address.of.i32, cells, &count))
        return 0;
    r->given->wasi->wait = control_wait;
    r->given->wasi->interrupted = control_interrupted;
    r->given->wasi->wait_arg = c;
    control_listen(c, memory.base, cells, count);
    return 0;
}

/* ---- running it ---- */

static int take_snapshot(struct run *r, struct err *err)
{
    const struct engine_run *g = r->given;
    struct guest_memory memory = wt_memory(r);

    if (!r->has_memory)
        return err_set(err, ERR_MODULE, "cannot make a snapshot of %s: it does not export its memory", g->name);
    return snapshot_write(g->name, g->bytes->at, g->bytes->size, g->entry, memory.base, memory.size, g->snapshot, err);
}

/* Calls what the run is for. */
static int call(struct run *r, const wasmtime_instance_t *instance, const wasmtime_func_t *start, struct err *err)
{
    struct state before;
    wasm_trap_t *t = NULL;
    wasmtime_error_t *error;
    int status = 0;

    /* Before any of its code has run. */
    if (r->given->entry && !wt_read_state(r, instance, &before))
        return err_set(err, ERR_SETUP, "cannot read the tables of %s", r->given->name);
    if (listen_to_interrupts(r, instance))
        return 0;
    error = wasmtime_func_call(r->context, start, NULL, 0, NULL, 0, &t);
    wt_ended(r, error, t);
    if (r->given->entry && r->end->kind == END_EXITED && !r->end->left) {
        status = wt_check_state(r, instance, &before, err);
        if (status == 0)
            status = take_snapshot(r, err);
    }
    return status;
}

static int run_instance(struct run *r, struct err *err)
{
    const char *entry = r->given->entry;
    wasmtime_instance_t instance;
    wasmtime_func_t start;
    wasmtime_extern_t item;
    int status = instantiate(r, &instance, err);

    if (status != 0)
        return status < 0 ? status : 0;
    if (!r->has_memory && wasmtime_instance_export_get(r->context, &instance, MEMORY, LEN(MEMORY), &item))
        wt_take_memory(r, &item);
    if (!get_function(r, &instance, entry ? entry : "_start", &start)) {
        err_set(err, ERR_MODULE, "cannot run %s: it exports no %s%s", r->given->name, entry ? entry : "_start",
                entry ? "" : ", so it is not a program");
        return err_hint(err, entry ? "--entry names the function to call" : "link it as a command, not as a library");
    }
    return call(r, &instance, &start, err);
}

int wt_run(struct engine *e, struct code *c, struct engine_run *given, struct end *end, struct err *err)
{
    struct run r = {.given = given, .engine = e, .code = c, .end = end};
    wasmtime_store_t *store = wasmtime_store_new(e->engine, &r, NULL);
    int status;

    r.context = wasmtime_store_context(store);
    given->wasi->memory = wt_memory;
    given->wasi->arg = &r;
    status = set_limits(&r, store, err);
    if (status == 0)
        status = begin_control(&r, store, err);
    if (status == 0) {
        status = run_instance(&r, err);
        if (given->control)
            end->interrupts = control_end(given->control);
        end->memory = wt_memory(&r).size;
    }
    wasmtime_store_delete(store);
    return status;
}
