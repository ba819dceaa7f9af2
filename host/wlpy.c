#include "wlpy.h"

#include "cache.h"
#include "compiler.h"
#include "core/err.h"
#include "engine.h"
#include "module.h"
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const struct engine_ops *const ops = &engine_wasmtime;

const char *wlpy_engine_name(void)
{
    return ops->name;
}

/* One run, while it is prepared and done. */
struct job {
    struct wlpy_config config; /* with defaults filled in */
    struct wlpy_result *result;
    struct err *err;
    struct engine *engine;
    struct cache *cache;
    struct module *module;
    struct module_bytes wasm; /* where a snapshot is made of it */
    wasi wasi;
    int status;
};

static void note(const struct job *j, const char *text)
{
    if (j->config.on_note)
        j->config.on_note(j->config.on_note_arg, text);
}

/* Of two folders of the same name libc would find the later one; the guest need not know of the other. */
static bool is_hidden(const struct wlpy_config *config, size_t i)
{
    for (size_t k = i + 1; k < config->mount_count; k++)
        if (!strcmp(config->mounts[i].guest, config->mounts[k].guest))
            return true;
    return false;
}

/* Streams and folders. */
static int grant(struct job *j)
{
    const struct wlpy_config *c = &j->config;

    if (wasi_give_streams(&j->wasi) < 0)
        return err_set(j->err, ERR_SETUP, "cannot use a standard stream: %s", strerror(errno));
    for (size_t i = 0; i < c->mount_count; i++) {
        const struct wlpy_mount *m = &c->mounts[i];
        int fd = open(m->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0 && is_hidden(c, i))
            close(fd);
        else if (fd < 0 || wasi_give(&j->wasi, fd, m->guest, m->read_only, false) < 0) {
            err_set(j->err, ERR_SETUP, "cannot grant the folder %s as %s: %s", m->host, m->guest, strerror(errno));
            return err_hint(j->err, "name a folder that exists and that you may read");
        }
    }
    return 0;
}

static int check_limits(const struct wlpy_limits *limits, struct err *err)
{
    if (limits->stack < WLPY_MIN_STACK || limits->stack > WLPY_MAX_STACK) {
        err_set(err, ERR_SETUP, "cannot give a stack of %zu bytes", limits->stack);
        return err_hint(err, "it can be from 64K to 4G");
    }
    return 0;
}

static void fill_in(struct wlpy_limits *limits)
{
    if (!limits->stack)
        limits->stack = WLPY_DEFAULT_STACK;
    if (!limits->memory)
        limits->memory = WLPY_DEFAULT_MEMORY;
    if (!limits->compile_memory)
        limits->compile_memory = WLPY_DEFAULT_COMPILE_MEMORY;
    if (!limits->compile_seconds)
        limits->compile_seconds = WLPY_DEFAULT_COMPILE_SECONDS;
}

/* Opening the cache is never a reason not to run. */
static void open_cache(struct job *j)
{
    char identity[512];
    struct err why;

    if (!j->config.cache_dir)
        return;
    if (ops->identity(&j->config, identity, sizeof identity, &why) < 0 ||
        cache_open(j->config.cache_dir, identity, &j->cache, &why) < 0)
        note(j, why.text);
}

/* 0 if it was there. */
static int load_cached(struct job *j, const struct cache_key *key)
{
    struct err why;
    int fd = cache_get(j->cache, key), r;

    if (fd < 0)
        return -1;
    r = ops->load(j->engine, fd, &j->module, &why);
    close(fd);
    if (r < 0) {
        note(j, why.text);
        cache_drop(j->cache, key);
    }
    return r;
}

/* Keeps what was compiled apart and loads it from where it is kept, whose pages all that run it share. */
static int take_compiled(struct job *j, int fd, const struct cache_key *key)
{
    struct err why;
    struct stat st;
    void *bytes = MAP_FAILED;
    int r;

    if (j->cache && fstat(fd, &st) == 0)
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes != MAP_FAILED) {
        r = cache_put(j->cache, key, bytes, (size_t)st.st_size, &why);
        munmap(bytes, (size_t)st.st_size);
        if (r == 0 && load_cached(j, key) == 0)
            return 0;
        if (r < 0)
            note(j, why.text);
    }
    return ops->load(j->engine, fd, &j->module, j->err);
}

static int compile_apart(struct job *j, const struct module_bytes *wasm, const struct cache_key *key)
{
    int fd, r = compiler_start(&j->config, wasm, &fd, j->err);

    if (r < 0)
        return r;
    r = take_compiled(j, fd, key);
    close(fd);
    return r;
}

static int compile_here(struct job *j, const struct module_bytes *wasm, const struct cache_key *key)
{
    struct err why;
    uint8_t *compiled = NULL;
    size_t size;
    int r = ops->compile(j->engine, j->config.module, wasm->at, wasm->size, &j->module, j->err);

    if (r == 0 && j->cache &&
        (ops->save(j->module, &compiled, &size, &why) < 0 || cache_put(j->cache, key, compiled, size, &why) < 0))
        note(j, why.text);
    free(compiled);
    return r;
}

static int compile(struct job *j, const struct module_bytes *wasm, const struct cache_key *key)
{
    const struct wlpy_config *c = &j->config;
    int r;

    if (c->on_compile)
        c->on_compile(c->on_compile_arg, c->module, false);
    r = c->compiler ? compile_apart(j, wasm, key) : compile_here(j, wasm, key);
    if (c->on_compile)
        c->on_compile(c->on_compile_arg, c->module, true);
    return r;
}

