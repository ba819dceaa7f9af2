/* Paths, descriptors and memory of the WASI host in C (wasi/), with openat2 and without. */
#include "wasi/wasi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

static uint8_t bytes[65536];
static char top[64];
static wasi w;

static struct guest_memory memory(void *arg)
{
    (void)arg;
    return (struct guest_memory){bytes, sizeof bytes};
}

/* A folder with box/ in it, which is given, and secret beside it, which is not. */
static int set_up(void **state)
{
    char script[600];
    int fd;

    strcpy(top, "/tmp/wl-wasi.XXXXXX");
    if (!mkdtemp(top))
        return -1;
    snprintf(script, sizeof script,
             "cd %s && mkdir -p box/a/b && echo secret >secret && echo in >box/a/file && ln -s ../secret box/out && "
             "ln -s a/file box/in && ln -s /etc/passwd box/absolute && ln -s loop box/loop && ln -s ../../secret "
             "box/a/deep && ln -s .. box/up && ln -s ../a/file box/a/back && ln -s a box/dir",
             top);
    if (system(script) != 0)
        return -1;
    snprintf(script, sizeof script, "%s/box", top);
    w = (wasi){.memory = memory, .output_left = UINT64_MAX, .no_openat2 = *state != NULL};
    fd = open(script, O_RDONLY | O_DIRECTORY);
    return fd >= 0 && wasi_give(&w, fd, "/", false, false) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char script[100];

    (void)state;
    wasi_free(&w);
    snprintf(script, sizeof script, "rm -rf %s", top);
    return system(script);
}

static uint32_t size_of(const char *path)
{
    strcpy((char *)bytes + 1000, path);
    return (uint32_t)strlen(path);
}

/* A call of two paths: the second stands at 3000. */
static uint32_t second(const char *path)
{
    strcpy((char *)bytes + 3000, path);
    return (uint32_t)strlen(path);
}

/* Opens for reading; the errno, and the descriptor is closed again. */
static uint32_t try_open(const char *path, uint32_t lookup, uint32_t create)
{
    uint32_t e = wasi_path_open(&w, 0, lookup, 1000, size_of(path), create, WASI_R_FD_READ, 0, 0, 8);

    if (e == 0)
        assert_int_equal(wasi_fd_close(&w, (uint32_t)wasi_load(memory(NULL), 8, 4)), 0);
    return e;
}

static void test_what_is_inside_opens(void **state)
{
    static const char *const good[] = {"a/file",        "./a/file", "a/b/../file", "a//file", "in",
                                       "dir/b/../file", "a/back",   "a/b/",        "dir/",    "."};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (try_open(good[i], 1, 0) != 0)
            fail_msg("%s did not open", good[i]);
}

