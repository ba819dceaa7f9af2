#include "util/hash.h"

#include "testing.h"
#include "util/fs.h"
#include "util/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void test_known_digests(void **state)
{
    char hex[HASH_HEX_SIZE];
    struct hash *h = hash_new();

    (void)state;
    hash_end(h, hex);
    assert_string_equal(hex, nothing);
    h = hash_new();
    hash_add(h, "a", 1);
    hash_add(h, "bc", 2);
    hash_end(h, hex);
    assert_string_equal(hex, abc);
}

static void test_file(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = in_folder(state, "f"), *none = in_folder(state, "none");
    char hex[HASH_HEX_SIZE];

    write_text(file, "abc");
    assert_ok(hash_file(file, hex, &err), &err);
    assert_string_equal(hex, abc);
    assert_class(hash_file(none, hex, &err), WL_E_IO, &err);
    assert_contains(err.text, none);
    assert_ok(hash_file_md5(file, hex, &err), &err);
    assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
    hash_text_md5("", hex);
    assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
}

static void field_digest(const char *const (*fields)[2], char hex[HASH_HEX_SIZE])
{
    struct hash *h = hash_new();

    for (; (*fields)[0]; fields++)
        hash_field(h, (*fields)[0], (*fields)[1]);
    hash_end(h, hex);
}

static void test_fields_do_not_run_together(void **state)
{
    static const char *const lists[][3][2] = {
        {{"a", "b"}, {"c", "d"}, {0}},
        {{"a", "bc"}, {"", "d"}, {0}},
        {{"a", "b\nc 1\nd"}, {0}},
        {{"a", NULL}, {0}},
        {{"a", ""}, {0}},
        {{"c", "d"}, {"a", "b"}, {0}},
    };
    enum { N = sizeof lists / sizeof *lists };
    char hex[N][HASH_HEX_SIZE];

    (void)state;
    for (size_t i = 0; i < N; i++)
        field_digest(lists[i], hex[i]);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(hex[i], hex[j]);
}

static void make_tree(const char *root)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *sub = path_join(root, "sub"), *a = path_join(root, "a"), *b = path_join(root, "sub/b"),
                         *l = path_join(root, "link");

    assert_ok(make_dirs(sub, &err), &err);
    write_text(a, "one");
    write_text(b, "two");
    assert_int_equal(symlink("a", l), 0);
}

static void tree_digest(const char *root, char hex[HASH_HEX_SIZE])
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(hash_tree(root, hex, &err), &err);
}

static void test_tree_same(void **state)
{
    WL_CLEANUP_FREE char *one = in_folder(state, "one"), *two = in_folder(state, "two");
    char first[HASH_HEX_SIZE], second[HASH_HEX_SIZE];

    make_tree(one);
    make_tree(two);
    tree_digest(one, first);
    tree_digest(two, second);
    assert_string_equal(first, second);
}

static void test_tree_sees_each_change(void **state)
{
    WL_CLEANUP_FREE char *root = in_folder(state, "one"), *a = in_folder(state, "one/a"),
                         *b = in_folder(state, "one/sub/b"), *c = in_folder(state, "one/sub/c"),
                         *l = in_folder(state, "one/link"), *d = in_folder(state, "one/empty");
    char was[HASH_HEX_SIZE], is[HASH_HEX_SIZE];

    make_tree(root);
    tree_digest(root, was);
#define CHANGES(action)                                                                                                \
    do {                                                                                                               \
        assert_int_equal(action, 0);                                                                                   \
        tree_digest(root, is);                                                                                         \
        assert_string_not_equal(is, was);                                                                              \
        memcpy(was, is, sizeof was);                                                                                   \
    } while (0)
    CHANGES((write_text(a, "onf"), 0));
    CHANGES(chmod(a, 0755));
    CHANGES(rename(b, c));
    CHANGES((unlink(l), symlink("sub/c", l)));
    CHANGES(mkdir(d, 0755));
#undef CHANGES
    /* Only the execute bit of a mode counts. */
    assert_int_equal(chmod(a, 0700), 0);
    tree_digest(root, is);
    assert_string_equal(is, was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_digests),
        TEST_IN_FOLDER(test_file),
        cmocka_unit_test(test_fields_do_not_run_together),
        TEST_IN_FOLDER(test_tree_same),
        TEST_IN_FOLDER(test_tree_sees_each_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
