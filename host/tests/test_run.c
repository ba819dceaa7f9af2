/* wl-run: options, files, streams and modules. */
#include "command.h"

static void test_arguments(void **state)
{
    (void)state;
    RUN("argc.wasm");
    assert_int_equal(got.status, 1);
    RUN("argc.wasm", "--", "--dir", "a", "--");
    assert_int_equal(got.status, 4);
    RUN("--env", "A=1", "--env", "FROM_HOST", "--env", "NOT_THERE", "strings.wasm", "\xff", "b c");
    assert_int_equal(got.status, 0);
    assert_int_equal(got.out_size, 13 + 2 + 4 + 4 + 14);
    assert_memory_equal(got.out, "strings.wasm\0\xff\0b c\0A=1\0FROM_HOST=yes", got.out_size);
    RUN("--argv0", "me", "strings.wasm");
    assert_int_equal(got.out_size, 3);
    assert_string_equal(got.out, "me");
}

static void test_status(void **state)
{
    (void)state;
    RUN("status200.wasm");
    assert_int_equal(got.status, 200);
    assert_string_equal(got.err, "");
}

static void test_streams(void **state)
{
    int out[2];
    pid_t pid;

    (void)state;
    run("some text", (const char *const[]){"cat.wasm", NULL});
    assert_int_equal(got.status, 0);
    assert_string_equal(got.out, "some text");
    /* A reader that closes the pipe. */
    assert_int_equal(pipe(out), 0);
    pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        exec_with((const char *const[]){"flood.wasm", NULL});
    }
    close(out[0]);
    close(out[1]);
    assert_int_equal(wait_status(pid), 64); /* EPIPE */
    /* Streams that are closed at the start do not become other files. */
    pid = fork();
    if (pid == 0) {
        close(0);
        close(1);
        exec_with((const char *const[]){"cat.wasm", NULL});
    }
    assert_int_equal(wait_status(pid), 0);
}

static void test_directories(void **state)
{
    (void)state;
    RUN("--dir", "folder::/::ro", "create.wasm");
    assert_true(got.status != 0 && got.status != 134);
    assert_int_not_equal(access("folder/new", F_OK), 0);
    RUN("--dir-ro=folder", "create.wasm");
    assert_int_not_equal(access("folder/new", F_OK), 0);
    RUN("--max-threads=0", "--max-processes=0", "create.wasm");
    assert_int_equal(got.status, 76); /* ENOTCAPABLE: descriptor 3 is the channel, by which signals are asked for */
    RUN("--mapdir", "/::folder", "create.wasm");
    assert_int_equal(got.status, 0);
    assert_int_equal(access("folder/new", F_OK), 0);
    RUN("--dir=folder::/x", "renumber.wasm");
    assert_int_equal(got.status, 8); /* the read after the close */
    assert_string_equal(got.out, "contentcontent");
}

static void test_traps(void **state)
{
    (void)state;
    RUN("trap.wasm");
    assert_int_equal(got.status, 134);
    assert_string_equal(got.err, "wl-run: trap.wasm was stopped: it aborted; --verbose shows where\n");
    RUN("--verbose", "trap.wasm");
    assert_non_null(strstr(got.err, "inner"));
    RUN("recurse.wasm");
    assert_int_equal(got.status, 134);
    assert_non_null(strstr(got.err, "--max-wasm-stack"));
    assert_null(strchr(strchr(got.err, '\n') + 1, '\n'));
    RUN("--max-wasm-stack=256M", "recurse.wasm");
    assert_int_equal(got.status, 134);
    RUN("bounds.wasm");
    assert_int_equal(got.status, 134);
    assert_non_null(strstr(got.err, "memory outside its bounds"));
    RUN("throw.wasm");
    assert_int_equal(got.status, 134);
    assert_non_null(strstr(got.err, "exception that nothing caught"));
    RUN("nomemory.wasm");
    assert_int_equal(got.status, 21); /* EFAULT */
}

/* A start section runs before _start, and may end the program. */
static void test_start_section(void **state)
{
    (void)state;
    RUN("early.wasm");
    assert_int_equal(got.status, 9);
    RUN("earlytrap.wasm");
    assert_int_equal(got.status, 134);
}

