/* The command line. */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *host_env[] = {(char *)"HOME=/home/u", (char *)"LANG=C", NULL};

static int parse(struct options *o, struct wlpy_err *err, const char *const *args)
{
    char *argv[32] = {(char *)"wl-run"};
    static char *kept[32];
    int argc = 1;

    for (; args[argc - 1]; argc++)
        argv[argc] = (char *)args[argc - 1];
    argv[argc] = NULL;
    memcpy(kept, argv, sizeof argv);
    return options_parse(o, argc, kept, host_env, err);
}

#define PARSE(...) parse(&o, &err, (const char *const[]){__VA_ARGS__, NULL})

static void test_guest_arguments(void **state)
{
    struct options o;
    struct wlpy_err err;

    (void)state;
    assert_int_equal(PARSE("a/b.wasm", "--", "--dir", "x", "--"), 0);
    assert_string_equal(o.config.module, "a/b.wasm");
    assert_int_equal(o.config.argc, 4);
    assert_string_equal(o.config.argv[0], "b.wasm");
    assert_string_equal(o.config.argv[1], "--dir");
    assert_string_equal(o.config.argv[3], "--");
    assert_int_equal(o.config.mount_count, 0);
    options_free(&o);

    assert_int_equal(PARSE("--argv0=python", "--", "-m.wasm", "-c", "--", "x"), 0);
    assert_string_equal(o.config.module, "-m.wasm");
    assert_string_equal(o.config.argv[0], "python");
    assert_int_equal(o.config.argc, 4);
    assert_string_equal(o.config.argv[2], "--");
    options_free(&o);

    /* Options behind the module are never the runner's: they could come from anywhere. */
    assert_int_equal(PARSE("m.wasm", "--mapdir", "/::/"), 0);
    assert_int_equal(o.config.mount_count, 0);
    assert_int_equal(o.config.argc, 3);
    options_free(&o);
}

static void test_mounts(void **state)
{
    struct options o;
    struct wlpy_err err;

    (void)state;
    assert_int_equal(PARSE("--dir", ".::/", "--dir=/data", "--dir", "a::/b::ro", "--dir-ro", "c::/d", "--mapdir",
                           "/e::f", "--mapdir=/::.", "m.wasm"),
                     0);
    assert_int_equal(o.config.mount_count, 6);
    assert_string_equal(o.config.mounts[0].host, ".");
    assert_string_equal(o.config.mounts[0].guest, "/");
    assert_false(o.config.mounts[0].read_only);
    assert_string_equal(o.config.mounts[1].host, "/data");
    assert_string_equal(o.config.mounts[1].guest, "/data");
    assert_string_equal(o.config.mounts[2].guest, "/b");
    assert_true(o.config.mounts[2].read_only);
    assert_true(o.config.mounts[3].read_only);
    assert_string_equal(o.config.mounts[4].host, "f");
    assert_string_equal(o.config.mounts[4].guest, "/e");
    assert_string_equal(o.config.mounts[5].host, ".");
    options_free(&o);

    /* The mark without a name: as the form says, and as native programs take it. */
    assert_int_equal(PARSE("--dir", "a::ro", "m.wasm"), 0);
    assert_string_equal(o.config.mounts[0].host, "a");
    assert_string_equal(o.config.mounts[0].guest, "a");
    assert_true(o.config.mounts[0].read_only);
    options_free(&o);
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
    struct options o;
    struct wlpy_err err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(PARSE(wrong[i][0], wrong[i][1], "m.wasm"), -WLPY_E_SETUP);
        assert_non_null(strstr(err.text, wrong[i][1]));
        assert_non_null(strstr(err.hint, wrong[i][2]));
        options_free(&o);
    }
}

