#include "make/patch.h"

#include "made_up.h"
#include "make/hunk.h"
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

/* Nothing behind a zero byte would reach patch(1), and it would say that all is well. */
static void test_a_zero_byte(void **state)
{
    static const char patch[] = CHANGE "\0\n--- a/sub/g\n+++ b/sub/g\n@@ -1 +1 @@\n-a\n+b\n";
    WL_CLEANUP_FREE char *file = in_folder(state, "the.patch"), *dir = in_folder(state, "src"),
                         *f = in_folder(state, "src/sub/f");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    put_file(state, "src/sub/f", "one\ntwo\nthree\n");
    put_file(state, "src/sub/g", "a\n");
    assert_ok(file_write(file, patch, sizeof patch - 1, &err), &err);
    assert_class(patch_apply(file, dir, NULL, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "zero byte");
    assert_file_is(f, "one\ntwo\nthree\n");
}

static void assert_hunk(const char *patch, const char *file, unsigned long n, const char *hunk)
{
    WL_CLEANUP_FREE char *found = patch_hunk(patch, file, n);

    if (hunk)
        assert_string_equal(found, hunk);
    else
        assert_null(found);
}

/* Removed and added lines can look like the lines between files and hunks. */
static void test_hunks(void **state)
{
    static const char patch[] = "diff --git a/x/f b/x/f\n--- a/x/f\t2026-01-01\n+++ b/x/f\t2026-01-02\n"
                                "@@ -1,3 +1,3 @@ f()\n--- a/f\n+++ b/f\n one\n\n"
                                "@@ -9 +9,2 @@\n-a\n\\ No newline at end of file\n+b\n+@@ -1 +1 @@\n"
                                "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-short\n"
                                "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone";

    (void)state;
    assert_hunk(patch, "x/f", 1, "@@ -1,3 +1,3 @@ f()\n--- a/f\n+++ b/f\n one\n");
    assert_hunk(patch, "x/f", 2, "@@ -9 +9,2 @@\n-a\n\\ No newline at end of file\n+b\n+@@ -1 +1 @@");
    assert_hunk(patch, "x/f", 3, NULL);
    assert_hunk(patch, "x/f", 0, NULL);
    assert_hunk(patch, "gone", 1, "@@ -1 +0,0 @@\n-gone");
    assert_hunk(patch, "f", 2, NULL);
    assert_hunk(patch, "none", 1, NULL);
}

static void test_a_long_hunk_is_cut(void **state)
{
    WL_CLEANUP_STR struct str patch = {0};
    WL_CLEANUP_FREE char *found = NULL;

    (void)state;
    str_add(&patch, "--- a/f\n+++ b/f\n@@ -0,0 +1,9999 @@\n");
    for (int i = 0; i < 9999; i++)
        str_addf(&patch, "+line %d\n", i);
    found = patch_hunk(patch.s, "f", 1);
    assert_true(strlen(found) < 9000);
    assert_true(ends_with(found, "\n..."));
}

static void test_reports(void **state)
{
    struct patch_report r;
    WL_CLEANUP_STR struct str long_one = {0};

    (void)state;
    patch_report_read(&r, "patching file FAILED\npatching file 'a b'\nHunk #2 succeeded at 3.\n"
                          "Hunk #12 FAILED at 7.\npatching file c\nHunk #1 FAILED at 1 (different line endings).");
    assert_string_equal(r.text, "'a b': Hunk #12 FAILED at 7.; c: Hunk #1 FAILED at 1 (different line endings).");
    assert_string_equal(r.file, "a b");
    assert_int_equal(r.hunk, 12);
    patch_report_free(&r);
    patch_report_read(&r, "Hunk #1 FAILED at 7.\n");
    assert_string_equal(r.text, "Hunk #1 FAILED at 7.");
    assert_null(r.file);
    patch_report_free(&r);
    for (int i = 0; i < 1000; i++)
        str_add(&long_one, "patching file f\nHunk #1 FAILED at 1.\n");
    patch_report_read(&r, long_one.s);
    assert_true(strlen(r.text) < 5000 && ends_with(r.text, "; ..."));
    patch_report_free(&r);
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
        TEST_IN_FOLDER(test_applies),
        TEST_IN_FOLDER(test_at_another_line),
        TEST_IN_FOLDER(test_does_not_apply),
        TEST_IN_FOLDER(test_the_hunk_shown_is_the_failed_one),
        TEST_IN_FOLDER(test_no_fuzz),
        TEST_IN_FOLDER(test_applied_already),
        TEST_IN_FOLDER(test_nonsense),
        TEST_IN_FOLDER(test_stays_inside),
        TEST_IN_FOLDER(test_a_zero_byte),
        TEST_IN_FOLDER(test_hunks),
        TEST_IN_FOLDER(test_a_long_hunk_is_cut),
        TEST_IN_FOLDER(test_reports),
        TEST_IN_FOLDER(test_missing),
    };

    return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
