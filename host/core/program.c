#include "core/program.h"

#include "core/atomic_file.h"
#include "core/compiler.h"
#include "core/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* One program, while it is loaded. */
struct loading {
    const struct loader *l;
    const char *file;
    struct program *p;
    struct err *err;
};

static void note(const struct loading *j, const struct err *why)
{
    if (j->l->on_note)
        j->l->on_note(j->l->on_note_arg, why->text);
}

/* 0 if it was found. */
static int load_cached(const struct loading *j, const struct cache_key *key)
{
    struct err why;
    int fd = cache_get(j->l->cache, key), r;

    if (fd < 0)
        return -1;
    r = j->l->ops->load(j->l->engine, fd, &j->p->code, &why);
    if (r == 0) {
        j->p->file = fd;
        return 0;
    }
    close(fd);
    note(j, &why);
    cache_drop(j->l->cache, key);
    return r;
}

/* Stores a module that was compiled apart, and loads it from the cache, so that all its users share the pages. */
static int take_compiled(const struct loading *j, int fd, const struct cache_key *key)
{
    struct err why;
    struct stat st;
    void *bytes = MAP_FAILED;
    int r;

    if (j->l->cache && fstat(fd, &st) == 0)
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes != MAP_FAILED) {
        r = cache_put(j->l->cache, key, bytes, (size_t)st.st_size, &why);
        munmap(bytes, (size_t)st.st_size);
        if (r == 0 && load_cached(j, key) == 0)
            return 0;
        if (r < 0)
            note(j, &why);
    }
    r = j->l->ops->load(j->l->engine, fd, &j->p->code, j->err);
    if (r == 0)
        j->p->file = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return r;
}

static int compile_apart(const struct loading *j, const struct module_bytes *wasm, const struct cache_key *key)
{
    const struct compiler c = {.path = j->l->compiler,
                               .name = j->file,
                               .limits = j->l->limits,
                               .quick = j->l->settings.quick,
                               .stoppable = j->l->settings.stoppable};
    int fd, r = compiler_run(&c, wasm, &fd, j->err);

    if (r < 0)
        return r;
    r = take_compiled(j, fd, key);
    close(fd);
    return r;
}

static int compile_here(const struct loading *j, const struct module_bytes *wasm, const struct cache_key *key)
{
    const struct engine_ops *ops = j->l->ops;
    struct err why;
    uint8_t *compiled = NULL;
    size_t size;
    int r = ops->compile(j->l->engine, j->file, wasm->at, wasm->size, &j->p->code, j->err);

    if (r == 0 && j->l->cache &&
        (ops->save(j->p->code, &compiled, &size, &why) < 0 || cache_put(j->l->cache, key, compiled, size, &why) < 0))
        note(j, &why);
    free(compiled);
    return r;
}

static int compile(const struct loading *j, const struct module_bytes *wasm, const struct cache_key *key)
{
    const struct loader *l = j->l;
    int r;

    if (l->on_compile)
        l->on_compile(l->on_compile_arg, j->file, false);
    r = l->compiler ? compile_apart(j, wasm, key) : compile_here(j, wasm, key);
    if (l->on_compile)
        l->on_compile(l->on_compile_arg, j->file, true);
    return r;
}

/* Engines also accept text and compiled code; we want neither. */
static int check_header(const struct loading *j, const struct module_bytes *wasm)
{
    if (wasm->size < 8 || memcmp(wasm->at, "\0asm", 4) != 0) {
        err_set(j->err, ERR_MODULE, "cannot run %s: it is not a WebAssembly file", j->file);
        return err_hint(j->err, "name a .wasm file");
    }
    if (memcmp(wasm->at + 4, "\1\0\0\0", 4) != 0) {
        err_set(j->err, ERR_MODULE, "cannot run %s: it is a component or of another version, not a core module",
                j->file);
        return err_hint(j->err, "build it for wasm32-wasip1");
    }
    return 0;
}

/* From the cache by content, or compiled. */
static int load_bytes(const struct loading *j, const struct module_bytes *wasm)
{
    struct cache_key *key = &j->p->key;

    cache_key_of(j->l->cache, wasm->at, wasm->size, key);
    return j->l->cache && load_cached(j, key) == 0 ? 0 : compile(j, wasm, key);
}

/* For a snapshot the module is compiled with its tables exported, and its bytes are kept. */
static int load_for_snapshot(const struct loading *j, const struct module_bytes *wasm)
{
    struct module_bytes prepared = {.fd = -1};
    uint8_t *bytes;
    size_t size;
    int r = snapshot_prepare(wasm->at, wasm->size, &bytes, &size, j->err);

    if (r < 0)
        return r;
    r = module_hold(&prepared, bytes, size, j->err);
    free(bytes);
    if (r == 0)
        r = load_bytes(j, &prepared);
    module_release(&prepared);
    return r;
}