static void test_nothing_leads_out(void **state)
{
    static const char *const odd[] = {"\xff",
                                      "a\x80",
                                      "\xc3",
                                      "\xc3(",
                                      "\xc0\x80",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88"};
    static const char *const bad[] = {"..",  "../secret",      "../box/a/file", "/etc/passwd",
                                      "out", "absolute",       "a/deep",        "up/secret",
                                      "up",  "a/../../secret", "a/b/../../..",  "dir/../../secret"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t e = try_open(bad[i], 1, 0);

        if (e != WASI_EPERM)
            fail_msg("%s gave %u", bad[i], e);
        e = wasi_path_filestat_get(&w, 0, 1, 1000, size_of(bad[i]), 64);
        if (e != WASI_EPERM)
            fail_msg("stat of %s gave %u", bad[i], e);
        assert_int_not_equal(wasi_path_create_directory(&w, 0, 1000, size_of(bad[i])), 0);
        assert_int_not_equal(wasi_path_remove_directory(&w, 0, 1000, size_of(bad[i])), 0);
        if (strcmp(bad[i], "out") != 0 && strcmp(bad[i], "absolute") != 0 && strcmp(bad[i], "a/deep") != 0 &&
            strcmp(bad[i], "up") != 0) /* the links themselves are inside */
            assert_int_not_equal(wasi_path_unlink_file(&w, 0, 1000, size_of(bad[i])), 0);
    }
    assert_int_equal(try_open("loop", 1, 0), WASI_ELOOP);
    assert_int_equal(try_open("in", 0, 0), WASI_ELOOP);
    assert_int_equal(try_open("a/file/x", 1, 0), WASI_ENOTDIR);
    assert_int_equal(try_open("a/nothing", 1, 0), WASI_ENOENT);
    assert_int_equal(try_open("", 1, 0), WASI_ENOENT);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (try_open(odd[i], 1, 0) != WASI_EILSEQ)
            fail_msg("text %zu is taken for UTF-8", i);
    assert_int_equal(try_open("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x8d", 1, 0), WASI_ENOENT);
    assert_int_equal(wasi_path_symlink(&w, 1000, size_of("/etc"), 0, 1001, 3), WASI_EPERM);
}

static void test_creating_does_not_write_through_a_link_that_leads_out(void **state)
{
    (void)state;
    assert_int_equal(
        wasi_path_open(&w, 0, 1, 1000, size_of("out"), WASI_O_CREAT | WASI_O_TRUNC, WASI_R_FD_WRITE, 0, 0, 8),
        WASI_EPERM);
    assert_int_equal(try_open("new", 0, WASI_O_CREAT | WASI_O_EXCL), 0);
    assert_int_equal(try_open("new", 0, WASI_O_CREAT | WASI_O_EXCL), WASI_EEXIST);
}

static void test_reading_only(void **state)
{
    char box[100];
    int fd;

    (void)state;
    snprintf(box, sizeof box, "%s/box", top);
    fd = wasi_give(&w, open(box, O_RDONLY | O_DIRECTORY), "/ro", true, false);
    assert_int_equal(fd, 1);
    assert_int_equal(wasi_path_open(&w, 1, 1, 1000, size_of("a/file"), 0, WASI_R_FD_ALLOCATE, 0, 0, 8), WASI_EROFS);
    assert_int_equal(wasi_path_open(&w, 1, 1, 1000, size_of("x"), 0, WASI_R_FD_WRITE, 0, 0, 8), WASI_ENOENT);
    assert_int_equal(wasi_path_open(&w, 1, 1, 1000, size_of("x"), WASI_O_CREAT, WASI_R_FD_READ, 0, 0, 8), WASI_EROFS);
    assert_int_equal(wasi_path_open(&w, 1, 1, 1000, size_of("a/file"), WASI_O_TRUNC, WASI_R_FD_READ, 0, 0, 8),
                     WASI_EROFS);
    assert_int_equal(
        wasi_path_open(&w, 1, 1, 1000, size_of("a/file"), WASI_O_CREAT | WASI_O_EXCL, WASI_R_FD_READ, 0, 0, 8),
        WASI_EEXIST);
    assert_int_equal(
        wasi_path_open(&w, 1, 1, 1000, size_of("a/file"), WASI_O_CREAT, WASI_R_FD_READ | WASI_R_FD_SET_TIMES, 0, 0, 8),
        0);
    assert_int_equal(wasi_fd_write(&w, 2, 0, 0, 8), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_set_size(&w, 2, 0), WASI_EINVAL);
    assert_int_equal(wasi_fd_filestat_set_times(&w, 2, 1, 1, 5), WASI_EROFS);
    assert_int_equal(wasi_fd_datasync(&w, 2), 0);
    assert_int_equal(wasi_path_open(&w, 1, 1, 1000, size_of("a"), 0, WASI_R_FD_WRITE, 0, 0, 8), WASI_EISDIR);
    assert_int_equal(wasi_path_unlink_file(&w, 1, 1000, size_of("a/file")), WASI_EROFS);
    assert_int_equal(wasi_path_unlink_file(&w, 1, 1000, size_of("a/none")), WASI_ENOENT);
    assert_int_equal(wasi_path_remove_directory(&w, 1, 1000, size_of("a/b")), WASI_EROFS);
    assert_int_equal(wasi_path_create_directory(&w, 1, 1000, size_of("x")), WASI_EROFS);
    assert_int_equal(wasi_path_create_directory(&w, 1, 1000, size_of("a")), WASI_EEXIST);
    assert_int_equal(wasi_path_symlink(&w, 1000, size_of("x"), 1, 1000, 1), WASI_EROFS);
    assert_int_equal(wasi_path_rename(&w, 1, 1000, size_of("x"), 0, 1000, 1), WASI_ENOENT);
    assert_int_equal(wasi_path_rename(&w, 0, 1000, size_of("in"), 1, 1000, 2), WASI_EROFS);
    assert_int_equal(wasi_path_filestat_set_times(&w, 1, 1, 1000, size_of("a/file"), 1, 1, 5), WASI_EROFS);
    assert_int_equal(wasi_path_filestat_get(&w, 1, 1, 1000, size_of("a/file"), 64), 0);
    assert_int_equal(wasi_path_link(&w, 1, 0, 1000, size_of("a/file"), 0, 3000, second("a/new")), WASI_EROFS);
    /* Whether there is something where a link leads to outside is not told. */
    assert_int_equal(wasi_path_remove_directory(&w, 1, 1000, size_of("up/")), WASI_EROFS);
    assert_int_equal(wasi_path_remove_directory(&w, 1, 1000, size_of("absolute/")), WASI_EROFS);
    assert_int_equal(symlinkat("/no/such/folder", w.fds[0].host, "gone"), 0);
    assert_int_equal(wasi_path_remove_directory(&w, 1, 1000, size_of("gone/")), WASI_EROFS);
}

/* ---- what becomes of a path's odd ends ---- */

static uint32_t make(const char *path)
{
    return wasi_path_create_directory(&w, 0, 1000, size_of(path));
}

static uint32_t unlink_it(const char *path)
{
    return wasi_path_unlink_file(&w, 0, 1000, size_of(path));
}

static uint32_t remove_it(const char *path)
{
    return wasi_path_remove_directory(&w, 0, 1000, size_of(path));
}

static uint32_t move(const char *from, const char *to)
{
    return wasi_path_rename(&w, 0, 1000, size_of(from), 0, 3000, second(to));
}

static uint32_t join(const char *from, const char *to)
{
    return wasi_path_link(&w, 0, 0, 1000, size_of(from), 0, 3000, second(to));
}

static uint32_t point(const char *text, const char *path)
{
    return wasi_path_symlink(&w, 1000, size_of(text), 0, 3000, second(path));
}

static uint32_t ask(const char *path, uint32_t lookup)
{
    return wasi_path_filestat_get(&w, 0, lookup, 1000, size_of(path), 64);
}

static uint32_t open_as(const char *path, uint32_t lookup, uint32_t create, uint64_t rights, uint32_t *fd)
{
    uint32_t e = wasi_path_open(&w, 0, lookup, 1000, size_of(path), create, rights, WASI_R_ALL, 0, 8);

    if (e == 0)
        *fd = (uint32_t)wasi_load(memory(NULL), 8, 4);
    return e;
}

static void test_slashes_behind_a_name(void **state)
{
    (void)state;
    assert_int_equal(make("new/"), 0);
    assert_int_equal(make("new//"), WASI_EEXIST);
    assert_int_equal(make("a/file/"), WASI_EEXIST);
    assert_int_equal(make("loop/"), WASI_EEXIST);
    assert_int_equal(try_open("a/file/", 1, 0), WASI_ENOTDIR);
    assert_int_equal(try_open("in/", 1, 0), WASI_ENOTDIR);
    assert_int_equal(try_open("in/", 0, 0), WASI_ENOTDIR);
    assert_int_equal(try_open("nothing/", 1, 0), WASI_ENOENT);
    assert_int_equal(try_open("nothing/", 1, WASI_O_CREAT), WASI_EISDIR);
    assert_int_equal(try_open("out/", 1, 0), WASI_EPERM);
    assert_int_equal(ask("dir/", 0), 0); /* followed, since only a folder can have a slash */
    assert_int_equal(bytes[64 + 16], WASI_DIRECTORY);
    assert_int_equal(ask("dir", 0), 0);
    assert_int_equal(bytes[64 + 16], WASI_SYMBOLIC_LINK);
    assert_int_equal(ask("up/", 0), WASI_EPERM);
    assert_int_equal(unlink_it("a/file/"), WASI_ENOTDIR);
    assert_int_equal(unlink_it("dir/"), WASI_ENOTDIR);
    assert_int_equal(remove_it("dir/"), WASI_ENOTDIR);
    assert_int_equal(remove_it("a/b/"), 0);
    assert_int_equal(move("a/file", "x/"), WASI_ENOTDIR);
    assert_int_equal(move("a/file/", "x"), WASI_ENOTDIR);
    assert_int_equal(move("new/", "newer/"), 0);
    assert_int_equal(join("in/", "x"), WASI_ENOTDIR);
    assert_int_equal(join("up/", "x"), WASI_ENOTDIR);
    assert_int_equal(point("a", "x/"), WASI_ENOENT);
    assert_int_equal(point("a", "newer/"), WASI_EEXIST);
}

static void test_odd_paths(void **state)
{
    static const char zero[] = "a/file\0x";
    char name[300], path[PATH_MAX + 10];
    uint32_t fd;

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(try_open(name, 1, 0), WASI_ENAMETOOLONG);
    assert_int_equal(make(name), WASI_ENAMETOOLONG);
    for (size_t i = 0; i < sizeof path - 1; i += 2)
        memcpy(path + i, "./", 2);
    path[PATH_MAX - 2] = '\0';
    assert_int_equal(try_open(path, 1, 0), 0);
    path[PATH_MAX - 2] = '/';
    path[PATH_MAX] = '\0';
    assert_int_equal(try_open(path, 1, 0), WASI_ENAMETOOLONG);
    memcpy(bytes + 1000, zero, sizeof zero);
    assert_int_equal(wasi_path_open(&w, 0, 1, 1000, sizeof zero - 1, 0, WASI_R_FD_READ, 0, 0, 8), WASI_EINVAL);
    assert_int_equal(wasi_path_unlink_file(&w, 0, 1000, sizeof zero - 1), WASI_EINVAL);
    assert_int_equal(wasi_path_filestat_get(&w, 0, 1, 1000, sizeof zero - 1, 64), WASI_EINVAL);
    /* None at all. */
    assert_int_equal(make(""), WASI_ENOENT);
    assert_int_equal(unlink_it(""), WASI_ENOENT);
    assert_int_equal(remove_it(""), WASI_ENOENT);
    assert_int_equal(ask("", 1), WASI_ENOENT);
    assert_int_equal(move("", "x"), WASI_ENOENT);
    assert_int_equal(move("in", ""), WASI_ENOENT);
    assert_int_equal(point("", "x"), WASI_ENOENT);
    assert_int_equal(point("x", ""), WASI_ENOENT);
    /* Dots. */
    assert_int_equal(make("."), WASI_EEXIST);
    assert_int_equal(make("a/.."), WASI_EEXIST);
    assert_int_equal(remove_it("."), WASI_EINVAL);
    assert_int_equal(remove_it("a/b/.."), WASI_EINVAL);
    assert_int_equal(move(".", "x"), WASI_EBUSY);
    assert_int_equal(move("a/..", "x"), WASI_EBUSY);
    assert_int_equal(unlink_it("a/b/.."), WASI_EISDIR);
    assert_int_equal(make("..dots"), 0);
    assert_int_equal(make("a/..."), 0);
    assert_int_equal(ask("..dots/../..dots", 1), 0);
    /* Flags that there are not, and those that contradict each other. */
    assert_int_equal(wasi_path_open(&w, 0, 2, 1000, size_of("a"), 0, WASI_R_FD_READ, 0, 0, 8), WASI_EINVAL);
    assert_int_equal(wasi_path_open(&w, 0, 1, 1000, size_of("a"), 16, WASI_R_FD_READ, 0, 0, 8), WASI_EINVAL);
    assert_int_equal(wasi_path_open(&w, 0, 1, 1000, size_of("a"), 0, WASI_R_FD_READ, 0, 32, 8), WASI_EINVAL);
    assert_int_equal(try_open("a", 1, WASI_O_DIRECTORY | WASI_O_CREAT), WASI_EINVAL);
    assert_int_equal(try_open("a", 1, WASI_O_DIRECTORY | WASI_O_TRUNC), WASI_EINVAL);
    assert_int_equal(try_open("a/file", 1, WASI_O_DIRECTORY), WASI_ENOTDIR);
    assert_int_equal(try_open("dir", 0, WASI_O_DIRECTORY), WASI_ENOTDIR);
    assert_int_equal(open_as("a", 1, WASI_O_DIRECTORY, WASI_R_FD_WRITE, &fd), WASI_EISDIR);
    assert_int_equal(open_as("a", 1, 0, WASI_R_FD_WRITE, &fd), WASI_EISDIR);
    assert_int_equal(open_as("a", 1, WASI_O_TRUNC, WASI_R_FD_READ, &fd), WASI_EISDIR);
    assert_int_equal(wasi_path_filestat_get(&w, 0, 2, 1000, size_of("a"), 64), WASI_EINVAL);
    assert_int_equal(wasi_path_filestat_set_times(&w, 0, 1, 1000, size_of("a"), 0, 0, 3), WASI_EINVAL);
    assert_int_equal(wasi_path_filestat_set_times(&w, 0, 1, 1000, size_of("a"), 0, 0, 16), WASI_EINVAL);
    assert_int_equal(wasi_path_link(&w, 0, 1, 1000, size_of("in"), 0, 3000, second("x")), WASI_EINVAL);
    /* A descriptor that is no folder, or none. */
    assert_int_equal(open_as("a/file", 1, 0, WASI_R_FD_READ, &fd), 0);
    assert_int_equal(wasi_path_open(&w, fd, 1, 1000, size_of("a"), 0, WASI_R_FD_READ, 0, 0, 8), WASI_ENOTDIR);
    assert_int_equal(wasi_path_create_directory(&w, fd, 1000, size_of("x")), WASI_ENOTDIR);
    assert_int_equal(wasi_path_create_directory(&w, 77, 1000, size_of("x")), WASI_EBADF);
    assert_int_equal(wasi_path_rename(&w, 0, 1000, size_of("in"), fd, 3000, second("x")), WASI_ENOTDIR);
}

static void test_over_what_is_there(void **state)
{
    uint32_t fd;

    (void)state;
    assert_int_equal(make("one"), 0);
    assert_int_equal(make("two"), 0);
    assert_int_equal(make("two/full"), 0);
    assert_int_equal(move("one", "two"), WASI_ENOTEMPTY);
    assert_int_equal(move("one", "a/file"), WASI_ENOTDIR);
    assert_int_equal(move("a/file", "one"), WASI_EISDIR);
    assert_int_equal(move("two", "two/full/x"), WASI_EINVAL);
    assert_int_equal(move("two", "one"), 0); /* an empty one is replaced */
    assert_int_equal(ask("one/full", 1), 0);
    assert_int_equal(ask("two", 1), WASI_ENOENT);
    assert_int_equal(move("in", "in"), 0);
    assert_int_equal(move("nothing", "x"), WASI_ENOENT);
    assert_int_equal(move("in", "nothing/x"), WASI_ENOENT);
    assert_int_equal(join("a", "x"), WASI_EPERM);
    assert_int_equal(join("a/file", "in"), WASI_EEXIST);
    assert_int_equal(join("a/file", "hard"), 0);
    assert_int_equal(join("absolute", "same-link"), 0); /* the link, not what it leads to */
    assert_int_equal(ask("same-link", 0), 0);
    assert_int_equal(bytes[64 + 16], WASI_SYMBOLIC_LINK);
    assert_int_equal(ask("hard", 0), 0);
    assert_int_equal(wasi_load(memory(NULL), 64 + 24, 8), 2);
    assert_int_equal(point("x", "in"), WASI_EEXIST);
    assert_int_equal(remove_it("one"), WASI_ENOTEMPTY);
    assert_int_equal(remove_it("a/file"), WASI_ENOTDIR);
    assert_int_equal(unlink_it("one"), WASI_EISDIR);
    /* Through a link, also one that leads nowhere yet. */
    assert_int_equal(point("made", "dangling"), 0);
    assert_int_equal(open_as("dangling", 1, WASI_O_CREAT | WASI_O_EXCL, WASI_R_FD_WRITE, &fd), WASI_EEXIST);
    assert_int_equal(open_as("dangling", 0, WASI_O_CREAT, WASI_R_FD_WRITE, &fd), WASI_ELOOP);
    assert_int_equal(open_as("dangling", 1, WASI_O_CREAT, WASI_R_FD_WRITE, &fd), 0);
    assert_int_equal(ask("made", 0), 0);
    /* What the text of a link has room for. */
    assert_int_equal(wasi_path_readlink(&w, 0, 1000, size_of("in"), 200, 3, 8), 0);
    assert_int_equal(wasi_load(memory(NULL), 8, 4), 3);
    assert_memory_equal(bytes + 200, "a/f", 3);
    assert_int_equal(wasi_path_readlink(&w, 0, 1000, size_of("in"), 200, 0, 8), 0);
    assert_int_equal(wasi_load(memory(NULL), 8, 4), 0);
    assert_int_equal(wasi_path_readlink(&w, 0, 1000, size_of("a/file"), 200, 10, 8), WASI_EINVAL);
    assert_int_equal(wasi_path_readlink(&w, 0, 1000, size_of("absolute"), 200, 100, 8), WASI_EPERM);
}

static void test_times_of_a_path(void **state)
{
    const struct guest_memory m = memory(NULL);

    (void)state;
    assert_int_equal(wasi_path_filestat_set_times(&w, 0, 1, 1000, size_of("in"), 1500000000, 2500000000, 5), 0);
    assert_int_equal(ask("a/file", 1), 0);
    assert_int_equal(wasi_load(m, 64 + 40, 8), 1500000000);
    assert_int_equal(wasi_load(m, 64 + 48, 8), 2500000000);
    assert_int_equal(wasi_path_filestat_set_times(&w, 0, 0, 1000, size_of("in"), 7, 8, 4), 0); /* of the link */
    assert_int_equal(ask("in", 0), 0);
    assert_int_equal(wasi_load(m, 64 + 48, 8), 8);
    assert_int_equal(ask("in", 1), 0);
    assert_int_equal(wasi_load(m, 64 + 48, 8), 2500000000);
    assert_int_equal(wasi_path_filestat_set_times(&w, 0, 1, 1000, size_of("in"), 7, 8, 2), 0); /* now, and not */
    assert_int_equal(ask("in", 1), 0);
    assert_true(wasi_load(m, 64 + 40, 8) > UINT64_C(1000000000000000000));
    assert_int_equal(wasi_load(m, 64 + 48, 8), 2500000000);
    assert_int_equal(wasi_path_filestat_set_times(&w, 0, 1, 1000, size_of("out"), 7, 8, 5), WASI_EPERM);
}

static void test_an_open_file(void **state)
{
    const struct guest_memory m = memory(NULL);
    uint32_t fd, other;

    (void)state;
    assert_int_equal(open_as("a/file", 1, 0, WASI_R_ALL, &fd), 0);
    assert_int_equal(wasi_fd_seek(&w, fd, (uint64_t)-1, 0, 8), WASI_EINVAL);
    assert_int_equal(wasi_fd_seek(&w, fd, 1, 3, 8), WASI_EINVAL);
    assert_int_equal(wasi_fd_seek(&w, fd, (uint64_t)-1, 2, 8), 0);
    assert_int_equal(wasi_load(m, 8, 8), 2);
    assert_int_equal(wasi_fd_tell(&w, fd, sizeof bytes - 7), WASI_EFAULT);
    assert_int_equal(wasi_fd_seek(&w, 0, 0, 0, 8), WASI_EBADF); /* a folder */
    assert_int_equal(wasi_fd_advise(&w, fd, 0, 0, 6), WASI_EINVAL);
    assert_int_equal(wasi_fd_advise(&w, fd, UINT64_MAX, 0, 0), WASI_EINVAL);
    for (uint32_t advice = 0; advice < 6; advice++)
        assert_int_equal(wasi_fd_advise(&w, fd, 0, 10, advice), 0);
    assert_int_equal(wasi_fd_allocate(&w, fd, 10, 90), 0);
    assert_int_equal(wasi_fd_filestat_get(&w, fd, 64), 0);
    assert_int_equal(wasi_load(m, 64 + 32, 8), 100);
    assert_int_equal(wasi_fd_allocate(&w, fd, 0, 0), WASI_EINVAL);
    assert_int_equal(wasi_fd_allocate(&w, fd, 1, INT64_MAX), WASI_EINVAL);
    assert_int_equal(wasi_fd_allocate(&w, 0, 0, 1), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_set_size(&w, fd, 4), 0);
    assert_int_equal(wasi_fd_filestat_set_size(&w, fd, UINT64_MAX), WASI_EINVAL);
    assert_int_equal(wasi_fd_filestat_set_size(&w, 0, 0), WASI_EINVAL);
    assert_int_equal(wasi_fd_filestat_set_times(&w, fd, 5, 6, 5), 0);
    assert_int_equal(wasi_fd_filestat_set_times(&w, fd, 5, 6, 12), WASI_EINVAL);
    assert_int_equal(wasi_fd_filestat_get(&w, fd, 64), 0);
    assert_int_equal(wasi_load(m, 64 + 16, 1), WASI_REGULAR_FILE);
    assert_int_equal(wasi_load(m, 64 + 32, 8), 4);
    assert_int_equal(wasi_load(m, 64 + 48, 8), 6);
    /* What it is opened for holds, whatever it is asked for. */
    assert_int_equal(
        open_as("a/file", 1, 0, WASI_R_ALL & ~(WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE | WASI_R_FD_SET_SIZE), &other), 0);
    assert_int_equal(wasi_fd_allocate(&w, other, 0, 9), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_set_size(&w, other, 0), WASI_EINVAL);
    assert_int_equal(wasi_fd_write(&w, other, 0, 0, 8), WASI_EBADF);
    assert_int_equal(wasi_fd_fdstat_set_rights(&w, other, WASI_R_FD_WRITE, 0), WASI_ENOTCAPABLE);
    assert_int_equal(wasi_fd_fdstat_set_rights(&w, other, WASI_R_FD_SEEK, 0), 0);
    assert_int_equal(wasi_fd_read(&w, other, 0, 0, 8), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_get(&w, other, 64), WASI_ENOTCAPABLE);
    /* Its flags are its own. */
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, fd, WASI_FD_APPEND), 0);
    assert_true(fcntl(w.fds[fd].host, F_GETFL) & O_APPEND);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, fd, WASI_FD_SYNC), WASI_ENOTSUP);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, fd, 32), WASI_EINVAL);
    assert_int_equal(wasi_fd_fdstat_get(&w, fd, 64), 0);
    assert_int_equal(wasi_load(m, 64 + 2, 2), WASI_FD_APPEND);
    /* One takes the other's place, whose file is closed. */
    assert_int_equal(wasi_fd_renumber(&w, fd, 99), WASI_EBADF);
    assert_int_equal(wasi_fd_renumber(&w, 99, fd), WASI_EBADF);
    assert_int_equal(wasi_fd_renumber(&w, fd, fd), 0);
    assert_int_equal(wasi_fd_renumber(&w, fd, other), 0);
    assert_int_equal(wasi_fd_close(&w, fd), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_get(&w, other, 64), 0);
    assert_int_equal(wasi_load(m, 64 + 48, 8), 6);
    assert_int_equal(wasi_fd_renumber(&w, other, 0), 0); /* the folder itself, too */
    assert_int_equal(wasi_fd_prestat_get(&w, 0, 64), WASI_EBADF);
    assert_int_equal(ask("a", 1), WASI_ENOTDIR);
}

