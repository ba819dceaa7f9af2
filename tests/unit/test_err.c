#include "util/err.h"

#include "testing.h"

#include <errno.h>

static void test_set_returns_class(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    (void)state;
    assert_int_equal(wl_err_set(&err, WL_E_FETCH, "cannot get %s", "x"), -WL_E_FETCH);
    assert_int_equal(err.cls, WL_E_FETCH);
    assert_string_equal(err.text, "cannot get x");
    assert_null(err.hint);
    assert_int_equal(wl_err_hint(&err, "try %d times", 3), -WL_E_FETCH);
    assert_string_equal(err.hint, "try 3 times");
    assert_int_equal(wl_err_hint(&err, "again"), -WL_E_FETCH);
    assert_string_equal(err.hint, "again");
}

static void test_set_replaces(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    (void)state;
    wl_err_set(&err, WL_E_FETCH, "one");
    wl_err_hint(&err, "hint");
    /* The old text may be part of the new one. */
    wl_err_set(&err, WL_E_IO, "two after %s", err.text);
    assert_string_equal(err.text, "two after one");
    assert_int_equal(err.cls, WL_E_IO);
    assert_null(err.hint);
}

static void test_errno_text_and_hints(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    (void)state;
    errno = ENOENT;
    assert_int_equal(wl_err_errno(&err, WL_E_IO, "cannot open %s", "f"), -WL_E_IO);
    assert_string_equal(err.text, "cannot open f: No such file or directory");
    assert_null(err.hint);
    assert_int_equal(errno, ENOENT);
    errno = ENOSPC;
    wl_err_errno(&err, WL_E_IO, "cannot write f");
    assert_contains(err.hint, "free some space");
    errno = EACCES;
    wl_err_errno(&err, WL_E_IO, "cannot write f");
    assert_contains(err.hint, "writable");
    /* Another output directory does not help if a file cannot be read. */
    errno = EACCES;
    assert_int_equal(wl_err_unreadable(&err, WL_E_IO, "cannot open %s", "f"), -WL_E_IO);
    assert_string_equal(err.text, "cannot open f: Permission denied");
    assert_contains(err.hint, "permission to read it");
    assert_int_equal(errno, EACCES);
    errno = ENOENT;
    wl_err_unreadable(&err, WL_E_IO, "cannot open f");
    assert_null(err.hint);
}

static void test_free_twice(void **state)
{
    struct wl_err err = WL_ERR_INIT;

    (void)state;
    wl_err_set(&err, WL_E_FAILED, "x");
    wl_err_free(&err);
    wl_err_free(&err);
    assert_int_equal(err.cls, WL_OK);
    assert_null(err.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_returns_class),
        cmocka_unit_test(test_set_replaces),
        cmocka_unit_test(test_errno_text_and_hints),
        cmocka_unit_test(test_free_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
