/* One run: an instance from its start to its end. */
#include "core/snapshot.h"
#include "core/written.h"
#include "engine/wasmtime/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- stopping it from outside ---- */

/* In a signal handler. Running code looks at the engine's epoch; that of other runs looks, too, and goes on. */
static void on_end(void *arg, const void *context)
{
    const struct instance *r = arg;

    (void)context;
    wasmtime_engine_increment_epoch(r->engine->engine);
}

static int begin_control(struct instance *r, struct err *err)
{
    struct control *c = r->given->control;
    const struct limits *l = r->given->limits;

    if (r->engine->settings.stoppable) {
        wt_make_stoppable(r);
    } else if (l->deadline_ms || l->cpu_ms) {
        return err_set(err, ERR_SETUP, "cannot set a limit of time: the engine is unstoppable");
    }
    if (!c)
        return 0;
    if (control_begin(c, l, on_end, r) < 0)
        return err_set(err, ERR_SETUP, "cannot set its limits of time: %s", strerror(errno));
    if (r->engine->settings.stoppable) {
        r->given->wasi->wait = control_wait;
        r->given->wasi->interrupted = control_interrupted;
        r->given->wasi->wait_arg = c;
    }
    return 0;
}

/* ---- preparing it ---- */

/* A module without the list, or with a senseless one, takes no interrupts. 1 if the module ended the run instead of
 * giving the list. */
static int listen_to_interrupts(struct instance *r, const wasmtime_instance_t *instance)
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

    if (!c || !wt_get_function(r, instance, "wl_interrupt_cells", &func))
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

static int take_snapshot(struct instance *r, struct err *err)
{
    const struct engine_run *g = r->given;
    struct guest_memory memory = wt_memory(r);

    if (!r->has_memory)
        return err_set(err, ERR_MODULE, "cannot make a snapshot of %s: it does not export its memory", g->name);
    return snapshot_write(g->name, g->bytes->at, g->bytes->size, g->entry, memory.base, memory.size, g->snapshot, err);
}

static const char *entry_name(const struct engine_run *given)
{
    return given->session ? "wl_session" : given->entry ? given->entry : "_start";
}

static int find_entry(struct instance *r, wasmtime_func_t *func, struct err *err)
{
    const struct engine_run *g = r->given;
    const char *name = entry_name(g);

    if (wt_get_function(r, &r->instance, name, func) && (!g->session || wt_is_function(r, func, 2, 1)))
        return 0;
    err_set(err, ERR_MODULE, "cannot run %s: it exports no %s%s", g->name, name,
            g->session || g->entry ? "" : ", so it is not a program");
    return err_hint(err, g->session ? "a session needs a Python of the flavour single or snapshot"
                         : g->entry ? "--entry names the function to call"
                                    : "link it as a command, not as a library");
}

/* Calls what the run is for. */
static int call(struct instance *r, const wasmtime_func_t *func, struct err *err)
{
    struct session_call *session = r->given->session;
    struct state before;
    wasm_trap_t *t = NULL;
    wasmtime_error_t *error;
    wasmtime_val_t arguments[2], answer;
    int status = 0;

    /* Before any of its code has run. */
    if (r->given->entry && !wt_read_state(r, &r->instance, &before))
        return err_set(err, ERR_SETUP, "cannot read the tables of %s", r->given->name);
    if (listen_to_interrupts(r, &r->instance))
        return 0;
    if (session)
        for (int i = 0; i < 2; i++)
            arguments[i] =
                (wasmtime_val_t){.kind = WASMTIME_I32, .of.i32 = (int32_t)(i ? session->size : session->what)};
    error = wasmtime_func_call(r->context, func, arguments, session ? 2 : 0, &answer, session ? 1 : 0, &t);
    if (session && !error && !t)
        session->answer = (uint32_t)answer.of.i32;
    wt_ended(r, error, t);
    if (r->given->entry && r->end->kind == END_EXITED && !r->end->left) {
        status = wt_check_state(r, &r->instance, &before, err);
        if (status == 0)
            status = take_snapshot(r, err);
    }
    return status;
}

/* 1 if the module's own start function has already ended the run. */
static int get_ready(struct instance *r, struct err *err)
{
    wasmtime_extern_t item;
    int status;

    if (r->instantiated)
        return 0;
    status = wt_instantiate(r, &r->instance, err);
    if (status != 0)
        return status;
    r->instantiated = true;
    if (!r->has_memory && wasmtime_instance_export_get(r->context, &r->instance, MEMORY, LEN(MEMORY), &item))
        wt_take_memory(r, &item);
    r->start_size = wt_memory(r).size;
    return 0;
}

static int enter(struct instance *r, struct err *err)
{
    wasmtime_func_t func;
    int status = get_ready(r, err);

    if (status != 0)
        return status < 0 ? status : 0;
    status = find_entry(r, &func, err);
    if (status == 0 && !r->given->session && r->start_size && r->place && !r->place->again)
        wt_warm_up(&r->code->warm, r->base, r->start_size);
    return status < 0 ? status : call(r, &func, err);
}

