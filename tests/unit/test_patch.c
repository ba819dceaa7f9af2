#include "make/patch.h"

#include "made_up.h"
#include "util/fs.h"
#include "util/str.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int apply(void **state, const char *patch, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "the.patch"), *dir = in_folder(state, "src");

    write_text(file, patch);
    return patch_apply(file, dir, NULL, err);
}

#define CHANGE "--- a/sub/f\n+++ b/sub/f\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n"

static void test_applies(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *f = in_folder(state, "src/sub/f"), *g = in_folder(state, "src/new/g"),
                         *old = in_folder(state, "src/old"), *rest = in_folder(state, "src/sub/f.orig");

    put_file(state, "src/sub/f", "one\ntwo\nthree\n");
    put_file(state, "src/old", "gone\n");
    assert_ok(apply(state,
                    "From: somebody\n\nWhy it is so.\n" CHANGE "--- /dev/null\n+++ b/new/g\n@@ -0,0 +1 @@\n+new\n"
                    "--- a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n",
                    &err),
              &err);
    assert_file_is(f, "one\nTWO\nthree\n");
    assert_file_is(g, "new\n");
    assert_false(path_exists(old));
    assert_false(path_exists(rest));
}

static void test_at_another_line(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *f = in_folder(state, "src/sub/f");

    put_file(state, "src/sub/f", "0\n0\n0\none\ntwo\nthree\n");
    assert_ok(apply(state, CHANGE, &err), &err);
    assert_file_is(f, "0\n0\n0\none\nTWO\nthree\n");
}

static void test_does_not_apply(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *f = in_folder(state, "src/sub/f");

    put_file(state, "src/sub/f", "one\nzwei\nthree\n");
    assert_class(apply(state, CHANGE, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "the.patch does not apply");
    assert_contains(err.text, "sub/f: Hunk #1 FAILED");
    assert_contains(err.text, "-two\n+TWO");
    assert_file_is(f, "one\nzwei\nthree\n");
}

static void test_the_hunk_shown_is_the_failed_one(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    put_file(state, "src/sub/f", "one\ntwo\nthree\n");
    put_file(state, "src/sub/g", "a\nb\nc\nd\ne\nf\ng\nx\ni\n");
    assert_class(apply(state,
                       CHANGE "--- a/sub/g\n+++ b/sub/g\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
                              "@@ -7,3 +7,3 @@\n g\n-y\n+Y\n i\n"
                              "--- a/sub/h\n+++ b/sub/h\n@@ -1 +1 @@\n-q\n+Q\n",
                       &err),
                 WL_E_VERIFY, &err);
    assert_contains(err.text, "sub/g: Hunk #2 FAILED");
    assert_contains(err.text, "@@ -7,3 +7,3 @@\n g\n-y\n+Y");
    assert_null(strstr(err.text, "+B"));
    assert_null(strstr(err.text, "+Q"));
}

/* A context that only nearly fits is not good enough. */
static void test_no_fuzz(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    put_file(state, "src/f", "0\n1\n2\n3\n4\n5\n6\n");
    assert_class(apply(state, "--- a/f\n+++ b/f\n@@ -1,7 +1,7 @@\n X\n 1\n 2\n-3\n+THREE\n 4\n 5\n 6\n", &err),
                 WL_E_VERIFY, &err);
}

static void test_applied_already(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    put_file(state, "src/sub/f", "one\nTWO\nthree\n");
    assert_class(apply(state, CHANGE, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "sub/f");
    assert_contains(err.text, "previously applied");
}

static void test_nonsense(void **state)
{
    static const char *const patches[] = {"this is no patch\n", "--- a/f\n+++ b/f\n@@ -1,5 +1,5 @@\n-x\n"};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    put_file(state, "src/f", "x\n");
    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        assert_class(apply(state, patches[i], &err), WL_E_VERIFY, &err);
        assert_contains(err.text, "the.patch");
    }
}

static void test_stays_inside(void **state)
{
    static const char *const patches[] = {
        "--- /dev/null\n+++ b/../escaped\n@@ -0,0 +1 @@\n+x\n",
        "--- /dev/null\n+++ b/sub/../../escaped\n@@ -0,0 +1 @@\n+x\n",
        "--- /dev/null\n+++ b/way/escaped\n@@ -0,0 +1 @@\n+x\n",
    };
    WL_CLEANUP_FREE char *way = in_folder(state, "src/way"), *escaped = in_folder(state, "escaped");

    put_file(state, "src/sub/f", "x\n");
    assert_int_equal(symlink("..", way), 0);
    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        assert_true(apply(state, patches[i], &err) < 0);
        assert_false(path_exists(escaped));
    }
}

static void test_missing(void **state)
{
    WL_CLEANUP_FREE char *none = in_folder(state, "none.patch");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_class(patch_apply(none, *state, NULL, &err), WL_E_IO, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_applies),        TEST_IN_FOLDER(test_at_another_line),
        TEST_IN_FOLDER(test_does_not_apply), TEST_IN_FOLDER(test_the_hunk_shown_is_the_failed_one),
        TEST_IN_FOLDER(test_no_fuzz),        TEST_IN_FOLDER(test_applied_already),
        TEST_IN_FOLDER(test_nonsense),       TEST_IN_FOLDER(test_stays_inside),
        TEST_IN_FOLDER(test_missing),
    };

    return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