static void test_what_a_folder_passes_on(void **state)
{
    const struct guest_memory m = memory(NULL);
    uint32_t dir, fd;

    (void)state;
    assert_int_equal(wasi_path_open(&w, 0, 1, 1000, size_of("a"), WASI_O_DIRECTORY, WASI_R_PATH_OPEN,
                                    WASI_R_FD_READ | WASI_R_FD_SEEK, 0, 8),
                     0);
    dir = (uint32_t)wasi_load(m, 8, 4);
    assert_int_equal(wasi_path_open(&w, dir, 1, 1000, size_of("new"), WASI_O_CREAT, WASI_R_ALL, 0, 0, 8),
                     WASI_ENOTCAPABLE);
    assert_int_equal(wasi_path_create_directory(&w, dir, 1000, size_of("new")), WASI_ENOTCAPABLE);
    assert_int_equal(wasi_path_filestat_get(&w, dir, 1, 1000, size_of("file"), 64), WASI_ENOTCAPABLE);
    assert_int_equal(wasi_fd_readdir(&w, dir, 64, 100, 0, 8), WASI_ENOTCAPABLE);
    assert_int_equal(wasi_path_open(&w, dir, 1, 1000, size_of("file"), 0, WASI_R_ALL, WASI_R_ALL, 0, 8), 0);
    fd = (uint32_t)wasi_load(m, 8, 4);
    assert_int_equal(wasi_fd_fdstat_get(&w, fd, 64), 0);
    assert_int_equal(wasi_load(m, 72, 8), WASI_R_FD_READ | WASI_R_FD_SEEK);
    assert_int_equal(wasi_load(m, 80, 8), 0);
    assert_int_equal(wasi_path_open(&w, dir, 1, 1000, size_of("../secret"), 0, WASI_R_FD_READ, 0, 0, 8), WASI_EPERM);
}

