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

/* The three ports that a native program is made with. */
static void put_ports(void **state)
{
    put_file(state, "profile.xz", "text");
    put_file(state, "other.xz", "other");
    put_file(state, "host/runtime.c", "text");
    put_recipe(state, AOT_PORT, SIMPLE "files: [/host]\n");
    put_recipe(state, WABT_PORT, PATCHED);
    put_file(state, "ports/" WABT_PORT "/a.patch", "--- a\n");
    put_recipe(state, MUSL_PORT, SIMPLE "build-needs: [m/tool]\n");
    put_recipe(state, "m/tool", SIMPLE);
}

struct question {
    const char *port, *sha256, *module, *profile, *cpu;
    bool library, sandboxed;
    unsigned long long max_seconds, max_memory;
};

static const struct question plain = {.port = "k", .module = "n.wasm"};

static char *key_of(void **state, const struct question *q)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_FREE char *cache = in_folder(state, "cache");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct make_options o = {.plan = {.roots = &roots, .sandboxed = true, .cache = "/some/cache"}};
    struct store store;
    struct plan p;
    struct aot_program program;
    char *key;

    make_plan(state, &o.plan, AOT_PORT " " WABT_PORT " " MUSL_PORT, &p);
    assert_ok(store_open(&store, cache, &err), &err);
    o.store = &store;
    o.plan.sandboxed = q->sandboxed;
    {
        const struct aot a = {.o = &o,
                              .plan = &p,
                              .module = q->module,
                              .key = q->port,
                              .sha256 = q->sha256,
                              .profile = q->profile,
                              .cpu = q->cpu,
                              .library = q->library,
                              .max_seconds = q->max_seconds,
                              .max_memory = q->max_memory};

        assert_ok(aot_find(&a, &program, &err), &err);
    }
    key = xstrdup(program.key);
    aot_program_free(&program);
    store_close(&store);
    plan_free(&p);
    recipe_roots_free(&roots);
    return key;
}

static void test_key_changes_with_its_inputs(void **state)
{
    static const char *const edits[][2] = {
        {"ports/" WABT_PORT "/a.patch", "--- b\n"},
        {"ports/" WABT_PORT "/recipe.yaml", PATCHED "env: [\"A=1\"]\n"},
        {"ports/m/tool/recipe.yaml", SIMPLE "env: [\"A=1\"]\n"},
        {"ports/" MUSL_PORT "/recipe.yaml", SIMPLE},
        {"host/runtime.c", "other"},
        {"host/new.c", "new"},
    };
    WL_CLEANUP_FREE char *profile = NULL, *other = NULL;

    put_compilers(state);
    put_ports(state);
    profile = in_folder(state, "profile.xz");
    other = in_folder(state, "other.xz");
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        WL_CLEANUP_FREE char *before = key_of(state, &plain), *after = NULL;

        put_file(state, edits[i][0], edits[i][1]);
        after = key_of(state, &plain);
        if (!strcmp(before, after))
            print_error("the same key with another %s\n", edits[i][0]);
        assert_string_not_equal(before, after);
    }
    {
        const struct question others[] = {plain,
                                          {.port = "o", .module = "n.wasm"},
                                          {.sha256 = "s", .module = "n.wasm"},
                                          {.port = "k", .module = "o.wasm"},
                                          {.port = "k", .module = "n.wasm", .library = true},
                                          {.port = "k", .module = "n.wasm", .cpu = "native"},
                                          {.port = "k", .module = "n.wasm", .profile = "none"},
                                          {.port = "k", .module = "n.wasm", .profile = profile},
                                          {.port = "k", .module = "n.wasm", .profile = other}};
        enum { N = sizeof others / sizeof *others };
        char *keys[N];

        for (size_t i = 0; i < N; i++) {
            keys[i] = key_of(state, &others[i]);
            for (size_t k = 0; k < i; k++)
                assert_string_not_equal(keys[i], keys[k]);
        }
        for (size_t i = 0; i < N; i++)
            free(keys[i]);
    }
}

static void test_key_ignores_what_does_not_matter(void **state)
{
    const struct question others[] = {{.port = "k", .module = "a folder/n.wasm"},
                                      {.port = "k", .module = "n.wasm", .sandboxed = true},
                                      {.port = "k", .module = "n.wasm", .max_seconds = 5},
                                      {.port = "k", .module = "n.wasm", .max_memory = 1 << 30}};
    WL_CLEANUP_FREE char *before = NULL;

    put_compilers(state);
    put_ports(state);
    before = key_of(state, &plain);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        WL_CLEANUP_FREE char *after = key_of(state, &others[i]);

        assert_string_equal(before, after);
    }
    put_file(state, "ports/" WABT_PORT "/recipe.yaml", PATCHED "# a comment\n");
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
        TEST_IN_FOLDER(test_key_changes_with_its_inputs),
        TEST_IN_FOLDER(test_key_ignores_what_does_not_matter),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
