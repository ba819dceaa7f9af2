/* Threads of a guest (wasi/threads.h). Each has a store and an instance of its own, of the same compiled module, so a
 * guest with one thread is compiled, started and run as if there were no others. When it asks for a second one, its
 * memory is copied to a file in memory, which is then mapped in its place, at the same address. What a further instance
 * has as its memory is replaced by another mapping of the same file. */
#include "wasi/threads.h"
#include "core/written.h"
#include "engine/wasmtime/internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 1 << 16 }; /* of WebAssembly */

static struct instance *instance_of(struct instance *first, void *context)
{
    return context ? context : first;
}

/* ---- the memory ---- */

/* In place of what is there. The engine makes more of it accessible when the memory grows. */
static int map_memory(const struct crew *c, uint8_t *base, uint64_t size)
{
    const int flags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;

    if (mmap(base, size, PROT_READ | PROT_WRITE, flags, c->fd, 0) == MAP_FAILED)
        return -1;
    if (c->room > size && mmap(base + size, c->room - size, PROT_NONE, flags, c->fd, (off_t)size) == MAP_FAILED)
        return -1;
    return 0;
}

/* Before there is a second thread. */
static int share_memory(struct instance *first)
{
    struct crew *c = &first->crew;
    struct guest_memory m = wt_memory(first);
    struct share share;

    if (c->shared)
        return 0;
    if (!m.size || !needs_share(&first->code->needs, first->given->limits->memory, &share))
        return -1;
    c->room = share.memory < UINT64_C(4) << 30 ? share.memory / PAGE * PAGE : UINT64_C(4) << 30;
    if (c->room < m.size)
        c->room = m.size;
    c->fd = memfd_create("wlpy-threads", MFD_CLOEXEC);
    if (c->fd < 0)
        return -1;
    if (first->place)
        first->place->replaced = true;
    control_before_move(first->given->control);
    if (written_save(c->fd, m.base, m.size, c->room) < 0 || map_memory(c, m.base, m.size) < 0) {
        close(c->fd);
        return -1;
    }
    control_mark_again(first->given->control);
    /* It may not have been able to wait in a way that something ends. */
    first->given->wasi->wait = control_wait;
    first->given->wasi->interrupted = control_interrupted;
    first->given->wasi->wait_arg = first->given->control;
    c->size = m.size;
    c->shared = true;
    return 0;
}

/* What another thread has made larger. False: it cannot become so large here. */
static bool catch_up(struct instance *r, uint64_t size)
{
    uint64_t has = wt_memory(r).size, before;
    wasmtime_error_t *error =
        size > has ? wasmtime_memory_grow(r->context, &r->memory, (size - has) / PAGE, &before) : NULL;

    if (error)
        wasmtime_error_delete(error);
    return !error;
}

/* ---- for wasi/threads.c ---- */

static void close_thread(void *arg, void *context)
{
    struct instance *r = context;

    (void)arg;
    wasmtime_store_delete(r->store);
    free(r);
}

/* Each thread has a stack and tables, which the limit of memory is for as well: the memory can no longer grow as far.
 */
static bool fits(const struct instance *first, uint64_t bytes)
{
    const uint64_t limit = first->most, taken = first->crew.taken;
    struct share share;

    return bytes <= limit - taken && needs_share(&first->code->needs, limit - taken - bytes, &share) &&
           share.memory >= first->crew.size;
}

static bool take_share(struct instance *first, uint64_t *bytes)
{
    if (!needs_of_thread(&first->code->needs, bytes))
        return false;
    *bytes += first->engine->settings.stack;
    if (!fits(first, *bytes) && (!wasi_more_memory(first->given->wasi, *bytes) || !fits(first, *bytes)))
        return false;
    first->crew.taken += *bytes;
    return true;
}

static bool make_instance(struct instance *r, const struct instance *first)
{
    struct err err;
    wasmtime_extern_t item;

    if (wt_set_limits(r, &err) < 0 || wt_instantiate(r, &r->instance, &err) != 0)
        return false;
    r->instantiated = true;
    if (!r->has_memory && wasmtime_instance_export_get(r->context, &r->instance, MEMORY, LEN(MEMORY), &item))
        wt_take_memory(r, &item);
    return r->has_memory && catch_up(r, first->crew.size) && map_memory(&first->crew, r->base, first->crew.size) == 0;
}

