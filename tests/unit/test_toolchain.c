#include "plan/toolchain.h"

#include "made_up.h"
#include "util/fs.h"
#include "util/str.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory that looks like a wasi-sdk. version NULL: without its version file. */
static char *make_sdk(void **state, const char *name, const char *version, const char *clang, const char *target)
{
    WL_CLEANUP_FREE char *v = xasprintf("%s/VERSION", name), *c = xasprintf("%s/bin/clang", name);
    WL_CLEANUP_FREE char *libc = xasprintf("%s/share/wasi-sysroot/lib/%s/libc.a", name, target), *path = NULL;
    WL_CLEANUP_FREE char *script = xasprintf("echo 'clang version %s (somewhere)'\n", clang);

    if (version)
        put_file(state, v, version);
    put_file(state, c, "");
    path = in_folder(state, c);
    write_program(path, script);
    put_file(state, libc, "libc");
    return in_folder(state, name);
}

static void test_sdk(void **state)
{
    WL_CLEANUP_FREE char *sdk = make_sdk(state, "sdk", "33.0\nllvm: abc\n", "22.1.0", "wasm32-wasip1");
    WL_CLEANUP_FREE char *old = make_sdk(state, "old", "21.0\n", "17.0.6", "wasm32-wasi");
    WL_CLEANUP_FREE char *unnamed = make_sdk(state, "unnamed", NULL, "18.0.0", "wasm32-wasi");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct toolchain t;

    assert_ok(toolchain_find_wasi(sdk, NULL, &t, &err), &err);
    assert_int_equal(t.sdk_version, 33);
    assert_string_equal(t.target, "wasm32-wasip1");
    assert_string_equal(t.sdk, sdk);
    assert_contains(t.identity, "22.1.0");
    toolchain_free(&t);
    assert_ok(toolchain_find_wasi(old, NULL, &t, &err), &err);
    assert_string_equal(t.target, "wasm32-wasi");
    toolchain_free(&t);
    assert_ok(toolchain_find_wasi(unnamed, NULL, &t, &err), &err);
    assert_int_equal(t.sdk_version, 0);
    toolchain_free(&t);
}

static void refuse(const char *root, const char *text, const char *hint)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct toolchain t;

    assert_class(toolchain_find_wasi(root, NULL, &t, &err), WL_E_TOOLCHAIN, &err);
    assert_contains(err.text, text);
    assert_contains(err.text, root);
    assert_contains(err.hint, hint);
    toolchain_free(&t);
}

static void test_sdk_refused(void **state)
{
    WL_CLEANUP_FREE char *none = in_folder(state, "none"), *empty = in_folder(state, "empty");
    WL_CLEANUP_FREE char *v20 = make_sdk(state, "v20", "20.0\n", "16.0.0", "wasm32-wasi");
    WL_CLEANUP_FREE char *v26 = make_sdk(state, "v26", "26.0\n", "20.0.0", "wasm32-wasip1");
    WL_CLEANUP_FREE char *v27 = make_sdk(state, "v27", "wasi-sdk-27\n", "20.0.0", "wasm32-wasip1");
    WL_CLEANUP_FREE char *ancient = make_sdk(state, "ancient", NULL, "11.0.0", "wasm32-wasi");
    WL_CLEANUP_FREE char *bare = make_sdk(state, "bare", "33.0\n", "22.0.0", "some-other-target");
    WL_CLEANUP_FREE char *broken = make_sdk(state, "broken", "33.0\n", "22.0.0", "wasm32-wasip1");
    WL_CLEANUP_FREE char *clang = in_folder(state, "broken/bin/clang");

    assert_int_equal(mkdir(empty, 0755), 0);
    write_program(clang, "echo cannot run >&2; exit 127\n");
    refuse(none, "there is no such directory", "unset it");
    refuse(empty, "holds no bin/clang", "unset it");
    refuse(v20, "is version 20; the oldest that can build CPython is 21", "newer wasi-sdk");
    refuse(ancient, "has clang 11; the oldest that can build CPython has 17", "newer wasi-sdk");
    refuse(v26, "is version 26, whose clang 20 hangs", "25, or 28");
    refuse(v27, "is version 27", "25, or 28");
    refuse(bare, "no share/wasi-sysroot", "whole wasi-sdk");
    refuse(broken, "ends with status 127", "install it again");
}

static void test_min_sdk(void **state)
{
    WL_CLEANUP_FREE char *sdk = make_sdk(state, "sdk", "24.0\n", "18.1.0", "wasm32-wasip1");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct recipe r = {.name = (char *)"m/a", .min_sdk = 24};
    struct toolchain t;

    assert_ok(toolchain_find_wasi(sdk, NULL, &t, &err), &err);
    assert_ok(toolchain_check(&t, &r, &err), &err);
    r.min_sdk = 33;
    assert_class(toolchain_check(&t, &r, &err), WL_E_TOOLCHAIN, &err);
    assert_contains(err.text, "m/a needs wasi-sdk 33 or later");
    t.sdk_version = 0; /* the system's own LLVM */
    assert_ok(toolchain_check(&t, &r, &err), &err);
    toolchain_free(&t);
}

