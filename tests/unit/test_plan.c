/* The order of ports, their keys, and the ports that must be built. */
#include "plan/plan.h"

#include "made_up.h"
#include "recipe/known_ports.h"
#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <utime.h>

#define HASH_A "29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af"
#define HASH_B "2411c74bda5bbcfcddaf4531f66d1adc73f247f529aee981b029513aefdbf849"

static bool is_among(void *data, const char *key)
{
    return strv_has(data, key);
}

static struct plan_options options_of(struct recipe_roots *roots)
{
    return (struct plan_options){.roots = roots, .sandboxed = true, .cache = "/some/cache"};
}

static void test_order(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    struct plan p;

    put_recipe(state, "m/top", SIMPLE "needs: [m/left, m/right]\n");
    put_recipe(state, "m/left", SIMPLE "build-needs: [m/base]\n");
    put_recipe(state, "m/right", SIMPLE "needs: [m/base]\n");
    put_recipe(state, "m/base", SIMPLE);
    make_plan(state, &o, "m/top m/right", &p);
    assert_int_equal(p.n, 4);
    for (size_t i = 0; i < p.n; i++)
        for (size_t k = 0; k < p.nodes[i].needs_n; k++)
            assert_true(p.nodes[i].needs[k].node < i);
    assert_true(p.nodes[node_of(&p, "m/top")].root);
    assert_true(p.nodes[node_of(&p, "m/right")].root);
    assert_false(p.nodes[node_of(&p, "m/base")].root);
    plan_free(&p);
    recipe_roots_free(&roots);
}

static void test_link_closure(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    bool in[5] = {false};
    struct plan p;

    put_recipe(state, "m/top", SIMPLE "needs: [m/a]\nbuild-needs: [m/tool]\n");
    put_recipe(state, "m/a", SIMPLE "needs: [m/b]\n");
    put_recipe(state, "m/b", SIMPLE);
    put_recipe(state, "m/tool", SIMPLE "needs: [m/lib]\n");
    put_recipe(state, "m/lib", SIMPLE);
    make_plan(state, &o, "m/top", &p);
    plan_link_closure(&p, node_of(&p, "m/top"), in);
    assert_true(in[node_of(&p, "m/a")] && in[node_of(&p, "m/b")]);
    assert_false(in[node_of(&p, "m/tool")] || in[node_of(&p, "m/lib")] || in[node_of(&p, "m/top")]);
    plan_free(&p);
    recipe_roots_free(&roots);
}

static void plan_fails(void **state, const char *name, bool with_tests, const char *says)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct plan p = {0};

    o.with_tests = with_tests;
    strv_add(&names, name);
    assert_class(plan_make(&o, &names, &p, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, says);
    plan_free(&p);
    recipe_roots_free(&roots);
}

static void test_cycles_and_missing_needs(void **state)
{
    put_recipe(state, "m/a", SIMPLE "needs: [m/b]\n");
    put_recipe(state, "m/b", SIMPLE "build-needs: [m/c]\n");
    put_recipe(state, "m/c", SIMPLE "needs:\n  - m/a\n");
    plan_fails(state, "m/b", false, "a cycle of needs: m/b -> m/c -> m/a -> m/b");
    put_recipe(state, "m/self", SIMPLE "needs: [m/self]\n");
    plan_fails(state, "m/self", false, "m/self/recipe.yaml:6: a cycle of needs: m/self -> m/self");
    put_recipe(state, "m/lost", SIMPLE "\nneeds:\n  - m/none\n");
    plan_fails(state, "m/lost", false, "m/lost/recipe.yaml:8: m/lost needs m/none");
    put_recipe(state, "m/t", SIMPLE "test-needs: [m/none]\n");
    plan_fails(state, "m/t", true, "m/t needs m/none");
}