static atomic_bool done;

/* Makes "race" a folder of the box and a link out of it, in turn. */
static void *swap(void *arg)
{
    char race[100], other[100];

    (void)arg;
    snprintf(race, sizeof race, "%s/box/race", top);
    snprintf(other, sizeof other, "%s/box/other", top);
    while (!done) {
        if (symlink("..", other) < 0 || rename(other, race) < 0)
            break;
        unlink(race);
        if (mkdir(race, 0700) < 0)
            break;
        rmdir(race);
    }
    return NULL;
}

static void test_a_link_that_comes_and_goes(void **state)
{
    pthread_t thread;

    (void)state;
    done = false;
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (int i = 0; i < 20000; i++)
        if (try_open("race/secret", 1, 0) == 0)
            fail_msg("it led out");
    done = true;
    pthread_join(thread, NULL);
}

static void test_a_folder_is_read_in_parts(void **state)
{
    uint64_t cookie = 0;
    int entries = 0;
    const struct guest_memory m = memory(NULL);

    (void)state;
    for (;;) {
        uint32_t used, at = 2000;

        assert_int_equal(wasi_fd_readdir(&w, 0, 2000, 40, cookie, 8), 0); /* room for one, and a part */
        used = (uint32_t)wasi_load(m, 8, 4);
        if (used < 24)
            break;
        cookie = wasi_load(m, at, 8);
        entries++;
        assert_in_range(entries, 1, 20);
    }
    assert_int_equal(entries, 9); /* . .. a out in absolute loop up dir */
    assert_int_equal(wasi_fd_readdir(&w, 0, 65500, 40, 0, 8), WASI_EFAULT);
}