/* A compiler is asked once; another file is another compiler. */
static void test_memory(void **state)
{
    WL_CLEANUP_FREE char *sdk = make_sdk(state, "sdk", "33.0\n", "22.1.0", "wasm32-wasip1");
    WL_CLEANUP_FREE char *clang = in_folder(state, "sdk/bin/clang"), *cache = in_folder(state, "cache");
    WL_CLEANUP_FREE char *count = in_folder(state, "count"), *quoted = shell_quote(count), *script = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct toolchain t;

    script = xasprintf("echo x >>%s; echo 'clang version 22.1.0'\n", quoted);
    write_program(clang, script);
    for (int i = 0; i < 3; i++) {
        assert_ok(toolchain_find_wasi(sdk, cache, &t, &err), &err);
        toolchain_free(&t);
    }
    assert_file_is(count, "x\n");
    write_program(clang, "echo 'clang version 22.1.99'\n");
    assert_ok(toolchain_find_wasi(sdk, cache, &t, &err), &err);
    assert_contains(t.identity, "22.1.99");
    toolchain_free(&t);
    /* A cache that cannot be written is not an error. */
    assert_ok(toolchain_find_wasi(sdk, "/dev/null/x", &t, &err), &err);
    toolchain_free(&t);
}

/* A directory of programs that is all of PATH. */
static void test_path(void **state)
{
    static const char *const programs[] = {"clang-" WL_LLVM, "wasm-ld-" WL_LLVM, "llvm-ar-" WL_LLVM,
                                           "llvm-strip-" WL_LLVM};
    WL_CLEANUP_FREE char *bin = in_folder(state, "bin"), *before = xstrdup(getenv("PATH"));
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct toolchain t;

    assert_int_equal(mkdir(bin, 0755), 0);
    setenv("PATH", bin, 1);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        WL_CLEANUP_FREE char *file = path_join(bin, programs[i]);

        assert_class(toolchain_find_wasi(NULL, NULL, &t, &err), WL_E_TOOLCHAIN, &err);
        assert_contains(err.text, programs[i]);
        assert_contains(err.hint, "apt-get install");
        write_program(file, "echo 'clang version 22.1.8'\n");
    }
    assert_ok(toolchain_find_wasi(NULL, NULL, &t, &err), &err);
    assert_int_equal(t.sdk_version, 0);
    assert_null(t.sdk);
    assert_contains(t.identity, "22.1.8");
    toolchain_free(&t);
    assert_ok(toolchain_find_clang(NULL, &t, &err), &err);
    assert_contains(t.identity, "22.1.8");
    toolchain_free(&t);
    assert_class(toolchain_find_native(NULL, &t, &err), WL_E_TOOLCHAIN, &err);
    assert_contains(err.text, "there is no cc");
    {
        WL_CLEANUP_FREE char *cc = path_join(bin, "cc"), *make = path_join(bin, "make");

        write_program(cc, "echo cc 12\n");
        assert_class(toolchain_find_native(NULL, &t, &err), WL_E_TOOLCHAIN, &err);
        assert_contains(err.text, "there is no make");
        write_program(make, "true\n");
        assert_ok(toolchain_find_native(NULL, &t, &err), &err);
        assert_contains(t.identity, "cc 12");
        /* Other flags make other programs. */
        assert_contains(t.identity, t.compile);
        assert_contains(t.identity, t.link);
        assert_contains(t.compile, "-fstack-protector-strong");
        assert_contains(t.link, "-z,now");
        toolchain_free(&t);
    }
    setenv("PATH", before, 1);
}

static void test_environment(void **state)
{
    struct toolchain llvm = {.kind = TOOLCHAIN_WASI, .target = "wasm32-wasip1"}, native = {.kind = TOOLCHAIN_NATIVE},
                     clang = {.kind = TOOLCHAIN_CLANG}, none = {.kind = TOOLCHAIN_NONE};
    WL_CLEANUP_STRV struct strv a = {0}, b = {0}, c = {0}, d = {0}, e = {0};

    (void)state;
    toolchain_env(&llvm, NULL, "/wl/needs/sysroot", &a);
    assert_true(strv_has(&a, "CC=clang-" WL_LLVM " -Qn --target=wasm32-wasip1 --sysroot=/wl/needs/sysroot"));
    assert_true(strv_has(&a, "AR=llvm-ar-" WL_LLVM));
    assert_true(strv_has(&a, "LD=wasm-ld-" WL_LLVM));
    assert_true(strv_has(&a, "TARGET=wasm32-wasip1"));
    assert_true(strv_has(&a, "CC_FOR_BUILD=cc"));
    toolchain_env(&llvm, "/wl/sdk", NULL, &b);
    assert_true(strv_has(&b, "CC=/wl/sdk/bin/clang -Qn --target=wasm32-wasip1 --sysroot=/wl/sdk/share/wasi-sysroot"));
    assert_true(strv_has(&b, "STRIP=/wl/sdk/bin/llvm-strip"));
    toolchain_env(&native, NULL, NULL, &c);
    assert_true(strv_has(&c, "CC=cc"));
    assert_false(strv_has(&c, "TARGET=wasm32-wasip1"));
    toolchain_env(&none, NULL, NULL, &d);
    assert_int_equal(d.n, 0);
    toolchain_env(&clang, NULL, NULL, &e);
    assert_true(strv_has(&e, "CC=clang-" WL_LLVM));
    assert_true(strv_has(&e, "LD=ld.lld-" WL_LLVM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_sdk),    TEST_IN_FOLDER(test_sdk_refused), TEST_IN_FOLDER(test_min_sdk),
        TEST_IN_FOLDER(test_memory), TEST_IN_FOLDER(test_path),        cmocka_unit_test(test_environment),
    };

    return cmocka_run_group_tests_name("toolchain", tests, NULL, NULL);
}
