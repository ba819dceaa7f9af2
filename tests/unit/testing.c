#include "testing.h"

#include "util/fs.h"
#include "util/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int make_test_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");
    char *folder = xasprintf("%s/wl-make tést.XXXXXX", tmp ? tmp : "/tmp");

    *state = folder;
    return mkdtemp(folder) ? 0 : -1;
}

int remove_test_folder(void **state)
{
    WL_CLEANUP_FREE char *folder = *state;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    return remove_tree(folder, &err);
}

char *in_folder(void **state, const char *name)
{
    return path_join(*state, name);
}

void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

void write_program(const char *path, const char *script)
{
    WL_CLEANUP_FREE char *text = xasprintf("#!/bin/sh\n%s", script);

    write_text(path, text);
    assert_int_equal(chmod(path, 0755), 0);
}

void assert_file_is(const char *path, const char *text)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *data = NULL;

    assert_ok(file_read(path, 1 << 24, &data, NULL, &err), &err);
    assert_string_equal(data, text);
}

void expect_class(int r, enum wl_class cls, struct wl_err *err, const char *file, int line)
{
    if (r != -(int)cls || (r < 0 && (err->cls != cls || !err->text))) {
        print_error("result %d instead of %d: %s\n", r, -(int)cls, err->text ? err->text : "(no text)");
        _fail(file, line);
    }
    if (cls == WL_OK)
        wl_err_free(err);
}

void expect_contains(const char *text, const char *part, const char *file, int line)
{
    if (text && strstr(text, part))
        return;
    print_error("\"%s\" does not contain \"%s\"\n", text ? text : "(null)", part);
    _fail(file, line);
}
