#include "store/store.h"

#include "testing.h"
#include "util/fs.h"
#include "util/str.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER_KEY "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

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

/* One name for one cache. A link to it has another name, because the user may have made the link for its name. */
static void test_open_with_dots(void **state)
{
    WL_CLEANUP_FREE char *cache = in_folder(state, "cache"), *sub = in_folder(state, "sub"),
                         *link = in_folder(state, "link"), *far = in_folder(state, "far/away"),
                         *far_link = in_folder(state, "far-link"), *dots = in_folder(state, "./sub/..//cache/."),
                         *through = in_folder(state, "far-link/../cache"), *beside = in_folder(state, "far/cache");
    const char *const cases[][2] = {{dots, cache}, {link, link}, {through, through}};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(make_dirs(cache, &err), &err);
    assert_ok(make_dirs(sub, &err), &err);
    assert_ok(make_dirs(far, &err), &err);
    assert_int_equal(symlink(cache, link), 0);
    assert_int_equal(symlink(far, far_link), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct store s = {0};

        assert_ok(store_open(&s, cases[i][0], &err), &err);
        assert_string_equal(s.cache, cases[i][1]);
        store_close(&s);
    }
    /* ".." of a link is above the link's target. */
    assert_true(path_is_dir(beside));
}

static const struct cancel never = CANCEL_NONE;
static const struct store_calls quiet = {.cancel = &never};

/* A small tree in the stage: a directory with a file and a program, an empty directory, and a link. */
static void fill(const struct store_work *w, const char *text, const char *link_to)
{
    WL_CLEANUP_FREE char *stage = store_stage(w), *dir = path_join(stage, "d"), *file = path_join(stage, "d/f"),
                         *program = path_join(stage, "d/p"), *link = path_join(stage, "l"),
                         *empty = path_join(stage, "empty");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(make_dirs(dir, &err), &err);
    assert_ok(make_dirs(empty, &err), &err);
    write_text(file, text);
    write_program(program, "true\n");
    assert_int_equal(symlink(link_to, link), 0);
}

/* Puts that tree into the store. */
static void put(const struct store *s, const char *text)
{
    WL_CLEANUP_MANIFEST struct manifest made = {.kind = xstrdup("port"), .name = xstrdup("m/a")};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store_work w;

    assert_ok(store_begin(&w, s, KEY, &quiet, &err), &err);
    fill(&w, text, "d/f");
    manifest_add_source(&made, "a.tar", KEY, "https://example.org/a.tar");
    manifest_add_source(&made, "b.tar", KEY, NULL);
    manifest_add_need(&made, "m/b", KEY, "link");
    assert_ok(store_commit(&w, &made, &err), &err);
    work_end(&w, false);
}

