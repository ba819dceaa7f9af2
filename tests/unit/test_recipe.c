#include "recipe.h"

#include "made_up.h"

#include <string.h>

#define HASH_A "29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af"
#define HASH_B "2411c74bda5bbcfcddaf4531f66d1adc73f247f529aee981b029513aefdbf849"
#define STEP "steps: [{name: a, run: \"true\"}]\n"

static struct recipe *load(void **state, const char *name)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct recipe *r = NULL;

    assert_ok(recipe_load(&roots, name, &r, &err), &err);
    recipe_roots_free(&roots);
    return r;
}

/* The recipe must be refused with all the texts in the message. */
static void refuse(void **state, const char *yaml, const char *says)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = in_folder(state, "ports/made/bad/recipe.yaml");
    struct recipe *r = NULL;

    put_recipe(state, "made/bad", yaml);
    assert_class(recipe_load(&roots, "made/bad", &r, &err), WL_E_RECIPE, &err);
    assert_null(r);
    assert_contains(err.text, file);
    assert_contains(err.text, says);
    assert_non_null(err.hint);
    recipe_roots_free(&roots);
}

static void test_every_key(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL;
    WL_CLEANUP_FREE char *patch = in_folder(state, "ports/made/a/one.patch"), *file = in_folder(state, "guest/x.c");

    put_file(state, "ports/made/a/one.patch", "");
    put_file(state, "guest/x.c", "");
    put_recipe(state, "made/a",
               "summary: A thing\n"
               "license: MIT\n"
               "homepage: https://example.org/${version}\n"
               "version: \"3.11.2\"\n"
               "date: 2023-02-07\n"
               "toolchain: native\n"
               "min-sdk: 21\n"
               "vars: [\"colour=red\", \"my-size=big\"]\n"
               "sources:\n"
               "  - url: https://example.org/${version}/a-${series}-${version.major}-${version.minor}.tar.gz\n"
               "    sha256: " HASH_A "\n"
               "    mirrors: [\"https://mirror.example.org/${colour}.tar.gz\"]\n"
               "    also:\n"
               "      - {url: \"https://example.org/b.tgz\", sha256: " HASH_B "}\n"
               "  - {url: \"file:beside.txt\", sha256: " HASH_B ", into: sub/folder, strip: 0, unpack: false, "
               "only-with: " HASH_A "}\n"
               "patches: [one.patch]\n"
               "files: [/guest/x.c]\n"
               "needs: [libs/zlib]\n"
               "build-needs: [\"build/${colour}\"]\n"
               "check-needs: [\"tool/${colour}\"]\n"
               "test-needs: [tool/t]\n"
               "env: [\"SIZE=${my-size}\"]\n"
               "contains: [\"lib/python${series}\"]\n"
               "steps:\n"
               "  - {name: build, run: \"make ${NOT_EXPANDED} $VERSION\"}\n"
               "checks:\n"
               "  - {name: runs, run: ./a}\n"
               "tests:\n"
               "  - {name: check, run: make check}\n");
    r = load(state, "made/a");
    assert_string_equal(r->name, "made/a");
    assert_string_equal(r->summary, "A thing");
    assert_string_equal(r->license, "MIT");
    assert_string_equal(r->homepage, "https://example.org/3.11.2");
    assert_string_equal(r->version, "3.11.2");
    assert_string_equal(r->date, "2023-02-07");
    assert_int_equal(r->toolchain, TOOLCHAIN_NATIVE);
    assert_int_equal(r->min_sdk, 21);
    assert_int_equal(r->sources_n, 2);
    assert_int_equal(r->sources[0].source.n, 2);
    assert_string_equal(r->sources[0].source.archives[0].urls.v[0], "https://example.org/3.11.2/a-3.11-3-11.tar.gz");
    assert_string_equal(r->sources[0].source.archives[0].urls.v[1], "https://mirror.example.org/red.tar.gz");
    assert_string_equal(r->sources[0].source.archives[1].sha256, HASH_B);
    assert_int_equal(r->sources[0].strip, 1);
    assert_true(r->sources[0].unpack);
    assert_null(r->sources[0].into);
    assert_contains(r->sources[1].source.archives[0].urls.v[0], "ports/made/a/beside.txt");
    assert_string_equal(r->sources[1].into, "sub/folder");
    assert_string_equal(r->sources[1].only_with, HASH_A);
    assert_int_equal(r->sources[1].strip, 0);
    assert_false(r->sources[1].unpack);
    assert_string_equal(r->patches.v[0], patch);
    assert_string_equal(r->files.v[0], file);
    assert_string_equal(r->needs.v[0], "libs/zlib");
    assert_string_equal(r->build_needs.v[0], "build/red");
    assert_string_equal(r->check_needs.v[0], "tool/red");
    assert_string_equal(r->test_needs.v[0], "tool/t");
    assert_string_equal(r->env.v[0], "SIZE=big");
    assert_string_equal(r->contains.v[0], "lib/python3.11");
    assert_string_equal(r->steps[0].name, "build");
    assert_string_equal(r->steps[0].run, "make ${NOT_EXPANDED} $VERSION");
    assert_int_equal(r->checks_n, 1);
    assert_string_equal(r->checks[0].name, "runs");
    assert_string_equal(r->checks[0].run, "./a");
    assert_string_equal(r->tests[0].name, "check");
}

