/* The command line. */
#include "cli/options.h"
#include "cli/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *host_env[] = {(char *)"HOME=/home/u", (char *)"LANG=C", NULL};

static int parse(struct run_options *o, struct err *err, const char *const *args)
{
    char *argv[32] = {(char *)"wl-run"};
    static char *kept[32];
    int argc = 1;

    for (; args[argc - 1]; argc++)
        argv[argc] = (char *)args[argc - 1];
    argv[argc] = NULL;
    memcpy(kept, argv, sizeof argv);
    memset(err, 0, sizeof *err);
    run_options_init(o, OF_WL_RUN, host_env);
    return run_options_parse(o, NULL, argc, kept, err);
}

#define PARSE(...) parse(&o, &err, (const char *const[]){__VA_ARGS__, NULL})

static void test_guest_arguments(void **state)
{
    struct run_options o;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("a/b.wasm", "--", "--dir", "x", "--"), 0);
    assert_string_equal(o.module, "a/b.wasm");
    assert_int_equal(o.args_n, 4);
    assert_string_equal(o.args[0], "b.wasm");
    assert_string_equal(o.args[1], "--dir");
    assert_string_equal(o.args[3], "--");
    assert_int_equal(o.folders_n, 0);
    run_options_free(&o);

    assert_int_equal(PARSE("--argv0=python", "--", "-m.wasm", "-c", "--", "x"), 0);
    assert_string_equal(o.module, "-m.wasm");
    assert_string_equal(o.args[0], "python");
    assert_int_equal(o.args_n, 4);
    assert_string_equal(o.args[2], "--");
    run_options_free(&o);

    /* Options after the module never belong to the runner: they could come from anywhere. */
    assert_int_equal(PARSE("m.wasm", "--mapdir", "/::/"), 0);
    assert_int_equal(o.folders_n, 0);
    assert_int_equal(o.args_n, 3);
    run_options_free(&o);
}

static void test_mounts(void **state)
{
    struct run_options o;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("--dir", ".::/", "--dir=/data", "--dir", "a::/b::ro", "--dir-ro", "c::/d", "--mapdir",
                           "/e::f", "--mapdir=/::.", "m.wasm"),
                     0);
    assert_int_equal(o.folders_n, 6);
    assert_string_equal(o.folders[0].host, ".");
    assert_string_equal(o.folders[0].guest, "/");
    assert_false(o.folders[0].read_only);
    assert_string_equal(o.folders[1].host, "/data");
    assert_string_equal(o.folders[1].guest, "/data");
    assert_string_equal(o.folders[2].guest, "/b");
    assert_true(o.folders[2].read_only);
    assert_true(o.folders[3].read_only);
    assert_string_equal(o.folders[4].host, "f");
    assert_string_equal(o.folders[4].guest, "/e");
    assert_string_equal(o.folders[5].host, ".");
    run_options_free(&o);

    /* The mark without a name: wl-run and native programs treat it in the same way. */
    assert_int_equal(PARSE("--dir", "a::ro", "m.wasm"), 0);
    assert_string_equal(o.folders[0].host, "a");
    assert_string_equal(o.folders[0].guest, "a");
    assert_true(o.folders[0].read_only);
    run_options_free(&o);
}

static void test_wrong_mounts(void **state)
{
    static const char *const wrong[][3] = {
        {"--dir", "/no/such:/w", "--dir /no/such::/w"},
        {"--dir", "/no/such:/w:ro", "--dir /no/such::/w::ro"},
        {"--dir", "a::/w:ro", "--dir a::/w::ro"},
        {"--mapdir", "/tmp::/no/such", "--mapdir /no/such::/tmp"},
        {"--mapdir", "/w:/no/such", "--mapdir /w::/no/such"},
        {"--dir", "/no/such::/tmp", "--dir /tmp::/no/such"},
    };
    struct run_options o;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(PARSE(wrong[i][0], wrong[i][1], "m.wasm"), -ERR_SETUP);
        assert_non_null(strstr(err.text, wrong[i][1]));
        assert_non_null(strstr(err.hint, wrong[i][2]));
        run_options_free(&o);
    }
}

static void test_env(void **state)
{
    struct run_options o;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("--env", "A=1", "--env=HOME", "--env", "MISSING", "--env", "A=2=3", "--env", "E=", "m"), 0);
    assert_int_equal(o.env_n, 3);
    assert_string_equal(o.env[0], "A=2=3");
    assert_string_equal(o.env[1], "HOME=/home/u");
    assert_string_equal(o.env[2], "E=");
    run_options_free(&o);
    assert_int_equal(PARSE("m"), 0);
    assert_int_equal(o.env_n, 0); /* nothing that was not requested */
    run_options_free(&o);
}

