/* Which ports exist, and which one a name means. */
#include "recipe/recipe.h"

#include "made_up.h"

#include <string.h>

#define OTHER "toolchain: none\nsteps: [{name: a, run: x}]\n"

static void make_ports(void **state)
{
    static const char *const names[] = {"python/v3.9.18", "python/v3.11.2", "python/v3.11.10", "libs/zlib",
                                        "libs/zstd",      "tools/zlib",     "libs/bzip2"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_recipe(state, names[i], "version: \"1\"\n" OTHER);
    put_recipe(state, "python/base", "abstract: true\n");
    put_recipe(state, "build-python", "for-each: python\n" OTHER);
    put_recipe(state, "libs/broken", "nonsense: [\n");
    put_file(state, "ports/.hidden/recipe.yaml", "version: \"1\"\n" OTHER);
    put_file(state, "ports/libs/README", "no port\n");
    put_file(state, "ports/python/v3.11.2/sub/recipe.yaml", "version: \"1\"\n" OTHER);
}

static void test_list(void **state)
{
    static const char *const expected[] = {"build-python/v3.9.18",
                                           "build-python/v3.11.2",
                                           "build-python/v3.11.10",
                                           "libs/broken",
                                           "libs/bzip2",
                                           "libs/zlib",
                                           "libs/zstd",
                                           "python/v3.9.18",
                                           "python/v3.11.2",
                                           "python/v3.11.10",
                                           "tools/zlib"};
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0}, all = {0};

    make_ports(state);
    assert_ok(ports_list(&roots, false, &names, &err), &err);
    assert_int_equal(names.n, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < names.n; i++)
        assert_string_equal(names.v[i], expected[i]);
    assert_ok(ports_list(&roots, true, &all, &err), &err);
    assert_int_equal(all.n, names.n + 1);
    assert_true(strv_has(&all, "python/base"));
    recipe_roots_free(&roots);
}

static void test_resolve(void **state)
{
    static const char *const cases[][2] = {
        {"python/v3.11.2", "python/v3.11.2"},
        {"python/3.11.2", "python/v3.11.2"},
        {"ports/python/v3.11.2", "python/v3.11.2"},
        {"./ports/python/v3.11.2//", "python/v3.11.2"},
        {"python/3.11", "python/v3.11.10"},
        {"python/v3.11", "python/v3.11.10"},
        {"python/3", "python/v3.11.10"},
        {"python", "python/v3.11.10"},
        {"python/3.9", "python/v3.9.18"},
        {"build-python/3.11.2", "build-python/v3.11.2"},
        {"build-python/v3.11.2", "build-python/v3.11.2"},
        {"zstd", "libs/zstd"},
        {"libs/zlib", "libs/zlib"},
        {"libs/broken", "libs/broken"},
    };
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    make_ports(state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *name = NULL;

        assert_ok(ports_resolve(&roots, cases[i][0], &name, &err), &err);
        assert_string_equal(name, cases[i][1]);
    }
    recipe_roots_free(&roots);
}

static void test_not_resolved(void **state)
{
    static const char *const cases[][2] = {
        {"python/3.1", "python/v3.11"},
        {"python/v3.11.3", "python/v3.11.2"},
        {"libs/zlip", "libs/zlib"},
        {"bzip", "libs/bzip2"},
        {"nothing-like-it/at-all", "wl-make list"},
        {"", "wl-make list"},
        {"/", "wl-make list"},
        {"python/base", ""},
        {"build-python/base", ""},
        {"../ports/libs/zlib", ""},
        {"libs/../libs/zlib", ""},
        {"/etc/passwd", ""},
        {".hidden", ""},
    };
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    make_ports(state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = NULL;

        assert_class(ports_resolve(&roots, cases[i][0], &name, &err), WL_E_RECIPE, &err);
        assert_null(name);
        assert_contains(err.text, "there is no port");
        assert_contains(err.hint, cases[i][1]);
    }
    recipe_roots_free(&roots);
}