static void test_defaults(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL;

    put_recipe(state, "made/a", "version: \"1\"\n" STEP);
    r = load(state, "made/a");
    assert_int_equal(r->toolchain, TOOLCHAIN_WASI);
    assert_int_equal(r->min_sdk, 0);
    assert_int_equal(r->sources_n, 0);
    assert_string_equal(r->summary, "");
    assert_string_equal(r->date, "");
    assert_false(r->abstract);
}

static void test_from(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL;
    WL_CLEANUP_FREE char *patch = in_folder(state, "ports/made/base/b.patch");

    put_file(state, "ports/made/base/b.patch", "");
    put_recipe(state, "made/base",
               "abstract: true\nsummary: base\nlicense: MIT\nneeds: [libs/a]\nbuild-needs: [tools/x]\n"
               "env: [\"A=1\"]\nvars: [\"x=base\", \"y=base\"]\npatches: [b.patch]\ndate: 2020-01-01\n"
               "sources: [{url: \"https://example.org/${version}-${x}.tar.gz\"}]\n" STEP);
    put_recipe(state, "made/v2",
               "from: made/base\nversion: \"2\"\nsummary: two\nneeds: []\nvars: [\"x=two\"]\nsha256: " HASH_A
               "\nalso: [{url: \"https://example.org/o.tgz\", sha256: " HASH_B "}]\n");
    r = load(state, "made/v2");
    assert_string_equal(r->summary, "two");
    assert_string_equal(r->license, "MIT");
    assert_int_equal(r->needs.n, 0); /* an empty list replaces */
    assert_int_equal(r->build_needs.n, 1);
    assert_false(r->abstract); /* not inherited */
    assert_string_equal(r->sources[0].source.archives[0].urls.v[0], "https://example.org/2-two.tar.gz");
    assert_string_equal(r->sources[0].source.archives[0].sha256, HASH_A);
    assert_string_equal(r->sources[0].source.archives[1].sha256, HASH_B);
    assert_string_equal(r->patches.v[0], patch); /* of the folder of the recipe that says so */
    assert_int_equal(r->vars.n, 2);
    assert_int_equal(r->steps_n, 1);
    assert_int_equal(r->chain.n, 2);
    assert_string_equal(r->chain.v[0], r->file);
}

/* add-... goes behind what is inherited, nearest last; a list of its own in between starts anew. */
static void test_added(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL;

    put_file(state, "ports/made/base/one.patch", "");
    put_file(state, "ports/made/middle/two.patch", "");
    put_file(state, "ports/made/top/three.patch", "");
    put_file(state, "ports/made/top/f", "");
    put_recipe(state, "made/base",
               "abstract: true\npatches: [one.patch]\nneeds: [libs/a, \"libs/tls?ssl\"]\n"
               "add-needs: [\"libs/b${version}\"]\n" STEP);
    put_recipe(state, "made/middle", "from: made/base\nabstract: true\nadd-patches: [two.patch]\n");
    put_recipe(state, "made/top",
               "from: made/middle\nversion: \"1\"\nadd-patches: [three.patch]\nadd-files: [f]\nadd-needs: [libs/c]\n");
    r = load(state, "made/top");
    assert_int_equal(r->patches.n, 3);
    assert_true(ends_with(r->patches.v[0], "/made/base/one.patch"));
    assert_true(ends_with(r->patches.v[1], "/made/middle/two.patch"));
    assert_true(ends_with(r->patches.v[2], "/made/top/three.patch"));
    assert_int_equal(r->files.n, 1);
    assert_int_equal(r->needs.n, 4);
    assert_string_equal(r->needs.v[0], "libs/a");
    assert_string_equal(r->needs.v[1], "libs/tls");
    assert_string_equal(r->needs.v[2], "libs/b1");
    assert_string_equal(r->needs.v[3], "libs/c");
    recipe_free(r);

    put_recipe(state, "made/own", "from: made/top\nssl: false\npatches: []\n");
    r = load(state, "made/own");
    assert_int_equal(r->patches.n, 0);
    assert_int_equal(r->needs.n, 3);
    assert_string_equal(r->needs.v[1], "libs/b1");
    recipe_free(r);

    put_recipe(state, "made/again", "from: made/own\nssl: true\n");
    r = load(state, "made/again");
    assert_int_equal(r->needs.n, 4);
}

