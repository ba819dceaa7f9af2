/* Which ports are Pythons, and which ports belong to one. */
#include "recipe/python.h"

#include "recipe/known_ports.h"
#include "recipe/recipe.h"
#include "testing.h"
#include "util/str.h"

static void test_what_is_a_python(void **state)
{
    static const char *const pythons[] = {"python/v3.11.2", "python/v3.15.0rc1", DEFAULT_PYTHON_PORT};
    static const char *const others[] = {
        "python/base",
        "python/verbs",
        "python/v",
        "python/single/v3.13.5",
        "build-python/v3.13.5",
        "libs/zlib",
        "python-tests/v3.13.5",
        "suites/python/v3",
        "upstream-python/v3.1",
        "my/python/v3.13.5",
        "",
        "python",
        "python/v3.13.5/x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof pythons / sizeof *pythons; i++)
        assert_true(python_is(pythons[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(python_is(others[i]));
}

static void expect(char *got, const char *wanted)
{
    assert_string_equal(got, wanted);
    free(got);
}

static void test_what_belongs_to_it(void **state)
{
    (void)state;
    assert_string_equal(python_version("python/v3.13.5"), "3.13.5");
    expect(python_series("python/v3.13.5"), "3.13");
    expect(python_series("python/v3.15.0rc1"), "3.15");
    expect(python_build("python/v3.13.5"), "build-python/v3.13.5");
    expect(python_tests("python/v3.13.5"), "python-tests/v3.13.5");
    expect(python_sources("python/v3.13.5"), "python-sources/v3.13.5");
    expect(python_sources("python/snapshot/v3.13.5"), "python-sources/v3.13.5");
    /* A Python with packages. */
    assert_true(python_is("python/v3.13.5+numpy"));
    expect(python_series("python/v3.13.5+numpy"), "3.13");
    expect(python_build("python/v3.13.5+numpy"), "build-python/v3.13.5");
    expect(python_sources("python/single/v3.13.5+numpy"), "python-sources/v3.13.5");
    assert_null(python_sources("python/base"));
    assert_null(python_sources("libs/zlib"));
    assert_null(python_sources("suites/rich"));
    expect(python_profile("python/v3.13.5", false), "python-profile/v3.13.5");
    expect(python_profile("python/v3.13.5", true), "native-profile/v3.13.5");
}

static void test_suites(void **state)
{
    (void)state;
    assert_true(suite_is("suites/jinja2"));
    assert_false(suite_is("python/v3.13.5"));
    assert_false(suite_is("suites"));
    assert_string_equal(suite_name("suites/jinja2"), "jinja2");
    expect(suite_port("jinja2"), "suites/jinja2");
}

/* The names that the tool knows are ports of the checkout. */
static void test_the_known_ports_exist(void **state)
{
    static const char *const ports[] = {
        SYSROOT_PORT,        RUNNER_PORT,           WABT_PORT,         MUSL_PORT,           ROFS_PACK_PORT,
        DEFAULT_PYTHON_PORT, AOT_HOST_AARCH64_PORT, MUSL_AARCH64_PORT, SYSROOT_AARCH64_PORT};
    struct recipe_roots roots = {.repo = xstrdup(getenv("WL_SOURCE_ROOT"))};
    WL_CLEANUP_FREE char *build = python_build(DEFAULT_PYTHON_PORT), *tests = python_tests(DEFAULT_PYTHON_PORT);
    WL_CLEANUP_FREE char *profile = python_profile(DEFAULT_PYTHON_PORT, false);
    WL_CLEANUP_FREE char *native = python_profile(DEFAULT_PYTHON_PORT, true), *single = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    bool has_suites = false;

    (void)state;
    strv_take(&roots.ports, xasprintf("%s/ports", roots.repo));
    assert_ok(ports_list(&roots, false, &names, &err), &err);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        assert_true(strv_has(&names, ports[i]));
    assert_true(strv_has(&names, build));
    assert_true(strv_has(&names, tests));
    assert_true(strv_has(&names, profile));
    assert_true(strv_has(&names, native));
    for (size_t i = 0; i < names.n; i++)
        has_suites |= suite_is(names.v[i]);
    assert_true(has_suites);
    assert_ok(ports_flavour(&roots, DEFAULT_PYTHON_PORT, SINGLE_FLAVOUR, &single, &err), &err);
    recipe_roots_free(&roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_python),
        cmocka_unit_test(test_what_belongs_to_it),
        cmocka_unit_test(test_suites),
        cmocka_unit_test(test_the_known_ports_exist),
    };

    return cmocka_run_group_tests_name("python", tests, NULL, NULL);
}
