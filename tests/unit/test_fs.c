#include "util/fs.h"

#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_path_join(void **state)
{
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"}, {"", "b", "b"}, {"/", "b", "/b"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *p = path_join(cases[i][0], cases[i][1]);

        assert_string_equal(p, cases[i][2]);
    }
}

static void test_path_parts(void **state)
{
    static const char *const cases[][3] = {
        {"a/b/c", "c", "a/b"}, {"c", "c", "."}, {"/c", "c", "/"}, {"a/", "", "a"}, {"", "", "."}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *dir = path_dir(cases[i][0]);

        assert_string_equal(path_base(cases[i][0]), cases[i][1]);
        assert_string_equal(dir, cases[i][2]);
    }
}

static void test_path_absolute(void **state)
{
    WL_CLEANUP_FREE char *cwd = getcwd(NULL, 0), *a = path_absolute("/x/y"), *b = path_absolute("."),
                         *c = path_absolute("z"), *expected = path_join(cwd, "z");

    (void)state;
    assert_string_equal(a, "/x/y");
    assert_string_equal(b, cwd);
    assert_string_equal(c, expected);
}

static void test_make_dirs(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *deep = in_folder(state, "a/b//c/"), *file = in_folder(state, "f"),
                         *under = in_folder(state, "f/g");

    assert_ok(make_dirs(deep, &err), &err);
    assert_true(path_is_dir(deep));
    assert_ok(make_dirs(deep, &err), &err);
    write_text(file, "");
    assert_class(make_dirs(file, &err), WL_E_IO, &err);
    assert_contains(err.text, "Not a directory");
    assert_class(make_dirs(under, &err), WL_E_IO, &err);
    assert_file_is(file, "");
}

static void test_exists(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "f"), *link = in_folder(state, "l");

    assert_false(path_exists(file));
    assert_int_equal(symlink("nowhere", link), 0);
    assert_true(path_exists(link)); /* the link itself exists */
    assert_false(path_is_dir(link));
    assert_true(path_is_dir(*state));
}

static void test_remove_tree(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *top = in_folder(state, "t"), *deep = in_folder(state, "t/a/b"),
                         *locked = in_folder(state, "t/a"), *file = in_folder(state, "t/a/b/f"),
                         *kept = in_folder(state, "kept"), *kept_file = in_folder(state, "kept/f"),
                         *link = in_folder(state, "t/link");

    assert_ok(make_dirs(deep, &err), &err);
    assert_ok(make_dirs(kept, &err), &err);
    write_text(file, "x");
    write_text(kept_file, "keep me");
    assert_int_equal(symlink(kept, link), 0);
    assert_int_equal(chmod(deep, 0500), 0);
    assert_int_equal(chmod(locked, 0), 0);
    assert_ok(remove_tree(top, &err), &err);
    assert_false(path_exists(top));
    assert_file_is(kept_file, "keep me"); /* the link was not followed */
    assert_ok(remove_tree(top, &err), &err);
    assert_ok(remove_tree(kept_file, &err), &err);
    assert_false(path_exists(kept_file));
}

static void test_dir_list(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *none = in_folder(state, "none");

    for (const char *const *n = (const char *const[]){"b", "a", "B", ".hidden", "é", "a b", NULL}; *n; n++) {
        WL_CLEANUP_FREE char *file = in_folder(state, *n);

        write_text(file, "");
    }
    assert_ok(dir_list(*state, &names, &err), &err);
    assert_int_equal(names.n, 6);
    assert_string_equal(names.v[0], ".hidden");
    assert_string_equal(names.v[1], "B");
    assert_string_equal(names.v[2], "a");
    assert_string_equal(names.v[3], "a b");
    assert_string_equal(names.v[4], "b");
    assert_string_equal(names.v[5], "é");
    assert_class(dir_list(none, &names, &err), WL_E_IO, &err);
}

