#include "engine/wasmtime/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands behind the compiled code in a file. */
struct trailer {
    char magic[8];
    struct needs needs;
};

static const char trailer_magic[8] = "wl-need"; /* and its zero byte */

/* One memory and tables of 32 bits are all that a limit can be divided among. What the other proposals allocate would
 * lie beside it. (Exceptions stay: needs.h counts their heap.) */
static void leave_out_proposals(wasm_config_t *settings)
{
    wasmtime_config_wasm_multi_memory_set(settings, false);
    wasmtime_config_wasm_memory64_set(settings, false);
    wasmtime_config_wasm_custom_page_sizes_set(settings, false);
    wasmtime_config_wasm_gc_set(settings, false);
    wasmtime_config_wasm_stack_switching_set(settings, false);
    wasmtime_config_shared_memory_set(settings, false);
}

/* (Nothing of a run stays in memory for the next one: clearing it takes longer than mapping it.) */
enum { MOST_ELEMENTS = 1 << 18 };

static void pool(wasm_config_t *settings, unsigned instances)
{
#ifdef WASMTIME_FEATURE_POOLING_ALLOCATOR
    wasmtime_pooling_allocation_config_t *p = wasmtime_pooling_allocation_config_new();

    wasmtime_pooling_allocation_config_total_core_instances_set(p, instances);
    wasmtime_pooling_allocation_config_max_core_instance_size_set(p, 16 << 20);
    wasmtime_pooling_allocation_config_total_memories_set(p, instances);
    wasmtime_pooling_allocation_config_max_memory_size_set(p, UINT64_C(4) << 30);
    wasmtime_pooling_allocation_config_total_tables_set(p, instances * NEEDS_MAX_TABLES);
    wasmtime_pooling_allocation_config_max_tables_per_module_set(p, NEEDS_MAX_TABLES);
    wasmtime_pooling_allocation_config_table_elements_set(p, MOST_ELEMENTS);
    wasmtime_pooling_allocation_config_total_gc_heaps_set(p, instances);
    wasmtime_pooling_allocation_strategy_set(settings, p);
    wasmtime_pooling_allocation_config_delete(p);
#else
    (void)settings;
    (void)instances;
#endif
}

static int wt_open(const struct engine_settings *wanted, struct engine **out, struct err *err)
{
    struct engine *e = calloc(1, sizeof *e);
    wasm_config_t *settings = e ? wasm_config_new() : NULL;

    *out = NULL;
    if (!settings) {
        free(e);
        return err_set(err, ERR_SETUP, "out of memory");
    }
    e->settings = *wanted;
    wasmtime_config_max_wasm_stack_set(settings, wanted->stack);
#ifdef WASMTIME_FEATURE_ASYNC
    /* Not used, but checked against the other. */
    wasmtime_config_async_stack_size_set(settings, wanted->stack + engine_spare_stack);
#endif
    leave_out_proposals(settings);
    wasmtime_config_epoch_interruption_set(settings, wanted->stoppable);
    /* Everything that a 32-bit memory can become is reserved at once: it never moves, so control_listen() may keep its
     * address, and the code needs no checks of bounds. */
    wasmtime_config_memory_reservation_set(settings, UINT64_C(4) << 30);
    wasmtime_config_memory_may_move_set(settings, false);
    if (wanted->instances)
        pool(settings, wanted->instances);
    /* Winch is for these two only; elsewhere the other does it. */
    if (wanted->quick && HAS_WINCH)
        wasmtime_config_strategy_set(settings, WASMTIME_STRATEGY_WINCH);
    else
        wasmtime_config_cranelift_opt_level_set(settings, WASMTIME_OPT_LEVEL_SPEED);
    e->engine = wasm_engine_new_with_config(settings);
    if (!e->engine) {
        free(e);
        return err_set(err, ERR_SETUP, "cannot start the engine");
    }
    *out = e;
    return 0;
}

static void wt_close(struct engine *e)
{
    if (!e)
        return;
    wasm_engine_delete(e->engine);
    free(e);
}

/* Whether a limit can be kept with what the module has; what the engine refuses anyway is left to it. */
static int check_needs(const struct needs *n, const char *name, struct err *err)
{
    if (n->memories > 1)
        return err_set(err, ERR_MODULE, "cannot run %s: it has %u memories, and one is the most", name, n->memories);
    if (n->tables > NEEDS_MAX_TABLES)
        return err_set(err, ERR_MODULE, "cannot run %s: it has %u tables, and %d are the most", name, n->tables,
                       NEEDS_MAX_TABLES);
    return 0;
}

