/* The limits of wl-run: memory, compiling, time, output. */
#include "command.h"

#include <sys/resource.h>

static void test_memory_limit(void **state)
{
    (void)state;
    RUN("grow.wasm");
    assert_int_equal(got.status, 0);
    RUN("--max-memory=1M", "grow.wasm");
    assert_int_equal(got.status, 1);
    RUN("--max-memory=1K", "grow.wasm");
    assert_int_equal(got.status, 125);
    assert_non_null(strstr(got.err, "--max-memory"));
}

/* The memory and the tables share one limit, and nothing can be allocated beside it. */
static void test_memory_and_tables(void **state)
{
    static const struct {
        const char *args[3];
        int status;
        const char *says;
    } bad[] = {
        {{"--max-memory=64M", "largetable.wasm"}, 125, "its tables included"},
        {{"manymemories.wasm"}, 126, "it has 3 memories, and one is the most"},
        {{"memory64.wasm"}, 126, "memory64"},
        {{"manytables.wasm"}, 126, "it has 17 tables, and 16 are the most"},
        {{"shared.wasm"}, 126, "shared"},
        {{"structs.wasm"}, 126, "not a valid WebAssembly module"},
    };

    (void)state;
    RUN("--max-memory=4M", "growboth.wasm");
    assert_int_equal(got.status, 0);
    RUN("--max-memory=256M", "largetable.wasm");
    assert_int_equal(got.status, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        run("", bad[i].args);
        assert_int_equal(got.status, bad[i].status);
        assert_non_null(strstr(got.err, bad[i].says));
        assert_string_equal(strchr(got.err, '\n'), "\n");
    }
}

/* The heap of exceptions has half of the limit. */
static void test_exceptions_are_counted(void **state)
{
    (void)state;
    RUN("--max-memory=32M", "throwing.wasm");
    assert_int_equal(got.status, 134);
}

/* ---- compiling ---- */

static void leb(FILE *f, uint32_t n)
{
    for (; n > 0x7f; n >>= 7)
        putc((int)(n & 0x7f) | 0x80, f);
    putc((int)n, f);
}

/* A module whose _start has no parameters and results; its code is `body`, repeated `times` times, and then `end`. */
static void write_bomb(const char *name, const char *body, size_t body_size, uint32_t times, const char *end,
                       size_t end_size)
{
    static const char head[] = "\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\7\12\1\6_start\0\0\12";
    uint32_t size = (uint32_t)(1 + body_size * times + end_size * times + 1);
    char sizes[2][8];
    FILE *f = fmemopen(sizes[0], 8, "w"), *g = fopen(name, "w");
    long n;

    leb(f, size);
    n = ftell(f);
    fclose(f);
    fwrite(head, 1, sizeof head - 1, g);
    leb(g, (uint32_t)(1 + n) + size);
    putc(1, g);
    leb(g, size);
    putc(0, g);
    for (uint32_t i = 0; i < times; i++)
        fwrite(body, 1, body_size, g);
    for (uint32_t i = 0; i < times; i++)
        fwrite(end, 1, end_size, g);
    putc(0x0b, g);
    fclose(g);
}

static void ignore_children(void)
{
    signal(SIGCHLD, SIG_IGN);
}

static void allow_a_second(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_CPU, &limit);
    limit.rlim_cur = 1;
    setrlimit(RLIMIT_CPU, &limit);
}