static void test_copy_tree(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *from = in_folder(state, "from"), *sub = in_folder(state, "from/s ub"),
                         *file = in_folder(state, "from/s ub/f"), *link = in_folder(state, "from/l"),
                         *to = in_folder(state, "to"), *copied = in_folder(state, "to/s ub/f"),
                         *copied_link = in_folder(state, "to/l");
    char target[64] = "";
    struct stat st;

    assert_ok(make_dirs(sub, &err), &err);
    write_text(file, "text");
    assert_int_equal(chmod(file, 0555), 0);
    assert_int_equal(symlink("s ub/f", link), 0);
    utimensat(AT_FDCWD, file, (struct timespec[]){{.tv_sec = 1000000000}, {.tv_sec = 1000000000}}, 0);
    assert_ok(copy_tree(from, to, &err), &err);
    assert_file_is(copied, "text");
    assert_int_equal(stat(copied, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755); /* the owner can always write */
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    assert_true(readlink(copied_link, target, sizeof target - 1) > 0);
    assert_string_equal(target, "s ub/f");
    /* Existing files are not overwritten. */
    assert_class(copy_tree(from, to, &err), WL_E_IO, &err);
}

static void test_copy_merges_directories(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *one = in_folder(state, "one/lib"), *two = in_folder(state, "two/lib"),
                         *f = in_folder(state, "one/lib/f"), *g = in_folder(state, "two/lib/g"),
                         *to = in_folder(state, "one"), *from = in_folder(state, "two"),
                         *both = in_folder(state, "one/lib/g"), *pipe = in_folder(state, "two/pipe");

    assert_ok(make_dirs(one, &err), &err);
    assert_ok(make_dirs(two, &err), &err);
    write_text(f, "f");
    write_text(g, "g");
    assert_ok(copy_tree(from, to, &err), &err);
    assert_file_is(both, "g");
    assert_file_is(f, "f");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_ok(remove_tree(both, &err), &err);
    assert_class(copy_tree(from, to, &err), WL_E_IO, &err);
    assert_contains(err.text, "neither a file, a directory nor a link");
}

static void test_tree_size(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *sub = in_folder(state, "t/s"), *f = in_folder(state, "t/f"), *g = in_folder(state, "t/s/g"),
                         *top = in_folder(state, "t"), *none = in_folder(state, "none");

    assert_ok(make_dirs(sub, &err), &err);
    write_text(f, "12345");
    write_text(g, "123");
    assert_int_equal(tree_size(top), 8);
    assert_int_equal(tree_size(f), 5);
    assert_int_equal(tree_size(none), 0);
}

static void test_file_read_write(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = in_folder(state, "f"), *data = NULL, *none = in_folder(state, "no/f");
    WL_CLEANUP_STRV struct strv names = {0};
    size_t n = 0;

    assert_ok(file_write(file, "a\0b", 3, &err), &err);
    assert_ok(file_read(file, 100, &data, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_memory_equal(data, "a\0b", 4);
    assert_ok(file_write(file, "new", 3, &err), &err);
    assert_file_is(file, "new");
    free_charp(&data);
    assert_class(file_read(file, 2, &data, &n, &err), WL_E_IO, &err);
    assert_contains(err.text, "larger than 2 bytes");
    assert_ok(file_read(file, 3, &data, NULL, &err), &err);
    assert_class(file_write(none, "x", 1, &err), WL_E_IO, &err);
    free_charp(&data);
    assert_class(file_read(none, 3, &data, NULL, &err), WL_E_IO, &err);
    assert_ok(dir_list(*state, &names, &err), &err);
    assert_int_equal(names.n, 1); /* nothing is left beside it */
}

static void test_path_replace(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *a = in_folder(state, "a"), *b = in_folder(state, "b"), *a_f = in_folder(state, "a/f"),
                         *b_f = in_folder(state, "b/f"), *b_g = in_folder(state, "b/g"),
                         *none = in_folder(state, "none");

    /* onto nothing */
    assert_ok(make_dirs(a, &err), &err);
    write_text(a_f, "one");
    assert_ok(path_replace(a, b, &err), &err);
    assert_file_is(b_f, "one");
    /* onto a directory that is not empty */
    assert_ok(make_dirs(a, &err), &err);
    write_text(a_f, "two");
    write_text(b_g, "old");
    assert_ok(path_replace(a, b, &err), &err);
    assert_file_is(b_f, "two");
    assert_false(path_exists(b_g));
    assert_false(path_exists(a));
    /* a file onto a directory, a directory onto a file */
    write_text(a, "file");
    assert_ok(path_replace(a, b, &err), &err);
    assert_file_is(b, "file");
    assert_ok(make_dirs(a, &err), &err);
    assert_ok(path_replace(a, b, &err), &err);
    assert_true(path_is_dir(b));
    assert_class(path_replace(none, b, &err), WL_E_IO, &err);
    assert_true(path_is_dir(b));
}

static void test_lock(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = in_folder(state, "lock"), *none = in_folder(state, "no/lock");
    WL_CLEANUP_FD int first = -1, second = -1;

    assert_ok(lock_take(file, true, &first, &err), &err);
    assert_true(first >= 0);
    assert_int_equal(lock_take(file, false, &second, &err), 1);
    assert_int_equal(second, -1);
    close_fdp(&first);
    assert_int_equal(first, -1);
    assert_ok(lock_take(file, false, &second, &err), &err);
    assert_class(lock_take(none, true, &first, &err), WL_E_IO, &err);
}

struct waiter {
    const char *file;
    int r, fd;
};

static void *wait_for_lock(void *data)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct waiter *w = data;

    w->r = lock_take(w->file, true, &w->fd, &err);
    return NULL;
}

/* The holder removes the file. A process that waited must not end up with a lock on a file that nobody else finds. */
static void test_lock_of_removed_file(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = in_folder(state, "lock");
    struct waiter w = {.file = file, .fd = -1};
    WL_CLEANUP_FD int first = -1, third = -1;
    pthread_t thread;

    assert_ok(lock_take(file, true, &first, &err), &err);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, &w), 0);
    usleep(100 * 1000);
    assert_int_equal(unlink(file), 0);
    close_fdp(&first);
    pthread_join(thread, NULL);
    assert_int_equal(w.r, 0);
    assert_int_equal(lock_take(file, false, &third, &err), 1);
    close_fdp(&w.fd);
}

