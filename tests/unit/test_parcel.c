#include "pack/parcel.h"

#include "testing.h"
#include "util/fs.h"
#include "util/unpack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 1 << 20 };

/* One of each kind of entry, from files that were written in another order and at another time each time. */
static void fill(void **state, struct parcel *b)
{
    WL_CLEANUP_FREE char *program = in_folder(state, "program");

    write_text(program, "text of a program");
    parcel_link(b, "lib/libx.so", "libx.so.1");
    parcel_file(b, "bin/program", program, 0755);
    parcel_text(b, "share/doc/a/README", "text\n");
    parcel_dir(b, "tmp");
}

static void write_one(void **state, const char *filter, const char *file)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct parcel_tar how = {.prefix = "top/", .filter = filter, .time = 315532800};
    struct parcel b = {0};

    fill(state, &b);
    assert_ok(parcel_sort(&b, &err), &err);
    assert_ok(parcel_write_tar(&b, &how, file, &err), &err);
    parcel_free(&b);
}

static void test_tar(void **state)
{
    static const char *const filters[] = {NULL, "gzip", "xz"};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    for (size_t i = 0; i < 3; i++) {
        WL_CLEANUP_FREE char *first = in_folder(state, "first"), *second = in_folder(state, "second"),
                             *out = in_folder(state, "out"), *program = in_folder(state, "out/bin/program"),
                             *link = in_folder(state, "out/lib/libx.so"),
                             *readme = in_folder(state, "out/share/doc/a/README"), *tmp = in_folder(state, "out/tmp"),
                             *target = NULL;
        char a[HASH_HEX_SIZE], b[HASH_HEX_SIZE];
        struct stat st;

        write_one(state, filters[i], first);
        write_one(state, filters[i], second);
        assert_ok(hash_file(first, a, &err), &err);
        assert_ok(hash_file(second, b, &err), &err);
        assert_string_equal(a, b);
        assert_ok(make_dirs(out, &err), &err);
        assert_ok(archive_unpack(first, out, 1, NULL, &err), &err);
        assert_file_is(program, "text of a program");
        assert_file_is(readme, "text\n");
        target = link_target(link);
        assert_string_equal(target, "libx.so.1");
        assert_true(path_is_dir(tmp));
        assert_int_equal(stat(program, &st), 0);
        assert_int_equal(st.st_mode & 0111, 0111);
        assert_int_equal(st.st_mtime, 315532800);
        assert_ok(remove_tree(out, &err), &err);
    }
}

/* dpkg wants exactly this. */
static void test_ar(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = in_folder(state, "a.deb"), *data = NULL;
    struct parcel b = {0};
    size_t n;

    parcel_text(&b, "debian-binary", "2.0\n");
    parcel_text(&b, "control.tar.xz", "odd");
    parcel_text(&b, "data.tar.xz", "data");
    assert_ok(parcel_write_ar(&b, 1, file, &err), &err);
    parcel_free(&b);
    assert_ok(file_read(file, MOST, &data, &n, &err), &err);
    assert_memory_equal(data, "!<arch>\n", 8);
    assert_memory_equal(data + 8, "debian-binary   1           0     0     100644  4         `\n2.0\n", 64);
    assert_memory_equal(data + 72, "control.tar.xz  ", 16);
    assert_memory_equal(data + 72 + 60, "odd\n", 4);
    assert_memory_equal(data + 72 + 64, "data.tar.xz     ", 16);
    assert_int_equal(n, 72 + 64 + 64);
}

static void test_tree_and_copy(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *from = in_folder(state, "from"), *sub = in_folder(state, "from/sub"),
                         *f = in_folder(state, "from/sub/f"), *program = in_folder(state, "from/program"),
                         *to = in_folder(state, "to"), *copied = in_folder(state, "to/under/sub/f"),
                         *none = in_folder(state, "none");
    struct parcel tree = {0}, all = {0};

    assert_ok(make_dirs(sub, &err), &err);
    write_text(f, "f");
    write_program(program, "exit 0");
    assert_ok(parcel_tree(&tree, "", from, &err), &err);
    parcel_add(&all, "under", &tree);
    assert_ok(parcel_sort(&all, &err), &err);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.v[0].path, "under/program");
    assert_int_equal(all.v[0].mode, 0755);
    assert_int_equal(all.v[1].mode, 0644);
    assert_int_equal(parcel_size(&all), tree_size(program) + 1);
    assert_ok(parcel_copy(&all, to, &err), &err);
    assert_file_is(copied, "f");
    parcel_free(&tree);
    parcel_free(&all);
    assert_class(parcel_tree(&tree, "", none, &err), WL_E_IO, &err);
    parcel_free(&tree);
}

static void digest_of(const struct parcel *b, char hex[HASH_HEX_SIZE])
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct hash *h = hash_new();

    assert_ok(parcel_hash(b, h, &err), &err);
    hash_end(h, hex);
}

/* A change of a path, of a right, of a target and of a byte is another parcel. */
static void test_hash_sees_each_change(void **state)
{
    char was[HASH_HEX_SIZE], is[HASH_HEX_SIZE];
    WL_CLEANUP_FREE char *program = in_folder(state, "program");
    struct parcel b = {0};

    fill(state, &b);
    digest_of(&b, was);
    for (size_t i = 0; i < b.n; i++) {
        char *path = b.v[i].path, *from = b.v[i].from;

        b.v[i].path = xstrdup("other");
        digest_of(&b, is);
        assert_string_not_equal(is, was);
        free(b.v[i].path);
        b.v[i].path = path;
        if (b.v[i].kind != PARCEL_LINK && b.v[i].kind != PARCEL_TEXT)
            continue;
        b.v[i].from = xstrdup("other");
        digest_of(&b, is);
        assert_string_not_equal(is, was);
        free(b.v[i].from);
        b.v[i].from = from;
    }
    b.v[1].mode = 0644;
    digest_of(&b, is);
    assert_string_not_equal(is, was);
    b.v[1].mode = 0755;
    digest_of(&b, is);
    assert_string_equal(is, was);
    write_text(program, "other text");
    digest_of(&b, is);
    assert_string_not_equal(is, was);
    parcel_free(&b);
}

static void test_errors(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *none = in_folder(state, "none"), *file = in_folder(state, "file"),
                         *nowhere = in_folder(state, "none/file");
    const struct parcel_tar how = {.prefix = "", .time = 0};
    struct parcel b = {0};

    parcel_text(&b, "a", "1");
    parcel_text(&b, "a", "2");
    assert_class(parcel_sort(&b, &err), WL_E_FAILED, &err);
    assert_contains(err.text, "two files would both be a");
    parcel_free(&b);
    parcel_text(&b, "a", "1");
    assert_class(parcel_write_tar(&b, &how, nowhere, &err), WL_E_IO, &err);
    assert_contains(err.text, nowhere);
    if (path_exists("/dev/full")) {
        assert_class(parcel_write_tar(&b, &how, "/dev/full", &err), WL_E_IO, &err);
        assert_contains(err.text, "/dev/full");
    }
    parcel_file(&b, "b", none, 0644);
    assert_class(parcel_write_tar(&b, &how, file, &err), WL_E_IO, &err);
    assert_contains(err.text, none);
    parcel_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_tar),           TEST_IN_FOLDER(test_ar),
        TEST_IN_FOLDER(test_tree_and_copy), TEST_IN_FOLDER(test_hash_sees_each_change),
        TEST_IN_FOLDER(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