/* A very long chain of needs gives an error instead of a stack overflow. */
static void test_deep_needs(void **state)
{
    enum { DEPTH = 500, TOO_DEEP = DEPTH + 20 };
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    struct plan p;

    for (int i = 0; i <= TOO_DEEP; i++) {
        WL_CLEANUP_FREE char *name = xasprintf("m/p%d", i), *text = NULL;

        text = i < TOO_DEEP ? xasprintf(SIMPLE "needs: [m/p%d]\n", i + 1) : xstrdup(SIMPLE);
        put_recipe(state, name, text);
    }
    plan_fails(state, "m/p0", false, "more than 500 ports that each need the next");
    make_plan(state, &o, "m/p21", &p);
    assert_int_equal(p.n, DEPTH);
    plan_free(&p);
    recipe_roots_free(&roots);
}

/* A port that only tests need may need the port itself, and is planned only for roots. */
static void test_test_needs(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    struct plan p, q;

    put_recipe(state, "m/a", SIMPLE "test-needs: [m/runner]\nneeds: [m/b]\n");
    put_recipe(state, "m/b", SIMPLE "test-needs: [m/none]\n");
    put_recipe(state, "m/runner", SIMPLE "needs: [m/a]\n");
    make_plan(state, &o, "m/a", &q);
    assert_int_equal(q.n, 2);
    o.with_tests = true;
    make_plan(state, &o, "m/a", &p);
    assert_int_equal(p.n, 3);
    /* Tests do not change the artifact. */
    assert_string_equal(p.nodes[node_of(&p, "m/a")].key, q.nodes[node_of(&q, "m/a")].key);
    plan_free(&p);
    plan_free(&q);
    recipe_roots_free(&roots);
}

/* A port that checks need comes before the port, wherever it is in the plan, and is built only if the port is. */
static void test_check_needs(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_STRV struct strv stored = {0};
    size_t top, runner, far;
    struct plan p;

    put_recipe(state, "m/top", SIMPLE "needs: [m/lib]\n");
    put_recipe(state, "m/lib", SIMPLE "check-needs: [m/runner]\n");
    put_recipe(state, "m/runner", SIMPLE "build-needs: [m/far]\n");
    put_recipe(state, "m/far", SIMPLE);
    make_plan(state, &o, "m/top", &p);
    assert_int_equal(p.n, 4);
    runner = node_of(&p, "m/runner");
    assert_true(runner < node_of(&p, "m/lib"));
    far = node_of(&p, "m/far");
    top = node_of(&p, "m/top");
    plan_mark(&p, is_among, &stored);
    assert_true(p.nodes[runner].build && p.nodes[far].build);
    strv_add(&stored, p.nodes[node_of(&p, "m/lib")].key);
    plan_mark(&p, is_among, &stored);
    assert_true(p.nodes[top].build);
    assert_false(p.nodes[runner].build || p.nodes[far].build);
    plan_free(&p);
    /* The port does not exist before its checks have passed. */
    put_recipe(state, "m/far", SIMPLE "\nneeds: [m/lib]\n");
    plan_fails(state, "m/lib", false, "m/far/recipe.yaml:7: a cycle of needs: m/lib -> m/runner -> m/far -> m/lib");
    put_recipe(state, "m/lib", SIMPLE "check-needs: [m/none]\n");
    plan_fails(state, "m/top", false, "m/lib/recipe.yaml:6: m/lib needs m/none");
    recipe_roots_free(&roots);
}

/* --- keys --- */

static char *key_of(void **state, const struct plan_options *o, const char *name)
{
    struct plan p;
    char *key;

    make_plan(state, o, name, &p);
    key = xstrdup(p.nodes[node_of(&p, name)].key);
    plan_free(&p);
    return key;
}

#define KEYED                                                                                                          \
    "summary: text\n"                                                                                                  \
    "version: \"1\"\n"                                                                                                 \
    "date: 2020-01-01\n"                                                                                               \
    "toolchain: none\n"                                                                                                \
    "vars: [\"x=1\"]\n"                                                                                                \
    "env: [\"A=1\"]\n"                                                                                                 \
    "sources: [{url: \"https://example.org/a.tar\", sha256: " HASH_A "}]\n"                                            \
    "patches: [a.patch]\n"                                                                                             \
    "files: [extra]\n"                                                                                                 \
    "needs: [m/lib]\n"                                                                                                 \
    "build-needs: [m/tool]\n"                                                                                          \
    "contains: [x]\n"                                                                                                  \
    "steps: [{name: make, run: make}]\n"                                                                               \
    "tests: [{name: try, run: ./try}]\n"

