#include "util/unpack.h"

#include "make_archive.h"
#include "testing.h"
#include "util/fs.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A directory with the archive "a" and the target "to"; nothing else may ever appear in it. */
struct place {
    char *archive, *to, *folder;
};

static void place_free(struct place *p)
{
    free(p->archive);
    free(p->to);
}
#define CLEANUP_PLACE __attribute__((cleanup(place_free)))

static struct place new_place(void **state)
{
    struct place p = {in_folder(state, "a"), in_folder(state, "to"), *state};

    assert_int_equal(mkdir(p.to, 0755), 0);
    return p;
}

static int unpack(const struct place *p, int strip, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = archive_unpack(p->archive, p->to, strip, NULL, err);

    assert_int_equal(dir_list(p->folder, &names, err), 0);
    for (size_t i = 0; i < names.n; i++)
        assert_true(!strcmp(names.v[i], "a") || !strcmp(names.v[i], "to"));
    return r;
}

static char *inside(const struct place *p, const char *name)
{
    return path_join(p->to, name);
}

static void assert_unpacked(const struct place *p, const char *name, const char *text)
{
    WL_CLEANUP_FREE char *file = inside(p, name);

    assert_file_is(file, text);
}

static void assert_absent(const struct place *p, const char *name)
{
    WL_CLEANUP_FREE char *file = inside(p, name);

    assert_false(path_exists(file));
}

static const struct entry good[] = {
    {'d', "pkg-1.0/", NULL, 0},
    {'f', "pkg-1.0/README", "read me", 0},
    {'d', "pkg-1.0/src", NULL, 0},
    {'f', "pkg-1.0/src/main.c", "int main(void);", 0},
    {'f', "pkg-1.0/configure", "#!/bin/sh\n", 0755},
    {0},
};