static void test_commit(void **state)
{
    WL_CLEANUP_FREE char *outside = in_folder(state, "outside");
    WL_CLEANUP_MANIFEST struct manifest made = {0}, back = {0};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *path = store_path(&s, KEY), *stored = path_join(path, "d/f"), *run = path_join(path, "d/p"),
                         *entry = store_entry(&s, KEY), *manifest = path_join(entry, "manifest.json"), *damage = NULL,
                         *build = store_build_dir(&s, KEY), *lock = in_folder(state, "cache/lock/" KEY);
    char hex[HASH_HEX_SIZE];
    struct store_work w;
    struct stat st;

    assert_false(store_has(&s, KEY));
    write_text(outside, "");
    assert_ok(store_begin(&w, &s, KEY, &quiet, &err), &err);
    assert_true(path_exists(lock));
    fill(&w, "artifact", outside);
    manifest_add_source(&made, "a.tar", KEY, "https://example.org/a.tar");
    made.name = xstrdup("m/a \"quoted\" \n");
    assert_ok(store_commit(&w, &made, &err), &err);
    work_end(&w, false);
    assert_true(store_has(&s, KEY));
    assert_false(path_exists(build));
    assert_false(path_exists(lock)); /* a lock lives as long as the work */
    assert_file_is(stored, "artifact");
    assert_int_equal(stat(stored, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0444);
    assert_int_equal(stat(run, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0555);
    assert_int_equal(stat(outside, &st), 0);
    assert_true(st.st_mode & 0200); /* a link's target is not changed */
    assert_ok(manifest_read(manifest, &back, &err), &err);
    assert_string_equal(back.key, KEY);
    assert_string_equal(back.name, "m/a \"quoted\" \n");
    assert_string_equal(back.sources[0].from, "https://example.org/a.tar");
    assert_int_equal(back.files_n, 5);
    assert_string_equal(back.files[1].path, "d/f");
    assert_int_equal(back.files[1].size, strlen("artifact"));
    assert_string_equal(back.files[4].target, outside);
    assert_ok(store_file_hash(&s, KEY, "d/f", hex, &err), &err);
    assert_string_equal(hex, back.files[1].sha256);
    assert_class(store_file_hash(&s, KEY, "d", hex, &err), WL_E_VERIFY, &err);
    assert_class(store_file_hash(&s, KEY, "d/none", hex, &err), WL_E_VERIFY, &err);
    assert_class(store_file_hash(&s, OTHER_KEY, "d/f", hex, &err), WL_E_IO, &err);
    /* A second time: it exists, and nothing needs to be made. */
    assert_int_equal(store_begin(&w, &s, KEY, &quiet, &err), 1);
    work_end(&w, false);
    assert_int_equal(store_check(&s, KEY, &damage, &err), 1);
    assert_null(damage);
    store_close(&s);
}

/* A killed build leaves no artifact, at whatever moment it is killed: only a committed artifact exists. */
static void test_not_committed(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *build = store_build_dir(&s, KEY), *lock = in_folder(state, "cache/lock/" KEY);
    struct store_work w;

    assert_ok(store_begin(&w, &s, KEY, &quiet, &err), &err);
    fill(&w, "half", "d/f");
    close_fdp(&w.lock); /* as a kill does */
    work_end(&w, false);
    assert_true(path_exists(build));
    assert_true(path_exists(lock));
    store_sweep(&s);
    assert_false(path_exists(build));
    assert_false(path_exists(lock));
    assert_false(store_has(&s, KEY));
    store_close(&s);
}

static void damage_write(const char *file, const char *text)
{
    struct stat st;

    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(chmod(file, 0600), 0);
    write_text(file, text);
    assert_int_equal(chmod(file, st.st_mode & 0777), 0);
}

/* Damage that can happen to a stored artifact, and the message for each. */
static void do_damage(int i, const char *tree, const char *entry)
{
    WL_CLEANUP_FREE char *file = path_join(tree, "d/f"), *program = path_join(tree, "d/p"),
                         *link = path_join(tree, "l");
    WL_CLEANUP_FREE char *added = path_join(tree, "d/zz"), *empty = path_join(tree, "empty"),
                         *dir = path_join(tree, "d");
    WL_CLEANUP_FREE char *manifest = path_join(entry, "manifest.json"), *text = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    switch (i) {
    case 0:
        damage_write(file, "Artifact");
        break;
    case 1:
        damage_write(file, "arti");
        break;
    case 2:
        damage_write(file, "");
        break;
    case 3:
        assert_int_equal(unlink(file), 0);
        break;
    case 4:
        write_text(added, "");
        break;
    case 5:
        assert_int_equal(chmod(program, 0444), 0);
        break;
    case 6:
        assert_int_equal(unlink(link), 0);
        assert_int_equal(symlink("d/p", link), 0);
        break;
    case 7:
        assert_int_equal(rmdir(empty), 0);
        break;
    case 8:
        assert_int_equal(unlink(file), 0);
        assert_int_equal(symlink("p", file), 0);
        break;
    case 9:
        assert_int_equal(mkfifo(added, 0600), 0);
        break;
    case 10:
        assert_ok(file_read(manifest, 1 << 20, &text, NULL, &err), &err);
        *strstr(text, "example") = 'E';
        damage_write(manifest, text);
        break;
    case 11:
        damage_write(manifest, "");
        break;
    case 12:
        assert_int_equal(unlink(manifest), 0);
        break;
    case 13:
        assert_ok(remove_tree(tree, &err), &err);
        break;
    case 14:
        assert_ok(remove_tree(tree, &err), &err);
        assert_int_equal(symlink("/", tree), 0);
        break;
    default:
        assert_int_equal(chmod(dir, 0700), 0);
        break;
    }
}

static void note_damage(void *data, const char *what)
{
    str_add(data, what);
}

static void test_damage(void **state)
{
    static const char *const told[] = {
        "d/f: its bytes have changed",
        "d/f: its size has changed",
        "d/f: its size has changed",
        "d/f: it is missing",
        "d/zz: it was added",
        "d/p: its mode has changed",
        "l: it leads elsewhere",
        "empty: it is missing",
        "d/f: it is no longer what it was",
        "is neither a file, a directory nor a link",
        "manifest.json: its bytes have changed",
        "manifest.json or its files are missing",
        "manifest.json or its files are missing",
        "manifest.json or its files are missing",
        "manifest.json or its files are missing",
        "d: its mode has changed",
    };
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *tree = store_path(&s, KEY), *entry = store_entry(&s, KEY), *file = path_join(tree, "d/f");

    umask(022);
    for (int i = 0; i < (int)(sizeof told / sizeof *told); i++)
        for (int begin = 0; begin < 2; begin++) {
            WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
            WL_CLEANUP_STR struct str noted = {0};
            WL_CLEANUP_FREE char *damage = NULL;
            const struct store_calls calls = {.cancel = &never, .on_damage = note_damage, .data = &noted};
            struct store_work w;

            put(&s, "artifact");
            assert_int_equal(store_check(&s, KEY, &damage, &err), 1);
            do_damage(i, tree, entry);
            if (begin) {
                assert_int_equal(store_begin(&w, &s, KEY, &calls, &err), 0);
                work_end(&w, false);
                assert_contains(noted.s, told[i]);
            } else {
                assert_int_equal(store_check(&s, KEY, &damage, &err), 0);
                assert_contains(damage, told[i]);
            }
            /* It is gone, and can be built again. */
            assert_false(path_exists(entry));
        }
    put(&s, "artifact");
    assert_file_is(file, "artifact");
    store_close(&s);
}

/* Another artifact under this key is not accepted. */
static void test_exchanged(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *entry = store_entry(&s, KEY), *other = store_entry(&s, "other"), *damage = NULL;

    put(&s, "artifact");
    assert_int_equal(rename(entry, other), 0);
    assert_int_equal(store_check(&s, "other", &damage, &err), 0);
    assert_contains(damage, "belongs to another artifact");
    store_close(&s);
}

/* An older wl-make's bare directory is neither used as an artifact nor changed. */
static void test_old_layout(void **state)
{
    WL_CLEANUP_FREE char *old = in_folder(state, "cache/store/" KEY), *file = path_join(old, "x"), *damage = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);

    assert_ok(make_dirs(old, &err), &err);
    write_text(file, "x");
    assert_false(store_has(&s, KEY));
    assert_int_equal(store_check(&s, KEY, &damage, &err), 0);
    put(&s, "artifact");
    assert_file_is(file, "x");
    store_close(&s);
}

/* If a step leaves something else than a directory of files, it is not stored. */
static void test_stage_is_not_a_directory(void **state)
{
    WL_CLEANUP_FREE char *outside = in_folder(state, "outside");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);

    assert_ok(make_dirs(outside, &err), &err);
    for (int i = 0; i < 3; i++) {
        WL_CLEANUP_MANIFEST struct manifest made = {0};
        WL_CLEANUP_FREE char *stage = NULL, *inside = NULL;
        struct store_work w;

        assert_ok(store_begin(&w, &s, KEY, &quiet, &err), &err);
        stage = store_stage(&w);
        if (i == 1)
            assert_int_equal(symlink(outside, stage), 0);
        if (i == 2) {
            inside = path_join(stage, "pipe");
            assert_ok(make_dirs(stage, &err), &err);
            assert_int_equal(mkfifo(inside, 0600), 0);
        }
        assert_class(store_commit(&w, &made, &err), i == 2 ? WL_E_IO : WL_E_FAILED, &err);
        work_end(&w, false);
        assert_false(store_has(&s, KEY));
        assert_true(path_is_dir(outside));
    }
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
    struct store_work w;
};