static void put_keyed(void **state)
{
    put_recipe(state, "m/lib", SIMPLE);
    put_recipe(state, "m/tool", SIMPLE);
    put_recipe(state, "m/other", SIMPLE);
    put_file(state, "ports/m/k/a.patch", "patch one\n");
    put_file(state, "ports/m/k/b.patch", "patch two\n");
    put_file(state, "ports/m/k/extra/f", "extra\n");
    put_recipe(state, "m/k", KEYED);
}

/* KEYED with one string replaced by another. */
static char *edited(const char *from, const char *to)
{
    const char *at = strstr(KEYED, from);

    assert_non_null(at);
    return xasprintf("%.*s%s%s", (int)(at - KEYED), KEYED, to, at + strlen(from));
}

/* A key that changes although the recipe stays the same rebuilds every port of every user. That is what KEY_FORMAT in
 * src/plan/key.c is for; otherwise this key stays. */
static void test_key_stays_with_the_tool(void **state)
{
    static const char wanted[] = "8f0acda9ee1c19a9cf83c31b5ac4005cfbfede13063ac44598b6283a55fd545d";
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *key = NULL, *yaml = NULL;
    struct utsname machine;

    assert_int_equal(uname(&machine), 0);
    if (strcmp(machine.machine, "x86_64") != 0)
        skip(); /* the machine is part of the key */
    put_keyed(state);
    put_file(state, "ports/m/k/x.c", "int x;\n");
    yaml =
        edited("steps: [{name: make, run: make}]",
               "steps: [{name: make, run: make $EXTENSIONS}]\nssl: false\nchecks: [{name: c, run: test -z $VAR_SSL}]\n"
               "check-files: [a.patch]\nextensions: [{module: a.x, sources: [x.c, $SRC/y.c], flags: [-DX]}]");
    put_recipe(state, "m/k", yaml);
    key = key_of(state, &o, "m/k");
    assert_string_equal(key, wanted);
    recipe_roots_free(&roots);
}

static void test_key_changes_with_the_recipe(void **state)
{
    static const char *const edits[][2] = {
        {"version: \"1\"", "version: \"2\""},
        {"date: 2020-01-01\n", "date: 2020-01-02\n"},
        {"date: 2020-01-01\n", ""},
        {"toolchain: none", "toolchain: native"},
        {"\"x=1\"", "\"x=2\""},
        {"\"x=1\"", "\"x=1\", \"y=1\""},
        {"\"A=1\"", "\"A=2\""},
        {"\"A=1\"", "\"A=1\", \"B=2\""},
        {HASH_A, HASH_B},
        {HASH_A "}", HASH_A ", strip: 2}"},
        {HASH_A "}", HASH_A ", into: sub}"},
        {HASH_A "}", HASH_A ", unpack: false}"},
        {HASH_A "}", HASH_A "}, {url: \"https://example.org/b.tar\", sha256: " HASH_B "}"},
        {"[a.patch]", "[]"},
        {"[a.patch]", "[a.patch, b.patch]"},
        {"[a.patch]", "[b.patch, a.patch]"},
        {"[extra]", "[]"},
        {"[extra]", "[extra/f]"},
        {"needs: [m/lib]", "needs: [m/other]"},
        {"needs: [m/lib]\nbuild-needs: [m/tool]", "needs: [m/tool]\nbuild-needs: [m/lib]"},
        {"needs: [m/lib]\nbuild-needs: [m/tool]", "build-needs: [m/lib, m/tool]"},
        {"contains: [x]", "contains: [y]"},
        {"name: make", "name: build"},
        {"run: make}", "run: make all}"},
        {"run: make}", "run: make}, {name: more, run: x}"},
    };
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *before = NULL;

    put_keyed(state);
    before = key_of(state, &o, "m/k");
    assert_int_equal(strlen(before), 64);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        WL_CLEANUP_FREE char *yaml = edited(edits[i][0], edits[i][1]), *after = NULL;

        put_recipe(state, "m/k", yaml);
        after = key_of(state, &o, "m/k");
        if (!strcmp(before, after))
            print_error("the same key with %s\n", edits[i][1]);
        assert_string_not_equal(before, after);
    }
    recipe_roots_free(&roots);
}