static void test_formats(void **state)
{
    static const char *const formats[] = {"tar", "ustar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "zip", NULL};

    for (const char *const *how = formats; *how; how++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        CLEANUP_PLACE struct place p = new_place(state);

        make_archive(p.archive, *how, good);
        assert_ok(unpack(&p, 1, &err), &err);
        assert_unpacked(&p, "README", "read me");
        assert_unpacked(&p, "src/main.c", "int main(void);");
        assert_ok(remove_tree(p.to, &err), &err);
    }
}

static void test_deb(void **state)
{
    static const struct entry data[] = {{'d', "./", NULL, 0},
                                        {'d', "./usr/", NULL, 0},
                                        {'f', "./usr/include/x.h", "#define X", 0},
                                        {'l', "./usr/include/y.h", "x.h", 0},
                                        {0}};
    static const char *const kinds[] = {"tar", "tar.gz", "tar.xz", "tar.zst", NULL};

    for (const char *const *how = kinds; *how; how++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        CLEANUP_PLACE struct place p = new_place(state);

        make_deb(p.archive, p.folder, *how, data);
        assert_ok(unpack(&p, 1, &err), &err);
        assert_unpacked(&p, "include/x.h", "#define X");
        assert_unpacked(&p, "include/y.h", "#define X");
        assert_ok(remove_tree(p.to, &err), &err);
    }
}

static void test_deb_bad(void **state)
{
    static const struct entry outside[] = {{'f', "../evil", "x", 0}, {0}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    make_deb(p.archive, p.folder, "tar.xz", NULL);
    assert_class(unpack(&p, 0, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "no data.tar");
    make_deb(p.archive, p.folder, "tar.xz", outside);
    assert_class(unpack(&p, 0, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "../evil");
    make_deb(p.archive, p.folder, "tar.xz", good);
    cut_file(p.archive, 70);
    assert_class(unpack(&p, 0, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "ends too early");
}

static void test_plain_ar(void **state)
{
    static const struct entry entries[] = {{'f', "x.o", "object", 0}, {0}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    make_archive(p.archive, "ar", entries);
    assert_class(unpack(&p, 0, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "not a Debian package");
}

static void test_strip(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    make_archive(p.archive, "tar", good);
    assert_ok(unpack(&p, 2, &err), &err);
    assert_unpacked(&p, "main.c", "int main(void);");
    assert_absent(&p, "README");
    assert_absent(&p, "src");
    assert_ok(remove_tree(p.to, &err), &err);
    assert_int_equal(mkdir(p.to, 0755), 0);
    assert_ok(unpack(&p, 0, &err), &err);
    assert_unpacked(&p, "pkg-1.0/README", "read me");
    assert_class(unpack(&p, 9, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "nothing is left");
}

/* Modes depend neither on the archive nor on our umask, except for the execute bit. */
static void test_modes_and_times(void **state)
{
    static const struct entry entries[] = {{'f', "p/read-only", "x", 0444}, {'f', "p/setuid", "x", 04755},
                                           {'f', "p/open", "x", 0666},      {'d', "p/d", NULL, 0500},
                                           {'f', "p/d/x", "x", 0},          {0}};
    static const struct {
        const char *name;
        mode_t mode;
    } expected[] = {{"read-only", 0644}, {"setuid", 0755}, {"open", 0644}, {"d", 0755}, {"d/x", 0644}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    make_archive(p.archive, "tar.gz", entries);
    assert_ok(unpack(&p, 1, &err), &err);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        WL_CLEANUP_FREE char *file = inside(&p, expected[i].name);
        struct stat st;

        assert_int_equal(stat(file, &st), 0);
        assert_int_equal(st.st_mode & 07777, expected[i].mode);
        assert_int_equal(st.st_mtim.tv_sec, ENTRY_TIME);
    }
}

static void test_names_beyond_ascii(void **state)
{
    static const struct entry entries[] = {{'f', "p/tést ü.txt", "x", 0}, {'l', "p/l", "tést ü.txt", 0}, {0}};
    static const char *const formats[] = {"tar", "zip", NULL};

    for (const char *const *how = formats; *how; how++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        CLEANUP_PLACE struct place p = new_place(state);

        make_archive(p.archive, *how, entries);
        assert_ok(unpack(&p, 1, &err), &err);
        assert_unpacked(&p, "tést ü.txt", "x");
        assert_unpacked(&p, "l", "x");
        assert_ok(remove_tree(p.to, &err), &err);
    }
}

static void test_links_inside(void **state)
{
    static const struct entry entries[] = {{'f', "p/a/file", "x", 0},         {'l', "p/b/up", "../a/file", 0},
                                           {'l', "p/top", "a/./file", 0},     {'h', "p/hard", "p/a/file", 0},
                                           {'l', "p/dangling", "nowhere", 0}, {'l', "p/self", ".", 0},
                                           {'l', "p/c/root", "..", 0},        {0}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);
    WL_CLEANUP_FREE char *hard = inside(&p, "hard");
    struct stat st;

    make_archive(p.archive, "tar", entries);
    assert_ok(unpack(&p, 1, &err), &err);
    assert_unpacked(&p, "b/up", "x");
    assert_unpacked(&p, "top", "x");
    assert_unpacked(&p, "hard", "x");
    assert_int_equal(stat(hard, &st), 0);
    assert_int_equal(st.st_nlink, 2);
}

static void test_entry_twice(void **state)
{
    static const struct entry entries[] = {{'f', "p/f", "old and long", 0},
                                           {'f', "p/f", "new", 0},
                                           {'l', "p/l", "f", 0},
                                           {'f', "p/l", "file now", 0},
                                           {'d', "p/d", NULL, 0},
                                           {'d', "p/d", NULL, 0},
                                           {0}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    make_archive(p.archive, "tar", entries);
    assert_ok(unpack(&p, 1, &err), &err);
    assert_unpacked(&p, "f", "new");
    assert_unpacked(&p, "l", "file now");
}

static void test_hole(void **state)
{
    static const struct entry entries[] = {{'s', "p/sparse", "head", 0}, {0}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);
    WL_CLEANUP_FREE char *file = inside(&p, "sparse");
    struct stat st;

    make_archive(p.archive, "tar", entries);
    assert_ok(unpack(&p, 1, &err), &err);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 100000);
    assert_unpacked(&p, "sparse", "head");
}

/* By --wrap (meson.build): the next calls of openat2 for a link are answered with EAGAIN, as the kernel does if a file
 * is renamed somewhere at the same time. */
static int again;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    long args[6];
    va_list ap;

    va_start(ap, number);
    for (size_t i = 0; i < sizeof args / sizeof *args; i++)
        args[i] = va_arg(ap, long);
    va_end(ap);
    if (number == SYS_openat2 && strcmp((const char *)args[1], ".") != 0 && again > 0) {
        again--;
        errno = EAGAIN;
        return -1;
    }
    return __real_syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* A link that the kernel cannot check at once is not accepted. */
static void test_links_while_others_rename(void **state)
{
    static const struct entry entries[] = {{'l', "p/a/b/l", "../..", 0}, {'l', "p/m", "a/b/l/../a", 0}, {0}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    make_archive(p.archive, "tar", entries);
    again = 50;
    assert_class(unpack(&p, 1, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "by way of another link");
    assert_int_equal(again, 0);
    assert_ok(remove_tree(p.to, &err), &err);
    assert_ok(make_dirs(p.to, &err), &err);
    again = 1 << 30;
    assert_class(unpack(&p, 1, &err), WL_E_IO, &err);
    assert_contains(err.text, "cannot check the link");
    again = 0;
}

/* An entry deeper than any path can be is unpacked, and can be removed. */
static void test_deep_entry(void **state)
{
    enum { DEPTH = 9000 };
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);
    WL_CLEANUP_STR struct str name = {0};
    struct entry entries[] = {{'f', NULL, "x", 0}, {0}};

    for (int i = 0; i < DEPTH; i++)
        str_add(&name, "d/");
    str_add(&name, "file");
    entries[0].name = name.s;
    make_archive(p.archive, "pax", entries);
    assert_ok(unpack(&p, 1, &err), &err);
    assert_ok(remove_tree(p.to, &err), &err);
    assert_false(path_exists(p.to));
}

/* Each archive must be refused with WL_E_VERIFY and a text that names the bad entry. */
static void test_bad_entries(void **state)
{
    static const struct {
        const char *names, *says;
        struct entry entries[4];
    } cases[] = {
        {"p/../../evil", "\"..\"", {{'f', "p/../../evil", "x", 0}}},
        {"../evil", "\"..\"", {{'f', "../evil", "x", 0}}},
        {"p/..", "\"..\"", {{'d', "p/..", NULL, 0}}},
        {"/tmp/wl-make-evil", "absolute", {{'f', "/tmp/wl-make-evil", "x", 0}}},
        {"abs", "leads out", {{'l', "p/abs", "/etc/passwd", 0}}},
        {"up", "leads out", {{'l', "p/up", "../evil", 0}}},
        {"d/up", "leads out", {{'l', "p/d/up", "../../a", 0}}},
        {"winding", "leads out", {{'l', "p/winding", "x/../../to/../../a", 0}}},
        /* through a link made before */
        {"l/evil", "link", {{'l', "p/l", ".", 0}, {'f', "p/l/evil", "x", 0}}},
        {"f/evil", "link or a file", {{'f', "p/f", "x", 0}, {'f', "p/f/evil", "x", 0}}},
        /* each link stays inside, but one through the other does not */
        {"m", "by way of another link", {{'l', "p/a/b/l", "../..", 0}, {'l', "p/m", "a/b/l/../a", 0}}},
        {"hard", "leads out", {{'h', "p/hard", "../a", 0}}},
        {"hard", "leads out", {{'h', "p/hard", "/etc/passwd", 0}}},
        {"hard", "not in the archive before", {{'h', "p/hard", "p/none", 0}}},
        {"hard", "not in the archive before", {{'l', "p/l", "nowhere", 0}, {'h', "p/hard", "p/l", 0}}},
        {"hard",
         "not in the archive before",
         {{'l', "p/l", ".", 0}, {'f', "p/f", "x", 0}, {'h', "p/hard", "p/l/f", 0}}},
        {"null", "device", {{'c', "p/null", NULL, 0}}},
        {"pipe", "device", {{'p', "p/pipe", NULL, 0}}},
        {"d", "twice", {{'f', "p/d/f", "x", 0}, {'f', "p/d", "x", 0}}},
        {"f", "twice", {{'f', "p/f", "x", 0}, {'d', "p/f", NULL, 0}}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        CLEANUP_PLACE struct place p = new_place(state);

        make_archive(p.archive, "tar", cases[i].entries);
        assert_class(unpack(&p, 1, &err), WL_E_VERIFY, &err);
        assert_contains(err.text, cases[i].names);
        assert_contains(err.text, cases[i].says);
        assert_contains(err.text, p.archive);
        assert_false(path_exists("/tmp/wl-make-evil"));
        assert_ok(remove_tree(p.to, &err), &err);
    }
}

/* A link that is refused at the end does not stay there either. */
static void test_bad_link_is_removed(void **state)
{
    static const struct entry entries[] = {{'l', "p/a/b/l", "../..", 0}, {'l', "p/m", "a/b/l/../a", 0}, {0}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    make_archive(p.archive, "tar", entries);
    assert_class(unpack(&p, 1, &err), WL_E_VERIFY, &err);
    assert_absent(&p, "m");
}

/* If a directory of the target is a link, no entry is written through it. */
static void test_link_in_target(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);
    WL_CLEANUP_FREE char *link = inside(&p, "src");

    assert_int_equal(symlink("..", link), 0);
    make_archive(p.archive, "tar", good);
    assert_class(unpack(&p, 1, &err), WL_E_VERIFY, &err);
}

static void test_truncated(void **state)
{
    static const char *const formats[] = {"tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "zip", NULL};
    char text[20001];
    const struct entry entries[] = {{'f', "p/first", "x", 0}, {'f', "p/long", text, 0}, {0}};

    /* Hard to compress, so that the cut is inside the file. */
    for (unsigned i = 0, x = 1; i < sizeof text - 1; i++, x = x * 1103515245 + 12345)
        text[i] = (char)('!' + (x >> 16) % 90);
    text[sizeof text - 1] = '\0';
    for (const char *const *how = formats; *how; how++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        CLEANUP_PLACE struct place p = new_place(state);

        make_archive(p.archive, *how, entries);
        cut_file(p.archive, 60);
        assert_class(unpack(&p, 1, &err), WL_E_VERIFY, &err);
        assert_contains(err.text, p.archive);
        assert_ok(remove_tree(p.to, &err), &err);
    }
}

static void test_not_an_archive(void **state)
{
    static const char *const cases[][2] = {
        {"<!DOCTYPE html>\n<html><body>Not found</body></html>", "HTML page"},
        {"\xef\xbb\xbf\n <HTML><body>", "HTML page"},
        {"just some text, long enough to be anything at all\n", "not an archive"},
        {"", "it is empty"},
    };
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(p.archive, cases[i][0]);
        assert_class(unpack(&p, 1, &err), WL_E_VERIFY, &err);
        assert_contains(err.text, cases[i][1]);
    }
}

static void test_empty_archive(void **state)
{
    static const struct entry none[] = {{0}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    make_archive(p.archive, "tar.gz", none);
    assert_class(unpack(&p, 1, &err), WL_E_VERIFY, &err);
    assert_contains(err.text, "holds no files");
}

static void test_missing(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);

    assert_class(unpack(&p, 1, &err), WL_E_IO, &err);
    assert_contains(err.text, p.archive);
    make_archive(p.archive, "tar", good);
    assert_ok(remove_tree(p.to, &err), &err);
    assert_class(unpack(&p, 1, &err), WL_E_IO, &err);
    assert_contains(err.text, p.to);
}

static void test_cancelled(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);
    struct cancel c;
    int fds[2];

    make_archive(p.archive, "tar", good);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    c.fd = fds[0];
    assert_class(archive_unpack(p.archive, p.to, 1, &c, &err), WL_E_INTERRUPTED, &err);
    close(fds[0]);
    close(fds[1]);
}

/* The process's umask never changes; this checks it at the end. */
static void test_umask_untouched(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    CLEANUP_PLACE struct place p = new_place(state);
    mode_t old = umask(077);
    WL_CLEANUP_FREE char *file = inside(&p, "README");
    struct stat st;

    make_archive(p.archive, "tar", good);
    assert_ok(unpack(&p, 1, &err), &err);
    assert_int_equal(umask(old), 077);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_formats),
        TEST_IN_FOLDER(test_deb),
        TEST_IN_FOLDER(test_deb_bad),
        TEST_IN_FOLDER(test_plain_ar),
        TEST_IN_FOLDER(test_strip),
        TEST_IN_FOLDER(test_modes_and_times),
        TEST_IN_FOLDER(test_names_beyond_ascii),
        TEST_IN_FOLDER(test_links_inside),
        TEST_IN_FOLDER(test_entry_twice),
        TEST_IN_FOLDER(test_hole),
        TEST_IN_FOLDER(test_links_while_others_rename),
        TEST_IN_FOLDER(test_deep_entry),
        TEST_IN_FOLDER(test_bad_entries),
        TEST_IN_FOLDER(test_bad_link_is_removed),
        TEST_IN_FOLDER(test_link_in_target),
        TEST_IN_FOLDER(test_truncated),
        TEST_IN_FOLDER(test_not_an_archive),
        TEST_IN_FOLDER(test_empty_archive),
        TEST_IN_FOLDER(test_missing),
        TEST_IN_FOLDER(test_cancelled),
        TEST_IN_FOLDER(test_umask_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