/* From each cookie on the rest comes, also when what was read has been removed. */
static void test_a_folder_is_read_from_anywhere(void **state)
{
    const struct guest_memory m = memory(NULL);
    uint64_t cookies[40] = {0};
    uint32_t fd, n = 0, used, whole;
    char name[20];

    (void)state;
    assert_int_equal(make("many"), 0);
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        assert_int_equal(make(name), 0);
    }
    assert_int_equal(open_as("many", 1, WASI_O_DIRECTORY, WASI_R_FD_READDIR, &fd), 0);
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 4000, 0, 8), 0);
    whole = (uint32_t)wasi_load(m, 8, 4);
    for (uint32_t at = 0; at < whole; at += 24 + (uint32_t)wasi_load(m, 4000 + at + 16, 4))
        cookies[++n] = wasi_load(m, 4000 + at, 8);
    assert_int_equal(n, 32);
    for (uint32_t i = n; i > 0; i--) {
        uint32_t rest = 0;

        assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 4000, cookies[i], 8), 0);
        used = (uint32_t)wasi_load(m, 8, 4);
        for (uint32_t at = 0; at < used; at += 24 + (uint32_t)wasi_load(m, 4000 + at + 16, 4))
            rest++;
        assert_int_equal(rest, n - i);
    }
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        assert_int_equal(remove_it(name), 0);
    }
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 4000, cookies[20], 8), 0);
    assert_int_equal(wasi_load(m, 8, 4), 0);
    assert_int_equal(make("many/new"), 0);
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 4000, 0, 8), 0); /* from the start: as it is now */
    assert_int_equal(wasi_load(m, 8, 4), 24 + 1 + 24 + 2 + 24 + 3);
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 30, 0, 8), 0);
    assert_int_equal(wasi_load(m, 8, 4), 30); /* full, so there is more */
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 0, 0, 8), 0);
    assert_int_equal(wasi_load(m, 8, 4), 0);
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 4000, UINT64_MAX, 8), 0); /* a cookie that nobody gave */
    assert_int_equal(open_as("a/file", 1, 0, WASI_R_FD_READ, &fd), 0);
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 4000, 0, 8), WASI_ENOTDIR);
}

/* ---- streams, waiting, arguments: no folder is needed ---- */

static void put(uint32_t at, unsigned size, uint64_t v)
{
    wasi_store(memory(NULL), at, size, v);
}

static uint32_t get(uint32_t at)
{
    return (uint32_t)wasi_load(memory(NULL), at, 4);
}

static void iov(uint32_t at, uint32_t base, uint32_t size)
{
    put(at, 4, base);
    put(at + 4, 4, size);
}

static int set_up_bare(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof bytes);
    w = (wasi){.memory = memory, .output_left = UINT64_MAX};
    return 0;
}

static int tear_down_bare(void **state)
{
    (void)state;
    wasi_free(&w);
    return 0;
}

/* A pipe: 0 is its end for reading, 1 for writing. */
static void give_pipe(void)
{
    int p[2];

    assert_int_equal(pipe(p), 0);
    assert_int_equal(wasi_give(&w, p[0], NULL, false, true), 0);
    assert_int_equal(wasi_give(&w, p[1], NULL, false, true), 1);
}

static void test_transfer(void **state)
{
    (void)state;
    give_pipe();
    memcpy(bytes + 100, "hello", 5);
    iov(0, 100, 2);
    iov(8, 0, 0);
    iov(16, 102, 3);
    assert_int_equal(wasi_fd_write(&w, 1, 0, 3, 32), 0);
    assert_int_equal(get(32), 5);
    iov(0, 200, 1);
    iov(8, sizeof bytes - 2, 2);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 3);
    assert_int_equal(bytes[200], 'h');
    assert_memory_equal(bytes + sizeof bytes - 2, "el", 2);
    assert_int_equal(wasi_fd_read(&w, 1, 0, 2, 32), WASI_EBADF);
    assert_int_equal(wasi_fd_write(&w, 0, 0, 2, 32), WASI_EBADF);
    assert_int_equal(wasi_fd_close(&w, 1), 0);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 2);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
    assert_int_equal(get(32), 0); /* end of file */
    assert_int_equal(wasi_fd_read(&w, 1, 0, 2, 32), WASI_EBADF);
}