static void test_errors(void **state)
{
    static const struct {
        const char *args[3];
        int status;
        const char *says;
    } bad[] = {
        {{"nothere.wasm"}, 127, "nothere.wasm: No such file"},
        {{"text.wasm"}, 126, "not a WebAssembly file"},
        {{"empty.wasm"}, 126, "not a WebAssembly file"},
        {{"component.wasm"}, 126, "not a core module"},
        {{"broken.wasm"}, 126, "not a valid WebAssembly module"},
        {{"folder"}, 126, "it is a directory"},
        {{"import.wasm"}, 126, "env.missing"},
        {{"library.wasm"}, 126, "_start"},
        {{"type.wasm"}, 126, "fd_read"},
        {{"--dir=missing::/", "argc.wasm"}, 125, "directory missing as /: No such file"},
        {{"--dir=argc.wasm::/", "argc.wasm"}, 125, "argc.wasm"},
        {{"--nonsense", "argc.wasm"}, 125, "--nonsense"},
        {{NULL}, 125, "no module"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        run("", bad[i].args);
        assert_int_equal(got.status, bad[i].status);
        assert_memory_equal(got.err, "wl-run: ", 8);
        assert_non_null(strstr(got.err, bad[i].says));
        assert_string_equal(strchr(got.err, '\n'), "\n"); /* one line */
        assert_string_equal(got.out, "");
    }
}

/* The names come from the author of the module or the file. */
static void test_what_a_terminal_would_obey(void **state)
{
    (void)state;
    RUN("escape.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "it imports env.[31mred 31m caf\303\251 end, which"));
    RUN("\033[31mno\tthere\302\233\377caf\303\251.wasm");
    assert_int_equal(got.status, 127);
    assert_non_null(strstr(got.err, "cannot read ?[31mno?there??caf\303\251.wasm: No such file"));
}

static void end_soon(void)
{
    alarm(20);
}

/* A pipe that nobody writes to. */
static void test_a_pipe_is_not_a_module(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe.wasm", 0600), 0);
    before_exec = end_soon;
    RUN("pipe.wasm");
    before_exec = NULL;
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "pipe.wasm: it is not a regular file"));
}

static void test_help(void **state)
{
    (void)state;
    RUN("--help");
    assert_int_equal(got.status, 0);
    assert_memory_equal(got.out, "Usage: wl-run", 13);
    RUN("--version");
    assert_int_equal(got.status, 0);
    assert_non_null(strstr(got.out, "wasmtime"));
}

static void test_cache(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf cache"), 0);
    RUN("status200.wasm");
    assert_int_equal(system("test $(ls cache/*.compiled | wc -l) = 1"), 0);
    /* A broken file is replaced. */
    assert_int_equal(system("for f in cache/*.compiled; do echo garbage >$f; done"), 0);
    RUN("-v", "status200.wasm");
    assert_int_equal(got.status, 200);
    assert_non_null(strstr(got.err, "cannot use the compiled module"));
    assert_int_equal(system("test $(stat -c %s cache/*.compiled) -gt 1000"), 0);
    assert_int_equal(system("for f in cache/*.compiled; do truncate -s 5000 $f; done"), 0);
    RUN("status200.wasm");
    assert_int_equal(got.status, 200);
    RUN("-v", "status200.wasm");
    assert_string_equal(got.err, "");
    /* A module that changes under the same name. */
    assert_int_equal(system("sleep 0.1; cp argc.wasm change.wasm; sleep 0.1"), 0);
    RUN("change.wasm");
    assert_int_equal(got.status, 1);
    assert_int_equal(system("cat status200.wasm >change.wasm"), 0);
    RUN("change.wasm");
    assert_int_equal(got.status, 200);
    /* A cache that cannot be used does not prevent the run. */
    RUN("--cache-dir=/dev/null/x", "-v", "argc.wasm");
    assert_int_equal(got.status, 1);
    assert_non_null(strstr(got.err, "/dev/null/x"));
    RUN("--no-cache", "argc.wasm");
    assert_int_equal(got.status, 1);
}

static void test_snapshot(void **state)
{
    static const struct {
        const char *args[4];
        int status;
        const char *says;
    } bad[] = {
        {{"--entry=wrong", "ready.wasm"}, 126, "wrong"},
        {{"--entry=trap", "ready.wasm"}, 134, "it aborted"},
        {{"--entry=none", "ready.wasm"}, 126, "it exports no none"},
        {{"variables.wasm"}, 126, "too many variables"},
        {{"passive.wasm"}, 126, "data that is copied while it runs"},
        {{"trap.wasm"}, 126, "wizer.initialize"},
    };

    (void)state;
    RUN("--snapshot", "snapshot.wasm", "ready.wasm");
    assert_int_equal(got.status, 0);
    assert_string_equal(got.err, "");
    RUN("ready.wasm");
    assert_int_equal(got.status, 134); /* this memory does not exist */
    for (int i = 0; i < 2; i++) {
        RUN("snapshot.wasm");
        assert_int_equal(got.status, 42);
    }
    /* The function cannot be called again. */
    RUN("--snapshot=again.wasm", "snapshot.wasm");
    assert_int_equal(got.status, 126);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        RUN("--snapshot=bad.wasm", bad[i].args[0], bad[i].args[1] ? bad[i].args[1] : "--", "x");
        assert_int_equal(got.status, bad[i].status);
        assert_non_null(strstr(got.err, bad[i].says));
    }
    RUN("--snapshot=none/bad.wasm", "ready.wasm");
    assert_int_equal(got.status, 125);
    assert_non_null(strstr(got.err, "none/bad.wasm"));
    RUN("--entry=wizer.initialize", "ready.wasm");
    assert_int_equal(got.status, 125);
    assert_int_equal(system("test ! -e again.wasm && ! ls bad.wasm* 2>/dev/null"), 0);
}

/* The other compiler: the same results, and neither compiler's code is taken for the other's. */
static void test_quick(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf cache"), 0);
    for (int i = 0; i < 2; i++) {
        RUN("--quick", "status200.wasm");
        assert_int_equal(got.status, 200);
    }
    assert_int_equal(system("test $(ls cache/*.compiled | wc -l) = 1"), 0);
    RUN("status200.wasm");
    assert_int_equal(got.status, 200);
    assert_int_equal(system("test $(ls cache/*.compiled | wc -l) = 2"), 0);
    RUN("--quick", "--max-memory=1M", "grow.wasm");
    assert_int_equal(got.status, 1);
    RUN("--quick", "recurse.wasm");
    assert_int_equal(got.status, 134);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_directories),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_start_section),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_what_a_terminal_would_obey),
        cmocka_unit_test(test_a_pipe_is_not_a_module),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_quick),
    };

    return run_command_tests("run", tests, sizeof tests / sizeof *tests, argc, argv);
}
