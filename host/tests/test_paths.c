/* Paths of the WASI host, with openat2 and without. (It is long, but one concern: no path leads out.) */
#include "guest.h"
#include "wasi/name.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char top[64];

/* A directory with box/, which the guest gets, and beside it secret, which it does not get. */
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
    w = (struct wasi){.memory = memory, .output_left = UINT64_MAX, .no_openat2 = *state != NULL};
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

/* For calls with two paths: the second is at address 3000. */
static uint32_t second(const char *path)
{
    strcpy((char *)bytes + 3000, path);
    return (uint32_t)strlen(path);
}

/* Opens the path for reading, closes it again, and returns the errno. */
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
        if (wasi_is_text(odd[i]) || try_open(odd[i], 1, 0) != WASI_ENOENT)
            fail_msg("text %zu is taken for UTF-8, or not for a name", i);
    assert_true(wasi_is_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x8d"));
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
    /* The guest cannot find out whether the target of a link exists outside. */
    assert_int_equal(wasi_path_remove_directory(&w, 1, 1000, size_of("up/")), WASI_EROFS);
    assert_int_equal(wasi_path_remove_directory(&w, 1, 1000, size_of("absolute/")), WASI_EROFS);
    assert_int_equal(symlinkat("/no/such/folder", w.fds[0].host, "gone"), 0);
    assert_int_equal(wasi_path_remove_directory(&w, 1, 1000, size_of("gone/")), WASI_EROFS);
}

/* ---- odd ends of paths ---- */

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

static void test_slashes_after_a_name(void **state)
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
    assert_int_equal(ask("dir/", 0), 0); /* followed, because only a directory can have a slash */
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
    /* No name at all. */
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
    /* Flags that do not exist, and flags that contradict each other. */
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
    /* A descriptor that is not a directory, and one that is not open. */
    assert_int_equal(open_as("a/file", 1, 0, WASI_R_FD_READ, &fd), 0);
    assert_int_equal(wasi_path_open(&w, fd, 1, 1000, size_of("a"), 0, WASI_R_FD_READ, 0, 0, 8), WASI_ENOTDIR);
    assert_int_equal(wasi_path_create_directory(&w, fd, 1000, size_of("x")), WASI_ENOTDIR);
    assert_int_equal(wasi_path_create_directory(&w, 77, 1000, size_of("x")), WASI_EBADF);
    assert_int_equal(wasi_path_rename(&w, 0, 1000, size_of("in"), fd, 3000, second("x")), WASI_ENOTDIR);
}

static void test_over_existing_files(void **state)
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
    /* Through a link, even one whose target does not exist yet. */
    assert_int_equal(point("made", "dangling"), 0);
    assert_int_equal(open_as("dangling", 1, WASI_O_CREAT | WASI_O_EXCL, WASI_R_FD_WRITE, &fd), WASI_EEXIST);
    assert_int_equal(open_as("dangling", 0, WASI_O_CREAT, WASI_R_FD_WRITE, &fd), WASI_ELOOP);
    assert_int_equal(open_as("dangling", 1, WASI_O_CREAT, WASI_R_FD_WRITE, &fd), 0);
    assert_int_equal(ask("made", 0), 0);
    /* As much of a link's text as there is room for. */
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
    assert_int_equal(wasi_path_filestat_set_times(&w, 0, 1, 1000, size_of("in"), 7, 8, 2),
                     0); /* both now and a given time */
    assert_int_equal(ask("in", 1), 0);
    assert_true(wasi_load(m, 64 + 40, 8) > UINT64_C(1000000000000000000));
    assert_int_equal(wasi_load(m, 64 + 48, 8), 2500000000);
    assert_int_equal(wasi_path_filestat_set_times(&w, 0, 1, 1000, size_of("out"), 7, 8, 5), WASI_EPERM);
    /* Before 1970. */
    assert_int_equal(
        wasi_path_filestat_set_times(&w, 0, 1, 1000, size_of("in"), (uint64_t)-1, (uint64_t)-10000000000, 5), 0);
    assert_int_equal(ask("a/file", 1), 0);
    assert_int_equal((int64_t)wasi_load(m, 64 + 40, 8), -1);
    assert_int_equal((int64_t)wasi_load(m, 64 + 48, 8), -10000000000);
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
    assert_int_equal(wasi_fd_seek(&w, 0, 0, 0, 8), WASI_EBADF); /* a directory */
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
    /* The mode in which it was opened counts, whatever rights were requested. */
    assert_int_equal(
        open_as("a/file", 1, 0, WASI_R_ALL & ~(WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE | WASI_R_FD_SET_SIZE), &other), 0);
    assert_int_equal(wasi_fd_allocate(&w, other, 0, 9), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_set_size(&w, other, 0), WASI_EINVAL);
    assert_int_equal(wasi_fd_write(&w, other, 0, 0, 8), WASI_EBADF);
    assert_int_equal(wasi_fd_fdstat_set_rights(&w, other, WASI_R_FD_WRITE, 0), WASI_ENOTCAPABLE);
    assert_int_equal(wasi_fd_fdstat_set_rights(&w, other, WASI_R_FD_SEEK, 0), 0);
    assert_int_equal(wasi_fd_read(&w, other, 0, 0, 8), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_get(&w, other, 64), WASI_ENOTCAPABLE);
    /* Each descriptor has its own flags. */
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, fd, WASI_FD_APPEND), 0);
    assert_true(fcntl(w.fds[fd].host, F_GETFL) & O_APPEND);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, fd, WASI_FD_SYNC), WASI_ENOTSUP);
    assert_int_equal(wasi_fd_fdstat_set_flags(&w, fd, 32), WASI_EINVAL);
    assert_int_equal(wasi_fd_fdstat_get(&w, fd, 64), 0);
    assert_int_equal(wasi_load(m, 64 + 2, 2), WASI_FD_APPEND);
    /* One descriptor replaces another, whose file is closed. */
    assert_int_equal(wasi_fd_renumber(&w, fd, 99), WASI_EBADF);
    assert_int_equal(wasi_fd_renumber(&w, 99, fd), WASI_EBADF);
    assert_int_equal(wasi_fd_renumber(&w, fd, fd), 0);
    assert_int_equal(wasi_fd_renumber(&w, fd, other), 0);
    assert_int_equal(wasi_fd_close(&w, fd), WASI_EBADF);
    assert_int_equal(wasi_fd_filestat_get(&w, other, 64), 0);
    assert_int_equal(wasi_load(m, 64 + 48, 8), 6);
    assert_int_equal(wasi_fd_renumber(&w, other, 0), 0); /* the directory itself, too */
    assert_int_equal(wasi_fd_prestat_get(&w, 0, 64), WASI_EBADF);
    assert_int_equal(ask("a", 1), WASI_ENOTDIR);
}