static int wt_call(struct instance *r, struct end *end, struct err *err)
{
    int status;

    r->end = end;
    status = begin_control(r, err);
    if (status < 0)
        return status;
    *end = (struct end){.kind = END_EXITED};
    wt_offer_threads(r);
    status = enter(r, err);
    wt_finish_threads(r);
    if (r->given->control)
        end->interrupts = control_end(r->given->control);
    end->memory = wt_memory(r).size;
    return status;
}

/* Whether one more may run. */
static int enter_engine(struct engine *e, const char *name, struct err *err)
{
    const unsigned most = e->settings.instances;

    if (!most || atomic_fetch_add(&e->running, 1) < most)
        return 0;
    atomic_fetch_sub(&e->running, 1);
    err_set(err, ERR_SETUP, "cannot run %s: %u run already, which is the most that the engine is for", name, most);
    return err_hint(err, "wait until one has ended, or make an engine with more instances");
}

static void leave_engine(struct engine *e)
{
    if (e->settings.instances)
        atomic_fetch_sub(&e->running, 1);
}

static void open_it(struct instance *r, struct engine *e, struct code *c, struct engine_run *given)
{
    *r = (struct instance){.given = given, .engine = e, .code = c, .store = wasmtime_store_new(e->engine, r, NULL)};
    r->context = wasmtime_store_context(r->store);
    r->most = given->limits->lease ? given->limits->lease : given->limits->memory;
    given->wasi->memory = wt_memory;
    given->wasi->room = &wt_room;
    given->wasi->arg = r;
}

int wt_run(struct engine *e, struct code *c, struct engine_run *given, struct end *end, struct err *err)
{
    struct instance r;
    int status = enter_engine(e, given->name, err);

    if (status < 0)
        return status;
    open_it(&r, e, c, given);
    status = wt_set_limits(&r, err);
    if (status == 0)
        status = wt_call(&r, end, err);
    if (status == 0)
        control_tell(given->control, end);
    if (r.start_size && r.place && !r.place->again)
        wt_warm_learn(&c->warm, r.base, r.start_size);
    wasmtime_store_delete(r.store);
    leave_engine(e);
    return status;
}

/* ---- a session ---- */

struct instance *wt_open_session(struct engine *e, struct code *c, struct engine_run *given, struct err *err)
{
    struct instance *r;

    if (enter_engine(e, given->name, err) < 0)
        return NULL;
    r = malloc(sizeof *r);
    if (!r) {
        leave_engine(e);
        err_set(err, ERR_SETUP, "out of memory");
        return NULL;
    }
    open_it(r, e, c, given);
    if (wt_set_limits(r, err) == 0)
        return r;
    wt_close_session(r);
    return NULL;
}

int wt_call_session(struct instance *i, struct end *end, struct err *err)
{
    return wt_call(i, end, err);
}

struct copying {
    uint8_t *to;
    const uint8_t *from;
    const struct place *again; /* its memory, if an earlier run had it: that wrote to pages, too */
    uint64_t page;
};

static bool copy_range(void *arg, uint64_t at, uint64_t n)
{
    const struct copying *c = arg;

    for (uint64_t size; n; at += size, n -= size) {
        size = c->again ? c->page : n;
        if (c->again && wt_is_initial(c->again, at, size))
            continue;
        wt_populate(c->to + at, size);
        memcpy(c->to + at, c->from + at, size);
    }
    return true;
}

/* Makes the memory of an instance that has not run what another one's is. */
static int copy_memory(struct instance *copy, struct instance *from, struct err *err)
{
    struct guest_memory is = wt_memory(from), becomes = wt_memory(copy);
    struct copying copying;
    uint64_t before;
    wasmtime_error_t *error = NULL;

    if (is.size > becomes.size)
        error = wasmtime_memory_grow(copy->context, &copy->memory, (is.size - becomes.size) >> 16, &before);
    if (error) {
        wasmtime_error_delete(error);
        return err_set(err, ERR_SETUP, "cannot copy a session of %s: " ERR_TEXT_MEMORY, from->given->name);
    }
    becomes = wt_memory(copy);
    if (becomes.size != is.size)
        return err_set(err, ERR_SETUP, "cannot copy a session of %s: its memory is not its own", from->given->name);
    /* What it has not written to is in both as in the module. */
    copying = (struct copying){.to = becomes.base,
                               .from = is.base,
                               .again = from->place && from->place->again ? from->place : NULL,
                               .page = (uint64_t)sysconf(_SC_PAGESIZE)};
    if (!written_find(is.base, is.size, copy_range, &copying))
        memcpy(becomes.base, is.base, is.size);
    return 0;
}

struct instance *wt_fork_session(struct instance *from, struct engine_run *given, struct err *err)
{
    struct instance *copy = wt_open_session(from->engine, from->code, given, err);
    struct end end;
    int status;

    if (!copy)
        return NULL;
    copy->end = &end;
    status = get_ready(copy, err);
    if (status > 0)
        status = err_set(err, ERR_SETUP, "cannot copy a session of %s: the copy did not start", given->name);
    if (status == 0)
        status = copy_memory(copy, from, err);
    if (status == 0)
        return copy;
    wt_close_session(copy);
    return NULL;
}

void wt_close_session(struct instance *i)
{
    if (!i)
        return;
    wasmtime_store_delete(i->store);
    leave_engine(i->engine);
    free(i);
}