static int load_open(const struct loading *j, int fd, bool for_snapshot)
{
    struct module_bytes *wasm = &j->p->bytes;
    struct cache_key *key = &j->p->key;
    struct timespec asked = {0};
    struct stat st;
    int r;

    clock_gettime(CLOCK_REALTIME, &asked);
    if (fstat(fd, &st) < 0)
        return err_set(j->err, ERR_MISSING, "cannot read %s: %s", j->file, strerror(errno));
    if (!S_ISREG(st.st_mode)) {
        err_set(j->err, ERR_MODULE, "cannot run %s: it is %s", j->file,
                S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
        return err_hint(j->err, "name the .wasm file");
    }
    if (!for_snapshot && cache_recall(j->l->cache, &st, key) && load_cached(j, key) == 0)
        return 0;
    r = module_read(wasm, fd, &st, j->file, j->err);
    if (r == 0)
        r = check_header(j, wasm);
    if (r < 0)
        return r;
    if (for_snapshot)
        return load_for_snapshot(j, wasm);
    r = load_bytes(j, wasm);
    if (r == 0)
        cache_remember(j->l->cache, &st, &asked, key);
    module_release(wasm);
    return r;
}

static int link_it(const struct loading *j, int r)
{
    if (r == 0)
        r = j->l->ops->link(j->l->engine, j->p->code, j->file, j->l->calls, j->l->calls_n, j->err);
    if (r < 0)
        program_free(j->p, j->l->ops);
    return r;
}

int program_load(struct program *p, const struct loader *l, const char *file, bool for_snapshot, struct err *err)
{
    const struct loading j = {.l = l, .file = file, .p = p, .err = err};
    /* (A pipe that nobody writes to would never be opened.) */
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;

    *p = (struct program){.bytes = {.fd = -1}, .file = -1};
    if (fd < 0) {
        err_set(err, ERR_MISSING, "cannot read %s: %s", file, strerror(errno));
        return err_hint(err, "name a .wasm file that exists and that you may read");
    }
    r = load_open(&j, fd, for_snapshot);
    close(fd);
    return link_it(&j, r);
}

int program_from_bytes(struct program *p, const struct loader *l, const char *name, const void *bytes, size_t size,
                       struct err *err)
{
    const struct loading j = {.l = l, .file = name, .p = p, .err = err};
    const struct module_bytes given = {.fd = -1, .at = bytes, .size = size};
    struct module_bytes held = {.fd = -1};
    struct cache_key *key = &p->key;
    int r = 0;

    *p = (struct program){.bytes = {.fd = -1}, .file = -1};
    if (size > MODULE_MAX_BYTES)
        return err_set(err, ERR_MODULE, "cannot run %s: it has more than 1 GiB", name);
    r = check_header(&j, &given);
    if (r < 0)
        return r;
    cache_key_of(l->cache, bytes, size, key);
    if (l->cache && load_cached(&j, key) == 0)
        return link_it(&j, 0);
    /* (Another process, which compiles it, gets a file.) */
    if (l->compiler)
        r = module_hold(&held, bytes, size, err);
    if (r == 0)
        r = compile(&j, l->compiler ? &held : &given, key);
    module_release(&held);
    return link_it(&j, r);
}

int program_from_code(struct program *p, const struct loader *l, const char *name, int fd, struct err *err)
{
    const struct loading j = {.l = l, .file = name, .p = p, .err = err};

    *p = (struct program){.bytes = {.fd = -1}, .file = -1};
    p->file = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return link_it(&j, l->ops->load(l->engine, fd, &p->code, err));
}

int program_code(const struct program *p, const struct loader *l, struct err *err)
{
    uint8_t *bytes = NULL;
    size_t size;
    int fd = p->file >= 0 ? fcntl(p->file, F_DUPFD_CLOEXEC, 0) : -1;

    if (fd >= 0)
        return fd;
    if (l->ops->save(p->code, &bytes, &size, err) < 0)
        return -1;
    fd = memory_file("compiled");
    if (fd < 0 || write_all(fd, bytes, size) < 0) {
        err_set(err, ERR_SETUP, "cannot keep compiled code for other processes: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    free(bytes);
    return fd;
}

bool program_is(const struct program *p, const struct loader *l, const uint8_t *wasm, size_t size)
{
    struct cache_key key;

    cache_key_of(l->cache, wasm, size, &key);
    return !strcmp(key.hex, p->key.hex);
}

void program_free(struct program *p, const struct engine_ops *ops)
{
    ops->free_code(p->code);
    p->code = NULL;
    if (p->file >= 0)
        close(p->file);
    p->file = -1;
    module_release(&p->bytes);
}