static void *open_thread(void *arg)
{
    struct instance *first = arg, *r;
    struct wasi *w = first->given->wasi;
    struct instance *current = w->arg;
    struct err err;
    uint64_t bytes;

    if (share_memory(first) < 0)
        return NULL;
    first->crew.size = wasi_memory(w).size;
    if (!take_share(first, &bytes))
        return NULL;
    r = calloc(1, sizeof *r);
    if (!r) {
        first->crew.taken -= bytes;
        return NULL;
    }
    *r = (struct instance){.given = first->given,
                           .engine = first->engine,
                           .code = first->code,
                           .store = wasmtime_store_new(first->engine->engine, r, NULL),
                           .end = &r->own_end,
                           .first = first};
    r->context = wasmtime_store_context(r->store);
    if (first->engine->settings.stoppable)
        wt_make_stoppable(r);
    if (make_instance(r, first) && wt_set_limits(current, &err) == 0) {
        w->arg = current;
        return r;
    }
    w->arg = current;
    first->crew.taken -= bytes;
    close_thread(arg, r);
    return NULL;
}

/* In a signal handler. */
static void on_end(void *arg, const void *context)
{
    const struct instance *r = arg;

    (void)context;
    wasmtime_engine_increment_epoch(r->engine->engine);
}

static void begin_thread(void *arg, void *context)
{
    struct instance *first = arg, *r = context;
    sigset_t faults;

    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    sigaddset(&faults, SIGILL);
    sigaddset(&faults, SIGFPE);
    pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
    control_join(first->given->control, &r->joined, on_end, r);
}

static void end_thread(void *arg, void *context)
{
    struct instance *r = context;

    (void)arg;
    control_leave(&r->joined);
}

static void take(void *arg, void *context)
{
    struct instance *first = arg, *r = instance_of(first, context);

    first->given->wasi->arg = r;
    if (!wt_renew_limits(r))
        abort(); /* the same was possible when the last thread was made */
    if (!catch_up(r, first->crew.size))
        abort(); /* the same was possible in another instance, and all is reserved */
}

static void give(void *arg, void *context)
{
    struct instance *first = arg;

    first->crew.size = wt_memory(instance_of(first, context)).size;
}

/* The first thread that ends in another way than by returning ends the guest. */
static void end_all(struct instance *first, const struct instance *r)
{
    struct crew *c = &first->crew;

    if (!c->over)
        c->end = *r->end;
    c->over = true;
    control_finish(first->given->control);
}

static void run_thread(void *arg, void *context, uint32_t argument)
{
    struct instance *first = arg, *r = context;
    wasmtime_val_t value = {.kind = WASMTIME_I32, .of.i32 = (int32_t)argument};
    wasmtime_func_t function;
    wasmtime_error_t *error;
    wasm_trap_t *trap = NULL;

    r->stopped = false;
    if (!wt_get_thread(r, &function))
        return;
    if (first->engine->settings.stoppable)
        wasmtime_context_set_epoch_deadline(r->context, 1);
    error = wasmtime_func_call(r->context, &function, &value, 1, NULL, 0, &trap);
    if (!error && !trap)
        return;
    if (first->given->wasi->ending != WASI_GOES_ON || control_ending(first->given->control) != CONTROL_GOES_ON ||
        !wasi_thread_exits(first->given->wasi)) {
        wt_ended(r, error, trap);
        end_all(first, r);
        return;
    }
    if (error)
        wasmtime_error_delete(error);
    if (trap)
        wasm_trap_delete(trap);
}

static void recall(void *arg)
{
    const struct instance *first = arg;

    control_finish(first->given->control);
    /* (Code that runs looks, too.) */
    if (first->engine->settings.stoppable)
        wasmtime_engine_increment_epoch(first->engine->engine);
}

static bool is_over(void *arg)
{
    const struct instance *first = arg;

    return first->given->wasi->ending != WASI_GOES_ON || control_ending(first->given->control) != CONTROL_GOES_ON;
}

static void look(void *arg)
{
    const struct instance *first = arg;

    control_look(first->given->control, first->given->limits);
}

static const struct wasi_thread_ops ops = {
    .open = open_thread,
    .close = close_thread,
    .begin = begin_thread,
    .end = end_thread,
    .run = run_thread,
    .take = take,
    .give = give,
    .recall = recall,
    .is_over = is_over,
    .look = look,
};

void wt_offer_threads(struct instance *r)
{
    struct wasi_threads *g = r->given->wasi->threads;

    /* A snapshot and a session keep only memory. */
    if (!g || !r->given->control || r->given->entry || r->given->session)
        return;
    g->ops = &ops;
    g->arg = r;
    g->stack = (size_t)r->engine->settings.stack + engine_spare_stack;
}

void wt_finish_threads(struct instance *r)
{
    struct wasi_threads *g = r->given->wasi->threads;

    if (!g || g->ops != &ops)
        return;
    wasi_threads_finish(g);
    g->ops = NULL;
    if (r->crew.shared)
        close(r->crew.fd);
    r->crew.shared = false;
    r->start_size = 0; /* (which pages were written to, cannot be seen any more) */
}