/* However deep it is, with few descriptors and on a small stack. */
static void *remove_deep(void *data)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(remove_tree(data, &err), &err);
    return NULL;
}

static void test_remove_deep_tree(void **state)
{
    enum { DEPTH = 12000, STACK = 128 << 10 };
    WL_CLEANUP_FREE char *top = in_folder(state, "top");
    struct rlimit limit, few = {32, 32};
    pthread_attr_t attr;
    pthread_t thread;
    int at;

    assert_int_equal(mkdir(top, 0777), 0);
    at = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < DEPTH; i++) {
        int next;

        if (i % 1000 == 0) { /* with other files beside and in it */
            assert_int_equal(mkdirat(at, "beside", 0500), 0);
            assert_int_equal(symlinkat("/", at, "link"), 0);
        }
        assert_int_equal(mkdirat(at, "d", 0777), 0);
        next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    close(at);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    few.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    assert_int_equal(pthread_create(&thread, &attr, remove_deep, top), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_false(path_exists(top));
}

/* As deep as a path can be, on the small stack of a thread: one large frame per level would not fit. */
static void *copy_deep(void *data)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char **paths = data;

    assert_ok(copy_tree(paths[0], paths[1], &err), &err);
    return NULL;
}

static void test_copy_deep_tree(void **state)
{
    WL_CLEANUP_FREE char *from = in_folder(state, "from"), *to = in_folder(state, "to"), *in = NULL, *out = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STR struct str deep = {0};
    char *paths[] = {from, to};
    pthread_attr_t attr;
    pthread_t thread;

    while (deep.len + strlen(from) < 3900)
        str_add(&deep, "/d");
    in = xasprintf("%s%s", from, deep.s);
    out = xasprintf("%s%s/file", to, deep.s);
    assert_ok(make_dirs(in, &err), &err);
    str_add(&deep, "/file");
    free(in);
    in = xasprintf("%s%s", from, deep.s);
    write_text(in, "deep");
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 2 << 20);
    assert_int_equal(pthread_create(&thread, &attr, copy_deep, paths), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    assert_file_is(out, "deep");
}

static size_t count_names(const char *dir)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    assert_ok(dir_list(dir, &names, &err), &err);
    return names.n;
}

