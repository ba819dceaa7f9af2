/* Paths, descriptors and memory of the WASI host in C (native/), with openat2 and without. */
#include "native/wasi.h"

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
    assert_int_equal(wasi_path_open(&w, 1, 1, 1000, size_of("a/file"), 0, WASI_R_FD_WRITE, 0, 0, 8), WASI_EPERM);
    assert_int_equal(wasi_path_open(&w, 1, 1, 1000, size_of("x"), WASI_O_CREAT, WASI_R_FD_READ, 0, 0, 8), WASI_EPERM);
    assert_int_equal(wasi_path_unlink_file(&w, 1, 1000, size_of("a/file")), WASI_EPERM);
    assert_int_equal(wasi_path_create_directory(&w, 1, 1000, size_of("x")), WASI_EPERM);
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

int main(void)
{
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