static void *let_go(void *data)
{
    struct holder *h = data;

    usleep(400000);
    work_end(&h->w, false);
    return NULL;
}

static void test_lock(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv locks = {0};
    WL_CLEANUP_FREE char *folder = in_folder(state, "cache/lock");
    struct store s = open_store(state);
    struct store_work w, second;
    struct holder h;
    int waited = 0, pipe_fds[2];
    const struct store_calls calls = {.cancel = &never, .on_wait = count_call, .data = &waited};
    pthread_t t;

    assert_ok(work_begin(&h.w, &s, KEY, &calls, &err), &err);
    assert_int_equal(waited, 0);
    assert_int_equal(pthread_create(&t, NULL, let_go, &h), 0);
    assert_ok(work_begin(&w, &s, KEY, &calls, &err), &err);
    assert_int_equal(waited, 1); /* reported once, however long it took */
    pthread_join(t, NULL);
    /* Waiting ends on cancel: a readable descriptor. */
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    {
        struct cancel c = {pipe_fds[0]};

        assert_class(work_begin(&second, &s, KEY, &(struct store_calls){.cancel = &c}, &err), WL_E_INTERRUPTED, &err);
        work_end(&second, false);
        assert_true(path_is_dir(w.dir)); /* a process that did not get it removes nothing */
    }
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    work_end(&w, false);
    assert_ok(dir_list(folder, &locks, &err), &err);
    assert_int_equal(locks.n, 0);
    store_close(&s);
}

