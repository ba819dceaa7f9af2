/* Compiled modules on disk. */
#include "core/cache.h"
#include "core/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static struct err err;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/wl-run-cache-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct cache *open_cache(const char *identity)
{
    struct cache *c = NULL;

    assert_int_equal(cache_open(dir, identity, &c, &err), 0);
    return c;
}

static struct stat quiet_file(const char *path)
{
    const struct timespec wait = {.tv_nsec = 120000000};
    struct stat st;
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs("x", f);
    fclose(f);
    nanosleep(&wait, NULL);
    assert_int_equal(stat(path, &st), 0);
    return st;
}

static void remember(const struct cache *c, const struct stat *st, const struct cache_key *key)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    cache_remember(c, st, &now, key);
}

static void test_sha256(void **state)
{
    static const struct {
        const char *text, *hex;
    } known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    struct sha256 s;
    char hex[65], block[1000];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        sha256_init(&s);
        for (const char *p = known[i].text; *p; p++)
            sha256_add(&s, p, 1);
        sha256_hex(&s, hex);
        assert_string_equal(hex, known[i].hex);
    }
    memset(block, 'a', sizeof block);
    sha256_init(&s);
    for (int i = 0; i < 1000; i++)
        sha256_add(&s, block, sizeof block);
    sha256_hex(&s, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_put_and_get(void **state)
{
    struct cache *c = open_cache("one"), *other = open_cache("two");
    struct cache_key key, key2;
    char read_back[8] = "";
    int fd;

    (void)state;
    cache_key_of(c, (const uint8_t *)"mod", 3, &key);
    cache_key_of(other, (const uint8_t *)"mod", 3, &key2);
    assert_string_not_equal(key.hex, key2.hex);
    assert_int_equal(cache_get(c, &key), -1);
    assert_int_equal(cache_put(c, &key, (const uint8_t *)"code", 4, &err), 0);
    fd = cache_get(c, &key);
    assert_true(fd >= 0);
    close(fd);
    fd = cache_get(c, &key);
    assert_int_equal(read(fd, read_back, 8), 4);
    assert_string_equal(read_back, "code");
    close(fd);
    cache_drop(c, &key);
    assert_int_equal(cache_get(c, &key), -1);
    cache_close(c);
    cache_close(other);
}

static void test_memo(void **state)
{
    struct cache *c = open_cache("one"), *other = open_cache("two");
    struct cache_key key, found;
    char path[128];
    struct stat st, changed;

    (void)state;
    snprintf(path, sizeof path, "%s/module", dir);
    st = quiet_file(path);
    cache_key_of(c, (const uint8_t *)"x", 1, &key);
    assert_false(cache_recall(c, &st, &found));
    remember(c, &st, &key);
    assert_true(cache_recall(c, &st, &found));
    assert_string_equal(found.hex, key.hex);
    assert_false(cache_recall(other, &st, &found));
    changed = quiet_file(path);
    assert_false(cache_recall(c, &changed, &found));
    /* A file that was written a moment ago could be written again without a visible change. */
    clock_gettime(CLOCK_REALTIME, &changed.st_ctim);
    remember(c, &changed, &key);
    assert_false(cache_recall(c, &changed, &found));
    cache_close(c);
    cache_close(other);
}

static void test_memo_is_checked(void **state)
{
    struct cache *c = open_cache("one");
    struct cache_key key, found;
    char path[256], command[512];
    struct stat st;

    (void)state;
    snprintf(path, sizeof path, "%s/module", dir);
    st = quiet_file(path);
    cache_key_of(c, (const uint8_t *)"x", 1, &key);
    remember(c, &st, &key);
    snprintf(command, sizeof command, "for l in %s/by-file/*; do ln -snf ../../../../etc/passwd \"$l\"; done", dir);
    assert_int_equal(system(command), 0);
    assert_false(cache_recall(c, &st, &found));
    cache_close(c);
}

static void test_foreign_files(void **state)
{
    struct cache *c = open_cache("one");
    struct cache_key key;
    char path[256];

    (void)state;
    cache_key_of(c, (const uint8_t *)"x", 1, &key);
    snprintf(path, sizeof path, "%s/%s.compiled", dir, key.hex);
    assert_int_equal(cache_put(c, &key, (const uint8_t *)"code", 4, &err), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(cache_get(c, &key), -1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/bin/true", path), 0);
    assert_int_equal(cache_get(c, &key), -1);
    if (geteuid() == 0) {
        assert_int_equal(unlink(path), 0);
        assert_int_equal(cache_put(c, &key, (const uint8_t *)"code", 4, &err), 0);
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(cache_get(c, &key), -1);
    }
    cache_close(c);
}

static void test_foreign_directory(void **state)
{
    struct cache *c = NULL;
    struct stat st;

    (void)state;
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(cache_open(dir, "one", &c, &err), -ERR_SETUP);
    assert_null(c);
    assert_non_null(strstr(err.text, dir));
    assert_true(*err.hint);
    assert_int_equal(chmod(dir, 0700), 0);
    /* Missing directories are created, the last one only for this user. */
    strcat(dir, "/a/b");
    c = open_cache("one");
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    cache_close(c);
    assert_int_equal(cache_open("/dev/null/x", "one", &c, &err), -ERR_SETUP);
    *strstr(dir, "/a/b") = '\0';
}

static void prune_of(bool large)
{
    struct cache *c = open_cache("one");
    struct cache_key first, key;
    char path[256], command[256];
    int fd;

    for (int i = 0; i < 40; i++) {
        struct timespec old[2] = {{.tv_sec = 1000000000 + i}, {.tv_sec = 1000000000 + i}};

        cache_key_of(c, (const uint8_t *)&i, sizeof i, &key);
        if (i == 0)
            first = key;
        assert_int_equal(cache_put(c, &key, (const uint8_t *)"code", 4, &err), 0);
        snprintf(path, sizeof path, "%s/%s.compiled", dir, key.hex);
        /* (Many small files may stay, but only ten large ones.) */
        if (large)
            assert_int_equal(truncate(path, 100 << 20), 0);
        assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    }
    fd = cache_get(c, &first);
    assert_int_equal(fd >= 0, !large);
    if (fd >= 0)
        close(fd);
    fd = cache_get(c, &key);
    assert_true(fd >= 0);
    close(fd);
    snprintf(command, sizeof command, "test $(ls %s/*.compiled | wc -l) -%s", dir, large ? "le 11" : "eq 40");
    assert_int_equal(system(command), 0);
    cache_close(c);
}

static void test_prune(void **state)
{
    (void)state;
    prune_of(true);
}

static void test_small_ones_stay(void **state)
{
    (void)state;
    prune_of(false);
}

/* A file that was written just before it was examined may be written again in the same clock tick. A long
 * compilation does not change that. */
static void test_quiet_is_before_reading(void **state)
{
    struct cache *c = open_cache("one");
    struct cache_key key, found;
    struct timespec asked;
    struct stat st = {.st_ino = 7};

    (void)state;
    cache_key_of(c, (const uint8_t *)"x", 1, &key);
    clock_gettime(CLOCK_REALTIME, &asked);
    asked.tv_sec -= 60;
    st.st_ctim = asked;
    cache_remember(c, &st, &asked, &key);
    assert_false(cache_recall(c, &st, &found));
    st.st_ctim.tv_sec -= 1;
    cache_remember(c, &st, &asked, &key);
    assert_true(cache_recall(c, &st, &found));
    cache_close(c);
}

/* ---- many writers ---- */

enum { WRITERS = 4, ROUNDS = 60, KEYS = 3, CONTENT = 150000 };

static struct cache_key key_number(const struct cache *c, int number)
{
    struct cache_key key;

    cache_key_of(c, (const uint8_t *)&number, sizeof number, &key);
    return key;
}

/* Each key has CONTENT times its number. Its file must be complete or missing; otherwise returns a message. */
static const char *look_at(const struct cache *c, int number)
{
    struct cache_key key = key_number(c, number);
    int fd = cache_get(c, &key);
    uint8_t *bytes = malloc(CONTENT + 1);
    const char *wrong = NULL;
    size_t n = 0;

    while (fd >= 0 && n <= CONTENT) {
        ssize_t k = read(fd, bytes + n, CONTENT + 1 - n);

        if (k <= 0)
            break;
        n += (size_t)k;
    }
    if (fd >= 0 && n != CONTENT)
        wrong = "an incomplete file has its final name";
    for (size_t i = 0; fd >= 0 && !wrong && i < n; i++)
        if (bytes[i] != (uint8_t)number)
            wrong = "a file has the contents of another key";
    if (fd >= 0)
        close(fd);
    free(bytes);
    return wrong;
}

static void *write_and_look(void *arg)
{
    const struct cache *c = arg;
    uint8_t *bytes = malloc(CONTENT);
    struct err why;
    const char *wrong = NULL;

    for (int i = 0; !wrong && i < ROUNDS; i++) {
        struct cache_key key = key_number(c, i % KEYS);

        memset(bytes, i % KEYS, CONTENT);
        if (cache_put(c, &key, bytes, CONTENT, &why) < 0)
            wrong = "a put failed";
        for (int k = 0; !wrong && k < KEYS; k++)
            wrong = look_at(c, k);
        if (i % 16 == 15)
            cache_drop(c, &key);
    }
    free(bytes);
    return (void *)wrong;
}

static const char *all_threads(const struct cache *c)
{
    pthread_t threads[WRITERS];
    const char *wrong = NULL;

    for (int i = 0; i < WRITERS; i++)
        if (pthread_create(&threads[i], NULL, write_and_look, (void *)c) != 0)
            abort();
    for (int i = 0; i < WRITERS; i++) {
        void *r;

        pthread_join(threads[i], &r);
        wrong = r ? r : wrong;
    }
    return wrong;
}

/* Threads and processes store the same keys and different ones, while all of them read. */
static void test_many_writers(void **state)
{
    struct cache *c = open_cache("one");
    char command[128];
    const char *wrong;
    pid_t other = fork();
    int status;

    (void)state;
    if (other == 0) {
        wrong = all_threads(c);
        if (wrong)
            fprintf(stderr, "%s\n", wrong);
        _exit(wrong != NULL);
    }
    wrong = all_threads(c);
    assert_int_equal(waitpid(other, &status, 0), other);
    if (wrong)
        fail_msg("%s", wrong);
    assert_int_equal(status, 0);
    snprintf(command, sizeof command, "test -z \"$(find %s -name '.new-*')\"", dir);
    assert_int_equal(system(command), 0);
    cache_close(c);
}

static void test_no_cache(void **state)
{
    struct cache_key key = {"0"};
    struct stat st = {0};

    (void)state;
    assert_false(cache_recall(NULL, &st, &key));
    remember(NULL, &st, &key);
    assert_int_equal(cache_get(NULL, &key), -1);
    assert_int_equal(cache_put(NULL, &key, NULL, 0, &err), 0);
    cache_drop(NULL, &key);
    cache_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test_setup_teardown(test_put_and_get, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memo_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_prune, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_small_ones_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_quiet_is_before_reading, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_writers, set_up, tear_down),
        cmocka_unit_test(test_no_cache),
    };

    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
