/* The table of keys: each key does something, and is part of exactly the keys of artifacts that the table says. */
#include "recipe/fields.h"

#include "made_up.h"

#include <string.h>

#define HASH_A "29e4b8f5f1658542a8c13e2dd277358c9c48f2b2f7318652ef1675e402b9d2af"
#define HASH_B "2411c74bda5bbcfcddaf4531f66d1adc73f247f529aee981b029513aefdbf849"

/* A value of each kind, as YAML, and another one. */
static const char *const samples[][2] = {
    [FIELD_SWITCH] = {"true", "false"},
    [FIELD_HASH] = {HASH_A, HASH_B},
    [FIELD_ARCHIVES] = {"[{url: \"https://example.org/a\", sha256: " HASH_A "}]",
                        "[{url: \"https://example.org/b\", sha256: " HASH_B "}]"},
    [FIELD_VERSION] = {"\"1\"", "\"2\""},
    [FIELD_VARS] = {"[a=1]", "[a=2]"},
    [FIELD_TEXT] = {"1.2", "1.3"},
    [FIELD_DATE] = {"2020-01-02", "2020-01-03"},
    [FIELD_TOOLCHAIN] = {"none", "native"},
    [FIELD_NUMBER] = {"5", "6"},
    [FIELD_FLAG] = {"false", "true"},
    [FIELD_LIST] = {"[A=1]", "[A=2]"},
    [FIELD_CONTENTS] = {"[x]", "[y]"},
    [FIELD_PATCHES] = {"[one]", "[two]"},
    [FIELD_FILES] = {"[one]", "[two]"},
    [FIELD_NEEDS] = {"[libs/a]", "[libs/b]"},
    [FIELD_STEPS] = {"[{name: one, run: \"cat $EXTENSIONS\"}]", "[{name: two, run: \"cat $EXTENSIONS\"}]"},
    [FIELD_SOURCES] = {"[{url: \"https://example.org/a\", sha256: " HASH_A "}]",
                       "[{url: \"https://example.org/b\", sha256: " HASH_B "}]"},
    [FIELD_EXTENSIONS] = {"[{module: one, sources: [one.c]}]", "[{module: two, sources: [two.c]}]"},
};

/* A recipe with one key set to a value, or without it (NULL), besides those that every recipe must have. */
static void put(void **state, const char *name, const char *key, const char *value)
{
    static const char *const others[][2] = {{"version", "\"1\""},
                                            {"toolchain", "none"},
                                            {"steps", "[{name: make, run: \"cat $EXTENSIONS\"}]"},
                                            {"checks", "[{name: check, run: x}]"}};
    WL_CLEANUP_STR struct str yaml = {0};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i][0], key) != 0)
            str_addf(&yaml, "%s: %s\n", others[i][0], others[i][1]);
    if (value)
        str_addf(&yaml, "%s: %s\n", key, value);
    put_recipe(state, name, yaml.s);
}

static void put_ports(void **state)
{
    static const char *const files[] = {"one", "two", "one.c", "two.c"};

    put_recipe(state, "libs/a", SIMPLE);
    put_recipe(state, "libs/b", SIMPLE);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        WL_CLEANUP_FREE char *mine = xasprintf("ports/m/a/%s", files[i]),
                             *base = xasprintf("ports/m/base/%s", files[i]);

        put_file(state, mine, files[i]);
        put_file(state, base, files[i]);
    }
}

/* Everything that was read from a recipe. */
static char *text_of(void **state, const char *name)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_RECIPE struct recipe *r = NULL;
    WL_CLEANUP_STRV struct strv lines = {0};
    struct str text = {0};

    assert_ok(recipe_load(&roots, name, &r, &err), &err);
    FOR_EACH_FIELD (f) {
        strv_addf(&lines, "%s:", f->key);
        field_show(f, r, &lines);
    }
    str_addf(&text, "%d %s\n", r->abstract, r->flavour ? r->flavour : "");
    for (size_t i = 0; i < lines.n; i++)
        str_addf(&text, "%s\n", lines.v[i]);
    recipe_roots_free(&roots);
    return str_take(&text);
}