/* Many processes at once under one name: one after the other, although each removes the lock's file. */
static void *count_in_turn(void *data)
{
    struct store *s = data;
    WL_CLEANUP_FREE char *file = path_join(s->cache, "counter");

    for (int i = 0; i < 25; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_FREE char *text = NULL, *lock = path_join(s->cache, "lock/turn");
        char next[32];
        int fd = -1;

        while (lock_take(lock, true, &fd, &err) != 0)
            ;
        if (file_read(file, 100, &text, NULL, &err) < 0)
            return "cannot read";
        snprintf(next, sizeof next, "%d", atoi(text) + 1);
        if (file_write(file, next, strlen(next), &err) < 0)
            return "cannot write";
        lock_end(lock, &fd);
    }
    return NULL;
}

static void test_locks_in_turn(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "cache/counter"), *lock = in_folder(state, "cache/lock/turn");
    struct store s = open_store(state);
    pthread_t threads[4];
    void *why;

    write_text(file, "0");
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_in_turn, &s), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &why), 0);
        assert_null(why);
    }
    assert_file_is(file, "100");
    assert_false(path_exists(lock));
    store_close(&s);
}

/* Tests of one port can run in parallel, and a kept directory is replaced. */
static void test_any(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    struct store_work a, b;
    WL_CLEANUP_FREE char *first = NULL, *file = NULL;

    assert_ok(work_begin_any(&a, &s, "test", &err), &err);
    assert_ok(work_begin_any(&b, &s, "test", &err), &err);
    assert_string_not_equal(a.dir, b.dir);
    first = xstrdup(a.dir);
    file = path_join(first, "enter.sh");
    write_text(file, "");
    work_end(&a, true);
    assert_true(path_exists(file));
    assert_ok(work_begin_any(&a, &s, "test", &err), &err);
    assert_string_equal(a.dir, first);
    assert_false(path_exists(file));
    work_end(&a, false);
    work_end(&b, false);
    store_close(&s);
}

static void test_hold(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state), other = open_store(state);
    WL_CLEANUP_FREE char *path = NULL, *again = NULL, *third = NULL;
    struct cancel at_once;
    int fd, pipe_fds[2];

    assert_ok(store_hold(&s, &never, &err), &err);
    assert_ok(store_hold(&s, &never, &err), &err);
    assert_ok(store_hold(&other, &never, &err), &err); /* several processes can use artifacts at once */
    assert_int_equal(store_alone(&s, &path, &fd, &err), 1);
    store_sweep(&s);
    store_close(&s);
    assert_int_equal(store_alone(&other, &again, &fd, &err), 1);
    store_close(&other);
    s = open_store(state);
    assert_int_equal(store_alone(&s, &third, &fd, &err), 0);
    /* And none can use any while some are removed. */
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    at_once.fd = pipe_fds[0];
    assert_class(store_hold(&s, &at_once, &err), WL_E_INTERRUPTED, &err);
    lock_end(third, &fd);
    assert_ok(store_hold(&s, &at_once, &err), &err);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    store_close(&s);
}

static void test_sweep(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *left = store_build_dir(&s, "left"), *kept = store_build_dir(&s, "kept"),
                         *enter = path_join(kept, "enter.sh"), *inside = path_join(left, "some/where"),
                         *lock = in_folder(state, "cache/lock/killed"), *held = in_folder(state, "cache/lock/busy"),
                         *busy = NULL;
    struct store_work w;

    assert_ok(make_dirs(inside, &err), &err);
    assert_ok(make_dirs(kept, &err), &err);
    write_text(enter, "");
    write_text(lock, "");
    assert_ok(work_begin(&w, &s, "busy", &quiet, &err), &err);
    busy = xstrdup(w.dir);
    store_sweep(&s);
    assert_false(path_exists(left));
    assert_false(path_exists(lock));
    assert_true(path_exists(kept)); /* a person may want to inspect it */
    assert_true(path_exists(busy)); /* a process works there */
    assert_true(path_exists(held));
    close_fdp(&w.lock);
    work_end(&w, false);
    store_sweep(&s);
    assert_false(path_exists(busy));
    assert_false(path_exists(held));
    store_close(&s);
}