static void test_transfer_bounds(void **state)
{
    const uint32_t size = sizeof bytes;

    (void)state;
    assert_int_equal(wasi_give(&w, open("/dev/zero", O_RDWR), NULL, false, true), 0);
    iov(0, 0, 16);
    assert_int_equal(wasi_fd_write(&w, 0, size - 4, 1, 32), WASI_EFAULT);
    assert_int_equal(wasi_fd_write(&w, 0, 0, UINT32_MAX, 32), WASI_EFAULT);
    assert_int_equal(wasi_fd_write(&w, 0, 0, 1, size - 3), WASI_EFAULT);
    assert_int_equal(wasi_fd_write(&w, 0, UINT32_MAX, 1, 32), WASI_EFAULT);
    assert_int_equal(wasi_fd_write(&w, 0, 0, 0, 32), 0);
    iov(0, size - 15, 16);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EFAULT);
    iov(0, 16, UINT32_MAX);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EFAULT);
    iov(0, UINT32_MAX, 1);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EFAULT);
    /* More vectors than are looked at: a short transfer. */
    for (uint32_t i = 0; i < 100; i++)
        iov(64 + 8 * i, 2000, 1);
    assert_int_equal(wasi_fd_write(&w, 0, 64, 100, 32), 0);
    assert_in_range(get(32), 1, 100);
}

static void subscribe_clock(uint32_t at, uint64_t userdata, uint32_t clock, uint64_t timeout, bool absolute)
{
    put(at, 8, userdata);
    put(at + 8, 8, 0);
    put(at + 16, 4, clock);
    put(at + 24, 8, timeout);
    put(at + 40, 2, absolute);
}

static void subscribe_fd(uint32_t at, uint64_t userdata, unsigned tag, uint32_t fd)
{
    put(at, 8, userdata);
    put(at + 8, 8, tag);
    put(at + 16, 4, fd);
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void test_poll_clocks(void **state)
{
    uint64_t begun = now_ns(CLOCK_MONOTONIC);

    (void)state;
    subscribe_clock(0, 77, 1, 30000000, false);
    subscribe_clock(48, 78, 0, UINT64_MAX, true);
    subscribe_clock(96, 79, 0, now_ns(CLOCK_REALTIME) + 30000000, true);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 3, 900), 0);
    assert_true(now_ns(CLOCK_MONOTONIC) - begun >= 29000000);
    assert_in_range(get(900), 1, 2);
    assert_true(get(1000) == 77 || get(1000) == 79);
    assert_int_equal(bytes[1010], 0);
    subscribe_clock(0, 1, 1, 0, false);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    subscribe_clock(0, 1, 1, 5, true);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    subscribe_fd(0, 1, 9, 0);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), WASI_EINVAL);
}

static void test_poll_streams(void **state)
{
    (void)state;
    give_pipe();
    subscribe_fd(0, 5, 1, 0);
    subscribe_clock(48, 6, 1, 1000000, false);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 2, 900), 0);
    assert_int_equal(get(900), 1);
    assert_int_equal(get(1000), 6);
    assert_int_equal(write(w.fds[1].host, "abc", 3), 3);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    assert_int_equal(get(1000), 5);
    assert_int_equal(bytes[1010], 1);
    assert_int_equal(get(1016), 3);
    assert_int_equal(wasi_fd_close(&w, 1), 0);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    assert_int_equal(bytes[1024], 1); /* hung up */
    subscribe_fd(0, 5, 1, 7);         /* one that there is not is an event with an error */
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, 900), 0);
    assert_int_equal(get(1008) & 0xffff, WASI_EBADF);
}

static void test_poll_bounds(void **state)
{
    const uint32_t size = sizeof bytes;

    (void)state;
    give_pipe();
    subscribe_clock(0, 1, 1, 0, false);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 0, 900), WASI_EINVAL);
    assert_int_equal(wasi_poll_oneoff(&w, size - 47, 1000, 1, 900), WASI_EFAULT);
    assert_int_equal(wasi_poll_oneoff(&w, 0, size - 31, 1, 900), WASI_EFAULT);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 1, size - 3), WASI_EFAULT);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, UINT32_MAX, 900), WASI_EINVAL);
    /* Events that are written over the subscriptions. */
    for (uint32_t shift = 0; shift < 96; shift += 4) {
        for (uint32_t i = 0; i < 8; i++)
            subscribe_fd(200 + 48 * i, 0x0101010101010101u * i, 2, 1);
        subscribe_clock(200 + 48 * 8, 1, 1, 0, false);
        assert_int_equal(wasi_poll_oneoff(&w, 200, 200 + shift, 9, 900), 0);
        assert_int_equal(get(900), 9);
    }
}

static void test_strings(void **state)
{
    static const char *const list[] = {"python", "", "\xff\xfe"};
    const uint32_t size = sizeof bytes;

    (void)state;
    w.args = list;
    w.args_n = 3;
    assert_int_equal(wasi_args_sizes_get(&w, 0, 4), 0);
    assert_int_equal(get(0), 3);
    assert_int_equal(get(4), 11);
    assert_int_equal(wasi_args_get(&w, 8, size - 11), 0);
    assert_string_equal((char *)bytes + get(8), "python");
    assert_string_equal((char *)bytes + get(12), "");
    assert_memory_equal(bytes + get(16), "\xff\xfe", 3);
    assert_int_equal(wasi_args_get(&w, 8, size - 10), WASI_EFAULT);
    assert_int_equal(wasi_args_get(&w, size - 11, 100), WASI_EFAULT);
    assert_int_equal(wasi_args_sizes_get(&w, size - 3, 4), WASI_EFAULT);
    assert_int_equal(wasi_args_sizes_get(&w, 0, UINT32_MAX), WASI_EFAULT);
    assert_int_equal(wasi_environ_sizes_get(&w, 0, 4), 0);
    assert_int_equal(get(4), 0);
    assert_int_equal(wasi_environ_get(&w, 8, 100), 0);
}

static void test_poll_odd_clocks(void **state)
{
    (void)state;
    subscribe_clock(0, 1, 2, 0, false);
    subscribe_clock(48, 2, 3, 0, false);
    subscribe_clock(96, 3, 4, 0, false);
    subscribe_clock(144, 4, 1, 0, true);
    assert_int_equal(wasi_poll_oneoff(&w, 0, 1000, 4, 900), 0);
    assert_int_equal(get(900), 4);
    assert_int_equal(get(1000 + 8) & 0xffff, WASI_ENOTSUP);
    assert_int_equal(get(1032 + 8) & 0xffff, WASI_ENOTSUP);
    assert_int_equal(get(1064 + 8) & 0xffff, WASI_EINVAL);
    assert_int_equal(get(1096 + 8) & 0xffff, 0);
    assert_int_equal(get(1096), 4);
    for (uint32_t clock = 0; clock < 4; clock++) {
        assert_int_equal(wasi_clock_time_get(&w, clock, UINT64_MAX, 8), 0);
        assert_int_equal(wasi_clock_res_get(&w, clock, 8), 0);
        assert_in_range(wasi_load(memory(NULL), 8, 8), 1, 1000000000);
    }
    assert_int_equal(wasi_clock_time_get(&w, 4, 0, 8), WASI_EINVAL);
    assert_int_equal(wasi_clock_res_get(&w, UINT32_MAX, 8), WASI_EINVAL);
}

static jmp_buf stopped;

static void stop(void *arg, const char *why)
{
    (void)arg;
    assert_non_null(strstr(why, "output"));
    longjmp(stopped, 1);
}