static void expect_different(const char *key, const char *a, const char *b)
{
    if (!strcmp(a, b))
        fail_msg("'%s' makes no difference: nothing reads it", key);
}

static bool is_meta(const struct field *f)
{
    return f->kind == FIELD_META_TEXT || f->kind == FIELD_META_FLAG;
}

/* Two values of a key make two recipes. A key in the table that nothing reads would not. */
static void test_every_value_is_read(void **state)
{
    put_ports(state);
    FOR_EACH_FIELD (f) {
        bool has_own = f->kind == FIELD_SWITCH || f->kind == FIELD_HASH || f->kind == FIELD_ARCHIVES;
        WL_CLEANUP_FREE char *first = NULL, *second = NULL;

        if (is_meta(f) || has_own)
            continue;
        put(state, "m/a", f->key, samples[f->kind][0]);
        first = text_of(state, "m/a");
        put(state, "m/a", f->key, samples[f->kind][1]);
        second = text_of(state, "m/a");
        expect_different(f->key, first, second);
    }
}

/* Values that appear only in other values. */
static void test_every_value_is_read_in_its_place(void **state)
{
    put_ports(state);
    FOR_EACH_FIELD (f) {
        WL_CLEANUP_FREE char *first = NULL, *second = NULL;

        if (f->kind != FIELD_SWITCH && f->kind != FIELD_HASH && f->kind != FIELD_ARCHIVES)
            continue;
        for (int i = 0; i < 2; i++) {
            WL_CLEANUP_FREE char *yaml =
                xasprintf(SIMPLE "needs: [\"libs/a if %s\"]\n"
                                 "sources: [{url: \"https://example.org/x\"%s}]\n%s: %s\n",
                          f->kind == FIELD_SWITCH ? f->key : "ssl", f->kind == FIELD_HASH ? "" : ", sha256: " HASH_A,
                          f->key, samples[f->kind][i]);

            put_recipe(state, "m/a", yaml);
            *(i ? &second : &first) = text_of(state, "m/a");
        }
        expect_different(f->key, first, second);
    }
}

/* Keys that combine recipes: without any one of these lines, the result differs. */
static void test_every_meta_key_is_read(void **state)
{
    static const char *const cases[][4] = {
        /* key, its line, the rest of the recipe, the port to load */
        {"abstract", "abstract: true\n", SIMPLE, "m/a"},
        {"from", "from: m/base\n", SIMPLE, "m/a"},
        {"flavour", "flavour: frozen\n", "for-each: python\nsteps: [{name: x, run: x}]\n", "m/a/v1"},
        {"patched", "patched: true\n", "for-each: python\nsteps: [{name: x, run: x}]\n", "m/a/v1"},
    };
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct recipe *r = NULL;

    put_ports(state);
    put_recipe(state, "m/base", "summary: inherited\n" SIMPLE);
    put_recipe(state, "python/v1", SIMPLE "patches: [/ports/m/a/one]\n");
    FOR_EACH_FIELD (f) {
        bool tried = !is_meta(f) || !strcmp(f->key, "for-each");

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            WL_CLEANUP_FREE char *with = NULL, *without = NULL, *yaml = NULL;

            if (strcmp(cases[i][0], f->key) != 0)
                continue;
            tried = true;
            yaml = xasprintf("%s%s", cases[i][1], cases[i][2]);
            put_recipe(state, "m/a", yaml);
            with = text_of(state, cases[i][3]);
            put_recipe(state, "m/a", cases[i][2]);
            without = text_of(state, cases[i][3]);
            expect_different(f->key, with, without);
        }
        if (!tried)
            fail_msg("this test has no case for '%s'", f->key);
    }
    /* Without for-each there is no family. */
    put_recipe(state, "m/a", SIMPLE);
    assert_class(recipe_load(&roots, "m/a/v1", &r, &err), WL_E_RECIPE, &err);
    recipe_roots_free(&roots);
}