/* --- killed at any moment --- */

int __real_mkdir(const char *path, mode_t mode);
int __real_chmod(const char *path, mode_t mode);
int __real_rename(const char *from, const char *to);
int __real_renameat(int a, const char *from, int b, const char *to);
int __real_linkat(int a, const char *from, int b, const char *to, int flags);
int __real_fsync(int fd);
int __real_syncfs(int fd);
int __real_unlink(const char *path);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_chmod(const char *path, mode_t mode);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __wrap_linkat(int a, const char *from, int b, const char *to, int flags);
int __wrap_fsync(int fd);
int __wrap_syncfs(int fd);
int __wrap_unlink(const char *path);

static int calls_left = -1;         /* until this process is killed; -1: it is not */
static bool synced, named_unsynced; /* whether everything was on the disk before the last rename */
static bool sync_fails;

static void count_down(void)
{
    if (calls_left >= 0 && calls_left-- == 0)
        raise(SIGKILL);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    count_down();
    return __real_mkdir(path, mode);
}

int __wrap_chmod(const char *path, mode_t mode)
{
    count_down();
    return __real_chmod(path, mode);
}

int __wrap_rename(const char *from, const char *to)
{
    count_down();
    if (strstr(to, "/artifacts/"))
        named_unsynced |= !synced;
    else
        synced = false;
    return __real_rename(from, to);
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
    count_down();
    synced = false;
    return __real_renameat(a, from, b, to);
}

int __wrap_linkat(int a, const char *from, int b, const char *to, int flags)
{
    count_down();
    synced = false;
    return __real_linkat(a, from, b, to, flags);
}

int __wrap_fsync(int fd)
{
    count_down();
    return __real_fsync(fd);
}

int __wrap_syncfs(int fd)
{
    count_down();
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    synced = true;
    return __real_syncfs(fd);
}

int __wrap_unlink(const char *path)
{
    count_down();
    return __real_unlink(path);
}