static void test_key_ignores_what_does_not_matter(void **state)
{
    static const char *const edits[][2] = {
        {"summary: text", "summary: other text"},
        {"summary: text\n", "summary: text\nhomepage: https://example.org\nlicense: MIT\n"},
        {"summary: text\n", "# a comment\n"},
        {"https://example.org/a.tar", "https://mirror.example.org/other-name.tar"},
        {HASH_A "}", HASH_A ", mirrors: [\"https://mirror.example.org/a.tar\"]}"},
        {HASH_A "}", HASH_A ", also: [{url: \"https://example.org/b.tgz\", sha256: " HASH_B "}]}"},
        /* The source is used only with an archive, and this is another one. */
        {HASH_A "}", HASH_A ", also: [{url: \"https://example.org/b.tgz\", sha256: " HASH_B
                            "}]}, {url: \"https://e.org/b.tar\", sha256: " HASH_B ", only-with: " HASH_B "}"},
        {"tests: [{name: try, run: ./try}]\n", ""},
        {"./try", "./try harder"},
        {"steps: [{name: make, run: make}]", "steps:\n  - run: make\n    name: make"},
        {"summary: text\n", "min-sdk: 30\n"},
        {"summary: text\n", "track: 1\n"},
        {"summary: text\n", "check-needs: [m/other]\ncheck-files: [recipe.yaml]\n"}, /* nothing is checked */
    };
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *before = NULL;

    put_keyed(state);
    before = key_of(state, &o, "m/k");
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        WL_CLEANUP_FREE char *yaml = edited(edits[i][0], edits[i][1]), *after = NULL;

        put_recipe(state, "m/k", yaml);
        after = key_of(state, &o, "m/k");
        if (strcmp(before, after))
            print_error("another key with %s\n", edits[i][1]);
        assert_string_equal(before, after);
    }
    recipe_roots_free(&roots);
}

/* A stored artifact has passed the checks, so other checks give another key. The steps make the same files, so the key
 * of ports that need it does not change. */
static void test_key_and_checks(void **state)
{
#define CHECK "checks: [{name: runs, run: ./a}]\n"
    static const char *const variants[] = {
        "",
        CHECK,
        "checks: [{name: runs, run: ./a -v}]\n",
        "checks: [{name: walks, run: ./a}]\n",
        CHECK "check-files: [one]\n",
        CHECK "check-files: [two]\n",
        "checks: [{name: runs, run: ./a}, {name: more, run: ./b}]\n",
    };
    enum { N = sizeof variants / sizeof *variants };
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *needing = NULL, *with_tool = NULL, *other_tool = NULL, *with_file = NULL, *other_file = NULL;
    char *keys[N];

    put_file(state, "ports/m/a/one", "1\n");
    put_file(state, "ports/m/a/two", "2\n");
    put_recipe(state, "m/tool", SIMPLE);
    put_recipe(state, "m/b", SIMPLE "needs: [m/a]\n");
    for (size_t i = 0; i < N; i++) {
        WL_CLEANUP_FREE char *yaml = xasprintf(SIMPLE "%s", variants[i]), *b = NULL;

        put_recipe(state, "m/a", yaml);
        keys[i] = key_of(state, &o, "m/a");
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(keys[i], keys[k]);
        b = key_of(state, &o, "m/b");
        if (!needing)
            needing = xstrdup(b);
        assert_string_equal(needing, b);
    }
    /* A file counts by its contents; the programs that check do not count. */
    put_recipe(state, "m/a", SIMPLE CHECK "check-files: [one]\n");
    with_file = key_of(state, &o, "m/a");
    put_file(state, "ports/m/a/one", "one\n");
    other_file = key_of(state, &o, "m/a");
    assert_string_not_equal(with_file, other_file);
    put_recipe(state, "m/a", SIMPLE CHECK "check-needs: [m/tool]\n");
    with_tool = key_of(state, &o, "m/a");
    assert_string_equal(with_tool, keys[1]);
    put_recipe(state, "m/tool", SIMPLE "contains: [x]\n");
    other_tool = key_of(state, &o, "m/a");
    assert_string_equal(with_tool, other_tool);
    for (size_t i = 0; i < N; i++)
        free(keys[i]);
    recipe_roots_free(&roots);
#undef CHECK
}