static void test_every_added_list_is_appended(void **state)
{
    put_ports(state);
    FOR_EACH_FIELD (f) {
        WL_CLEANUP_FREE char *alone = NULL, *added = NULL, *child = NULL;

        if (!f->add_key)
            continue;
        put(state, "m/base", f->key, samples[f->kind][0]);
        put_recipe(state, "m/a", "from: m/base\n");
        alone = text_of(state, "m/a");
        child = xasprintf("from: m/base\n%s: %s\n", f->add_key, samples[f->kind][1]);
        put_recipe(state, "m/a", child);
        added = text_of(state, "m/a");
        expect_different(f->add_key, alone, added);
        assert_true(strlen(added) > strlen(alone)); /* it replaces nothing */
    }
}

/* Changing a value changes the keys that the table says, and no other. */
static void test_keys_of_artifacts(void **state)
{
    struct recipe_roots roots = roots_of(state);
    struct plan_options o = {.roots = &roots, .sandboxed = true, .cache = "/some/cache"};

    put_ports(state);
    FOR_EACH_FIELD (f) {
        struct plan p[2];
        const struct node *n[2];

        if (is_meta(f) || f->kind == FIELD_SWITCH || f->kind == FIELD_HASH || f->kind == FIELD_ARCHIVES)
            continue;
        for (int i = 0; i < 2; i++) {
            put(state, "m/a", f->key, samples[f->kind][i]);
            make_plan(state, &o, "m/a", &p[i]);
            n[i] = &p[i].nodes[node_of(&p[i], "m/a")];
        }
        if ((strcmp(n[0]->made, n[1]->made) != 0) != (f->made != NULL))
            fail_msg("'%s' is %spart of the key of what the steps make", f->key, f->made ? "not " : "");
        if ((strcmp(n[0]->key, n[1]->key) != 0) != (f->made || f->checked))
            fail_msg("'%s' is %spart of the key of the artifact", f->key, f->made || f->checked ? "not " : "");
        plan_free(&p[0]);
        plan_free(&p[1]);
    }
    recipe_roots_free(&roots);
}

/* A file that a value names is one of the recipe's inputs. */
static void test_inputs(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_FREE char *one = in_folder(state, "ports/m/a/one"), *dir = in_folder(state, "ports/m/a");

    put_ports(state);
    FOR_EACH_FIELD (f) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_RECIPE struct recipe *r = NULL;
        WL_CLEANUP_STRV struct strv paths = {0};
        bool names_files = f->kind == FIELD_PATCHES || f->kind == FIELD_FILES;

        if (!names_files && f->kind != FIELD_EXTENSIONS)
            continue;
        put(state, "m/a", f->key, samples[f->kind][0]);
        assert_ok(recipe_load(&roots, "m/a", &r, &err), &err);
        recipe_inputs(r, &paths);
        assert_string_equal(paths.v[0], r->file);
        assert_true(strv_has(&paths, names_files ? one : dir));
    }
    recipe_roots_free(&roots);
}

static void test_the_table_itself(void **state)
{
    (void)state;
    FOR_EACH_FIELD (f) {
        assert_ptr_equal(field_of(f->key), f);
        FOR_EACH_FIELD (other) {
            assert_true(f == other || strcmp(f->key, other->key) != 0);
            assert_true(!other->add_key || strcmp(f->key, other->add_key) != 0);
        }
        /* What only checks use must not rebuild what needs the port. */
        assert_true(!f->made || !f->checked);
    }
}

/* An unknown switch is answered with all that there are. */
static void test_unknown_switch(void **state)
{
    struct recipe_roots roots = roots_of(state);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct recipe *r = NULL;

    put_recipe(state, "m/a", SIMPLE "needs: [libs/a if none]\n");
    assert_class(recipe_load(&roots, "m/a", &r, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "there is no switch 'none'; the switches are: ");
    FOR_EACH_FIELD (f)
        if (f->kind == FIELD_SWITCH)
            assert_contains(strstr(err.text, "the switches are: "), f->key);
    recipe_roots_free(&roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_every_value_is_read),    TEST_IN_FOLDER(test_every_value_is_read_in_its_place),
        TEST_IN_FOLDER(test_every_meta_key_is_read), TEST_IN_FOLDER(test_every_added_list_is_appended),
        TEST_IN_FOLDER(test_keys_of_artifacts),      TEST_IN_FOLDER(test_inputs),
        TEST_IN_FOLDER(test_unknown_switch),         cmocka_unit_test(test_the_table_itself),
    };

    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