static void test_env(void **state)
{
    struct options o;
    struct wlpy_err err;

    (void)state;
    assert_int_equal(PARSE("--env", "A=1", "--env=HOME", "--env", "MISSING", "--env", "A=2=3", "--env", "E=", "m"), 0);
    assert_int_equal(o.config.envc, 3);
    assert_string_equal(o.config.env[0], "A=2=3");
    assert_string_equal(o.config.env[1], "HOME=/home/u");
    assert_string_equal(o.config.env[2], "E=");
    options_free(&o);
    assert_int_equal(PARSE("m"), 0);
    assert_int_equal(o.config.envc, 0); /* nothing unasked */
    options_free(&o);
}

static void test_cache_folder(void **state)
{
    struct options o;
    struct wlpy_err err;

    (void)state;
    assert_int_equal(PARSE("m"), 0);
    assert_string_equal(o.config.cache_dir, "/home/u/.cache/wl-make/compiled");
    options_free(&o);
    host_env[1] = (char *)"XDG_CACHE_HOME=/c";
    assert_int_equal(PARSE("m"), 0);
    assert_string_equal(o.config.cache_dir, "/c/wl-make/compiled");
    options_free(&o);
    host_env[1] = (char *)"XDG_CACHE_HOME=relative";
    assert_int_equal(PARSE("m"), 0);
    assert_string_equal(o.config.cache_dir, "/home/u/.cache/wl-make/compiled");
    options_free(&o);
    host_env[1] = (char *)"LANG=C";
    assert_int_equal(PARSE("--cache-dir=d", "m"), 0);
    assert_string_equal(o.config.cache_dir, "d");
    options_free(&o);
    assert_int_equal(PARSE("--no-cache", "m"), 0);
    assert_null(o.config.cache_dir);
    options_free(&o);
}

static void test_sizes(void **state)
{
    struct options o;
    struct wlpy_err err;
    uint64_t n = 0;

    (void)state;
    assert_true(parse_size("65536", &n) && n == 65536);
    assert_true(parse_size("64K", &n) && n == 65536);
    assert_true(parse_size("2MiB", &n) && n == 2 << 20);
    assert_true(parse_size("1gb", &n) == false);
    assert_true(parse_size("1g", &n) && n == 1u << 30);
    assert_false(parse_size("", &n));
    assert_false(parse_size("-1", &n));
    assert_false(parse_size("K", &n));
    assert_false(parse_size("1x", &n));
    assert_false(parse_size("99999999999999999999", &n));
    assert_false(parse_size("99999999999999999G", &n));
    assert_int_equal(PARSE("--max-wasm-stack", "8388608", "--max-memory=256M", "m"), 0);
    assert_int_equal(o.config.limits.stack, 8 << 20);
    assert_int_equal(o.config.limits.memory, 256 << 20);
    options_free(&o);
    assert_int_equal(PARSE("--max-compile-memory", "2G", "--max-compile-time=30", "m"), 0);
    assert_int_equal(o.config.limits.compile_memory, UINT64_C(2) << 30);
    assert_int_equal(o.config.limits.compile_seconds, 30);
    options_free(&o);
    assert_int_equal(PARSE("-W", "max-wasm-stack=16777216", "m"), 0);
    assert_int_equal(o.config.limits.stack, 16 << 20);
    options_free(&o);
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
    struct options o;
    struct wlpy_err err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(&o, &err, bad[i].args), -WLPY_E_SETUP);
        assert_int_equal(err.code, WLPY_E_SETUP);
        assert_non_null(strstr(err.text, bad[i].says));
        assert_true(*err.hint);
        options_free(&o);
    }
}

static void test_help(void **state)
{
    struct options o;
    struct wlpy_err err;

    (void)state;
    assert_int_equal(PARSE("--help"), 0);
    assert_true(o.help);
    options_free(&o);
    assert_int_equal(PARSE("-V"), 0);
    assert_true(o.version);
    options_free(&o);
    assert_int_equal(PARSE("m", "--help"), 0);
    assert_false(o.help);
    options_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_arguments),
        cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_wrong_mounts),
        cmocka_unit_test(test_env),
        cmocka_unit_test(test_cache_folder),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