static void test_cache_directory(void **state)
{
    struct run_options o;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("m"), 0);
    assert_string_equal(o.cache_dir, "/home/u/.cache/wl-make/compiled");
    run_options_free(&o);
    host_env[1] = (char *)"XDG_CACHE_HOME=/c";
    assert_int_equal(PARSE("m"), 0);
    assert_string_equal(o.cache_dir, "/c/wl-make/compiled");
    run_options_free(&o);
    host_env[1] = (char *)"XDG_CACHE_HOME=relative";
    assert_int_equal(PARSE("m"), 0);
    assert_string_equal(o.cache_dir, "/home/u/.cache/wl-make/compiled");
    run_options_free(&o);
    host_env[1] = (char *)"LANG=C";
    assert_int_equal(PARSE("--cache-dir=d", "m"), 0);
    assert_string_equal(o.cache_dir, "d");
    run_options_free(&o);
    assert_int_equal(PARSE("--no-cache", "m"), 0);
    assert_null(o.cache_dir);
    run_options_free(&o);
}

static void test_sizes(void **state)
{
    struct run_options o;
    struct err err;
    uint64_t n = 0;

    (void)state;
    assert_true(parse_size("65536", &n) && n == 65536);
    assert_true(parse_size("64K", &n) && n == 65536);
    assert_true(parse_size("2MiB", &n) && n == 2 << 20);
    assert_true(parse_size("1gb", &n) == false);
    assert_true(parse_size("1g", &n) && n == 1u << 30);
    assert_true(parse_size("1KB", &n) && n == 1024);
    assert_false(parse_size("1K ", &n));
    assert_false(parse_size(" 1K", &n));
    assert_false(parse_size("+1", &n));
    assert_false(parse_size("", &n));
    assert_false(parse_size("-1", &n));
    assert_false(parse_size("K", &n));
    assert_false(parse_size("1x", &n));
    assert_false(parse_size("99999999999999999999", &n));
    assert_false(parse_size("99999999999999999G", &n));
    assert_int_equal(PARSE("--max-wasm-stack", "8388608", "--max-memory=256M", "m"), 0);
    assert_int_equal(o.limits.stack, 8 << 20);
    assert_int_equal(o.limits.memory, 256 << 20);
    run_options_free(&o);
    assert_int_equal(PARSE("--max-compile-memory", "2G", "--max-compile-time=30", "m"), 0);
    assert_int_equal(o.limits.compile_memory, UINT64_C(2) << 30);
    assert_int_equal(o.limits.compile_seconds, 30);
    run_options_free(&o);
    assert_int_equal(PARSE("-W", "max-wasm-stack=16777216", "m"), 0);
    assert_int_equal(o.limits.stack, 16 << 20);
    run_options_free(&o);
}

static void test_seconds(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"1", 1000}, {"0.3", 300}, {"2.5", 2500}, {"0.001", 1}, {"10.0019", 10001}, {"007", 7000}};
    static const char *const bad[] = {"", ".5", "1.", "-1", "1e3", "inf", "0x10", "1 ", "1s", "99999999999999999999"};
    uint64_t ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(parse_seconds(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(parse_seconds(bad[i], &ms));
}

/* A native program's own module is inside it. */
static void test_native(void **state)
{
    static const char *const words[] = {
        "--dir-ro=a::/b", "--deadline", "2.5", "--max-output=1K", "--fd", "7", "--mapdir", "/c::d", "x", "--dir"};
    char *argv[12] = {(char *)"hello"};
    struct run_options o;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        argv[i + 1] = (char *)words[i];
    run_options_init(&o, OF_NATIVE, host_env);
    assert_int_equal(run_options_parse(&o, "hello", 11, argv, &err), 0);
    assert_int_equal(o.folders_n, 2);
    assert_true(o.folders[0].read_only);
    assert_string_equal(o.folders[1].host, "d");
    assert_int_equal(o.limits.deadline_ms, 2500);
    assert_int_equal(o.limits.output, 1024);
    assert_int_equal(o.limits.stack, LIMITS_DEFAULT_NATIVE_STACK);
    assert_int_equal(o.fds_n, 1);
    assert_int_equal(o.fds[0], 7);
    assert_null(o.module);
    assert_int_equal(o.args_n, 3);
    assert_string_equal(o.args[0], "hello");
    assert_string_equal(o.args[1], "x");
    assert_string_equal(o.args[2], "--dir");
    run_options_free(&o);

    /* A native program has no cache. */
    run_options_init(&o, OF_NATIVE, host_env);
    argv[1] = (char *)"--no-cache";
    assert_int_equal(run_options_parse(&o, "hello", 2, argv, &err), -ERR_SETUP);
    assert_non_null(strstr(err.text, "there is no option --no-cache"));
    assert_null(o.cache_dir);
    run_options_free(&o);
}

/* `wl-make run` has its own parser, and checks values with this table. */
static void test_one_by_one(void **state)
{
    static const struct {
        const char *name, *value, *says;
    } cases[] = {
        {"dir", "a::b", NULL},        {"dir", "a::b::rw", "cannot use --dir a::b::rw"},
        {"max-memory", "256M", NULL}, {"max-memory", "lots", "cannot use --max-memory lots"},
        {"quick", NULL, NULL},
    };
    struct run_options o;

    (void)state;
    run_options_init(&o, OF_MAKE_RUN, host_env);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct run_option *option = run_options_find(OF_MAKE_RUN, cases[i].name, strlen(cases[i].name));
        struct err err = {0};

        assert_non_null(option);
        assert_int_equal(option->argument != NULL, cases[i].value != NULL);
        assert_int_equal(run_options_set(&o, option, cases[i].value, &err), cases[i].says ? -ERR_SETUP : 0);
        if (cases[i].says)
            assert_string_equal(err.text, cases[i].says);
    }
    assert_true(o.quick);
    assert_int_equal(o.limits.memory, 256 << 20);
    assert_int_equal(o.folders_n, 1);
    assert_null(run_options_find(OF_MAKE_RUN, "snapshot", 8));
    assert_null(run_options_find(OF_MAKE_RUN, "di", 2));
    run_options_free(&o);
}

