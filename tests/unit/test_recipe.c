#include "recipe/recipe.h"

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
    assert_string_equal(r->track, "");
    assert_false(r->abstract);
}

static void test_track(void **state)
{
    static const char *const cases[][3] = {
        {"p/v3.13.5", "", "3.13"},
        {"p/v3", "", "3"},
        {"p/v3.13.5", "track: any\n", "any"},
        {"p/verbs", "", ""},
        {"p/a", "track: 3.5\n", "3.5"},
        {"p/a", "track: ${series}\n", "1.2"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *yaml = xasprintf("version: \"1.2.3\"\n%s" STEP, cases[i][1]);
        WL_CLEANUP_RECIPE struct recipe *r = NULL;

        put_recipe(state, cases[i][0], yaml);
        r = load(state, cases[i][0]);
        assert_string_equal(r->track, cases[i][2]);
    }
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
    assert_string_equal(r->patches.v[0], patch); /* from the directory of the recipe that lists them */
    assert_int_equal(r->vars.n, 2);
    assert_int_equal(r->steps_n, 1);
    assert_int_equal(r->chain.n, 2);
    assert_string_equal(r->chain.v[0], r->file);
}

/* The additions of nearer recipes come after the inherited part; a recipe's own list replaces all of it. */
static void test_added(void **state)
{
    static const char base[] = "abstract: true\nneeds: [libs/a]\npatches: [b.patch]\nfiles: [f]\nadd-needs: [libs/b]\n"
                               "sources: [{url: \"https://example.org/a.tar\", sha256: " HASH_A "}]\n" STEP;
    WL_CLEANUP_RECIPE struct recipe *r = NULL, *replaced = NULL;
    WL_CLEANUP_FREE char *b = in_folder(state, "ports/made/base/b.patch"),
                         *m = in_folder(state, "ports/made/v1/m.patch");
    WL_CLEANUP_FREE char *t = in_folder(state, "ports/made/top/b.patch"), *g = in_folder(state, "ports/made/top/g");

    put_file(state, "ports/made/base/b.patch", "");
    put_file(state, "ports/made/base/f", "");
    put_file(state, "ports/made/v1/m.patch", "");
    put_file(state, "ports/made/top/b.patch", "");
    put_file(state, "ports/made/top/g", "");
    put_recipe(state, "made/base", base);
    put_recipe(state, "made/v1", "from: made/base\nversion: \"1\"\nadd-needs: [libs/c]\nadd-patches: [m.patch]\n");
    put_recipe(state, "made/top",
               "from: made/v1\nadd-needs: [\"libs/d-${version}\", libs/a]\nadd-patches: [b.patch]\nadd-files: [g]\n"
               "add-sources: [{url: \"https://example.org/x.tar\", sha256: " HASH_B ", into: x, only-with: " HASH_A
               "}]\nadd-steps: [{name: more, run: make more}]\n");
    r = load(state, "made/top");
    assert_int_equal(r->steps_n, 2);
    assert_string_equal(r->steps[0].name, "a");
    assert_string_equal(r->steps[1].run, "make more");
    assert_int_equal(r->needs.n, 4);
    assert_string_equal(r->needs.v[0], "libs/a");
    assert_string_equal(r->needs.v[1], "libs/b");
    assert_string_equal(r->needs.v[2], "libs/c");
    assert_string_equal(r->needs.v[3], "libs/d-1");
    assert_int_equal(r->needs.at[3].file, 0);
    assert_string_equal(r->needs.at[3].key, "add-needs/0");
    assert_int_equal(r->patches.n, 3);
    assert_string_equal(r->patches.v[0], b);
    assert_string_equal(r->patches.v[1], m);
    assert_string_equal(r->patches.v[2], t);
    assert_int_equal(r->files.n, 2);
    assert_string_equal(r->files.v[1], g);
    assert_int_equal(r->sources_n, 2);
    assert_string_equal(r->sources[1].into, "x");
    assert_string_equal(r->sources[1].source.archives[0].sha256, HASH_B);
    put_recipe(state, "made/v1", "from: made/base\nversion: \"1\"\nneeds: [libs/e]\npatches: []\n");
    replaced = load(state, "made/top");
    assert_int_equal(replaced->needs.n, 3);
    assert_string_equal(replaced->needs.v[0], "libs/e");
    assert_string_equal(replaced->needs.v[1], "libs/d-1");
    assert_int_equal(replaced->patches.n, 1);
    assert_string_equal(replaced->patches.v[0], t);
}

/* A family's port takes the sources of the port that it is made for, but not what was added to them there. */
static void test_added_and_family(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL;

    put_recipe(state, "python/base", "abstract: true\nsources: [{url: \"https://example.org/a.tar\"}]\n" STEP);
    put_recipe(state, "python/v1",
               "from: python/base\nversion: \"1\"\nsha256: " HASH_A "\nadd-needs: [libs/x]\n"
               "add-sources: [{url: \"https://example.org/x.tar\", sha256: " HASH_B ", into: x}]\n");
    put_recipe(state, "build-python", "for-each: python\nadd-needs: [libs/z]\n" STEP);
    r = load(state, "build-python/v1");
    assert_int_equal(r->sources_n, 1);
    assert_string_equal(r->sources[0].source.archives[0].sha256, HASH_A);
    assert_int_equal(r->needs.n, 1);
    assert_string_equal(r->needs.v[0], "libs/z");
}

static void test_switch(void **state)
{
    static const char base[] = "abstract: true\nneeds: [libs/a, libs/tls if ssl]\nbuild-needs: [tools/x  if  ssl]\n"
                               "patches: [b.patch if ssl]\ncontains: [bin/a, lib/tls if ssl]\n" STEP;
    WL_CLEANUP_RECIPE struct recipe *on = NULL, *off = NULL, *plain = NULL, *steps = NULL, *more = NULL;

    put_file(state, "ports/made/base/b.patch", "");
    put_recipe(state, "made/base", base);
    put_recipe(state, "made/on", "from: made/base\nversion: \"1\"\n");
    on = load(state, "made/on");
    assert_int_equal(on->needs.n, 2);
    assert_string_equal(on->needs.v[1], "libs/tls");
    assert_string_equal(on->build_needs.v[0], "tools/x");
    assert_int_equal(on->patches.n, 1);
    assert_string_equal(on->contains.v[1], "lib/tls");
    assert_int_equal(on->vars.n, 1);
    assert_string_equal(on->vars.v[0], "ssl=1");
    put_recipe(state, "made/off", "from: made/base\nversion: \"1\"\nssl: false\n");
    off = load(state, "made/off");
    assert_int_equal(off->needs.n, 1);
    assert_string_equal(off->needs.v[0], "libs/a");
    assert_int_equal(off->build_needs.n, 0);
    assert_int_equal(off->patches.n, 0);
    assert_int_equal(off->contains.n, 1);
    assert_string_equal(off->vars.v[0], "ssl=");
    put_recipe(state, "made/more", "from: made/off\nadd-needs: [libs/x if ssl]\n"); /* inherited */
    more = load(state, "made/more");
    assert_int_equal(more->needs.n, 1);
    put_recipe(state, "made/plain", "version: \"1\"\nssl: true\n" STEP);
    plain = load(state, "made/plain");
    assert_int_equal(plain->vars.n, 0); /* nothing depends on it */
    put_recipe(state, "made/steps", "version: \"1\"\nssl: false\nsteps: [{name: a, run: \"test $VAR_SSL\"}]\n");
    steps = load(state, "made/steps");
    assert_string_equal(steps->vars.v[0], "ssl=");
}

#define EXT_STEP "steps: [{name: a, run: \"cat $EXTENSIONS\"}]\n"

static void test_extensions(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL;
    WL_CLEANUP_FREE char *dir = in_folder(state, "ports/app/base"), *symbol = extension_symbol("pack.sub._speed");

    put_file(state, "ports/app/base/ext/greet.c", "");
    put_file(state, "ports/app/base/ext/greet.h", "");
    put_recipe(
        state, "app/base",
        "abstract: true\nvars: [\"name=greet\"]\n"
        "extensions:\n"
        "  - module: greet\n"
        "    sources: [\"ext/${name}.c\", ext/greet.h, ext]\n"
        "    flags: [-DX=1, -lm, \"-Wl,-s\", -include, x.h, -Xlinker, -O1, -u, start, \"-I$SRC/include-${version}\"]\n"
        "  - module: pack.sub._speed\n"
        "    sources: [\"$SRC/a/speed.c\", \"${SRC}/b-${version}/speed.cc\"]\n"
        "    init: PyInit_other\n" EXT_STEP);
    put_recipe(state, "app/v1", "from: app/base\nversion: \"1\"\n");
    r = load(state, "app/v1");
    assert_int_equal(r->extensions_n, 2);
    assert_string_equal(r->extensions_dir, dir); /* of the recipe that names them */
    assert_string_equal(r->extensions[0].module, "greet");
    assert_string_equal(r->extensions[0].init, "PyInit_greet");
    assert_int_equal(r->extensions[0].sources.n, 3);
    assert_string_equal(r->extensions[0].sources.v[0], "ext/greet.c");
    assert_int_equal(r->extensions[0].flags.n, 10);
    assert_string_equal(r->extensions[0].flags.v[9], "-I$SRC/include-1");
    assert_string_equal(r->extensions[1].init, "PyInit_other");
    assert_string_equal(r->extensions[1].sources.v[1], "$SRC/b-1/speed.cc");
    assert_string_equal(symbol, "pack__sub___speed");
    assert_true(extension_links("-lm") && extension_links("-Wl,-s") && extension_links("libx.a") &&
                extension_links("-u"));
    assert_false(extension_links("-undef") || extension_links("-DX=1") || extension_links("-Wall"));
}

static void test_extensions_refused(void **state)
{
    static const char *const cases[][2] = {
        {"  - {sources: [a.c]}\n", "needs a 'module' and 'sources'"},
        {"  - {module: a-b, sources: [a.c]}\n", "\"a-b\" is not a valid module name"},
        {"  - {module: 1a, sources: [a.c]}\n", "is not a valid module name"},
        {"  - {module: a., sources: [a.c]}\n", "is not a valid module name"},
        {"  - {module: .a, sources: [a.c]}\n", "is not a valid module name"},
        {"  - {module: a.1, sources: [a.c]}\n", "is not a valid module name"},
        {"  - {module: \"\", sources: [a.c]}\n", "is not a valid module name"},
        {"  - {module: a, init: \"x()\", sources: [a.c]}\n", "\"x()\" is not a valid name of a C function"},
        {"  - {module: a}\n", "a has no C or C++ source"},
        {"  - {module: a, sources: [a.h]}\n", "a has no C or C++ source"},
        {"  - {module: a, sources: [none.c]}\n", "there is no "},
        {"  - {module: a, sources: [../a.c]}\n", "leads out of its directory"},
        {"  - {module: a, sources: [/etc/a.c]}\n", "leads out of its directory"},
        {"  - {module: a, sources: [\"$SRC/../a.c\"]}\n", "leads out of its directory"},
        {"  - {module: a, sources: [\"$SRC/a b.c\"]}\n", "may only have letters"},
        {"  - {module: a, sources: [\"$FILES/a.c\"]}\n", "may only have letters"},
        {"  - {module: a, sources: [\"$SRC/a.h\"]}\n", "is not a C or C++ source"},
        {"  - {module: a, sources: [a.c, a.c]}\n", "is compiled twice"},
        {"  - {module: a, sources: [a.c]}\n  - {module: b, sources: [a.cc]}\n", "has the same name as another source"},
        {"  - {module: a.b, sources: [a.c]}\n  - {module: a__b, sources: [b.c]}\n", "the same symbol, PyInit_a__b"},
        {"  - {module: a, sources: [a.c]}\n  - {module: a, sources: [b.c]}\n", "the same symbol, PyInit_a"},
        {"  - {module: a, sources: [a.c], flags: [\"-DX=1 -DY\"]}\n", "is not one word"},
        {"  - {module: a, sources: [a.c], flags: [\"-DX='y'\"]}\n", "is not one word"},
        {"  - {module: a, sources: [a.c], flags: [\"-DX=$(pwd)\"]}\n", "is not one word"},
        {"  - {module: a, sources: [a.c], flags: [\"-I$\"]}\n", "is not one word"},
        {"  - {module: a, sources: [a.c], flags: [\"\"]}\n", "is not one word"},
        {"  - {module: a, sources: [a.c], flags: [X=1]}\n", "\"X=1\" is not a flag"},
        {"  - {module: a, sources: [a.c], flags: [-include]}\n", "-include has no value"},
        {"  - {module: a, sources: [a.c], flags: [-Wl,-s]}\n", "-Wl needs a comma and a value"},
        {"  - {module: a, sources: [a.c], flag: [-s]}\n", "unknown key 'flag'; did you mean 'flags'?"},
        {"  - a\n", ":3: "},
    };

    put_file(state, "ports/made/bad/a.c", "");
    put_file(state, "ports/made/bad/a.cc", "");
    put_file(state, "ports/made/bad/b.c", "");
    put_file(state, "ports/made/bad/a.h", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *yaml = xasprintf("version: \"1\"\nextensions:\n%s" EXT_STEP, cases[i][0]);

        refuse(state, yaml, cases[i][1]);
    }
    refuse(state, "version: \"1\"\nextensions: [{module: a, sources: [a.c]}]\n" STEP,
           ":2: extensions: no step of this recipe uses $EXTENSIONS");
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
    assert_int_equal(r->needs.n, 0); /* the build python does not need what wasm needs */
    assert_string_equal(r->summary, "build python");
}

/* A family whose sources get the patches of the port that it is made for, and then its own. */
static void test_patched_family(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL, *unpatched = NULL;
    WL_CLEANUP_FREE char *base = in_folder(state, "ports/python/base/base.patch"),
                         *version = in_folder(state, "ports/python/v3.11.2/version.patch"),
                         *own = in_folder(state, "ports/tests/own.patch");

    put_file(state, "ports/python/base/base.patch", "");
    put_file(state, "ports/python/v3.11.2/version.patch", "");
    put_file(state, "ports/tests/own.patch", "");
    put_recipe(state, "python/base", "abstract: true\npatches: [base.patch]\n" STEP);
    put_recipe(state, "python/v3.11.2", "from: python/base\nversion: \"3.11.2\"\nadd-patches: [version.patch]\n");
    put_recipe(state, "tests", "for-each: python\npatched: true\nadd-patches: [own.patch]\n" STEP);
    r = load(state, "tests/v3.11.2");
    assert_int_equal(r->patches.n, 3);
    assert_string_equal(r->patches.v[0], base);
    assert_string_equal(r->patches.v[1], version);
    assert_string_equal(r->patches.v[2], own);
    put_recipe(state, "tests", "for-each: python\n" STEP);
    unpatched = load(state, "tests/v3.11.2");
    assert_int_equal(unpatched->patches.n, 0);
    refuse(state, "version: \"1\"\npatched: true\n" STEP, "no 'for-each'");
}

static void test_flavour(void **state)
{
    WL_CLEANUP_RECIPE struct recipe *r = NULL, *other = NULL;

    put_recipe(state, "python/v3.11.2",
               "version: \"3.11.2\"\nvars: [stack=8]\nsha256: " HASH_A
               "\nsources: [{url: \"https://example.org/${version}.tar.gz\"}]\n" STEP);
    put_recipe(state, "python/frozen", "for-each: python\nflavour: frozen\nsources: []\nneeds: [libs/z]\n" STEP);
    r = load(state, "python/frozen/v3.11.2");
    assert_string_equal(r->flavour, "frozen");
    assert_string_equal(r->flavour_of, "python/v3.11.2");
    assert_int_equal(r->sources_n, 0); /* and the hash of the port's source is ignored */
    assert_int_equal(r->needs.n, 2);
    assert_string_equal(r->needs.v[0], "python/v3.11.2");
    assert_string_equal(r->needs.v[1], "libs/z");
    assert_true(strv_has(&r->vars, "stack=8"));
    /* It is not inherited. */
    put_recipe(state, "python/thawed", "from: python/frozen\nfor-each: python\n");
    other = load(state, "python/thawed/v3.11.2");
    assert_null(other->flavour);
    assert_int_equal(other->needs.n, 1);
}

static void test_flavour_errors(void **state)
{
    static const char *const wrong[][2] = {
        {"flavour: frozen\nversion: \"1\"\n" STEP, "for-each"},
        {"for-each: python\nflavour: plain\n" STEP, "plain"},
        {"for-each: python\nflavour: Two Words\n" STEP, "not a name"},
        {"for-each: python\nflavour: \"\"\n" STEP, "not a name"},
    };
    struct recipe_roots roots = roots_of(state);
    struct recipe *r = NULL;

    put_recipe(state, "python/v1", "version: \"1\"\n" STEP);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        put_recipe(state, "wrong", wrong[i][0]);
        assert_class(recipe_load(&roots, i ? "wrong/v1" : "wrong", &r, &err), WL_E_RECIPE, &err);
        assert_contains(err.text, wrong[i][1]);
        assert_null(r);
    }
    recipe_roots_free(&roots);
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
        {"version: \"1\"\nversion: \"2\"\n" STEP, ":2: the key 'version' is repeated"},
        {"version: \"1\"\nneeds: libs/a\n" STEP, ":2: "},
        {"version: \"1\"\nabstract: maybe\n" STEP, ":2: "},
        {"version: \"1\"\nmin-sdk: many\n" STEP, ":2: "},
        {"version: [\"1\"]\n" STEP, ":1: "},
        {STEP, "no 'version'"},
        {"version: \"1\"\n", "no 'steps'"},
        {"version: \"1 2\"\n" STEP, "version \"1 2\" may only have"},
        {"version: \"../1\"\n" STEP, "version \"../1\" may only have"},
        {"version: \"1\"\ndate: 2020-13-01\n" STEP, "is not a day"},
        {"version: \"1\"\ndate: 1979-12-31\n" STEP, "is not a day"},
        {"version: \"1\"\ntrack: new\n" STEP, ":2: track \"new\" is neither"},
        {"version: \"1\"\ntoolchain: rust\n" STEP, "\"rust\" is none of wasi, native, clang, none"},
        {"version: \"1\"\nenv: [\"=x\"]\n" STEP, "is not NAME=value"},
        {"version: \"1\"\nvars: [\"A=x\"]\n" STEP, "is not name=value"},
        {"version: \"1\"\nsummary: \"${nothing}\"\n" STEP, "${nothing} is not defined"},
        {"version: \"1\"\nsummary: \"${version\"\n" STEP, "'${' without '}'"},
        {"version: \"1\"\ncontains: [/etc]\n" STEP, "leads out of the artifact"},
        {"version: \"1\"\npatches: [../../x]\n" STEP, "leads out of its directory"},
        {"version: \"1\"\nfiles: [/../x]\n" STEP, "leads out of its directory"},
        {"version: \"1\"\nfiles: [nothing]\n" STEP, "there is no "},
        {"version: \"1\"\nsources: [{url: \"https://example.org/a\"}]\n" STEP, "no 'sha256' for https://example.org/a"},
        {"version: \"1\"\nsources: [{sha256: " HASH_A "}]\n" STEP, "a source without 'url'"},
        {"version: \"1\"\nsources: [{url: \"https://example.org/a\", sha256: ABC}]\n" STEP, "is not 64 lower-case"},
        {"version: \"1\"\nsources: [{url: \"ftp://example.org/a\", sha256: " HASH_A "}]\n" STEP,
         "is not an address of a known kind"},
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A ", into: ../x}]\n" STEP,
         "leads out of the source directory"},
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A ", strip: 17}]\n" STEP,
         "strip: 17 is not between"},
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A ", strip: -1}]\n" STEP,
         "strip: -1 is not between"},
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A ", only-with: " HASH_A "}]\n" STEP,
         "only-with"},
        /* A hash that the first source cannot have: the second source would never be used. */
        {"version: \"1\"\nsources: [{url: \"https://e.org/a\", sha256: " HASH_A
         "}, {url: \"https://e.org/b\", sha256: " HASH_B ", only-with: " HASH_B "}]\n" STEP,
         "is not the hash of an archive of the first source"},
        {"version: \"1\"\nsha256: " HASH_A "\n" STEP, "no 'sources'"},
        {"version: \"1\"\nsha256: " HASH_A "\nsources: [{url: \"https://e.org/a\", sha256: " HASH_B "}]\n" STEP,
         "two hashes"},
        {"version: \"1\"\nsteps: [{name: a}]\n", "needs a 'name' and a 'run'"},
        {"version: \"1\"\nsteps: [{name: A, run: x}]\n", "the name \"A\" of a step"},
        {"version: \"1\"\nchecks: [{name: a}]\n" STEP, ":2: each of 'checks' needs a 'name' and a 'run'"},
        {"version: \"1\"\nchecks: [{name: a/b, run: x}]\n" STEP, ":2: the name \"a/b\" of a step"},
        {"version: \"1\"\n\nssl: false\n" STEP, ":3: ssl: false, but nothing in this recipe depends on it"},
        {"version: \"1\"\nssl: perhaps\n" STEP, ":2: "},
        {"version: \"1\"\nneeds:\n  - libs/a\n  - libs/b if tls\n" STEP,
         ":4: \"libs/b if tls\": there is no switch 'tls'"},
        {"version: \"1\"\ncontains: [a if tls]\n" STEP, "there is no switch 'tls'"},
        {"version: \"1\"\npatches: [a if tls]\n" STEP, "there is no switch 'tls'"},
        {"version: \"1\"\nvars: [\"ssl=1\"]\n" STEP, ":2: 'ssl' is a key of its own"},
        {"version: \"1\"\nadd-patches: [none.patch]\n" STEP, ":2: add-patches: there is no "},
        {"version: \"1\"\nfiles: [recipe.yaml]\nadd-files:\n  - recipe.yaml\n" STEP, ":4: add-files: "},
        {"version: \"1\"\nfiles: [recipe.yaml]\ncheck-files:\n  - recipe.yaml\n" STEP, ":4: check-files: "},
        {"version: \"1\"\ncheck-files: [none.py]\n" STEP, ":2: check-files: there is no "},
        {"version: \"1\"\nadd-sources: [{url: \"https://e.org/a\"}]\n" STEP, ":2: no 'sha256' for https://e.org/a"},
        {"version: \"1\"\nfrom: made/none\n" STEP, ":2: 'from' names made/none"},
        {"version: \"1\"\nfrom: made/bad\n" STEP, ":2: 'from' makes a cycle"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(state, cases[i][0], cases[i][1]);
}

/* An error in an inherited key names the file that contains it. */
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
        TEST_IN_FOLDER(test_every_key),
        TEST_IN_FOLDER(test_defaults),
        TEST_IN_FOLDER(test_track),
        TEST_IN_FOLDER(test_from),
        TEST_IN_FOLDER(test_added),
        TEST_IN_FOLDER(test_added_and_family),
        TEST_IN_FOLDER(test_switch),
        TEST_IN_FOLDER(test_extensions),
        TEST_IN_FOLDER(test_extensions_refused),
        TEST_IN_FOLDER(test_family),
        TEST_IN_FOLDER(test_patched_family),
        TEST_IN_FOLDER(test_family_errors),
        TEST_IN_FOLDER(test_flavour),
        TEST_IN_FOLDER(test_flavour_errors),
        TEST_IN_FOLDER(test_refused),
        TEST_IN_FOLDER(test_error_place_in_the_chain),
        TEST_IN_FOLDER(test_long_chain),
    };

    return cmocka_run_group_tests_name("recipe", tests, NULL, NULL);
}
