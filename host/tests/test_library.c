/* libwlpy as the program around it meets it: what it reads, what it divides, and what it leaves alone. */
#include "core/module.h"
#include "core/needs.h"
#include "core/snapshot.h"
#include "wlpy.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wasmtime.h>

#include <cmocka.h>

static char dir[64];
static struct err err;
static struct wlpy_err why;

/* In place of libc's, for all that is linked here: a library has no business changing it, as other threads make files.
 */
mode_t umask(mode_t mask)
{
    (void)mask;
    fail_msg("the library changes the umask");
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/wl-run-library-XXXXXX");
    return mkdtemp(dir) ? chdir(dir) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return chdir("/") < 0 ? -1 : nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void to_binary(const char *text, wasm_byte_vec_t *binary)
{
    wasmtime_error_t *error = wasmtime_wat2wasm(text, strlen(text), binary);
    wasm_byte_vec_t message;

    if (!error)
        return;
    wasmtime_error_message(error, &message);
    fail_msg("%.*s", (int)message.size, message.data);
}

static void put_file(const char *name, const void *data, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
}

/* A program that exits with a status. */
static void program(int status, wasm_byte_vec_t *binary)
{
    char text[256];

    snprintf(text, sizeof text,
             "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $e (param i32)))"
             " (func (export \"_start\") (call $e (i32.const %d))))",
             status);
    to_binary(text, binary);
}

/* One run, with an engine of its own. */
struct setup {
    struct wlpy_engine_config engine;
    struct wlpy_run_config run;
    const char *module, *entry, *snapshot;
};

static int run(const struct setup *s, struct wlpy_result *result)
{
    static const char *const argv[] = {"program"};
    struct wlpy_run_config config = s->run;
    struct wlpy_program *program = NULL;
    struct wlpy_engine *engine;
    int r;

    config.argv = argv;
    config.argc = 1;
    memset(result, 0, sizeof *result);
    assert_int_equal(wlpy_engine_new(&s->engine, &engine, &why), 0);
    if (s->snapshot) {
        r = wlpy_snapshot(engine, s->module, s->entry, s->snapshot, &config, result, &why);
    } else {
        r = wlpy_program_load(engine, s->module, &program, &why);
        if (r == 0)
            r = wlpy_run(program, &config, result, &why);
    }
    wlpy_result_free(result);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    return r;
}

/* ---- what is hashed is what is compiled ---- */

struct swap {
    const wasm_byte_vec_t *with;
    unsigned times;
};

/* As a build that writes the same file again: in place, between hashing and compiling. */
static void swap_file(void *arg, const char *module, bool done)
{
    struct swap *s = arg;

    if (done)
        return;
    put_file(module, s->with->data, s->with->size);
    s->times++;
}

static void test_a_file_that_changes_while_it_is_compiled(void **state)
{
    wasm_byte_vec_t first, second, nothing = {0};
    struct setup config = {.module = "module.wasm", .engine.cache_dir = "cache", .engine.on_compile = swap_file};
    struct wlpy_result result;
    struct swap swap = {.with = &second};

    (void)state;
    program(3, &first);
    program(4, &second);
    assert_int_equal(first.size, second.size);
    put_file("module.wasm", first.data, first.size);
    config.engine.on_compile_arg = &swap;
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(swap.times, 1);
    assert_int_equal(result.status, 3);
    /* What the cache has under the first one's bytes is the first one. */
    config.engine.on_compile = NULL;
    put_file("again.wasm", first.data, first.size);
    config.module = "again.wasm";
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(result.status, 3);
    config.module = "module.wasm";
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(result.status, 4);
    /* One that is cut off meanwhile. */
    wasm_byte_vec_delete(&first);
    program(5, &first);
    put_file("module.wasm", first.data, first.size);
    swap.with = &nothing;
    config.engine.on_compile = swap_file;
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(result.status, 5);
    wasm_byte_vec_delete(&first);
    wasm_byte_vec_delete(&second);
}

static void test_a_file_that_changes_while_it_is_read(void **state)
{
    static uint8_t bytes[100000];
    const struct timespec tick = {.tv_nsec = 20000000};
    struct module_bytes m = {.fd = -1};
    struct stat st;
    int fd;

    (void)state;
    put_file("module", bytes, sizeof bytes);
    fd = open("module", O_RDWR);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(module_read(&m, fd, &st, "module", &err), 0);
    assert_int_equal(m.size, sizeof bytes);
    assert_int_equal(ftruncate(fd, 10), 0);
    assert_memory_equal(m.at, bytes, sizeof bytes);
    /* Nobody can change it: not the process that compiles it, either. */
    assert_int_equal(pwrite(m.fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(m.fd, 1), -1);
    module_release(&m);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(module_read(&m, fd, &st, "module", &err), -ERR_MISSING);
    assert_non_null(strstr(err.text, "module: it changed meanwhile"));
    assert_null(m.at);
    /* Of the same size, but written to. */
    assert_int_equal(ftruncate(fd, sizeof bytes), 0);
    assert_int_equal(fstat(fd, &st), 0);
    nanosleep(&tick, NULL);
    assert_int_equal(pwrite(fd, "x", 1, 0), 1);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(module_read(&m, fd, &st, "module", &err), -ERR_MISSING);
    /* More than is taken. */
    assert_int_equal(ftruncate(fd, (off_t)MODULE_MAX_BYTES + 1), 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(module_read(&m, fd, &st, "module", &err), -ERR_MODULE);
    assert_non_null(strstr(err.text, "more than 1 GiB"));
    close(fd);
}

/* ---- the process that compiles, and what it has made ---- */

/* What this process ignores, as in the background of a script or under nohup, is ignored there, too. */
static void test_signals_of_the_compiler(void **state)
{
    static const char script[] = "#!/bin/sh\ngrep SigIgn /proc/self/status >&2\n";
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ};
    struct setup config = {.module = "module.wasm", .engine.compiler = "./compiler"};
    struct wlpy_result result;
    void (*before[5])(int);
    wasm_byte_vec_t binary;
    const char *told;
    uint64_t mask = 0;

    (void)state;
    program(0, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    put_file("compiler", script, sizeof script - 1);
    assert_int_equal(chmod("compiler", 0755), 0);
    for (size_t i = 0; i < 5; i++) {
        before[i] = signal(ignored[i], SIG_IGN);
        mask |= UINT64_C(1) << (ignored[i] - 1);
    }
    assert_int_equal(run(&config, &result), -WLPY_E_SETUP);
    for (size_t i = 0; i < 5; i++)
        signal(ignored[i], before[i]);
    told = strstr(why.text, "SigIgn: ");
    assert_non_null(told);
    assert_int_equal(strtoull(told + 8, NULL, 16) & mask, 1 << (SIGHUP - 1) | 1 << (SIGINT - 1) | 1 << (SIGQUIT - 1));
}

static void keep_note(void *arg, const char *text)
{
    snprintf(arg, 256, "%s", text);
}

/* Where no /proc names a descriptor. 77: this process may not hide it. */
static void test_a_compiled_module_without_proc(void **state)
{
    char note[256] = "";
    struct setup config = {
        .module = "module.wasm", .engine.cache_dir = "kept", .engine.on_note = keep_note, .engine.on_note_arg = note};
    struct wlpy_result result;
    wasm_byte_vec_t binary;
    pid_t pid;
    int status;

    (void)state;
    program(7, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(run(&config, &result), 0);
    assert_string_equal(note, "");
    pid = fork();
    if (pid == 0) {
        if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("none", "/proc", "tmpfs", 0, NULL) < 0)
            _exit(77);
        alarm(60); /* the engine's threads are not here: what would be compiled again would wait for them */
        status = run(&config, &result) == 0 && !*note ? result.status : 1;
        if (*note)
            fprintf(stderr, "%s\n", note);
        _exit(status);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 7);
}

/* ---- snapshots ---- */

static const char counting[] =
    "(module (memory (export \"memory\") 1) (table 3 6 funcref) (elem (i32.const 0) $a $a)"
    " (func $a) (func $b)"
    " (func (export \"same\") (i32.store (i32.const 0) (i32.const 7))"
    "  (table.set (i32.const 0) (ref.func $a)))"
    " (func (export \"set\") (table.set (i32.const 0) (ref.func $b)))"
    " (func (export \"clear\") (table.set (i32.const 1) (ref.null func)))"
    " (func (export \"grow\") (drop (table.grow (ref.null func) (i32.const 1))))"
    " (elem declare func $b)"
    " (func (export \"_start\") (if (i32.eqz (i32.load (i32.const 0))) (then unreachable))))";

static void test_tables_of_a_snapshot(void **state)
{
    static const char *const changing[] = {"set", "clear", "grow"};
    struct setup config = {.module = "module.wasm", .snapshot = "snapshot.wasm", .engine.cache_dir = "cache"};
    struct wlpy_result result;
    wasm_byte_vec_t binary;

    (void)state;
    to_binary(counting, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++) {
        config.entry = changing[i];
        assert_int_equal(run(&config, &result), -WLPY_E_MODULE);
        assert_non_null(strstr(why.text, "module.wasm: it has changed a table"));
        assert_int_equal(access("snapshot.wasm", F_OK), -1);
    }
    config.entry = "same";
    assert_int_equal(run(&config, &result), 0);
    /* It has only the exports that it had. */
    config = (struct setup){.module = "snapshot.wasm"};
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(result.end, WLPY_EXITED);
    assert_int_equal(system("! grep -q 'wl-run table' snapshot.wasm"), 0);
}

/* One that is not the stack pointer, or is not put back. */
static void test_the_global_of_a_snapshot(void **state)
{
    static const char text[] = "(module (memory (export \"memory\") 1) (global i32 (i32.const 1))"
                               " (global $g (mut i64) (i64.const 5))"
                               " (func (export \"same\") (global.set $g (i64.const 6)) (global.set $g (i64.const 5)))"
                               " (func (export \"set\") (global.set $g (i64.const 4294967301)))"
                               " (func (export \"_start\")))";
    struct setup config = {.module = "module.wasm", .snapshot = "snapshot.wasm", .entry = "set"};
    struct wlpy_result result;
    wasm_byte_vec_t binary;

    (void)state;
    unlink("snapshot.wasm");
    to_binary(text, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(run(&config, &result), -WLPY_E_MODULE);
    assert_non_null(strstr(why.text, "module.wasm: it has changed a global"));
    assert_int_equal(access("snapshot.wasm", F_OK), -1);
    config.entry = "same";
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(system("! grep -q 'wl-run' snapshot.wasm"), 0);
}

/* What runs of it before the call counts, too. */
static void test_a_snapshot_after_other_calls(void **state)
{
    static const char text[] =
        "(module (memory (export \"memory\") 1) (table 1 2 funcref)"
        " (func (export \"wl_interrupt_cells\") (result i32) (table.grow (ref.null func) (i32.const 1)))"
        " (func (export \"nothing\")) (func (export \"_start\")))";
    struct setup config = {
        .module = "module.wasm", .snapshot = "snapshot.wasm", .entry = "nothing", .run.control = wlpy_control_new()};
    struct wlpy_result result;
    wasm_byte_vec_t binary;

    (void)state;
    unlink("snapshot.wasm");
    to_binary(text, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(run(&config, &result), -WLPY_E_MODULE);
    assert_non_null(strstr(why.text, "module.wasm: it has changed a table"));
    assert_int_equal(access("snapshot.wasm", F_OK), -1);
    wlpy_control_free(config.run.control);
}

static void test_the_mode_of_a_snapshot(void **state)
{
    struct setup config = {.module = "module.wasm", .snapshot = "snapshot.wasm", .entry = "same"};
    struct wlpy_result result;
    wasm_byte_vec_t binary;
    struct stat st;

    (void)state;
    to_binary(counting, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(stat("snapshot.wasm", &st), 0);
    put_file("other", "", 0);
    {
        struct stat other;

        assert_int_equal(stat("other", &other), 0);
        assert_int_equal(st.st_mode, other.st_mode);
    }
}

/* Of a module without exports, and of one that is broken. */
static void test_preparing_a_snapshot(void **state)
{
    static const uint8_t broken[] = "\0asm\1\0\0\0\4\4\1\160\0\2\7\200";
    wasm_byte_vec_t binary;
    uint8_t *bytes;
    size_t size;

    (void)state;
    to_binary("(module (table 1 funcref) (table 1 funcref) (elem (i32.const 0) func 0) (func))", &binary);
    assert_int_equal(snapshot_prepare((const uint8_t *)binary.data, binary.size, &bytes, &size, &err), 0);
    assert_non_null(memmem(bytes, size, "wl-run table 1", 14));
    assert_null(memmem(bytes, size, "wl-run table 2", 14));
    assert_null(memmem(bytes, size, "wl-run variable", 15));
    free(bytes);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(snapshot_prepare(broken, sizeof broken - 1, &bytes, &size, &err), 0);
    assert_int_equal(size, sizeof broken - 1);
    assert_memory_equal(bytes, broken, size);
    free(bytes);
}

/* ---- what a module needs ---- */

static struct needs needs_of(const char *text)
{
    wasm_byte_vec_t binary;
    struct needs n;

    to_binary(text, &binary);
    needs_read(&n, (const uint8_t *)binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    return n;
}

/* What all of it can become together. */
static uint64_t sum(const struct needs *n, const struct share *s)
{
    uint64_t bytes = s->memory * (n->throws ? 2 : 1);

    for (uint32_t i = 0; i < n->tables; i++) {
        uint64_t most = n->table[i].max < s->elements ? n->table[i].max : s->elements;

        bytes += most * (n->table[i].max == n->table[i].min ? 8 : 16);
    }
    return bytes;
}

static void test_needs(void **state)
{
    struct needs n = needs_of("(module (table 7 funcref) (table 10 20 externref) (table 3 3 (ref null func))"
                              " (table 2 2 (ref func) (ref.func $f)) (memory 5 9) (tag) (func $f))");

    (void)state;
    assert_int_equal(n.unknown, 0);
    assert_int_equal(n.tables, 4);
    assert_int_equal(n.table[0].min, 7);
    assert_int_equal(n.table[0].max, UINT32_MAX);
    assert_int_equal(n.table[1].min, 10);
    assert_int_equal(n.table[1].max, 20);
    assert_int_equal(n.table[2].max, 3);
    assert_int_equal(n.table[3].min, 2);
    assert_int_equal(n.memories, 1);
    assert_int_equal(n.pages, 5);
    assert_int_equal(n.throws, 1);
    assert_int_equal(needs_of("(module (memory 1) (memory 1))").memories, 2);
    assert_int_equal(needs_of("(module (memory i64 1))").unknown, 1);
    assert_int_equal(needs_of("(module (table i64 1 funcref))").unknown, 1);
    needs_read(&n, (const uint8_t *)"\0asm\1\0\0\0\4\5\1", 11);
    assert_int_equal(n.unknown, 1);
    needs_read(&n, (const uint8_t *)"\0asm\1\0\0\0\4\4\377\377\377\377", 14);
    assert_int_equal(n.unknown, 1);
}

static void test_shares(void **state)
{
    static const struct {
        const char *text;
        uint64_t limit;
        bool fits;
    } cases[] = {
        {"(module (memory 1))", 65536, true},
        {"(module (memory 1))", 65535, false},
        {"(module (memory 0))", 0, true},
        {"(module (memory 1) (table 10 10 funcref))", 65536 + 80, true},
        {"(module (memory 1) (table 10 10 funcref))", 65536 + 79, false},
        {"(module (memory 1) (table 10 funcref))", 65536 + 160, true},
        {"(module (memory 1) (table 10 funcref))", 65536 + 159, false},
        {"(module (memory 1) (table 10 funcref))", 1 << 20, true},
        {"(module (memory 1) (table 0 funcref) (table 5 externref) (table 1000 2000 funcref) (table 10 10 funcref))",
         1 << 20, true},
        {"(module (memory 1) (table 0 0xffffffff funcref) (table 0xffffffff externref))", UINT64_C(1) << 40, true},
        {"(module (memory 1) (table 0 0xffffffff funcref) (table 10000000 externref))", UINT64_C(64) << 20, false},
        {"(module (memory 1) (tag))", 2 * 65536, true},
        {"(module (memory 1) (tag))", 2 * 65536 - 1, false},
        {"(module (table 0 funcref) (table 0 funcref) (table 0 funcref) (table 0 funcref))", 1 << 16, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct needs n = needs_of(cases[i].text);
        struct share share = {0};
        bool fits = needs_share(&n, cases[i].limit, &share);

        if (fits != cases[i].fits || (fits && sum(&n, &share) > cases[i].limit))
            fail_msg("%s in %ju: %d, %ju + %ju elements", cases[i].text, (uintmax_t)cases[i].limit, fits,
                     (uintmax_t)share.memory, (uintmax_t)share.elements);
        for (uint32_t k = 0; fits && k < n.tables; k++)
            assert_true(share.elements >= n.table[k].min);
    }
    {
        /* Room for growing is left. */
        struct needs n = needs_of("(module (memory 1) (table 1 funcref))");
        struct share share;

        assert_true(needs_share(&n, UINT64_C(64) << 20, &share));
        assert_true(share.elements > 100000);
        assert_true(share.memory > UINT64_C(56) << 20);
    }
}

/* ---- runs ---- */

/* Copies its input to its output, as much as it is given, and exits with how often it has read. */
static const char copying[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_read\" (func $r (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_write\" (func $w (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $e (param i32)))"
    " (memory (export \"memory\") 1) (global $n (mut i32) (i32.const 0))"
    " (func (export \"_start\") (loop $l"
    "  (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 16))"
    "  (if (call $r (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $e (i32.const 99))))"
    "  (global.set $n (i32.add (global.get $n) (i32.const 1)))"
    "  (i32.store (i32.const 4) (i32.load (i32.const 8)))"
    "  (if (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)) (then (call $e (i32.const 98))))"
    "  (br_if $l (i32.load (i32.const 8)))) (call $e (global.get $n))))";

static const char spinning[] = "(module (memory (export \"memory\") 1) (func (export \"_start\") (loop $l (br $l))))";

static struct wlpy_program *load(struct wlpy_engine *engine, const char *text)
{
    struct wlpy_program *program;
    wasm_byte_vec_t binary;

    to_binary(text, &binary);
    put_file("run.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
    assert_int_equal(wlpy_program_load(engine, "run.wasm", &program, &why), 0);
    return program;
}

static struct wlpy_engine *stoppable(void)
{
    const struct wlpy_engine_config config = {.stoppable = true};
    struct wlpy_engine *engine;

    assert_int_equal(wlpy_engine_new(&config, &engine, &why), 0);
    return engine;
}

struct told {
    char text[64];
    size_t n;
};

static ssize_t tell(void *arg, const void *from, size_t n)
{
    struct told *t = arg;

    assert_true(t->n + n <= sizeof t->text);
    memcpy(t->text + t->n, from, n);
    t->n += n;
    return (ssize_t)n;
}

static ssize_t refuse(void *arg, void *to, size_t n)
{
    (void)arg;
    (void)to;
    (void)n;
    errno = EAGAIN;
    return -1;
}

static void test_streams(void **state)
{
    struct wlpy_engine *engine = stoppable();
    struct wlpy_program *program = load(engine, copying);
    struct told told = {.n = 0};
    struct wlpy_run_config config = {.in = {.kind = WLPY_MEMORY, .bytes = "twenty bytes of text", .size = 20},
                                     .out = {.kind = WLPY_MEMORY}};
    struct wlpy_result result;

    (void)state;
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.status, 3);
    assert_false(result.returned);
    assert_int_equal(result.out_size, 20);
    assert_memory_equal(result.out, "twenty bytes of text", 20);
    assert_int_equal(result.err_size, 0);
    wlpy_result_free(&result);
    config.out = (struct wlpy_stream){.kind = WLPY_CALL, .write = tell, .arg = &told};
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(told.n, 20);
    assert_null(result.out);
    /* Nothing at all, and what the caller refuses. */
    config = (struct wlpy_run_config){0};
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.status, 1);
    config.in = (struct wlpy_stream){.kind = WLPY_CALL, .read = refuse};
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.status, 99);
    /* A limit: what fits is there. */
    config.in = (struct wlpy_stream){.kind = WLPY_MEMORY, .bytes = "twenty bytes of text", .size = 20};
    config.out = (struct wlpy_stream){.kind = WLPY_MEMORY};
    config.limits.output = 17;
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.end, WLPY_OUTPUT);
    assert_int_equal(result.status, 134);
    assert_int_equal(result.out_size, 17);
    assert_memory_equal(result.out, "twenty bytes of t", 17);
    wlpy_result_free(&result);
    config.in = (struct wlpy_stream){.kind = WLPY_FD, .fd = 1000};
    assert_int_equal(wlpy_run(program, &config, &result, &why), -WLPY_E_SETUP);
    assert_non_null(strstr(why.text, "descriptor 1000"));
    wlpy_program_free(program);
    wlpy_engine_free(engine);
}

static void test_a_deadline(void **state)
{
    struct wlpy_engine *engine = stoppable(), *other;
    struct wlpy_program *program = load(engine, spinning);
    struct wlpy_run_config config = {.limits.deadline_ms = 50};
    const struct wlpy_engine_config plain = {0};
    struct wlpy_result result;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
        assert_int_equal(result.end, WLPY_DEADLINE);
        assert_int_equal(result.status, 124);
        assert_string_equal(result.text, "its deadline has passed");
    }
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    /* Code that was not compiled for it. */
    assert_int_equal(wlpy_engine_new(&plain, &other, &why), 0);
    program = load(other, spinning);
    assert_int_equal(wlpy_run(program, &config, &result, &why), -WLPY_E_SETUP);
    assert_non_null(strstr(why.text, "not stoppable"));
    wlpy_program_free(program);
    wlpy_engine_free(other);
}

struct cancelled {
    struct wlpy_program *program;
    struct wlpy_control *control;
    struct wlpy_result result;
};

static void *run_cancelled(void *arg)
{
    struct cancelled *c = arg;
    struct wlpy_run_config config = {.control = c->control};
    struct wlpy_err own;

    assert_int_equal(wlpy_run(c->program, &config, &c->result, &own), 0);
    return NULL;
}

static void test_cancel(void **state)
{
    struct wlpy_engine *engine = stoppable();
    struct wlpy_program *program = load(engine, spinning);
    struct cancelled all[3];
    const struct timespec tick = {.tv_nsec = 30000000};
    struct wlpy_result result;
    struct wlpy_run_config config = {0};
    pthread_t threads[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        all[i] = (struct cancelled){.program = program, .control = wlpy_control_new()};
        assert_int_equal(pthread_create(&threads[i], NULL, run_cancelled, &all[i]), 0);
    }
    nanosleep(&tick, NULL);
    /* One by one: the others go on. */
    for (int i = 0; i < 3; i++) {
        wlpy_cancel(all[i].control);
        pthread_join(threads[i], NULL);
        assert_int_equal(all[i].result.end, WLPY_CANCELLED);
        assert_int_equal(all[i].result.status, 134);
    }
    /* Before it has begun. */
    config.control = all[0].control;
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.end, WLPY_CANCELLED);
    for (int i = 0; i < 3; i++)
        wlpy_control_free(all[i].control);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
}

/* A call that waits in the host. */
static void test_cancel_a_wait(void **state)
{
    struct wlpy_engine *engine = stoppable();
    struct wlpy_program *program = load(engine, copying);
    struct wlpy_run_config config = {.limits.deadline_ms = 40};
    struct wlpy_result result;
    int p[2];

    (void)state;
    assert_int_equal(pipe(p), 0);
    config.in = (struct wlpy_stream){.kind = WLPY_FD, .fd = p[0]};
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    assert_int_equal(result.end, WLPY_DEADLINE);
    close(p[0]);
    close(p[1]);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
}

/* Of the process's signals the library has one, and its engine those of faults. */
static void test_signals_stay(void **state)
{
    struct wlpy_engine *engine;
    struct wlpy_program *program;
    struct wlpy_run_config config = {.limits.deadline_ms = 1000, .control = wlpy_control_new()};
    struct wlpy_result result;
    struct sigaction before[NSIG], now;
    sigset_t mask, mask_now;

    (void)state;
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &before[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    engine = stoppable();
    program = load(engine, copying);
    assert_int_equal(wlpy_run(program, &config, &result, &why), 0);
    wlpy_program_free(program);
    wlpy_engine_free(engine);
    wlpy_control_free(config.control);
    for (int i = 1; i < NSIG; i++)
        if (sigaction(i, NULL, &now) == 0 && i != SIGRTMAX - 2 && i != SIGSEGV && i != SIGBUS && i != SIGILL &&
            i != SIGFPE && i != SIGTRAP)
            assert_true(now.sa_handler == before[i].sa_handler);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_now);
    for (int i = 1; i < NSIG; i++)
        assert_int_equal(sigismember(&mask, i), sigismember(&mask_now, i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_that_changes_while_it_is_compiled),
        cmocka_unit_test(test_a_file_that_changes_while_it_is_read),
        cmocka_unit_test(test_signals_of_the_compiler),
        cmocka_unit_test(test_a_compiled_module_without_proc),
        cmocka_unit_test(test_tables_of_a_snapshot),
        cmocka_unit_test(test_the_global_of_a_snapshot),
        cmocka_unit_test(test_a_snapshot_after_other_calls),
        cmocka_unit_test(test_the_mode_of_a_snapshot),
        cmocka_unit_test(test_preparing_a_snapshot),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_a_deadline),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_a_wait),
        cmocka_unit_test(test_signals_stay),
    };

    return cmocka_run_group_tests_name("library", tests, set_up, tear_down);
}