/* A switch is part of the key of ports that depend on it, and of no others. */
static void test_key_and_switch(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *plain = NULL, *said = NULL, *on = NULL, *off = NULL;

    put_recipe(state, "m/tls", SIMPLE);
    put_recipe(state, "m/a", SIMPLE);
    plain = key_of(state, &o, "m/a");
    put_recipe(state, "m/a", SIMPLE "ssl: true\n");
    said = key_of(state, &o, "m/a");
    assert_string_equal(plain, said);
    put_recipe(state, "m/a", SIMPLE "contains: [a if ssl]\n");
    on = key_of(state, &o, "m/a");
    assert_string_not_equal(plain, on);
    put_recipe(state, "m/a", SIMPLE "contains: [a if ssl]\nssl: false\n");
    off = key_of(state, &o, "m/a");
    assert_string_not_equal(on, off);
    assert_string_not_equal(plain, off);
    recipe_roots_free(&roots);
}

static void test_key_and_extensions(void **state)
{
    static const char *const variants[] = {
        "",
        "extensions: [{module: a, sources: [a.c]}]\n",
        "extensions: [{module: b, sources: [a.c]}]\n",
        "extensions: [{module: a, sources: [a.c], init: PyInit_b}]\n",
        "extensions: [{module: a, sources: [a.c, a.h]}]\n",
        "extensions: [{module: a, sources: [\"$SRC/a.c\"]}]\n",
        "extensions: [{module: a, sources: [a.c], flags: [-DX]}]\n",
        "extensions: [{module: a, sources: [a.c]}, {module: b, sources: [b.c]}]\n",
    };
    enum { N = sizeof variants / sizeof *variants };
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    char *keys[N], *other;

    put_file(state, "ports/m/a/a.c", "int a;\n");
    put_file(state, "ports/m/a/b.c", "");
    put_file(state, "ports/m/a/a.h", "");
    for (size_t i = 0; i < N; i++) {
        WL_CLEANUP_FREE char *yaml =
            xasprintf("version: \"1\"\ntoolchain: none\nsteps: [{name: a, run: \"cat $EXTENSIONS\"}]\n%s", variants[i]);

        put_recipe(state, "m/a", yaml);
        keys[i] = key_of(state, &o, "m/a");
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(keys[k], keys[i]);
    }
    put_file(state, "ports/m/a/a.c", "int b;\n");
    other = key_of(state, &o, "m/a");
    assert_string_not_equal(other, keys[N - 1]);
    free(other);
    for (size_t i = 0; i < N; i++)
        free(keys[i]);
    recipe_roots_free(&roots);
}

/* An error in a list that several recipes contribute to names the recipe with the error. */
static void test_place_of_a_need(void **state)
{
    put_recipe(state, "m/b", SIMPLE);
    put_recipe(state, "m/base", SIMPLE "needs: [m/none if ssl, m/b]\n");
    put_recipe(state, "m/a", "from: m/base\nssl: false\n\nadd-needs:\n  - m/b\n  - m/lost\n");
    plan_fails(state, "m/a", false, "m/a/recipe.yaml:6: m/a needs m/lost");
    put_recipe(state, "m/base", SIMPLE "needs:\n  - m/b\n  - m/b if ssl\n  - m/none\n");
    plan_fails(state, "m/a", false, "m/base/recipe.yaml:9: m/a needs m/none");
}