static void test_compiling_is_limited(void **state)
{
    (void)state;
    /* Nested blocks: a few of them are allowed. */
    write_bomb("few.wasm", "\x02\x40", 2, 1000, "\x0b", 1);
    RUN("few.wasm");
    assert_int_equal(got.status, 0);
    write_bomb("nested.wasm", "\x41\1\x04\x40", 4, 300000, "\x0b", 1);
    RUN("--max-compile-memory=64M", "nested.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "nested.wasm: compiling it takes more than 64 MiB of memory"));
    assert_non_null(strstr(got.err, "--max-compile-memory"));
    assert_string_equal(strchr(got.err, '\n'), "\n");
    write_bomb("long.wasm", "\x10\0", 2, 2000000, "", 0);
    RUN("--max-compile-time=1", "long.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "long.wasm: compiling it takes more than 1 s of processor time"));
    assert_string_equal(strchr(got.err, '\n'), "\n");
    /* Nothing is stored, and no process is left. (A caller may ignore SIGCHLD.) */
    before_exec = ignore_children;
    RUN("--max-compile-time=1", "long.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "long.wasm: compiling it takes more than 1 s of processor time"));
    /* A lower limit that is already set stays. */
    before_exec = allow_a_second;
    RUN("long.wasm");
    before_exec = NULL;
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "long.wasm: compiling it takes more than 1 s of processor time"));
    assert_int_equal(system("! ls -a cache | grep -q '^.new-'"), 0);
}

static void test_compiling_without_a_cache(void **state)
{
    (void)state;
    RUN("--no-cache", "status200.wasm");
    assert_int_equal(got.status, 200);
    RUN("--no-cache", "broken.wasm");
    assert_int_equal(got.status, 126);
    assert_non_null(strstr(got.err, "not a valid WebAssembly module"));
    RUN("--no-cache", "--quick", "status200.wasm");
    assert_int_equal(got.status, 200);
}

/* ---- time and output ---- */

/* A run whose output nobody reads. */
static void run_unread(const char *const *args)
{
    int out[2], err[2], in[2];
    pid_t pid;

    assert_int_equal(pipe(in) | pipe(out) | pipe(err), 0);
    pid = fork();
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        for (int fd = 3; fd < 20; fd++)
            close(fd);
        exec_with(args);
    }
    close(out[1]);
    close(err[1]);
    got.status = wait_status(pid);
    read_all(err[0], got.err, sizeof got.err);
    close(out[0]);
    close(in[0]);
    close(in[1]);
}

/* The deadline ends the guest whatever it does, even while the host works for it. */
static void test_deadline(void **state)
{
    (void)state;
    for (int n = 0; n <= 6; n++) {
        const char *args[10] = {"--deadline", "0.2", "endless.wasm"};

        for (int i = 0; i < n; i++)
            args[3 + i] = "x";
        run_unread(args);
        assert_int_equal(got.status, 124);
        assert_string_equal(got.err, "wl-run: endless.wasm was stopped: its deadline has passed\n");
    }
    /* The same with --quick. */
    run_unread((const char *const[]){"--quick", "--deadline=0.2", "endless.wasm", NULL});
    assert_int_equal(got.status, 124);
    /* A deadline that is not reached. */
    RUN("--deadline", "100", "status200.wasm");
    assert_int_equal(got.status, 200);
    RUN("--deadline", "100", "trap.wasm");
    assert_int_equal(got.status, 134);
    RUN("-v", "--deadline", "0.2", "endless.wasm");
    assert_int_equal(got.status, 124);
    assert_non_null(strstr(got.err, "0: "));
}

static void test_output(void **state)
{
    (void)state;
    RUN("--max-output", "1000", "endless.wasm", "x", "x", "x");
    assert_int_equal(got.status, 134);
    assert_string_equal(got.err, "wl-run: endless.wasm was stopped: it wrote more than its limit of output\n");
    assert_int_equal(got.out_size, 1000);
    /* The part of a long write that fits is written. */
    RUN("--max-output=2K", "endless.wasm", "x", "x", "x", "x", "x");
    assert_int_equal(got.status, 134);
    assert_int_equal(got.out_size, 2048);
    run("some text", (const char *const[]){"--max-output=9", "cat.wasm", NULL});
    assert_int_equal(got.status, 0);
    assert_string_equal(got.out, "some text");
    run("some text", (const char *const[]){"--max-output=8", "cat.wasm", NULL});
    assert_int_equal(got.status, 134);
    assert_string_equal(got.out, "some tex");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_memory_and_tables),
        cmocka_unit_test(test_exceptions_are_counted),
        cmocka_unit_test(test_compiling_is_limited),
        cmocka_unit_test(test_compiling_without_a_cache),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_output),
    };

    return run_command_tests("limits", tests, sizeof tests / sizeof *tests, argc, argv);
}
