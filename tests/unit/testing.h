/* Shared by all unit tests: cmocka with the headers that it needs first, and a directory for each test. */
#ifndef WL_TESTING_H
#define WL_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/err.h"

/* Setup and teardown of a test: *state is an empty directory (its name has a space and a letter beyond ASCII). */
int make_test_folder(void **state);
int remove_test_folder(void **state);

/* A test that gets a directory. */
#define TEST_IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_test_folder, remove_test_folder)

/* A path in the test's directory; the caller frees it. */
char *in_folder(void **state, const char *name);
void write_text(const char *path, const char *text);
void write_program(const char *path, const char *script);
void assert_file_is(const char *path, const char *text);

/* r must be 0; otherwise the error's text is shown. Empties err. */
#define assert_ok(r, err) expect_class(r, 0, err, __FILE__, __LINE__)
/* r must be the class as a negative number, and err must have the same class. Keeps err. */
#define assert_class(r, cls, err) expect_class(r, cls, err, __FILE__, __LINE__)
void expect_class(int r, enum wl_class cls, struct wl_err *err, const char *file, int line);

#define assert_contains(text, part) expect_contains(text, part, __FILE__, __LINE__)
void expect_contains(const char *text, const char *part, const char *file, int line);

#endif
