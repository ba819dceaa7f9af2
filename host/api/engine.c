/* Engines. */
#include "api/internal.h"

#include "engine/engines.h"

#include <stdlib.h>
#include <string.h>

const struct engine_ops *const api_ops = &engine_wasmtime;

const char *wlpy_engine_name(void)
{
    return api_ops->name;
}

/* ---- engines ---- */

/* Opening the cache is never a reason not to run. */
static void open_cache(struct wlpy_engine *e)
{
    char identity[512];
    struct err why;

    if (!e->config.cache_dir)
        return;
    api_ops->identity(&e->loader.settings, identity, sizeof identity);
    if (cache_open(e->config.cache_dir, identity, &e->cache, &why) < 0 && e->config.on_note)
        e->config.on_note(e->config.on_note_arg, why.text);
}

static int open_wasmtime(struct wlpy_engine *e, struct err *err)
{
    /* All that can be called; the argument of each is the run's struct wasi (run.c). */
    static const struct host_calls *const calls = &wasi_calls;
    const struct wlpy_engine_config *c = &e->config;
    int r;

    e->loader = (struct loader){.ops = api_ops,
                                .settings = {.quick = c->quick,
                                             .stoppable = !c->unstoppable,
                                             .instances = c->instances,
                                             .stack = c->stack ? c->stack : LIMITS_DEFAULT_STACK},
                                .compiler = c->compiler,
                                .limits = &e->limits,
                                .calls = calls,
                                .calls_n = 1,
                                .on_compile = c->on_compile,
                                .on_compile_arg = c->on_compile_arg,
                                .on_note = c->on_note,
                                .on_note_arg = c->on_note_arg};
    r = api_ops->open(&e->loader.settings, &e->engine, err);
    if (r < 0)
        return r;
    open_cache(e);
    e->loader.engine = e->engine;
    e->loader.cache = e->cache;
    return 0;
}

/* (Most of what it takes is wasted on a process that runs native programs only.) */
int api_open_wasmtime(struct wlpy_engine *e, struct err *err)
{
    int r = 0;

    pthread_mutex_lock(&e->lock);
    if (!e->engine)
        r = open_wasmtime(e, err);
    pthread_mutex_unlock(&e->lock);
    return r;
}

static int set_up(struct wlpy_engine *e, const struct wlpy_engine_config *config, struct err *err)
{
    struct wlpy_engine_config *c = &e->config;

    if (config && api_take(c, sizeof *c, config, "wlpy_engine_config", err) < 0)
        return -ERR_SETUP;
    if (c->stack && (c->stack < LIMITS_MIN_STACK || c->stack > LIMITS_MAX_STACK)) {
        err_set(err, ERR_SETUP, "cannot give a stack of %zu bytes", c->stack);
        return err_hint(err, "it can be from 64K to 4G");
    }
    e->limits = (struct limits)LIMITS_DEFAULTS;
    if (c->compile_memory)
        e->limits.compile_memory = c->compile_memory;
    if (c->compile_seconds)
        e->limits.compile_seconds = c->compile_seconds;
    return 0;
}

int wlpy_engine_new(const struct wlpy_engine_config *config, struct wlpy_engine **engine, struct wlpy_err *err)
{
    struct wlpy_engine *e;
    struct err why;

    if (!engine)
        return api_null("the place for an engine", err);
    *engine = NULL;
    e = calloc(1, sizeof *e);
    if (!e)
        return api_out_of_memory(err);
    pthread_mutex_init(&e->lock, NULL);
    if (set_up(e, config, &why) < 0) {
        wlpy_engine_free(e);
        return api_err(&why, err);
    }
    *engine = e;
    return 0;
}

void wlpy_engine_free(struct wlpy_engine *e)
{
    if (!e)
        return;
    cache_close(e->cache);
    api_ops->close(e->engine);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

int wlpy_compile(struct wlpy_engine *engine, const char *name, const void *wasm, size_t size, void **code,
                 size_t *code_size, struct wlpy_err *err)
{
    struct code *compiled = NULL;
    uint8_t *bytes = NULL;
    struct err why;
    int r;

    if (!engine || !name || !wasm || !code || !code_size)
        return api_null("an argument of wlpy_compile", err);
    *code = NULL;
    r = api_open_wasmtime(engine, &why);
    if (r == 0)
        r = api_ops->compile(engine->engine, name, wasm, size, &compiled, &why);
    if (r == 0)
        r = api_ops->save(compiled, &bytes, code_size, &why);
    api_ops->free_code(compiled);
    *code = bytes;
    return r < 0 ? api_err(&why, err) : 0;
}