/* Two ports have that name: the message names both, and does not say that there is none. */
static void test_ambiguous(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char *name = NULL;

    make_ports(state);
    assert_class(ports_resolve(&roots, "zlib", &name, &err), WL_E_RECIPE, &err);
    assert_null(name);
    assert_string_equal(err.text, "2 ports are named 'zlib'");
    assert_contains(err.hint, "did you mean libs/zlib or tools/zlib?");
    recipe_roots_free(&roots);
}

static void test_several_roots(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_RECIPE struct recipe *r = NULL, *s = NULL;

    strv_take(&roots.ports, in_folder(state, "second"));
    put_recipe(state, "made/a", "version: \"1\"\nfrom: made/base\n");
    put_file(state, "second/made/a/recipe.yaml", "version: \"2\"\n" OTHER);
    put_file(state, "second/made/base/recipe.yaml", "abstract: true\nsummary: far\n" OTHER);
    put_file(state, "second/made/b/recipe.yaml", "version: \"3\"\nfrom: made/a\n");
    assert_ok(ports_list(&roots, false, &names, &err), &err);
    assert_int_equal(names.n, 2);
    assert_ok(recipe_load(&roots, "made/a", &r, &err), &err);
    assert_string_equal(r->version, "1");
    assert_string_equal(r->summary, "far");
    assert_ok(recipe_load(&roots, "made/b", &s, &err), &err);
    assert_string_equal(s->summary, "far");
    recipe_roots_free(&roots);
}

static void test_flavours(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv flavours = {0}, none = {0};
    char *name;

    make_ports(state);
    put_recipe(state, "python/frozen", "for-each: python\nflavour: frozen\n" OTHER);
    put_recipe(state, "cooked", "for-each: python\nflavour: boiled\n" OTHER);
    assert_ok(ports_flavours(&roots, "python/v3.11.2", &flavours, &err), &err);
    assert_int_equal(flavours.n, 2);
    assert_string_equal(flavours.v[0], "boiled");
    assert_string_equal(flavours.v[1], "frozen");
    assert_ok(ports_flavours(&roots, "libs/zlib", &none, &err), &err);
    assert_int_equal(none.n, 0);

    assert_ok(ports_flavour(&roots, "python/v3.11.2", "frozen", &name, &err), &err);
    assert_string_equal(name, "python/frozen/v3.11.2");
    free(name);
    assert_ok(ports_flavour(&roots, "python/v3.9.18", "boiled", &name, &err), &err);
    assert_string_equal(name, "cooked/v3.9.18");
    free(name);
    assert_ok(ports_flavour(&roots, "libs/zlib", "plain", &name, &err), &err);
    assert_string_equal(name, "libs/zlib");
    free(name);
    assert_class(ports_flavour(&roots, "python/v3.11.2", "raw", &name, &err), WL_E_USAGE, &err);
    assert_null(name);
    assert_string_equal(err.hint, "its flavours are plain, boiled, frozen");
    assert_class(ports_flavour(&roots, "libs/zlib", "frozen", &name, &err), WL_E_USAGE, &err);
    assert_null(name);
    /* A port of that family can be named. */
    assert_ok(ports_resolve(&roots, "python/frozen/3.11.2", &name, &err), &err);
    assert_string_equal(name, "python/frozen/v3.11.2");
    free(name);
    recipe_roots_free(&roots);
}

static void test_no_directory(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    assert_class(ports_list(&roots, false, &names, &err), WL_E_IO, &err);
    recipe_roots_free(&roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_list),         TEST_IN_FOLDER(test_resolve),       TEST_IN_FOLDER(test_not_resolved),
        TEST_IN_FOLDER(test_ambiguous),    TEST_IN_FOLDER(test_several_roots), TEST_IN_FOLDER(test_flavours),
        TEST_IN_FOLDER(test_no_directory),
    };

    return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
