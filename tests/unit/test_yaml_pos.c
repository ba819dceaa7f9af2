#include "recipe/yaml_pos.h"

#include "testing.h"

#include <string.h>

static const char text[] = "version: \"1\"\n"
                           "sources:\n"
                           "  - url: a\n"
                           "    sha256: b\n"
                           "  - url: c\n"
                           "    mirrors: [d, e]\n"
                           "steps:\n"
                           "  - {name: x,\n"
                           "     run: y}\n";

static void test_line(void **state)
{
    static const struct {
        const char *path;
        unsigned line;
    } cases[] = {
        {"version", 1},
        {"sources", 2},
        {"sources/0", 3},
        {"sources/0/url", 3},
        {"sources/0/sha256", 4},
        {"sources/1/url", 5},
        {"sources/1/mirrors", 6},
        {"sources/1/mirrors/1", 6},
        {"steps/0/run", 9},
        /* For a missing key: the position before it. */
        {"sources/7", 2},
        {"sources/1/sha256", 5},
        {"sources/99999999999999999999", 2},
        {"nothing", 0},
        {"nothing/0", 0},
        {"", 0},
        {"version/0", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned line = yaml_line(text, strlen(text), cases[i].path);

        if (line != cases[i].line)
            print_error("%s\n", cases[i].path);
        assert_int_equal(line, cases[i].line);
    }
}

static void test_key_line(void **state)
{
    (void)state;
    assert_int_equal(yaml_key_line(text, strlen(text), "sha256"), 4);
    assert_int_equal(yaml_key_line(text, strlen(text), "url"), 3);
    assert_int_equal(yaml_key_line(text, strlen(text), "run"), 9);
    assert_int_equal(yaml_key_line(text, strlen(text), "none"), 0);
}

static void test_top_keys(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv keys = {0};

    (void)state;
    assert_ok(yaml_check("f", text, strlen(text), &keys, &err), &err);
    assert_int_equal(keys.n, 3);
    assert_string_equal(keys.v[0], "version");
    assert_string_equal(keys.v[2], "steps");
}

static void test_check(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "f:1: the recipe is empty"},
        {"# only a comment\n", "f:1: the recipe is empty"},
        {"- a\n", "f:1: a recipe is a mapping"},
        {"word\n", "f:1: a recipe is a mapping"},
        {"a: 1\n b: 2\n", "f:2: not valid YAML"},
        {"a: [1, 2\n", "not valid YAML"},
        {"a: \"x\n", "not valid YAML"},
        {"a: \xff\n", "f:1: not valid YAML"},
        {"a: *nobody\n", "not valid YAML"},
        {"a: 1\nb: 2\na: 3\n", "f:3: the key 'a' is repeated; the first one is in line 1"},
        {"a:\n  - {b: 1, c: 2}\n  - b: 1\n    b: 2\n", "f:4: the key 'b' is repeated; the first one is in line 3"},
    };
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv keys = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_class(yaml_check("f", bad[i].text, strlen(bad[i].text), &keys, &err), WL_E_RECIPE, &err);
        assert_contains(err.text, bad[i].says);
    }
    assert_class(yaml_check("f", "a: \0b", 5, &keys, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "NUL");
    assert_int_equal(keys.n, 0);
}

/* Asking for a position in broken text gives none, and has no other effect. */
static void test_broken(void **state)
{
    (void)state;
    assert_int_equal(yaml_line("a: [", 4, "a"), 0);
    assert_int_equal(yaml_key_line("a: [", 4, "a"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),  cmocka_unit_test(test_key_line), cmocka_unit_test(test_top_keys),
        cmocka_unit_test(test_check), cmocka_unit_test(test_broken),
    };

    return cmocka_run_group_tests_name("yaml_pos", tests, NULL, NULL);
}