static void test_killed_at_any_call(void **state)
{
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *path = store_path(&s, KEY), *file = path_join(path, "d/f"), *entry = store_entry(&s, KEY);
    WL_CLEANUP_FREE char *build = store_build_dir(&s, KEY), *lock = in_folder(state, "cache/lock/" KEY);
    int status = 0, kills = 0, without = 0, with = 0;

    for (;; kills++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_FREE char *damage = NULL;
        pid_t child = fork();
        bool has;

        if (child == 0) {
            calls_left = kills;
            put(&s, "artifact");
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        has = store_has(&s, KEY);
        assert_int_equal(store_check(&s, KEY, &damage, &err), has);
        assert_null(damage); /* complete or missing, never half */
        store_sweep(&s);
        assert_false(path_exists(build));
        assert_false(path_exists(lock));
        if (has)
            assert_file_is(file, "artifact");
        with += has;
        without += !has;
        assert_ok(remove_tree(entry, &err), &err);
        if (WIFEXITED(status))
            break;
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(kills > 10 && without > 5 && with > 1);
    store_close(&s);
}

static void test_synced_before_it_is_named(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_MANIFEST struct manifest made = {0};
    struct store s = open_store(state);
    struct store_work w;

    synced = named_unsynced = false;
    put(&s, "artifact");
    assert_true(synced);
    assert_false(named_unsynced);
    /* If the disk does not store it, it is not an artifact. */
    sync_fails = true;
    assert_ok(store_begin(&w, &s, OTHER_KEY, &quiet, &err), &err);
    fill(&w, "text", "d/f");
    assert_class(store_commit(&w, &made, &err), WL_E_IO, &err);
    sync_fails = false;
    work_end(&w, false);
    assert_false(store_has(&s, OTHER_KEY));
    store_close(&s);
}

/* --- hostile manifests --- */

/* Writes a manifest with a correct last line, so that the rest of it is checked. */
static void write_sealed(const char *file, const char *text)
{
    char hex[HASH_HEX_SIZE];
    struct hash *h = hash_new();
    WL_CLEANUP_FREE char *all = NULL;

    hash_add(h, text, strlen(text));
    hash_end(h, hex);
    all = xasprintf("%s \"sha256\": \"%s\"\n}\n", text, hex);
    write_text(file, all);
}

static void test_hostile_manifests(void **state)
{
#define HEAD                                                                                                           \
    "{\"format\": 1, \"key\": \"" KEY "\", \"kind\": \"port\", \"name\": \"a\", \"version\": \"1\", "                  \
    "\"license\": \"\", \"toolchain\": \"\", "
#define LISTS "\"sources\": [], \"needs\": [], "
#define ENTRY(path)                                                                                                    \
    "{\"path\": \"" path "\", \"type\": \"file\", \"mode\": \"444\", \"size\": 1, \"sha256\": \"" KEY "\"}"
    static const char *const bad[][2] = {
        {HEAD LISTS "\"files\": [" ENTRY("../x") "],\n", "leads out"},
        {HEAD LISTS "\"files\": [" ENTRY("/etc/passwd") "],\n", "leads out"},
        {HEAD LISTS "\"files\": [" ENTRY("a/../../x") "],\n", "leads out"},
        {HEAD LISTS "\"files\": [" ENTRY("a//x") "],\n", "leads out"},
        {HEAD LISTS "\"files\": [" ENTRY("./x") "],\n", "leads out"},
        {HEAD LISTS "\"files\": [" ENTRY("a/") "],\n", "leads out"},
        {HEAD LISTS "\"files\": [" ENTRY("") "],\n", "leads out"},
        {HEAD LISTS "\"files\": [" ENTRY("a\\u0000b") "],\n", "not JSON"},
        {HEAD LISTS "\"files\": [" ENTRY("b") ", " ENTRY("a") "],\n", "not in order"},
        {HEAD LISTS "\"files\": [" ENTRY("a") ", " ENTRY("a") "],\n", "not in order"},
        {HEAD LISTS "\"files\": [{\"path-hex\": \"2e2e\", \"type\": \"link\", \"target\": \"x\"}],\n", "leads out"},
        {HEAD LISTS "\"files\": [{\"path-hex\": \"zz\", \"type\": \"link\", \"target\": \"x\"}],\n", "hexadecimal"},
        {HEAD LISTS "\"files\": [{\"path-hex\": \"6100\", \"type\": \"link\", \"target\": \"x\"}],\n", "zero byte"},
        {HEAD LISTS "\"files\": [{\"path\": \"a\", \"type\": \"device\", \"mode\": \"444\"}],\n", "unknown type"},
        {HEAD LISTS "\"files\": [{\"path\": \"a\", \"type\": \"folder\", \"mode\": \"4755\"}],\n", "mode"},
        {HEAD LISTS "\"files\": [{\"path\": \"a\", \"type\": \"folder\", \"mode\": \"999\"}],\n", "mode"},
        {HEAD LISTS
         "\"files\": [{\"path\": \"a\", \"type\": \"file\", \"mode\": \"444\", \"size\": -1, \"sha256\": \"" KEY
         "\"}],\n",
         "size"},
        {HEAD LISTS
         "\"files\": [{\"path\": \"a\", \"type\": \"file\", \"mode\": \"444\", \"size\": 1, \"sha256\": \"ab\"}],\n",
         "64 hexadecimal"},
        {HEAD LISTS "\"files\": [7],\n", "is not a text"},
        {HEAD LISTS "\"files\": {},\n", "list"},
        {HEAD LISTS, "list is missing"},
        {HEAD "\"sources\": [{\"file\": 1}], \"needs\": [], \"files\": [],\n", "\"file\" is not a text"},
        {HEAD
         "\"sources\": [], \"needs\": [{\"name\": \"a\", \"use\": \"link\", \"key\": \"../../x\"}], \"files\": [],\n",
         "64 hexadecimal"},
        {"{\"format\": 2,\n", "another format"},
        {"{\"format\": 1, \"format\": 1,\n", "not JSON"},
        {"[1,\n", "not JSON"},
    };
    static const char good[] =
        HEAD LISTS "\"files\": [{\"path\": \"a\", \"type\": \"folder\", \"mode\": \"755\"}, " ENTRY("a/b") ", " ENTRY(
            "a.c") ", {\"path-hex\": \"ff\", \"type\": \"link\", \"target\": \"/x\"}],\n";
    WL_CLEANUP_FREE char *file = in_folder(state, "manifest.json");

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_MANIFEST struct manifest m = {0};

        write_sealed(file, bad[i][0]);
        assert_class(manifest_read(file, &m, &err), WL_E_VERIFY, &err);
        assert_contains(err.text, bad[i][1]);
    }
    {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_MANIFEST struct manifest m = {0};
        struct str nested = {0};

        write_sealed(file, good);
        assert_ok(manifest_read(file, &m, &err), &err);
        assert_int_equal(m.files_n, 4);
        assert_string_equal(m.files[3].path, "\xff");
        for (int i = 0; i < 1000000; i++)
            str_addc(&nested, '[');
        str_addc(&nested, '\n');
        write_sealed(file, nested.s);
        assert_class(manifest_read(file, &m, &err), WL_E_VERIFY, &err);
        str_free(&nested);
    }
    /* Each byte changed, and each length. */
    {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_FREE char *text = NULL;
        size_t n;

        write_sealed(file, good);
        assert_ok(file_read(file, 1 << 20, &text, &n, &err), &err);
        for (size_t i = 0; i < n; i++) {
            WL_CLEANUP_MANIFEST struct manifest m = {0};
            WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;

            text[i] ^= 1;
            assert_ok(file_write(file, text, n, &err), &err);
            assert_class(manifest_read(file, &m, &why), WL_E_VERIFY, &why);
            text[i] ^= 1;
            assert_ok(file_write(file, text, i, &err), &err);
            assert_class(manifest_read(file, &m, &why), WL_E_VERIFY, &why);
        }
    }
#undef HEAD
#undef LISTS
#undef ENTRY
}

/* If no reader would accept a manifest, it is not stored. */
static void test_manifest_that_cannot_be_read(void **state)
{
    WL_CLEANUP_MANIFEST struct manifest made = {.name = xcalloc(1, (1 << 17) + 1)};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    struct store_work w;

    memset(made.name, 'a', 1 << 17);
    assert_ok(store_begin(&w, &s, KEY, &quiet, &err), &err);
    fill(&w, "text", "d/f");
    assert_class(store_commit(&w, &made, &err), WL_E_FAILED, &err);
    assert_contains(err.text, "manifest.json: \"name\" is not a text");
    work_end(&w, false);
    assert_false(store_has(&s, KEY));
    store_close(&s);
}

/* Names that are not valid text. */
static void test_unusual_names(void **state)
{
    WL_CLEANUP_MANIFEST struct manifest made = {0};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct store s = open_store(state);
    WL_CLEANUP_FREE char *stage = NULL, *damage = NULL;
    static const char *const names[] = {"\xff\xfe", "a\nb", "\"", "\\", "a", "a.b", "a-b", "\x01", "é", "\xc3"};
    struct store_work w;

    assert_ok(store_begin(&w, &s, KEY, &quiet, &err), &err);
    stage = store_stage(&w);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        WL_CLEANUP_FREE char *dir = path_join(stage, names[i]), *link = path_join(dir, names[i]);

        assert_ok(make_dirs(dir, &err), &err);
        assert_int_equal(symlink(names[i], link), 0);
    }
    assert_ok(store_commit(&w, &made, &err), &err);
    work_end(&w, false);
    assert_int_equal(store_check(&s, KEY, &damage, &err), 1);
    store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_open),
        TEST_IN_FOLDER(test_open_with_dots),
        TEST_IN_FOLDER(test_commit),
        TEST_IN_FOLDER(test_not_committed),
        TEST_IN_FOLDER(test_damage),
        TEST_IN_FOLDER(test_exchanged),
        TEST_IN_FOLDER(test_old_layout),
        TEST_IN_FOLDER(test_stage_is_not_a_directory),
        TEST_IN_FOLDER(test_paths),
        TEST_IN_FOLDER(test_lock),
        TEST_IN_FOLDER(test_locks_in_turn),
        TEST_IN_FOLDER(test_any),
        TEST_IN_FOLDER(test_hold),
        TEST_IN_FOLDER(test_sweep),
        TEST_IN_FOLDER(test_killed_at_any_call),
        TEST_IN_FOLDER(test_synced_before_it_is_named),
        TEST_IN_FOLDER(test_hostile_manifests),
        TEST_IN_FOLDER(test_unusual_names),
        TEST_IN_FOLDER(test_manifest_that_cannot_be_read),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
