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
#include <pthread.h>
#include <stdatomic.h>

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

int main(void)
{
#define BARE(f) cmocka_unit_test_setup_teardown(f, set_up_bare, tear_down_bare)
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
        BARE(test_transfer),
        BARE(test_transfer_bounds),
        BARE(test_poll_clocks),
        BARE(test_poll_streams),
        BARE(test_poll_bounds),
        BARE(test_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