static void test_key_and_files(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *before = NULL, *patch = NULL, *file = NULL, *mode = NULL, *more = NULL, *touched = NULL;
    WL_CLEANUP_FREE char *f = in_folder(state, "ports/m/k/extra/f"), *a = in_folder(state, "ports/m/k/a.patch");

    put_keyed(state);
    before = key_of(state, &o, "m/k");
    /* Only a newer time: nothing changes. */
    assert_int_equal(utime(f, &(struct utimbuf){1, 1}), 0);
    assert_int_equal(utime(a, &(struct utimbuf){1, 1}), 0);
    touched = key_of(state, &o, "m/k");
    assert_string_equal(before, touched);
    put_file(state, "ports/m/k/a.patch", "patch ONE\n");
    patch = key_of(state, &o, "m/k");
    assert_string_not_equal(before, patch);
    put_file(state, "ports/m/k/a.patch", "patch one\n");
    put_file(state, "ports/m/k/extra/f", "other\n");
    file = key_of(state, &o, "m/k");
    assert_string_not_equal(before, file);
    put_file(state, "ports/m/k/extra/f", "extra\n");
    assert_int_equal(chmod(f, 0755), 0);
    mode = key_of(state, &o, "m/k");
    assert_string_not_equal(before, mode);
    assert_int_equal(chmod(f, 0644), 0);
    put_file(state, "ports/m/k/extra/g", "");
    more = key_of(state, &o, "m/k");
    assert_string_not_equal(before, more);
    recipe_roots_free(&roots);
}

static void test_key_and_needs(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *before = NULL, *link = NULL, *build = NULL, *far = NULL, *beside = NULL;

    put_keyed(state);
    before = key_of(state, &o, "m/k");
    put_recipe(state, "m/other", SIMPLE "env: [\"A=1\"]\n");
    beside = key_of(state, &o, "m/k");
    assert_string_equal(before, beside);
    put_recipe(state, "m/lib", SIMPLE "env: [\"A=1\"]\n");
    link = key_of(state, &o, "m/k");
    assert_string_not_equal(before, link);
    put_recipe(state, "m/lib", SIMPLE);
    put_recipe(state, "m/tool", SIMPLE "env: [\"A=1\"]\n");
    build = key_of(state, &o, "m/k");
    assert_string_not_equal(before, build);
    /* A need of a need. */
    put_recipe(state, "m/tool", SIMPLE "build-needs: [m/far]\n");
    put_recipe(state, "m/far", SIMPLE);
    before = (free(before), key_of(state, &o, "m/k"));
    put_recipe(state, "m/far", SIMPLE "env: [\"A=1\"]\n");
    far = key_of(state, &o, "m/k");
    assert_string_not_equal(before, far);
    recipe_roots_free(&roots);
}

static void test_key_and_options(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots), debug = o, elsewhere = o, bare = o, bare_elsewhere = o;
    WL_CLEANUP_FREE char *plain = NULL, *d = NULL, *e = NULL, *b = NULL, *be = NULL;

    put_keyed(state);
    debug.debug = true;
    elsewhere.cache = "/another/cache";
    bare.sandboxed = false;
    bare_elsewhere.sandboxed = false;
    bare_elsewhere.cache = "/another/cache";
    plain = key_of(state, &o, "m/k");
    d = key_of(state, &debug, "m/k");
    e = key_of(state, &elsewhere, "m/k");
    b = key_of(state, &bare, "m/k");
    be = key_of(state, &bare_elsewhere, "m/k");
    assert_string_not_equal(plain, d);
    assert_string_equal(plain, e); /* in the sandbox nothing shows where the cache is */
    assert_string_not_equal(plain, b);
    assert_string_not_equal(b, be);
    recipe_roots_free(&roots);
}

/* Ports with the same contents but different names are not the same port: $PORT differs. */
static void test_key_and_name(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *a = NULL, *b = NULL;

    put_recipe(state, "m/a", SIMPLE);
    put_recipe(state, "m/b", SIMPLE);
    a = key_of(state, &o, "m/a");
    b = key_of(state, &o, "m/b");
    assert_string_not_equal(a, b);
    recipe_roots_free(&roots);
}