static void test_family(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL;

    put_recipe(state, "python/base",
               "abstract: true\nneeds: [libs/z]\nsources: [{url: \"https://example.org/${version}.tar.gz\"}]\n"
               "toolchain: wasi\n" STEP);
    put_recipe(state, "python/v3.11.2",
               "from: python/base\nversion: \"3.11.2\"\ndate: 2023-02-08\nsha256: " HASH_A "\nsummary: python\n");
    put_recipe(state, "build-python",
               "for-each: python\ntoolchain: native\nsummary: build python\nsteps: [{name: own, run: x}]\n");
    r = load(state, "build-python/v3.11.2");
    assert_string_equal(r->name, "build-python/v3.11.2");
    assert_string_equal(r->version, "3.11.2");
    assert_string_equal(r->date, "2023-02-08");
    assert_int_equal(r->toolchain, TOOLCHAIN_NATIVE);
    assert_string_equal(r->sources[0].source.archives[0].sha256, HASH_A);
    assert_string_equal(r->steps[0].name, "own");
    assert_int_equal(r->needs.n, 0); /* what wasm needs, the build python does not */
    assert_string_equal(r->summary, "build python");
}

static void test_family_errors(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct recipe *r = NULL;

    put_recipe(state, "python/v1", "version: \"1\"\n" STEP);
    put_recipe(state, "build-python", "for-each: python\n" STEP);
    assert_class(recipe_load(&roots, "build-python/v2", &r, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "there is no port python/v2");
    assert_class(recipe_load(&roots, "build-python", &r, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "family");
    assert_class(recipe_load(&roots, "python/v1/v3", &r, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "one port, not a family");
    assert_class(recipe_load(&roots, "none/at-all", &r, &err), WL_E_RECIPE, &err);
    recipe_roots_free(&roots);
}

static void test_refused(void **state)
{
    static const char *const cases[][2] = {
        {"version: \"1\"\nstep: []\n", ":2: unknown key 'step'; did you mean 'steps'?"},
        {"version: \"1\"\nversion: \"2\"\n" STEP, ":2: the key 'version' is there twice"},
        {"version: \"1\"\nneeds: libs/a\n" STEP, ":2: "},
        {"version: \"1\"\nabstract: maybe\n" STEP, ":2: "},
        {"version: \"1\"\nmin-sdk: many\n" STEP, ":2: "},
        {"version: [\"1\"]\n" STEP, ":1: "},
        {STEP, "no 'version'"},
        {"version: \"1\"\n", "no 'steps'"},
        {"version: \"1 2\"\n" STEP, "version \"1 2\" has more than"},
        {"version: \"../1\"\n" STEP, "version \"../1\" has more than"},
        {"version: \"1\"\ndate: 2020-13-01\n" STEP, "is not a day"},
        {"version: \"1\"\ndate: 1979-12-31\n" STEP, "is not a day"},
        {"version: \"1\"\ntoolchain: rust\n" STEP, "\"rust\" is none of wasi, native, none"},
        {"version: \"1\"\nenv: [\"=x\"]\n" STEP, "is not NAME=value"},
        {"version: \"1\"\nvars: [\"A=x\"]\n" STEP, "is not name=value"},
        {"version: \"1\"\nsummary: \"${nothing}\"\n" STEP, "nothing is called ${nothing}"},
        {"version: \"1\"\nsummary: \"${version\"\n" STEP, "'${' without '}'"},
        {"version: \"1\"\ncontains: [/etc]\n" STEP, "leads out of the artifact"},
        {"version: \"1\"\npatches: [../../x]\n" STEP, "leads out of its folder"},
        {"version: \"1\"\nfiles: [/../x]\n" STEP, "leads out of its folder"},
        {"version: \"1\"\nfiles: [nothing]\n" STEP, "there is no "},
        {"version: \"1\"\nsources: [{url: \"https://example.org/a\"}]\n" STEP, "no 'sha256' for https://example.org/a"},
        {"version: \"1\"\nsources: [{sha256: " HASH_A "}]\n" STEP, "a source without 'url'"},
        {"version: \"1\"\nsources: [{url: \"https://example.org/a\", sha256: ABC}]\n" STEP, "is not 64 lower-case"},
        {"version: \"1\"\nsources: [{url: \"ftp://example.org/a\", sha256: " HASH_A "}]\n" STEP, "of no known kind"},
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A ", into: ../x}]\n" STEP,
         "leads out of the source folder"},
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A ", strip: 17}]\n" STEP,
         "strip: 17 is not between"},
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A ", strip: -1}]\n" STEP,
         "strip: -1 is not between"},
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A ", only-with: " HASH_A "}]\n" STEP,
         "only-with"},
        {"version: \"1\"\nsha256: " HASH_A "\n" STEP, "no 'sources'"},
        {"version: \"1\"\nsha256: " HASH_A "\nsources: [{url: \"https://e.org/a\", sha256: " HASH_B "}]\n" STEP,
         "two hashes"},
        {"version: \"1\"\nadd-patches: [none.patch]\n" STEP, ":2: add-patches: there is no "},
        {"version: \"1\"\nssl: perhaps\n" STEP, "recipe.yaml:2: "},
        {"version: \"1\"\nsteps: [{name: a}]\n", "a 'name' and a 'run'"},
        {"version: \"1\"\nsteps: [{name: A, run: x}]\n", "the name \"A\" of a step"},
        {"version: \"1\"\nchecks: [{name: a}]\n" STEP, ":2: each of 'checks' has a 'name' and a 'run'"},
        {"version: \"1\"\nchecks: [{name: a/b, run: x}]\n" STEP, ":2: the name \"a/b\" of a step"},
        {"version: \"1\"\nfrom: made/none\n" STEP, ":2: 'from' names made/none"},
        {"version: \"1\"\nfrom: made/bad\n" STEP, ":2: 'from' goes round in a cycle"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(state, cases[i][0], cases[i][1]);
}

/* An error in what is inherited names the file that says it. */
static void test_error_place_in_the_chain(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_FREE char *base = in_folder(state, "ports/made/base/recipe.yaml:3: ");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct recipe *r = NULL;

    put_recipe(state, "made/base", "abstract: true\n\nenv: [NONSENSE]\n" STEP);
    put_recipe(state, "made/a", "from: made/base\nversion: \"1\"\n");
    assert_class(recipe_load(&roots, "made/a", &r, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, base);
    put_recipe(state, "made/base", "abstract: true\n\n\n\nneeds: [none/x]\n" STEP);
    assert_ok(recipe_load(&roots, "made/a", &r, &err), &err);
    assert_int_equal(recipe_error(r, "needs/0", &err, "what %d", 1), -WL_E_RECIPE);
    assert_contains(err.text, "ports/made/base/recipe.yaml:5: what 1");
    recipe_free(r);
    recipe_roots_free(&roots);
}

static void test_long_chain(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct recipe *r = NULL;

    for (int i = 0; i < 12; i++) {
        WL_CLEANUP_FREE char *name = xasprintf("made/r%d", i);
        WL_CLEANUP_FREE char *yaml = i == 11 ? xstrdup("version: \"1\"\n" STEP) : xasprintf("from: made/r%d\n", i + 1);

        put_recipe(state, name, yaml);
    }
    assert_ok(recipe_load(&roots, "made/r5", &r, &err), &err);
    recipe_free(r);
    assert_class(recipe_load(&roots, "made/r0", &r, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "more than 8 recipes");
    recipe_roots_free(&roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_every_key),  TEST_IN_FOLDER(test_defaults),
        TEST_IN_FOLDER(test_from),       TEST_IN_FOLDER(test_added),
        TEST_IN_FOLDER(test_family),     TEST_IN_FOLDER(test_family_errors),
        TEST_IN_FOLDER(test_refused),    TEST_IN_FOLDER(test_error_place_in_the_chain),
        TEST_IN_FOLDER(test_long_chain),
    };

    return cmocka_run_group_tests_name("recipe", tests, NULL, NULL);
}
