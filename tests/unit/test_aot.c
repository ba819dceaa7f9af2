/* The key of a native program. */
#include "aot/aot.h"

#include "made_up.h"
#include "recipe/known_ports.h"
#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>

#define PATCHED SIMPLE "patches: [a.patch]\n"

/* A directory of programs that is all of PATH: compilers that only print a version. */
static void put_compilers(void **state)
{
    static const char *const programs[] = {
        "clang-" WL_LLVM, "wasm-ld-" WL_LLVM, "llvm-ar-" WL_LLVM, "llvm-strip-" WL_LLVM, "cc", "make"};
    WL_CLEANUP_FREE char *bin = in_folder(state, "bin");

    assert_int_equal(mkdir(bin, 0755), 0);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        WL_CLEANUP_FREE char *file = path_join(bin, programs[i]);

        write_program(file, "echo 'clang version 22.1.8'\n");
    }
    setenv("PATH", bin, 1);
}

/* A checkout: the parts of host/ that are in the key, and the two ports. */
static void put_checkout(void **state)
{
    static const char *const files[] = {
        "host/native/runtime.c", "host/native/make/aot.sh", "host/wasi/wasi.c", "host/interrupt.c", "host/interrupt.h",
        "host/cli/options.c",    "host/core/err.c",         "host/wasm.h",      "host/wlpy.h",      "profile.xz"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put_file(state, files[i], "text");
    put_recipe(state, WABT_PORT, PATCHED);
    put_file(state, "ports/" WABT_PORT "/a.patch", "--- a\n");
    put_recipe(state, MUSL_PORT, SIMPLE "build-needs: [m/tool]\n");
    put_recipe(state, "m/tool", SIMPLE);
}

struct question {
    const char *module, *name, *profile, *cpu;
    bool library, sandboxed;
    unsigned long long max_seconds, max_memory;
};

static const struct question plain = {.module = "m", .name = "n"};

static char *key_of(void **state, const struct question *q)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_FREE char *cache = in_folder(state, "cache");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    const struct plan_options o = {.roots = &roots, .sandboxed = true, .cache = "/some/cache"};
    struct store store;
    struct plan p;
    char key[HASH_HEX_SIZE];

    make_plan(state, &o, WABT_PORT " " MUSL_PORT, &p);
    assert_ok(store_open(&store, cache, &err), &err);
    {
        const struct aot a = {.repo = roots.repo,
                              .plan = &p,
                              .store = &store,
                              .profile = q->profile,
                              .cpu = q->cpu,
                              .library = q->library,
                              .sandboxed = q->sandboxed,
                              .max_seconds = q->max_seconds,
                              .max_memory = q->max_memory};

        assert_ok(aot_key(&a, q->module, q->name, key, &err), &err);
    }
    store_close(&store);
    plan_free(&p);
    recipe_roots_free(&roots);
    return xstrdup(key);
}

static void test_key_changes_with_what_it_is_made_from(void **state)
{
    static const char *const edits[][2] = {
        {"ports/" WABT_PORT "/a.patch", "--- b\n"},
        {"ports/" WABT_PORT "/recipe.yaml", PATCHED "env: [\"A=1\"]\n"},
        {"ports/m/tool/recipe.yaml", SIMPLE "env: [\"A=1\"]\n"},
        {"ports/" MUSL_PORT "/recipe.yaml", SIMPLE},
        {"host/native/make/aot.sh", "other"},
        {"host/native/new.c", "new"},
        {"host/wasi/wasi.c", "other"},
        {"host/wasm.h", "other"},
    };
    WL_CLEANUP_FREE char *profile = NULL;

    put_compilers(state);
    put_checkout(state);
    profile = in_folder(state, "profile.xz");
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        WL_CLEANUP_FREE char *before = key_of(state, &plain), *after = NULL;

        put_file(state, edits[i][0], edits[i][1]);
        after = key_of(state, &plain);
        if (!strcmp(before, after))
            print_error("the same key with another %s\n", edits[i][0]);
        assert_string_not_equal(before, after);
    }
    for (size_t i = 0; i < 6; i++) {
        const struct question others[] = {{.module = "o", .name = "n"},
                                          {.module = "m", .name = "o"},
                                          {.module = "m", .name = "n", .library = true},
                                          {.module = "m", .name = "n", .cpu = "native"},
                                          {.module = "m", .name = "n", .profile = "none"},
                                          {.module = "m", .name = "n", .profile = profile}};
        WL_CLEANUP_FREE char *before = key_of(state, &plain), *after = key_of(state, &others[i]);

        assert_string_not_equal(before, after);
    }
}

static void test_key_stays_with_what_does_not_matter(void **state)
{
    const struct question others[] = {{.module = "m", .name = "n", .sandboxed = true},
                                      {.module = "m", .name = "n", .max_seconds = 5},
                                      {.module = "m", .name = "n", .max_memory = 1 << 30}};
    WL_CLEANUP_FREE char *before = NULL;

    put_compilers(state);
    put_checkout(state);
    before = key_of(state, &plain);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        WL_CLEANUP_FREE char *after = key_of(state, &others[i]);

        assert_string_equal(before, after);
    }
    put_file(state, "ports/" WABT_PORT "/recipe.yaml", PATCHED "# a comment\n");
    put_file(state, "host/main.c", "of wl-run alone");
    {
        WL_CLEANUP_FREE char *after = key_of(state, &plain);

        assert_string_equal(before, after);
    }
}

static void test_names(void **state)
{
    static const char *const names[][2] = {
        {"a/python-snapshot.wasm", "python-snapshot"},
        {"x.wasm", "x"},
        {".wasm", ".wasm"},
        {"a\"; evil(); \".wasm", "a___evil_____"},
        {"$(touch x)\n.wasm", "__touch_x__"},
        {"\\x", "_x"},
        {"a/...wasm", "__"},
        {"..wasm", "_"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        WL_CLEANUP_FREE char *name = aot_name(names[i][0]);

        assert_string_equal(name, names[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_key_changes_with_what_it_is_made_from),
        TEST_IN_FOLDER(test_key_stays_with_what_does_not_matter),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