static void test_key_and_wasi_toolchain(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *sdk = in_folder(state, "sdk"), *one = NULL, *two = NULL, *three = NULL, *none = NULL;
    WL_CLEANUP_FREE char *clang = in_folder(state, "sdk/bin/clang");

    put_recipe(state, "m/a", "version: \"1\"\nsteps: [{name: a, run: x}]\n");
    put_recipe(state, "m/n", SIMPLE);
    put_file(state, "sdk/VERSION", "33.0\n");
    put_file(state, "sdk/share/wasi-sysroot/lib/wasm32-wasip1/libc.a", "libc\n");
    put_file(state, "sdk/bin/clang", "");
    write_program(clang, "echo clang version 22.1.0\n");
    o.sdk_root = sdk;
    one = key_of(state, &o, "m/a");
    none = key_of(state, &o, "m/n");
    put_file(state, "sdk/share/wasi-sysroot/lib/wasm32-wasip1/libc.a", "libc of another kind\n");
    two = key_of(state, &o, "m/a");
    assert_string_not_equal(one, two);
    write_program(clang, "echo clang version 22.1.1\n");
    three = key_of(state, &o, "m/a");
    assert_string_not_equal(two, three);
    {
        WL_CLEANUP_FREE char *same = key_of(state, &o, "m/n");

        assert_string_equal(none, same); /* a port that uses no compiler does not change with it */
    }
    recipe_roots_free(&roots);
}