static void test_file_write_keeps_nothing_aside(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "file"), *folder = in_folder(state, "folder"),
                         *link = in_folder(state, "link"), *none = in_folder(state, "none/file");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct stat st;

    assert_ok(file_write(file, "one", 3, &err), &err);
    assert_ok(file_write(file, "two", 3, &err), &err);
    assert_file_is(file, "two");
    assert_int_equal(symlink("file", link), 0);
    assert_ok(file_write(link, "three", 5, &err), &err); /* the link itself is replaced, as rename(2) does */
    assert_file_is(link, "three");
    assert_file_is(file, "two");
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_class(file_write(folder, "x", 1, &err), WL_E_IO, &err);
    assert_class(file_write(none, "x", 1, &err), WL_E_IO, &err);
    assert_contains(err.text, none);
    assert_ok(file_copy(file, link, 0750, &err), &err);
    assert_file_is(link, "two");
    assert_int_equal(stat(link, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(count_names(*state), 3);
}

/* A reader never sees part of it, however many processes write the same file, and nothing is left beside it. */
struct writer {
    const char *file;
    char letter;
};

enum { WRITES = 200, LENGTH = 5000 };

static void *write_again(void *data)
{
    const struct writer *w = data;
    char text[LENGTH];

    memset(text, w->letter, sizeof text);
    for (int i = 0; i < WRITES; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

        assert_ok(file_write(w->file, text, sizeof text, &err), &err);
    }
    return NULL;
}

static void test_file_write_by_many(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "file");
    struct writer w[4] = {{file, 'a'}, {file, 'b'}, {file, 'c'}, {file, 'd'}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    pthread_t threads[4];

    assert_ok(file_write(file, "", 0, &err), &err);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_again, &w[i]), 0);
    for (int i = 0; i < 500; i++) {
        WL_CLEANUP_FREE char *text = NULL;
        size_t n;

        assert_ok(file_read(file, LENGTH, &text, &n, &err), &err);
        assert_true(n == 0 || n == LENGTH);
        assert_true(n == 0 || text[0] == text[n - 1]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count_names(*state), 1);
}

