/* The keys of a native program and of its translation. */
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

/* The ports that a native program is made with. */
static void put_ports(void **state)
{
    put_file(state, "profile.xz", "text");
    put_file(state, "other.xz", "other");
    put_file(state, "host/abi/native.h", "text");
    put_file(state, "host/native/run.c", "text");
    put_recipe(state, AOT_PORT, SIMPLE "files: [/host/abi]\n");
    put_recipe(state, AOT_HOST_PORT, SIMPLE "files: [/host/abi, /host/native]\n");
    put_recipe(state, WABT_PORT, PATCHED);
    put_file(state, "ports/" WABT_PORT "/a.patch", "--- a\n");
    put_recipe(state, MUSL_PORT, SIMPLE "build-needs: [m/tool]\n");
    put_recipe(state, "m/tool", SIMPLE);
    put_recipe(state, AOT_HOST_AARCH64_PORT, SIMPLE);
    put_recipe(state, MUSL_AARCH64_PORT, SIMPLE);
    put_recipe(state, SYSROOT_AARCH64_PORT, SIMPLE);
}

/* Another kind of machine than this one, whichever this is. */
static const struct aot_target aarch64 = {"aarch64-linux", AOT_HOST_AARCH64_PORT, MUSL_AARCH64_PORT,
                                          SYSROOT_AARCH64_PORT};

struct question {
    const char *sha256, *module, *profile, *cpu;
    const struct aot_target *target;
    bool library, sandboxed;
    unsigned long long max_seconds, max_memory;
};

static const struct question plain = {.sha256 = "s", .module = "n.wasm"};

struct keys {
    char program[HASH_HEX_SIZE], translation[HASH_HEX_SIZE];
};

static struct keys keys_of(void **state, const struct question *q)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_FREE char *cache = in_folder(state, "cache");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct make_options o = {.plan = {.roots = &roots, .sandboxed = true, .cache = "/some/cache"}};
    struct store store;
    struct plan p;
    struct aot_program program;
    struct keys keys;

    make_plan(state, &o.plan,
              AOT_PORT " " AOT_HOST_PORT " " WABT_PORT " " MUSL_PORT " " AOT_HOST_AARCH64_PORT " " MUSL_AARCH64_PORT
                       " " SYSROOT_AARCH64_PORT,
              &p);
    assert_ok(store_open(&store, cache, &err), &err);
    o.store = &store;
    o.plan.sandboxed = q->sandboxed;
    {
        const struct aot a = {.o = &o,
                              .plan = &p,
                              .module = q->module,
                              .sha256 = q->sha256,
                              .profile = q->profile,
                              .target = q->target,
                              .cpu = q->cpu,
                              .library = q->library,
                              .max_seconds = q->max_seconds,
                              .max_memory = q->max_memory};

        assert_ok(aot_find(&a, &program, &err), &err);
    }
    memcpy(keys.program, program.key, sizeof keys.program);
    memcpy(keys.translation, program.translation, sizeof keys.translation);
    aot_program_free(&program);
    store_close(&store);
    plan_free(&p);
    recipe_roots_free(&roots);
    return keys;
}

/* What is changed one after the other, and whether the module is then translated again. */
static const struct edit {
    const char *file, *text;
    bool translated;
} edits[] = {
    {"ports/" WABT_PORT "/a.patch", "--- b\n", true},
    {"ports/" WABT_PORT "/recipe.yaml", PATCHED "env: [\"A=1\"]\n", true},
    {"ports/m/tool/recipe.yaml", SIMPLE "env: [\"A=1\"]\n", true},
    {"ports/" MUSL_PORT "/recipe.yaml", SIMPLE, true},
    {"host/abi/native.h", "other", true},
    {"host/abi/new.h", "new", true},
    {"host/native/run.c", "other", false},
    {"host/native/new.c", "new", false},
};

static void test_keys_change_with_their_inputs(void **state)
{
    put_compilers(state);
    put_ports(state);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct keys before = keys_of(state, &plain), after;

        put_file(state, edits[i].file, edits[i].text);
        after = keys_of(state, &plain);
        if (!strcmp(before.program, after.program) ||
            edits[i].translated != (strcmp(before.translation, after.translation) != 0))
            print_error("the wrong keys change with %s\n", edits[i].file);
        assert_string_not_equal(before.program, after.program);
        assert_int_equal(edits[i].translated, strcmp(before.translation, after.translation) != 0);
    }
}