/* In whatever way the standard streams grow. */
static void test_the_limit_of_output(void **state)
{
    char name[] = "/tmp/wl-wasi.XXXXXX";
    int pair[2], file = mkstemp(name);
    struct stat st;

    (void)state;
    unlink(name);
    w.stop = stop;
    w.output_left = 10;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(wasi_give(&w, pair[0], NULL, false, true), 0);
    assert_int_equal(wasi_give(&w, pair[1], NULL, false, false), 1);
    assert_int_equal(wasi_give(&w, file, NULL, false, true), 2);
    iov(0, 200, 4);
    assert_int_equal(wasi_sock_send(&w, 0, 0, 1, 0, 32), 0);
    assert_int_equal(wasi_fd_write(&w, 0, 0, 1, 32), 0);
    assert_int_equal(w.output_left, 2);
    if (setjmp(stopped) == 0) {
        wasi_sock_send(&w, 0, 0, 1, 0, 32);
        fail_msg("sock_send went on");
    }
    if (setjmp(stopped) == 0) {
        wasi_fd_write(&w, 2, 0, 1, 32);
        fail_msg("fd_write went on");
    }
    if (setjmp(stopped) == 0) {
        wasi_fd_pwrite(&w, 2, 0, 1, 0, 32);
        fail_msg("fd_pwrite went on");
    }
    assert_int_equal(wasi_fd_allocate(&w, 2, 0, 100), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_set_size(&w, 2, 100), WASI_EINVAL);
    assert_int_equal(fstat(file, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(wasi_sock_send(&w, 1, 0, 1, 0, 32), 0); /* no stream */
    assert_int_equal(wasi_fd_renumber(&w, 0, 1), 0);
    if (setjmp(stopped) == 0) {
        wasi_fd_write(&w, 1, 0, 1, 32);
        fail_msg("a new number is a way around it");
    }
    w.output_left = UINT64_MAX;
    assert_int_equal(wasi_fd_filestat_set_size(&w, 2, 100), 0);
}

/* What the guest sets does not show outside, where others have the same stream. */
static void test_the_flags_of_a_stream(void **state)
{
    uint32_t written = 0, e;

    (void)state;
    give_pipe();
    iov(0, 200, 30000);
    iov(8, 200, 30000);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 0, WASI_FD_NONBLOCK), 0);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 1, WASI_FD_NONBLOCK), 0);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 1, WASI_FD_NONBLOCK | WASI_FD_APPEND), WASI_ENOTSUP);
    assert_int_equal(fcntl(w.fds[0].host, F_GETFL) & (O_NONBLOCK | O_APPEND), 0);
    assert_int_equal(fcntl(w.fds[1].host, F_GETFL) & (O_NONBLOCK | O_APPEND), 0);
    assert_int_equal(wasi_fd_fdstat_get(&w, 0, 64), 0);
    assert_int_equal(get(64) >> 16, WASI_FD_NONBLOCK);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EAGAIN);
    while ((e = wasi_fd_write(&w, 1, 0, 2, 32)) == 0) {
        assert_in_range(get(32), 1, 60000);
        written += get(32);
    }
    assert_int_equal(e, WASI_EAGAIN);
    assert_true(written > 0);
    assert_int_equal(wasi_fd_read(&w, 0, 0, 2, 32), 0);
}

/* Something to read comes when it is waited for. */
static int wait_and_write(struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    if (write(w.fds[1].host, "x", 1) < 0)
        return -1;
    return ppoll(fds, n, time, NULL);
}

static int wait_interrupted(struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    (void)fds;
    (void)n;
    (void)time;
    errno = EINTR;
    return -1;
}

/* The other way round: what the caller has made not to block does so for the guest. */
static void test_a_stream_that_the_caller_made_not_to_block(void **state)
{
    (void)state;
    give_pipe();
    fcntl(w.fds[0].host, F_SETFL, O_NONBLOCK);
    iov(0, 200, 10);
    w.wait = wait_and_write;
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), 0);
    assert_int_equal(get(32), 1);
    w.wait = wait_interrupted;
    assert_int_equal(wasi_fd_read(&w, 0, 0, 1, 32), WASI_EINTR);
}

static void test_sockets(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int pair[2], datagrams[2], listening = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = sizeof address;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address.sun_family),
                     0); /* a name of its own */
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(wasi_give(&w, pair[0], NULL, false, false), 0);
    assert_int_equal(wasi_give(&w, pair[1], NULL, false, false), 1);
    assert_int_equal(wasi_give(&w, datagrams[0], NULL, false, false), 2);
    assert_int_equal(wasi_give(&w, datagrams[1], NULL, false, false), 3);
    assert_int_equal(wasi_give(&w, listening, NULL, false, false), 4);
    assert_int_equal(wasi_give(&w, open("/dev/null", O_RDWR), NULL, false, false), 5);
    assert_int_equal(wasi_fd_fdstat_get(&w, 0, 64), 0);
    assert_int_equal(bytes[64], WASI_SOCKET_STREAM);
    assert_int_equal(wasi_fd_fdstat_get(&w, 2, 64), 0);
    assert_int_equal(bytes[64], WASI_SOCKET_DGRAM);
    assert_int_equal(wasi_fd_seek(&w, 0, 0, 1, 64), WASI_ESPIPE);
    memcpy(bytes + 200, "abcdef", 6);
    iov(0, 200, 2);
    iov(8, 202, 4);
    iov(16, 300, 3);
    assert_int_equal(wasi_sock_send(&w, 0, 0, 2, 0, 32), 0);
    assert_int_equal(get(32), 6);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 1, 32, 36), 0); /* looked at, */
    assert_memory_equal(bytes + 300, "abc", 3);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 2, 32, 36), 0); /* and taken */
    assert_memory_equal(bytes + 300, "abc", 3);
    assert_int_equal(wasi_fd_read(&w, 1, 16, 1, 32), 0);
    assert_memory_equal(bytes + 300, "def", 3);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 4, 32, 36), WASI_EINVAL);
    assert_int_equal(wasi_sock_send(&w, 1, 16, 1, 1, 32), WASI_EINVAL);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 0, 32, sizeof bytes - 1), WASI_EFAULT);
    /* A datagram is cut. */
    assert_int_equal(wasi_sock_send(&w, 2, 0, 2, 0, 32), 0);
    assert_int_equal(wasi_sock_recv(&w, 3, 16, 1, 0, 32, 36), 0);
    assert_int_equal(get(32), 3);
    assert_int_equal(bytes[36], 1);
    /* One that is not to block, and one whose other end is gone. */
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 1, WASI_FD_NONBLOCK), 0);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 0, 32, 36), WASI_EAGAIN);
    assert_int_equal(wasi_sock_shutdown(&w, 0, 2), 0);
    assert_int_equal(wasi_sock_shutdown(&w, 0, 0), WASI_EINVAL);
    assert_int_equal(wasi_sock_shutdown(&w, 0, 4), WASI_EINVAL);
    assert_int_equal(wasi_sock_recv(&w, 1, 16, 1, 0, 32, 36), 0);
    assert_int_equal(get(32), 0);
    assert_int_equal(wasi_sock_send(&w, 0, 16, 1, 0, 32), WASI_EPIPE); /* and no signal */
    /* Accepting. */
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 4, WASI_FD_NONBLOCK), 0);
    assert_int_equal(wasi_sock_accept(&w, 4, 0, 32), WASI_EAGAIN);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    assert_int_equal(wasi_sock_accept(&w, 4, 1, 32), WASI_EINVAL);
    assert_int_equal(wasi_sock_accept(&w, 4, WASI_FD_NONBLOCK, 32), 0);
    assert_int_equal(get(32), 6);
    assert_int_equal(wasi_fd_fdstat_get(&w, 6, 64), 0);
    assert_int_equal(bytes[64], WASI_SOCKET_STREAM);
    assert_int_equal(get(64) >> 16, WASI_FD_NONBLOCK);
    assert_int_equal(wasi_sock_recv(&w, 6, 16, 1, 0, 32, 36), WASI_EAGAIN);
    assert_int_equal(wasi_sock_accept(&w, 6, 0, 32), WASI_ENOTCAPABLE);
    assert_int_equal(wasi_sock_accept(&w, 0, 0, 32), WASI_EINVAL);
    close(client);
    /* What is none. */
    assert_int_equal(wasi_sock_accept(&w, 5, 0, 32), WASI_ENOTSOCK);
    assert_int_equal(wasi_sock_recv(&w, 5, 16, 1, 0, 32, 36), WASI_ENOTSOCK);
    assert_int_equal(wasi_sock_send(&w, 5, 16, 1, 0, 32), WASI_ENOTSOCK);
    assert_int_equal(wasi_sock_shutdown(&w, 5, 3), WASI_ENOTSOCK);
    assert_int_equal(wasi_sock_shutdown(&w, 77, 3), WASI_EBADF);
    /* What waits can be interrupted. */
    w.wait = wait_interrupted;
    assert_int_equal(wasi_sock_recv(&w, 3, 16, 1, 0, 32, 36), WASI_EINTR);
    assert_int_equal(wasi_fd_read(&w, 3, 16, 1, 32), WASI_EINTR);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, 4, 0), 0);
    assert_int_equal(wasi_sock_accept(&w, 4, 0, 32), WASI_EINTR);
}