static void test_what_a_directory_passes_on(void **state)
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

/* Makes "race" a directory in the box and a link out of it, in turn. */
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

static void test_a_directory_is_read_in_parts(void **state)
{
    uint64_t cookie = 0;
    int entries = 0;
    const struct guest_memory m = memory(NULL);

    (void)state;
    for (;;) {
        uint32_t used, at = 2000;

        assert_int_equal(wasi_fd_readdir(&w, 0, 2000, 40, cookie, 8),
                         0); /* room for one entry and a part of the next */
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

/* Reading from any cookie returns the rest, even if the entries before it were removed. */
static void test_a_directory_is_read_from_any_cookie(void **state)
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
    assert_int_equal(wasi_load(m, 8, 4), 30); /* full, so there are more entries */
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 0, 0, 8), 0);
    assert_int_equal(wasi_load(m, 8, 4), 0);
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 4000, UINT64_MAX, 8), 0); /* a cookie that was never returned */
    assert_int_equal(open_as("a/file", 1, 0, WASI_R_FD_READ, &fd), 0);
    assert_int_equal(wasi_fd_readdir(&w, fd, 4000, 4000, 0, 8), WASI_ENOTDIR);
}

/* ---- a machine that refuses openat2 ---- */

/* From now on the call fails with this errno. */
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

/* If the call exists, EPERM is about the path: here of a file that belongs to another user. */
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

/* ---- resources of the host that a guest can hold ---- */

static uint32_t read_dir(uint32_t fd, uint64_t cookie, uint32_t room)
{
    uint32_t e = wasi_fd_readdir(&w, fd, 5000, room, cookie, 16);

    return e ? UINT32_MAX : (uint32_t)wasi_load(memory(NULL), 16, 4);
}

/* The host has few buffers for directories. A directory that lost its buffer continues at the same place. */
static void test_many_directories_at_once(void **state)
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
    /* The rest of each is the same as that of the last one, which still has its buffer. */
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

/* A guest that opens files forever leaves some descriptors to the process, and gets at most 65536. */
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
        BOTH(test_a_directory_is_read_in_parts),
        BOTH(test_slashes_after_a_name),
        BOTH(test_odd_paths),
        BOTH(test_over_existing_files),
        BOTH(test_times_of_a_path),
        BOTH(test_what_a_directory_passes_on),
        BOX(test_an_open_file),
        BOX(test_a_filter_that_refuses_openat2),
        BOX(test_openat2_that_refuses_a_path),
        BOX(test_many_directories_at_once),
        BOX(test_many_descriptors),
        BOX(test_a_directory_is_read_from_any_cookie),
    };

    return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
