#include "store.h"

#include "fs.h"
#include "str.h"
#include "testing.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct store open_store(void **state)
{
    WL_CLEANUP_FREE char *cache = in_folder(state, "cache");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = {0};

    assert_ok(store_open(&s, cache, &err), &err);
    return s;
}

static void test_open(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "file"), *below = in_folder(state, "file/cache");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state), bad = {0};

    assert_true(path_is_dir(s.sources));
    write_text(file, "");
    assert_class(store_open(&bad, below, &err), WL_E_IO, &err);
    store_close(&bad);
    store_close(&s);
}

static void test_commit(void **state)
{
    WL_CLEANUP_FREE char *stage = in_folder(state, "stage"), *file = in_folder(state, "stage/d/f"),
                         *program = in_folder(state, "stage/d/p"), *link = in_folder(state, "stage/l"),
                         *dir = in_folder(state, "stage/d"), *outside = in_folder(state, "outside");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *path = store_path(&s, KEY), *stored = path_join(path, "d/f"), *run = path_join(path, "d/p");
    struct stat st;

    assert_false(store_has(&s, KEY));
    assert_ok(make_dirs(dir, &err), &err);
    write_text(file, "artifact");
    write_text(outside, "");
    write_program(program, "true\n");
    assert_int_equal(symlink(outside, link), 0);
    assert_ok(store_commit(&s, KEY, stage, &err), &err);
    assert_true(store_has(&s, KEY));
    assert_false(path_exists(stage));
    assert_file_is(stored, "artifact");
    assert_int_equal(stat(stored, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0444);
    assert_int_equal(stat(run, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0555);
    assert_int_equal(stat(outside, &st), 0);
    assert_true(st.st_mode & 0200); /* what a link leads to is not touched */
    /* Once more: the new one replaces the old one. */
    assert_ok(make_dirs(dir, &err), &err);
    write_text(file, "again");
    assert_ok(store_commit(&s, KEY, stage, &err), &err);
    assert_file_is(stored, "again");
    store_close(&s);
}

static void test_paths(void **state)
{
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *logs = store_log_dir(&s, "python/v3.11.2", KEY), *build = store_build_dir(&s, KEY);

    assert_contains(logs, "/logs/python/v3.11.2/0123456789ab");
    assert_contains(build, "/build/" KEY);
    store_close(&s);
}

static void count_call(void *data)
{
    ++*(int *)data;
}

struct holder {
    struct store *s;
    int fd;
};

static void *let_go(void *data)
{
    struct holder *h = data;

    usleep(400000);
    close_fdp(&h->fd);
    return NULL;
}

static void test_lock(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    struct cancel never = CANCEL_NONE;
    struct holder h = {.s = &s};
    int waited = 0, fd = -1, pipe_fds[2];
    pthread_t t;

    assert_ok(store_lock(&s, KEY, &never, count_call, &waited, &h.fd, &err), &err);
    assert_int_equal(waited, 0);
    assert_int_equal(pthread_create(&t, NULL, let_go, &h), 0);
    assert_ok(store_lock(&s, KEY, &never, count_call, &waited, &fd, &err), &err);
    assert_int_equal(waited, 1); /* told once, however long it took */
    pthread_join(t, NULL);
    /* Waiting ends on cancel: a readable descriptor. */
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    {
        struct cancel c = {pipe_fds[0]};
        int second = -1;

        assert_class(store_lock(&s, KEY, &c, NULL, NULL, &second, &err), WL_E_INTERRUPTED, &err);
        assert_int_equal(second, -1);
    }
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    close(fd);
    store_close(&s);
}

static void test_sweep(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    struct cancel never = CANCEL_NONE;
    WL_CLEANUP_FREE char *left = store_build_dir(&s, "left"), *kept = store_build_dir(&s, "kept"),
                         *busy = store_build_dir(&s, "busy"), *enter = path_join(kept, "enter.sh"),
                         *inside = path_join(left, "some/where");
    int fd;

    assert_ok(make_dirs(inside, &err), &err);
    assert_ok(make_dirs(kept, &err), &err);
    assert_ok(make_dirs(busy, &err), &err);
    write_text(enter, "");
    assert_ok(store_lock(&s, "busy", &never, NULL, NULL, &fd, &err), &err);
    store_sweep(&s);
    assert_false(path_exists(left));
    assert_true(path_exists(kept)); /* a person may want to look at it */
    assert_true(path_exists(busy)); /* somebody works there */
    close(fd);
    store_sweep(&s);
    assert_false(path_exists(busy));
    store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_open), TEST_IN_FOLDER(test_commit), TEST_IN_FOLDER(test_paths),
        TEST_IN_FOLDER(test_lock), TEST_IN_FOLDER(test_sweep),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