static void test_each_request_has_its_key(void **state)
{
    WL_CLEANUP_FREE char *profile = NULL, *other = NULL;

    put_compilers(state);
    put_ports(state);
    profile = in_folder(state, "profile.xz");
    other = in_folder(state, "other.xz");
    {
        const struct question others[] = {plain,
                                          {.sha256 = "t", .module = "n.wasm"},
                                          {.sha256 = "s", .module = "n.wasm", .library = true},
                                          {.sha256 = "s", .module = "n.wasm", .target = &aarch64},
                                          {.sha256 = "s", .module = "n.wasm", .target = &aarch64, .library = true},
                                          {.sha256 = "s", .module = "n.wasm", .cpu = "native"},
                                          {.sha256 = "s", .module = "n.wasm", .profile = "none"},
                                          {.sha256 = "s", .module = "n.wasm", .profile = profile},
                                          {.sha256 = "s", .module = "n.wasm", .profile = other}};
        enum { N = sizeof others / sizeof *others };
        struct keys keys[N];

        for (size_t i = 0; i < N; i++) {
            keys[i] = keys_of(state, &others[i]);
            for (size_t k = 0; k < i; k++) {
                assert_string_not_equal(keys[i].program, keys[k].program);
                assert_string_not_equal(keys[i].translation, keys[k].translation);
            }
        }
    }
}

/* A program for another machine is made of that machine's parts, and a library of its C library. */
static void test_the_parts_of_another_machine(void **state)
{
    static const struct {
        const char *port;
        bool program, program_code, library, library_code; /* what changes with it */
    } parts[] = {{AOT_HOST_PORT, false, false, false, false},
                 {MUSL_PORT, false, false, false, false},
                 {AOT_HOST_AARCH64_PORT, true, false, true, false},
                 {MUSL_AARCH64_PORT, true, true, false, false},
                 {SYSROOT_AARCH64_PORT, false, false, true, true}};
    const struct question program = {.sha256 = "s", .module = "n.wasm", .target = &aarch64},
                          library = {.sha256 = "s", .module = "n.wasm", .target = &aarch64, .library = true};

    put_compilers(state);
    put_ports(state);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct keys p = keys_of(state, &program), l = keys_of(state, &library), p2, l2;
        WL_CLEANUP_FREE char *file = xasprintf("ports/%s/recipe.yaml", parts[i].port);

        put_file(state, file, SIMPLE "env: [\"A=1\"]\n");
        p2 = keys_of(state, &program);
        l2 = keys_of(state, &library);
        assert_int_equal(parts[i].program, strcmp(p.program, p2.program) != 0);
        assert_int_equal(parts[i].program_code, strcmp(p.translation, p2.translation) != 0);
        assert_int_equal(parts[i].library, strcmp(l.program, l2.program) != 0);
        assert_int_equal(parts[i].library_code, strcmp(l.translation, l2.translation) != 0);
    }
}

/* A program knows its name, so another name is another program, but of the same translation. A library for the
 * machine's C library does not contain musl. */
static void test_the_translation_is_shared(void **state)
{
    const struct question renamed = {.sha256 = "s", .module = "o.wasm"},
                          library = {.sha256 = "s", .module = "n.wasm", .library = true};
    struct keys one, other, before;

    put_compilers(state);
    put_ports(state);
    one = keys_of(state, &plain);
    other = keys_of(state, &renamed);
    assert_string_equal(one.translation, other.translation);
    assert_string_not_equal(one.program, other.program);
    before = keys_of(state, &library);
    put_file(state, "ports/" MUSL_PORT "/recipe.yaml", SIMPLE);
    other = keys_of(state, &library);
    assert_string_equal(before.translation, other.translation);
    assert_string_equal(before.program, other.program);
}

static void test_keys_ignore_what_does_not_matter(void **state)
{
    const struct question others[] = {{.sha256 = "s", .module = "a folder/n.wasm"},
                                      {.sha256 = "s", .module = "n.wasm", .sandboxed = true},
                                      {.sha256 = "s", .module = "n.wasm", .max_seconds = 5},
                                      {.sha256 = "s", .module = "n.wasm", .max_memory = 1 << 30}};
    struct keys before, after;

    put_compilers(state);
    put_ports(state);
    before = keys_of(state, &plain);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        after = keys_of(state, &others[i]);
        assert_string_equal(before.program, after.program);
        assert_string_equal(before.translation, after.translation);
    }
    put_file(state, "ports/" WABT_PORT "/recipe.yaml", PATCHED "# a comment\n");
    after = keys_of(state, &plain);
    assert_string_equal(before.program, after.program);
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
        TEST_IN_FOLDER(test_keys_change_with_their_inputs),    TEST_IN_FOLDER(test_each_request_has_its_key),
        TEST_IN_FOLDER(test_the_parts_of_another_machine),     TEST_IN_FOLDER(test_the_translation_is_shared),
        TEST_IN_FOLDER(test_keys_ignore_what_does_not_matter), cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