/* ---- a machine that refuses openat2 ---- */

/* From now on the call answers with this errno. */
static void refuse_openat2(int e)
{
    const struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)e),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof filter / sizeof *filter, (struct sock_filter *)filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(77);
}

static void test_a_filter_that_refuses_openat2(void **state)
{
    static const int answers[] = {ENOSYS, EPERM};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            refuse_openat2(answers[i]);
            _exit(try_open("a/file", 1, 0) != 0          ? 1
                  : try_open("dir/b/../file", 1, 0) != 0 ? 2
                  : try_open("../secret", 1, 0) != 63    ? 3
                  : try_open("nothing", 1, 0) != 44      ? 4
                  : !w.no_openat2                        ? 5
                                                         : 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

/* Where the call is there, an answer of EPERM is about the path: to a file that belongs to somebody else. */
static void test_openat2_that_refuses_a_path(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        int etc = open("/etc", O_PATH | O_DIRECTORY);

        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(77);
        if (wasi_open_beneath(&w, etc, "passwd", O_RDONLY | O_NOATIME, 0) >= 0 || errno != EPERM)
            _exit(1);
        _exit(w.has_openat2 && !w.no_openat2                                                   ? 0
              : w.no_openat2 && syscall(SYS_openat2, etc, ".", NULL, 0) < 0 && errno == ENOSYS ? 0
                                                                                               : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- what a guest can make the host hold ---- */

static uint32_t read_dir(uint32_t fd, uint64_t cookie, uint32_t room)
{
    uint32_t e = wasi_fd_readdir(&w, fd, 5000, room, cookie, 16);

    return e ? UINT32_MAX : (uint32_t)wasi_load(memory(NULL), 16, 4);
}

/* libc's buffers for folders are few, and a folder whose buffer was taken away goes on where it was. */
static void test_many_folders_at_once(void **state)
{
    enum { MANY = 100 };
    uint32_t fds[MANY];
    uint64_t cookies[MANY];
    size_t open_dirs = 0;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(wasi_path_open(&w, 0, 1, 1000, size_of("a"), WASI_O_DIRECTORY, WASI_R_DIRECTORY, 0, 0, 8), 0);
        fds[i] = (uint32_t)wasi_load(memory(NULL), 8, 4);
        assert_true(read_dir(fds[i], 0, 24 + 2) >= 24);
        cookies[i] = wasi_load(memory(NULL), 5000, 8);
    }
    for (size_t i = 0; i < w.fds_n; i++)
        open_dirs += w.fds[i].used && w.fds[i].dir;
    assert_int_equal(open_dirs, w.dirs_n);
    assert_true(open_dirs <= 40);
    /* The rest of each is what the last of them, which has its buffer, gives. */
    {
        static uint8_t rest[2000];
        uint32_t n = read_dir(fds[MANY - 1], cookies[MANY - 1], sizeof rest);

        assert_true(n > 100 && n < sizeof rest);
        memcpy(rest, bytes + 5000, n);
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(read_dir(fds[i], cookies[i], sizeof rest), n);
            assert_memory_equal(bytes + 5000, rest, n);
        }
    }
}

/* A guest that opens without end leaves some descriptors to the process, and has no more than 4096. */
static void test_many_descriptors(void **state)
{
    struct rlimit before, small;
    uint32_t e = 0;
    size_t n = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    small = before;
    small.rlim_cur = 400;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    for (; e == 0 && n < 10000; n++)
        e = wasi_path_open(&w, 0, 1, 1000, size_of("a/file"), 0, WASI_R_FD_READ, 0, 0, 8);
    assert_int_equal(e, WASI_EMFILE);
    assert_true(n > 300);
    for (int i = 0; i < 10; i++) {
        int own = open("/dev/null", O_RDONLY);

        assert_true(own >= 0);
        assert_true(own < 400);
    }
    wasi_free(&w);
    for (int fd = 384; fd < 400; fd++)
        close(fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
#define BARE(f) cmocka_unit_test_setup_teardown(f, set_up_bare, tear_down_bare)
#define BOX(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define BOTH(f)                                                                                                        \
    {#f, f, set_up, tear_down, NULL},                                                                                  \
    {                                                                                                                  \
#f " without openat2", f, set_up, tear_down, &w                                                                \
    }
    const struct CMUnitTest tests[] = {
        BOTH(test_what_is_inside_opens),
        BOTH(test_nothing_leads_out),
        BOTH(test_creating_does_not_write_through_a_link_that_leads_out),
        BOTH(test_reading_only),
        BOTH(test_a_link_that_comes_and_goes),
        BOTH(test_a_folder_is_read_in_parts),
        BOTH(test_slashes_behind_a_name),
        BOTH(test_odd_paths),
        BOTH(test_over_what_is_there),
        BOTH(test_times_of_a_path),
        BOTH(test_what_a_folder_passes_on),
        BOX(test_an_open_file),
        BOX(test_a_filter_that_refuses_openat2),
        BOX(test_openat2_that_refuses_a_path),
        BOX(test_many_folders_at_once),
        BOX(test_many_descriptors),
        BOX(test_a_folder_is_read_from_anywhere),
        BARE(test_transfer),
        BARE(test_transfer_bounds),
        BARE(test_poll_clocks),
        BARE(test_poll_streams),
        BARE(test_poll_bounds),
        BARE(test_poll_odd_clocks),
        BARE(test_the_limit_of_output),
        BARE(test_the_flags_of_a_stream),
        BARE(test_a_stream_that_the_caller_made_not_to_block),
        BARE(test_sockets),
        BARE(test_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
