#include "core/atomic_file.h"
#include "core/content.h"
#include "core/wasm.h"
#include "engine/wasmtime/internal.h"
#include "engine/wasmtime/trailer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
    wt_make_memories(settings);
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

static struct code *make_code(const struct engine *e, wasmtime_module_t *module, const struct needs *needs,
                              struct err *err)
{
    struct code *c = calloc(1, sizeof *c);

    if (!c) {
        wasmtime_module_delete(module);
        err_set(err, ERR_SETUP, "out of memory");
        return NULL;
    }
    c->module = module;
    c->needs = *needs;
    wt_places_init(c, e->settings.instances);
    wt_warm_init(&c->warm);
    return c;
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
    wt_places_free(c);
    wt_image_close(&c->image);
    free(c);
}

/* The content of the memory becomes a file, as it is when the code comes from one. */
static int hold_content(struct code *c, const struct content *content, struct err *err)
{
    int fd = memory_file("content"), r = -1;

    if (fd >= 0 && write_all(fd, content->bytes, content->size) == 0)
        r = wt_image_open(&c->image, fd, 0, content->from, content->size);
    if (r < 0)
        err_set(err, ERR_SETUP, "cannot hold the module in memory: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return r < 0 ? -ERR_SETUP : 0;
}

/* Without its data, if that can be taken out; then it is in *content. */
static wasmtime_error_t *compile(struct engine *e, const uint8_t *wasm, size_t size, struct content *content,
                                 wasmtime_module_t **module)
{
    wasmtime_error_t *error = NULL;

    if (content_take(content, wasm, size)) {
        error = wasmtime_module_new(e->engine, content->module, content->module_size, module);
        if (!error)
            return NULL;
        /* Its code names segments, or it is wrong: then the error is to be about the module as it is. */
        wasmtime_error_delete(error);
        content_free(content);
    }
    return wasmtime_module_new(e->engine, wasm, size, module);
}

static int wt_compile(struct engine *e, const char *name, const uint8_t *wasm, size_t size, struct code **out,
                      struct err *err)
{
    wasmtime_module_t *module = NULL;
    wasmtime_error_t *error;
    struct content content;
    struct needs needs;
    int r;

    needs_read(&needs, wasm, size);
    r = check_needs(&needs, name, err);
    if (r < 0)
        return r;
    error = compile(e, wasm, size, &content, &module);
    if (error) {
        char why[512];

        wt_error_text(error, why, sizeof why, true);
        err_set(err, ERR_MODULE, "cannot run %s: it is not a valid WebAssembly module: %s", name, why);
        return err_hint(err, "build it again, or fetch it again if it was downloaded");
    }
    if (needs.unknown) {
        content_free(&content);
        wasmtime_module_delete(module);
        return err_set(err, ERR_MODULE, "cannot run %s: it does not say how much memory it needs", name);
    }
    *out = make_code(e, module, &needs, err);
    r = *out ? 0 : -ERR_SETUP;
    if (r == 0 && content.size)
        r = hold_content(*out, &content, err);
    content_free(&content);
    if (r < 0) {
        wt_free_code(*out);
        *out = NULL;
    }
    return r;
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
    trailer_make(&trailer, &c->needs, data.size, c->image.from, c->image.size);
    *size = trailer.image_at + c->image.size + sizeof trailer;
    *bytes = calloc(1, *size);
    if (*bytes) {
        memcpy(*bytes, data.data, data.size);
        if (c->image.size)
            memcpy(*bytes + trailer.image_at, c->image.bytes, c->image.size);
        memcpy(*bytes + trailer.image_at + c->image.size, &trailer, sizeof trailer);
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
        !trailer_is_valid(&trailer, (uint64_t)st.st_size))
        return err_set(err, ERR_SETUP, "cannot use the compiled module: it is incomplete");
    error = deserialize(e, fd, (size_t)st.st_size, &module);
    if (error) {
        char why[256];

        wt_error_text(error, why, sizeof why, true);
        return err_set(err, ERR_SETUP, "cannot use the compiled module: %s", why);
    }
    *out = make_code(e, module, &trailer.needs, err);
    if (!*out)
        return -ERR_SETUP;
    if (!trailer.image_size ||
        wt_image_open(&(*out)->image, fd, trailer.image_at, trailer.image_from, trailer.image_size) == 0)
        return 0;
    err_set(err, ERR_SETUP, "cannot use the compiled module: %s", strerror(errno));
    wt_free_code(*out);
    *out = NULL;
    return -ERR_SETUP;
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