static struct code *make_code(wasmtime_module_t *module, const struct needs *needs, struct err *err)
{
    struct code *c = calloc(1, sizeof *c);

    if (!c) {
        wasmtime_module_delete(module);
        err_set(err, ERR_SETUP, "out of memory");
        return NULL;
    }
    c->module = module;
    c->needs = *needs;
    wt_warm_init(&c->warm);
    return c;
}

static int wt_compile(struct engine *e, const char *name, const uint8_t *wasm, size_t size, struct code **out,
                      struct err *err)
{
    wasmtime_module_t *module = NULL;
    wasmtime_error_t *error;
    struct needs needs;
    int r;

    needs_read(&needs, wasm, size);
    r = check_needs(&needs, name, err);
    if (r < 0)
        return r;
    error = wasmtime_module_new(e->engine, wasm, size, &module);
    if (error) {
        char why[512];

        wt_error_text(error, why, sizeof why, true);
        err_set(err, ERR_MODULE, "cannot run %s: it is not a valid WebAssembly module: %s", name, why);
        return err_hint(err, "build it again, or fetch it again if it was downloaded");
    }
    if (needs.unknown) {
        wasmtime_module_delete(module);
        return err_set(err, ERR_MODULE, "cannot run %s: it does not say how much memory it needs", name);
    }
    *out = make_code(module, &needs, err);
    return *out ? 0 : -ERR_SETUP;
}

static int wt_save(struct code *c, uint8_t **bytes, size_t *size, struct err *err)
{
    struct trailer trailer;
    wasm_byte_vec_t data;
    wasmtime_error_t *error = wasmtime_module_serialize(c->module, &data);

    if (error) {
        char why[256];

        wt_error_text(error, why, sizeof why, true);
        return err_set(err, ERR_SETUP, "cannot keep the compiled module: %s", why);
    }
    memcpy(trailer.magic, trailer_magic, sizeof trailer.magic);
    trailer.needs = c->needs;
    *size = data.size + sizeof trailer;
    *bytes = malloc(*size);
    if (*bytes) {
        memcpy(*bytes, data.data, data.size);
        memcpy(*bytes + data.size, &trailer, sizeof trailer);
    }
    wasm_byte_vec_delete(&data);
    return *bytes ? 0 : err_set(err, ERR_SETUP, "out of memory");
}

/* The engine maps a file that it opens by itself. Where there is no /proc to name it by, it gets a copy. */
static wasmtime_error_t *deserialize(struct engine *e, int fd, size_t size, wasmtime_module_t **code)
{
    wasmtime_error_t *error;
    char path[32];
    void *bytes;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (access(path, R_OK) == 0)
        return wasmtime_module_deserialize_file(e->engine, path, code);
    bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return wasmtime_error_new("it cannot be mapped");
    error = wasmtime_module_deserialize(e->engine, bytes, size, code);
    munmap(bytes, size);
    return error;
}

static int wt_load(struct engine *e, int fd, struct code **out, struct err *err)
{
    wasmtime_module_t *module = NULL;
    wasmtime_error_t *error;
    struct trailer trailer;
    struct stat st;

    if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof trailer ||
        pread(fd, &trailer, sizeof trailer, st.st_size - (off_t)sizeof trailer) != (ssize_t)sizeof trailer ||
        memcmp(trailer.magic, trailer_magic, sizeof trailer.magic) != 0)
        return err_set(err, ERR_SETUP, "cannot use the compiled module: it is incomplete");
    error = deserialize(e, fd, (size_t)st.st_size, &module);
    if (error) {
        char why[256];

        wt_error_text(error, why, sizeof why, true);
        return err_set(err, ERR_SETUP, "cannot use the compiled module: %s", why);
    }
    *out = make_code(module, &trailer.needs, err);
    return *out ? 0 : -ERR_SETUP;
}

static void wt_free_code(struct code *c)
{
    if (!c)
        return;
    if (c->pre)
        wasmtime_instance_pre_delete(c->pre);
    if (c->linker)
        wasmtime_linker_delete(c->linker);
    free(c->bindings);
    wt_warm_free(&c->warm);
    wasmtime_module_delete(c->module);
    free(c);
}

const struct engine_ops engine_wasmtime = {
    .name = "wasmtime " WASMTIME_VERSION,
    .identity = wt_identity,
    .open = wt_open,
    .close = wt_close,
    .compile = wt_compile,
    .save = wt_save,
    .load = wt_load,
    .link = wt_link,
    .free_code = wt_free_code,
    .run = wt_run,
    .open_session = wt_open_session,
    .call_session = wt_call_session,
    .fork_session = wt_fork_session,
    .close_session = wt_close_session,
};