/* A pipe is written to, and so is a device: as root, `--json /dev/null` must not replace the device by a file. */
static void test_file_write_into_a_pipe(void **state)
{
    WL_CLEANUP_FREE char *pipe_path = in_folder(state, "pipe");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FD int end = -1;
    char text[8] = "";
    struct stat st;

    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    end = open(pipe_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_ok(file_write(pipe_path, "text", 4, &err), &err);
    assert_int_equal(read(end, text, sizeof text), 4);
    assert_string_equal(text, "text");
    assert_int_equal(lstat(pipe_path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_ok(file_write("/dev/null", "text", 4, &err), &err);
    assert_int_equal(lstat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

static void test_file_tail(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "file"), *all = NULL, *some = NULL, *none = NULL, *long_line = NULL;
    size_t n;

    write_text(file, "one\ntwo\nthree\n");
    all = file_tail(file, 14, &n);
    assert_string_equal(all, "one\ntwo\nthree\n");
    assert_int_equal(n, 14);
    some = file_tail(file, 12, &n);
    assert_string_equal(some, "two\nthree\n");
    assert_int_equal(n, 10);
    long_line = file_tail(file, 3, NULL);
    assert_string_equal(long_line, "");
    none = file_tail(*state, 3, &n);
    assert_true(!none || !*none);
    free(none);
    none = file_tail("/nonexistent", 3, &n);
    assert_null(none);
}

static void test_new_file_dropped(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "file");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct new_file f;

    write_text(file, "old");
    assert_ok(new_file_open(&f, file, 0666, &err), &err);
    assert_int_equal(write(f.fd, "half", 4), 4);
    new_file_close(&f);
    assert_file_is(file, "old");
    assert_int_equal(count_names(*state), 1);
}

static void test_temp_dirs(void **state)
{
    WL_CLEANUP_TEMP_DIR struct temp_dir one = {.fd = -1}, two = {.fd = -1};
    WL_CLEANUP_FREE char *dead = in_folder(state, ".a.new.1"), *other = in_folder(state, ".ab.new.1"),
                         *link = in_folder(state, ".a.new.link"), *file = in_folder(state, ".a.new.file"),
                         *held = in_folder(state, ".a.new.held"), *target = in_folder(state, "target");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FD int fd = -1;

    assert_ok(temp_dir_make(&one, *state, "a", &err), &err);
    assert_ok(temp_dir_make(&two, *state, "a", &err), &err);
    assert_string_not_equal(one.path, two.path);
    assert_int_equal(mkdir(dead, 0777), 0);
    assert_int_equal(mkdir(other, 0777), 0);
    assert_int_equal(mkdir(target, 0777), 0);
    assert_int_equal(symlink("target", link), 0);
    write_text(file, "x");
    write_text(held, "x");
    fd = open(held, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_SH), 0);
    sweep_aside(*state, "a");
    assert_true(path_is_dir(one.path));
    assert_true(path_is_dir(two.path));
    assert_true(path_exists(held));
    assert_true(path_exists(other));
    assert_true(path_is_dir(target));
    assert_false(path_exists(dead));
    assert_false(path_exists(file));
    temp_dir_remove(&two);
    sweep_aside(*state, "a");
    assert_int_equal(count_names(*state), 5); /* one, link, held, other, target */
    assert_class(temp_dir_make(&two, held, "a", &err), WL_E_IO, &err);
}

/* Answers of the kernel for the next test, by --wrap (meson.build). */
int __real_rename(const char *from, const char *to);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
static const char *fails_from; /* rename() from this path fails after a file was moved out of the way for it */
static bool no_exchange;

int __wrap_rename(const char *from, const char *to)
{
    if (fails_from && !strcmp(from, fails_from)) {
        errno = path_exists(to) ? ENOTEMPTY : EIO;
        return -1;
    }
    return __real_rename(from, to);
}

int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (no_exchange && flags == RENAME_EXCHANGE) {
        errno = EINVAL;
        return -1;
    }
    return __real_renameat2(from_dir, from, to_dir, to, flags);
}

/* If directories cannot be exchanged in one call, the old one is back after a failure. */
static void test_path_replace_without_exchange(void **state)
{
    WL_CLEANUP_FREE char *from = in_folder(state, "from"), *to = in_folder(state, "to"),
                         *old = in_folder(state, "to/old"), *new = in_folder(state, "from/new"),
                         *now = in_folder(state, "to/new");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(make_dirs(from, &err), &err);
    assert_ok(make_dirs(to, &err), &err);
    write_text(old, "old");
    write_text(new, "new");
    no_exchange = true;
    fails_from = from;
    assert_class(path_replace(from, to, &err), WL_E_IO, &err);
    fails_from = NULL;
    assert_file_is(old, "old");
    assert_file_is(new, "new");
    assert_int_equal(count_names(*state), 2);
    assert_ok(path_replace(from, to, &err), &err);
    no_exchange = false;
    assert_file_is(now, "new");
    assert_false(path_exists(old));
    assert_int_equal(count_names(*state), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_join),
        cmocka_unit_test(test_path_parts),
        cmocka_unit_test(test_path_absolute),
        TEST_IN_FOLDER(test_make_dirs),
        TEST_IN_FOLDER(test_exists),
        TEST_IN_FOLDER(test_remove_tree),
        TEST_IN_FOLDER(test_dir_list),
        TEST_IN_FOLDER(test_copy_tree),
        TEST_IN_FOLDER(test_copy_merges_directories),
        TEST_IN_FOLDER(test_tree_size),
        TEST_IN_FOLDER(test_file_read_write),
        TEST_IN_FOLDER(test_path_replace),
        TEST_IN_FOLDER(test_remove_deep_tree),
        TEST_IN_FOLDER(test_copy_deep_tree),
        TEST_IN_FOLDER(test_file_write_keeps_nothing_aside),
        TEST_IN_FOLDER(test_file_write_by_many),
        TEST_IN_FOLDER(test_file_write_into_a_pipe),
        TEST_IN_FOLDER(test_file_tail),
        TEST_IN_FOLDER(test_new_file_dropped),
        TEST_IN_FOLDER(test_temp_dirs),
        TEST_IN_FOLDER(test_path_replace_without_exchange),
        TEST_IN_FOLDER(test_lock),
        TEST_IN_FOLDER(test_lock_of_removed_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
