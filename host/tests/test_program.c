/* Programs: the hashed bytes are the compiled bytes; the process that compiles. */
#include "library.h"

#include "core/module.h"

#include <sched.h>
#include <sys/mount.h>

static struct err err;

/* ---- the hashed bytes are the compiled bytes ---- */

struct swap {
    const wasm_byte_vec_t *with;
    unsigned times;
};

/* Like a build that writes the same file again, in place, between hashing and compiling. */
static void swap_file(void *arg, const char *module, bool done)
{
    struct swap *s = arg;

    if (done)
        return;
    put_file(module, s->with->data, s->with->size);
    s->times++;
}

/* module.wasm, which exits with that status. */
static void put_program(int status)
{
    wasm_byte_vec_t binary;

    program(status, &binary);
    put_file("module.wasm", binary.data, binary.size);
    wasm_byte_vec_delete(&binary);
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
    /* Under the key of the first module's bytes, the cache has the first module. */
    config.engine.on_compile = NULL;
    put_file("again.wasm", first.data, first.size);
    config.module = "again.wasm";
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(result.status, 3);
    config.module = "module.wasm";
    assert_int_equal(run(&config, &result), 0);
    assert_int_equal(result.status, 4);
    /* A module that is cut off in between. */
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
    /* No process can change it, not even the one that compiles it. */
    assert_int_equal(pwrite(m.fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(m.fd, 1), -1);
    module_release(&m);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(module_read(&m, fd, &st, "module", &err), -ERR_MISSING);
    assert_non_null(strstr(err.text, "module: it changed meanwhile"));
    assert_null(m.at);
    /* A file of the same size that was written to. */
    assert_int_equal(ftruncate(fd, sizeof bytes), 0);
    assert_int_equal(fstat(fd, &st), 0);
    nanosleep(&tick, NULL);
    assert_int_equal(pwrite(fd, "x", 1, 0), 1);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(module_read(&m, fd, &st, "module", &err), -ERR_MISSING);
    /* A file that is too large. */
    assert_int_equal(ftruncate(fd, (off_t)MODULE_MAX_BYTES + 1), 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(module_read(&m, fd, &st, "module", &err), -ERR_MODULE);
    assert_non_null(strstr(err.text, "more than 1 GiB"));
    close(fd);
}

/* ---- the process that compiles, and its result ---- */

/* Signals that this process ignores, for example in the background of a script or under nohup, are also ignored in
 * that process. */
static void test_signals_of_the_compiler(void **state)
{
    static const char script[] = "#!/bin/sh\ngrep SigIgn /proc/self/status >&2\n";
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ};
    struct setup config = {.module = "module.wasm", .engine.compiler = "./compiler"};
    struct wlpy_result result;
    void (*before[5])(int);
    const char *told;
    uint64_t mask = 0;

    (void)state;
    put_program(0);
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

/* No /proc names the descriptors. 77: this process may not hide /proc. */
static void test_a_compiled_module_without_proc(void **state)
{
    char note[256] = "";
    struct setup config = {
        .module = "module.wasm", .engine.cache_dir = "kept", .engine.on_note = keep_note, .engine.on_note_arg = note};
    struct wlpy_result result;
    pid_t pid;
    int status;

    (void)state;
    put_program(7);
    assert_int_equal(run(&config, &result), 0);
    assert_string_equal(note, "");
    pid = fork();
    if (pid == 0) {
        if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("none", "/proc", "tmpfs", 0, NULL) < 0)
            _exit(77);
        alarm(60); /* the engine's threads do not exist here: compiling again would wait for them */
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

/* Where a compiled module does not fit, it is compiled each time, and a note says why. */
static void test_a_full_disk_under_the_cache(void **state)
{
    char note[256] = "";
    const struct setup config = {
        .module = "module.wasm", .engine.cache_dir = "full", .engine.on_note = keep_note, .engine.on_note_arg = note};
    struct wlpy_result result;
    pid_t pid;
    int status;

    (void)state;
    put_program(7);
    assert_int_equal(mkdir("full", 0700), 0);
    pid = fork();
    if (pid == 0) {
        if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", "full", "tmpfs", 0, "size=4k,mode=0700") < 0)
            _exit(77);
        alarm(60);
        for (int i = 0; i < 2; i++) {
            *note = '\0';
            if (run(&config, &result) < 0 || result.status != 7 || !strstr(note, "No space left on device")) {
                fprintf(stderr, "status %d: %s\n", result.status, note);
                _exit(1);
            }
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* (First: the threads of an engine that has compiled before would not exist in its child.) */
        cmocka_unit_test(test_a_full_disk_under_the_cache),
        cmocka_unit_test(test_a_file_that_changes_while_it_is_compiled),
        cmocka_unit_test(test_a_file_that_changes_while_it_is_read),
        cmocka_unit_test(test_signals_of_the_compiler),
        cmocka_unit_test(test_a_compiled_module_without_proc),
    };

    return cmocka_run_group_tests_name("program", tests, set_up, tear_down);
}