/* Without an SDK every wasm port needs the sysroot's port, which is part of its key. */
static void test_sysroot_port(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct plan p = {0};

    put_recipe(state, "m/a", "version: \"1\"\nsteps: [{name: a, run: x}]\n");
    strv_add(&names, "m/a");
    assert_class(plan_make(&o, &names, &p, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, SYSROOT_PORT);
    plan_free(&p);
    put_recipe(state, SYSROOT_PORT, SIMPLE);
    assert_ok(plan_make(&o, &names, &p, &err), &err);
    assert_int_equal(p.n, 2);
    assert_string_equal(p.nodes[0].recipe->name, SYSROOT_PORT);
    assert_int_equal(p.nodes[1].needs[0].kind, NEED_BUILD);
    plan_free(&p);
    recipe_roots_free(&roots);
}

/* --- sources --- */

static void test_given_source(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *file = in_folder(state, "mine.tar"), *none = in_folder(state, "none.tar"), *before = NULL;
    WL_CLEANUP_FREE char *sources = in_folder(state, "cache/sources");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv both = {0};
    struct fetch_options f = {.cache = sources};
    struct plan p;

    put_file(state, "mine.tar", "mine\n");
    put_recipe(state, "m/a", SIMPLE "sources: [{url: \"https://e.org/a\", sha256: " HASH_A "}]\nbuild-needs: [b/a]\n");
    put_recipe(state, "b/a", SIMPLE "sources: [{url: \"https://e.org/a\", sha256: " HASH_A "}]\nneeds: [l/z]\n");
    put_recipe(state, "l/z", SIMPLE "sources: [{url: \"https://e.org/z\", sha256: " HASH_B "}]\n");
    make_plan(state, &o, "m/a", &p);
    before = xstrdup(p.nodes[node_of(&p, "m/a")].key);
    assert_class(plan_use_source(&p, "m/a", none, &err), WL_E_FETCH, &err);
    assert_ok(plan_use_source(&p, "m/a", file, &err), &err);
    assert_ok(plan_keys(&o, &f, &p, &err), &err);
    assert_string_not_equal(before, p.nodes[node_of(&p, "m/a")].key);
    assert_string_equal(p.nodes[node_of(&p, "m/a")].sources[0].path, file);
    assert_string_equal(p.nodes[node_of(&p, "b/a")].sources[0].path, file); /* made from the same source */
    assert_null(p.nodes[node_of(&p, "l/z")].sources[0].path);
    plan_free(&p);
    make_plan(state, &o, "l/z", &p);
    put_recipe(state, "m/n", SIMPLE);
    plan_free(&p);
    make_plan(state, &o, "m/n", &p);
    assert_class(plan_use_source(&p, "m/n", file, &err), WL_E_USAGE, &err);
    plan_free(&p);
    /* A port that is built in addition, such as a runner, needs no source. */
    strv_add(&both, "m/a");
    strv_add(&both, "m/n");
    assert_ok(plan_make(&o, &both, &p, &err), &err);
    assert_ok(plan_use_source(&p, "m/a", file, &err), &err);
    assert_string_equal(p.nodes[node_of(&p, "m/a")].sources[0].path, file);
    plan_free(&p);
    recipe_roots_free(&roots);
}

/* The archive that is in the cache is the one that counts. */
static void test_cached_alternative(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_FREE char *before = NULL, *after = NULL;
    struct plan p;

    put_recipe(state, "m/a",
               SIMPLE "sources:\n  - {url: \"https://e.org/a\", sha256: " HASH_A
                      ", also: [{url: \"https://e.org/b\", sha256: " HASH_B "}]}\n"
                      "  - {url: \"https://e.org/c\", sha256: " HASH_A ", only-with: " HASH_B "}\n");
    before = key_of(state, &o, "m/a");
    put_file(state, "cache/sources/" HASH_B "/b", "bytes\n");
    make_plan(state, &o, "m/a", &p);
    after = xstrdup(p.nodes[0].key);
    assert_string_equal(p.nodes[0].sources[0].sha256, HASH_B);
    assert_false(p.nodes[0].sources[1].unwanted);
    assert_string_not_equal(before, after);
    plan_free(&p);
    put_file(state, "cache/sources/" HASH_A "/a", "bytes\n");
    make_plan(state, &o, "m/a", &p);
    assert_string_equal(p.nodes[0].key, before); /* the first is preferred */
    assert_true(p.nodes[0].sources[1].unwanted);
    plan_free(&p);
    recipe_roots_free(&roots);
}

/* --- what is to be built --- */

static void test_mark(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = options_of(&roots);
    WL_CLEANUP_STRV struct strv stored = {0};
    struct plan p;

    put_recipe(state, "m/top", SIMPLE "needs: [m/lib]\nbuild-needs: [m/tool]\n");
    put_recipe(state, "m/lib", SIMPLE "build-needs: [m/far]\n");
    put_recipe(state, "m/tool", SIMPLE);
    put_recipe(state, "m/far", SIMPLE);
    make_plan(state, &o, "m/top", &p);
    plan_mark(&p, is_among, &stored);
    for (size_t i = 0; i < p.n; i++)
        assert_true(p.nodes[i].build && !p.nodes[i].stored);
    /* The top exists: its libraries must exist, too, because they are merged into it; its tools need not. */
    strv_add(&stored, p.nodes[node_of(&p, "m/top")].key);
    plan_mark(&p, is_among, &stored);
    assert_true(p.nodes[node_of(&p, "m/top")].stored);
    assert_false(p.nodes[node_of(&p, "m/top")].build);
    assert_true(p.nodes[node_of(&p, "m/lib")].build);
    assert_true(p.nodes[node_of(&p, "m/far")].build);
    assert_false(p.nodes[node_of(&p, "m/tool")].build);
    strv_add(&stored, p.nodes[node_of(&p, "m/lib")].key);
    plan_mark(&p, is_among, &stored);
    for (size_t i = 0; i < p.n; i++)
        assert_false(p.nodes[i].build);
    plan_free(&p);
    recipe_roots_free(&roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_order),
        TEST_IN_FOLDER(test_link_closure),
        TEST_IN_FOLDER(test_cycles_and_missing_needs),
        TEST_IN_FOLDER(test_deep_needs),
        TEST_IN_FOLDER(test_test_needs),
        TEST_IN_FOLDER(test_check_needs),
        TEST_IN_FOLDER(test_key_stays_with_the_tool),
        TEST_IN_FOLDER(test_key_changes_with_the_recipe),
        TEST_IN_FOLDER(test_key_ignores_what_does_not_matter),
        TEST_IN_FOLDER(test_key_and_checks),
        TEST_IN_FOLDER(test_key_and_switch),
        TEST_IN_FOLDER(test_key_and_extensions),
        TEST_IN_FOLDER(test_place_of_a_need),
        TEST_IN_FOLDER(test_key_and_files),
        TEST_IN_FOLDER(test_key_and_needs),
        TEST_IN_FOLDER(test_key_and_options),
        TEST_IN_FOLDER(test_key_and_name),
        TEST_IN_FOLDER(test_key_and_wasi_toolchain),
        TEST_IN_FOLDER(test_sysroot_port),
        TEST_IN_FOLDER(test_given_source),
        TEST_IN_FOLDER(test_cached_alternative),
        TEST_IN_FOLDER(test_mark),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