/* The engine would take text as well, and compiled code: neither is wanted. */
static int check_header(const char *file, const struct module_bytes *wasm, struct err *err)
{
    if (wasm->size < 8 || memcmp(wasm->at, "\0asm", 4) != 0) {
        err_set(err, ERR_MODULE, "cannot run %s: it is not a WebAssembly file", file);
        return err_hint(err, "name a .wasm file");
    }
    if (memcmp(wasm->at + 4, "\1\0\0\0", 4) != 0) {
        err_set(err, ERR_MODULE, "cannot run %s: it is a component or of another version, not a core module", file);
        return err_hint(err, "build it for wasm32-wasip1");
    }
    return 0;
}

/* From the cache by what it contains, or compiled. */
static int load_bytes(struct job *j, const struct module_bytes *wasm, struct cache_key *key)
{
    if (j->cache)
        cache_key_of(j->cache, wasm->at, wasm->size, key);
    return j->cache && load_cached(j, key) == 0 ? 0 : compile(j, wasm, key);
}

/* For a snapshot the module is compiled with its tables exported, and its bytes are kept. */
static int load_for_snapshot(struct job *j)
{
    struct module_bytes prepared = {.fd = -1};
    struct cache_key key;
    uint8_t *bytes;
    size_t size;
    int r = snapshot_prepare(j->wasm.at, j->wasm.size, &bytes, &size, j->err);

    if (r < 0)
        return r;
    r = module_hold(&prepared, bytes, size, j->err);
    free(bytes);
    if (r == 0)
        r = load_bytes(j, &prepared, &key);
    module_release(&prepared);
    return r;
}

static int load_from(struct job *j, int fd)
{
    const char *file = j->config.module;
    struct timespec asked = {0};
    struct cache_key key;
    struct stat st;
    int r;

    clock_gettime(CLOCK_REALTIME, &asked);
    if (fstat(fd, &st) < 0)
        return err_set(j->err, ERR_MISSING, "cannot read %s: %s", file, strerror(errno));
    if (!S_ISREG(st.st_mode)) {
        err_set(j->err, ERR_MODULE, "cannot run %s: it is %s", file,
                S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
        return err_hint(j->err, "name the .wasm file");
    }
    if (!j->config.snapshot && cache_recall(j->cache, &st, &key) && load_cached(j, &key) == 0)
        return 0;
    r = module_read(&j->wasm, fd, &st, file, j->err);
    if (r == 0)
        r = check_header(file, &j->wasm, j->err);
    if (r < 0)
        return r;
    if (j->config.snapshot)
        return load_for_snapshot(j);
    r = load_bytes(j, &j->wasm, &key);
    if (r == 0)
        cache_remember(j->cache, &st, &asked, &key);
    module_release(&j->wasm);
    return r;
}

static int load(struct job *j)
{
    /* (A pipe that nobody writes to would not be opened, ever.) */
    int fd = open(j->config.module, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;

    if (fd < 0) {
        err_set(j->err, ERR_MISSING, "cannot read %s: %s", j->config.module, strerror(errno));
        return err_hint(j->err, "name a .wasm file that exists and that you may read");
    }
    r = load_from(j, fd);
    close(fd);
    return r;
}

static void *run_thread(void *arg)
{
    struct job *j = arg;

    j->status = ops->run(j->engine, j->module, &j->config, &j->wasi, &j->wasm, j->result, j->err);
    return NULL;
}

/* The guest runs on a thread of its own: the process's first thread has the stack that the shell's limits gave it. */
static int run(struct job *j)
{
    pthread_attr_t attr;
    pthread_t thread;
    int r;

    pthread_attr_init(&attr);
    r = pthread_attr_setstacksize(&attr, j->config.limits.stack + engine_spare_stack);
    if (r == 0)
        r = pthread_create(&thread, &attr, run_thread, j);
    pthread_attr_destroy(&attr);
    if (r != 0) {
        err_set(j->err, ERR_SETUP, "cannot start a thread with a stack of %zu KiB: %s", j->config.limits.stack >> 10,
                strerror(r));
        return err_hint(j->err, "give a smaller --max-wasm-stack, or raise the limit of memory (ulimit -v)");
    }
    pthread_join(thread, NULL);
    return j->status;
}

int wlpy_run(const struct wlpy_config *config, struct wlpy_result *result, struct err *err)
{
    struct job j = {.config = *config,
                    .result = result,
                    .err = err,
                    .wasm = {.fd = -1},
                    .wasi = {.args = config->argv,
                             .args_n = config->argc,
                             .environ = config->env,
                             .environ_n = config->envc,
                             .output_left = UINT64_MAX}};
    int r;

    memset(result, 0, sizeof *result);
    memset(err, 0, sizeof *err);
    fill_in(&j.config.limits);
    r = check_limits(&j.config.limits, err);
    if (r == 0)
        r = grant(&j);
    if (r == 0)
        r = ops->open(&j.config, &j.engine, err);
    if (r == 0) {
        open_cache(&j);
        r = load(&j);
    }
    if (r == 0)
        r = run(&j);
    ops->free_module(j.module);
    cache_close(j.cache);
    ops->close(j.engine);
    module_release(&j.wasm);
    wasi_free(&j.wasi);
    return r;
}

bool wlpy_is_compiler(int argc, char **argv)
{
    return compiler_is_asked(argc, argv);
}

int wlpy_compile(int argc, char **argv)
{
    return compiler_main(ops, argc, argv);
}

void wlpy_result_free(struct wlpy_result *result)
{
    free(result->backtrace);
    result->backtrace = NULL;
}
