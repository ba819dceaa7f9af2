/* Which packages are built with their native code because a recipe wants it, with the real pip, from directories of
 * made-up packages. */
#include "made_up.h"
#include "made_up_wheels.h"
#include "util/fs.h"
#include "util/str.h"

#include <string.h>

/* Puts ports/pypi/NAME, with a variable, and what it is made from. */
static void put_package(void **state, const char *name, const char *var)
{
    WL_CLEANUP_FREE char *port = xasprintf("pypi/%s", name);
    WL_CLEANUP_FREE char *text = xasprintf("from: pypi/base\nabstract: true\nvars: [%s]\n", var);

    put_recipe(state, "pypi/base",
               "abstract: true\nsummary: a package\nlicense: MIT\nvars: [\"native=\", \"requires=\"]\n");
    put_recipe(state, port, text);
}

/* A place for packages that are built: their builds require setuptools. */
static void build_place(void **state, struct place *p, const struct recipe_roots *roots, const char *requirements)
{
    wheel(state, "setuptools", "1.0", PURE, "");
    place_make(state, p, requirements);
    p->w.roots = roots;
    p->o.cache = in_folder(state, "cache");
}

static void build_place_free(struct place *p)
{
    free((char *)p->o.cache);
    place_free(p);
}

/* Checks what is locked of a package, up to the end of its line. */
static void assert_locked(const struct place *p, const char *end)
{
    WL_CLEANUP_FREE char *text = locked(p), *line = xasprintf("%s\n", end);

    assert_contains(text, line);
}

/* A recipe wants the native code of a package, which cannot be built: its pure wheel is used. */
static void test_wanted_native_code(void **state)
{
    WL_CLEANUP_FREE char *text = NULL;
    char *names[] = {(char *)"both", NULL};
    struct strv without = {names, 1};
    struct recipe_roots roots = roots_of(state);
    struct place p;

    skip_without_pip();
    put_package(state, "both", "native=1");
    wheel(state, "both", "1.0", NATIVE, "");
    wheel(state, "both", "1.0", PURE, "");
    wheel(state, "other", "1.0", NATIVE, "");
    wheel(state, "other", "1.0", PURE, "");
    place_make(state, &p, "both\nother\n");
    p.w.roots = &roots;
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 1);
    assert_string_equal(p.notes.v[0], "both is used without its native code, which cannot be built: there is no source "
                                      "archive of it");
    text = locked(&p);
    assert_contains(text, "both-1.0-" PURE ".whl");
    assert_contains(text, "other-1.0-" PURE ".whl");
    place_free(&p);

    /* It is not wanted by somebody who says so, nor for a Python that cannot have it. */
    for (int i = 0; i < 2; i++) {
        place_make(state, &p, i ? "both\n" : "other\nboth\n");
        p.w.roots = &roots;
        if (i == 0)
            p.w.without_native = &without;
        else
            p.w.series = "3.11", p.w.version = "3.11.2";
        assert_ok(lock(&p), &p.err);
        assert_int_equal(p.notes.n, 0);
        place_free(&p);
    }
    recipe_roots_free(&roots);
}

/* The recipe's word counts for every package that is resolved, whatever wheels there are: of several names, as
 * somebody's dependency, and where the index has no wheel for this Python on Linux. */
static void test_native_code_of_all(void **state)
{
    static const char *const wanted[] = {"fast", "lone", "part"};
    struct recipe_roots roots = roots_of(state);
    struct place p;

    skip_without_pip();
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        put_package(state, wanted[i], "native=1");
        wheel(state, wanted[i], "1.0", PURE, "");
        sdist(state, wanted[i], "1.0");
    }
    wheel(state, "fast", "1.0", NATIVE, "");
    wheel(state, "part", "1.0", NATIVE, "");
    wheel(state, "lone", "1.0", "cp312-cp312-manylinux2014_x86_64", "");
    wheel(state, "user", "1.0", PURE, "Requires-Dist: part\n");
    build_place(state, &p, &roots, "fast\nlone\nuser\n");
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 0);
    assert_locked(&p, "# source fast-1.0.tar.gz");
    assert_locked(&p, "# source lone-1.0.tar.gz");
    assert_locked(&p, "# source part-1.0.tar.gz");
    assert_locked(&p, "# wheel user-1.0-" PURE ".whl");
    build_place_free(&p);

    /* A wheel that was built before has it. */
    wheel(state, "lone", "1.0", "cp313-cp313-wasi_wasm32", "");
    build_place(state, &p, &roots, "lone\n");
    assert_ok(lock(&p), &p.err);
    assert_locked(&p, "# wheel lone-1.0-cp313-cp313-wasi_wasm32.whl");
    build_place_free(&p);
    recipe_roots_free(&roots);
}

/* Another package cannot be built, so an older version of it is used: the native code of the first is still wanted. */
static void test_native_code_beside_an_old_version(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct place p;

    skip_without_pip();
    put_package(state, "fast", "native=1");
    wheel(state, "fast", "1.0", PURE, "");
    wheel(state, "fast", "1.0", NATIVE, "");
    sdist(state, "fast", "1.0");
    wheel(state, "core", "2.0", NATIVE, "");
    wheel(state, "tool", "1.4", PURE, "");
    wheel(state, "tool", "1.10", PURE, "Requires-Dist: core\n");
    build_place(state, &p, &roots, "fast\ntool\n");
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 1);
    assert_locked(&p, "# wheel tool-1.4-" PURE ".whl");
    assert_locked(&p, "# source fast-1.0.tar.gz");
    build_place_free(&p);
    recipe_roots_free(&roots);
}

/* A lock file that was written before there was a recipe: that of the cache is written again, that of a person is used
 * and talked about. */
static void test_recipes_that_change(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct place p;

    skip_without_pip();
    put_package(state, "other", "native=1");
    wheel(state, "fast", "1.0", PURE, "");
    wheel(state, "fast", "1.0", NATIVE, "");
    sdist(state, "fast", "1.0");
    build_place(state, &p, &roots, "fast\n");
    assert_ok(lock(&p), &p.err);
    assert_locked(&p, "# wheel fast-1.0-" PURE ".whl");

    put_package(state, "fast", "native=1");
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 1);
    assert_contains(p.notes.v[0], "r.lock was written for other recipes of its packages; --update resolves them again");
    assert_locked(&p, "# wheel fast-1.0-" PURE ".whl");
    build_place_free(&p);

    build_place(state, &p, &roots, "fast\n");
    p.w.cached = true;
    p.o.offline = true;
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 1);
    p.o.offline = false;
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 1);
    assert_locked(&p, "# source fast-1.0.tar.gz");
    build_place_free(&p);

    /* What a build requires is pinned, too. */
    wheel(state, "compiler", "3.0", PURE, "");
    put_package(state, "fast", "native=1, requires=compiler");
    build_place(state, &p, &roots, "fast\n");
    p.w.cached = true;
    assert_ok(lock(&p), &p.err);
    {
        WL_CLEANUP_FREE char *text = locked(&p);

        assert_contains(text, "#requires fast: compiler==3.0 ");
    }
    /* Nothing has changed since. (Without pip, it could not be resolved again.) */
    p.w.ask_pip = "/nonexistent";
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 0);
    build_place_free(&p);
    recipe_roots_free(&roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_wanted_native_code),
        TEST_IN_FOLDER(test_native_code_of_all),
        TEST_IN_FOLDER(test_native_code_beside_an_old_version),
        TEST_IN_FOLDER(test_recipes_that_change),
    };

    return cmocka_run_group_tests_name("native", tests, NULL, NULL);
}