static void test_help_lines(void **state)
{
    char *of_native = run_options_help(OF_NATIVE), *of_wl_run = run_options_help(OF_WL_RUN);

    (void)state;
    assert_non_null(of_native);
    assert_non_null(of_wl_run);
    assert_non_null(strstr(of_native, "  --deadline SECONDS         stop it"));
    assert_null(strstr(of_native, "--no-cache"));
    assert_non_null(strstr(of_wl_run, "  -v, --verbose              tell more"));
    free(of_native);
    free(of_wl_run);
}

static void test_bad(void **state)
{
    static const struct {
        const char *args[4];
        const char *says;
    } bad[] = {
        {{NULL}, "no module"},
        {{"--dir"}, "needs a value"},
        {{"--frobnicate", "m"}, "--frobnicate"},
        {{"--frobnicate=3", "m"}, "no option --frobnicate"},
        {{"-x", "m"}, "-x"},
        {{"--no-cache=1", "m"}, "takes no value"},
        {{"--dir", "", "m"}, "--dir"},
        {{"--dir", "::/x", "m"}, "::/x"},
        {{"--dir", "a::", "m"}, "a::"},
        {{"--dir", "a::b::rw", "m"}, "a::b::rw"},
        {{"--mapdir", "/x", "m"}, "/x"},
        {{"--env", "=1", "m"}, "=1"},
        {{"--max-wasm-stack", "1K", "m"}, "1K"},
        {{"--max-wasm-stack=lots", "m"}, "lots"},
        {{"--max-memory=0", "m"}, "0"},
        {{"--max-compile-memory=63M", "m"}, "63M"},
        {{"--max-compile-memory=x", "m"}, "x"},
        {{"--max-compile-time=0", "m"}, "0"},
        {{"--max-compile-time=-1", "m"}, "-1"},
        {{"--max-compile-time=5s", "m"}, "5s"},
        {{"--max-compile-time=10000000000", "m"}, "10000000000"},
        {{"-W", "fuel=1", "m"}, "fuel=1"},
        {{"--cache-dir", "", "m"}, "--cache-dir"},
    };
    struct run_options o;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(&o, &err, bad[i].args), -ERR_SETUP);
        assert_int_equal(err.code, ERR_SETUP);
        assert_non_null(strstr(err.text, bad[i].says));
        assert_true(*err.hint);
        run_options_free(&o);
    }
}

static void test_help(void **state)
{
    struct run_options o;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("--help"), 0);
    assert_true(o.help);
    run_options_free(&o);
    assert_int_equal(PARSE("-V"), 0);
    assert_true(o.version);
    run_options_free(&o);
    assert_int_equal(PARSE("m", "--help"), 0);
    assert_false(o.help);
    run_options_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_arguments),
        cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_wrong_mounts),
        cmocka_unit_test(test_env),
        cmocka_unit_test(test_cache_directory),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_native),
        cmocka_unit_test(test_one_by_one),
        cmocka_unit_test(test_help_lines),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
