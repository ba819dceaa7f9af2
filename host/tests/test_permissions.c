/* The requests fs.modes, fs.open, fs.mkdir, fs.chmod and fs.access of the channel, with the kernel's newest calls and
 * without. Nothing that is asked may change a file outside the guest's directory. */
#include "ask.h"

#include "wasi/channel.h"
#include "wasi/space.h"
#include "wasi/tree.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { BOX, READ_ONLY, STREAM, TREE, CHANNEL, PATH = 3000, STAT = 4000 };

static char top[64];
static struct tree *tree;
static mode_t umask_before;

/* box/ is the guest's, once to write in and once read-only; secret beside it is not. */
static int set_up(void **state)
{
    char text[600];

    umask_before = umask(022);
    set_up_bare(state);
    w.no_openat2 = w.no_at_calls = *state != NULL;
    strcpy(top, "/tmp/wl-modes.XXXXXX");
    if (!mkdtemp(top) || chmod(top, 0755) < 0)
        return -1;
    snprintf(text, sizeof text,
             "cd %s && mkdir -p box/a && echo secret >secret && chmod 640 secret && echo x >box/file && chmod 644 "
             "box/file && ln -s ../secret box/out && ln -s file box/in && ln -s .. box/up && ln -s absent box/dangling",
             top);
    if (system(text) != 0)
        return -1;
    snprintf(text, sizeof text, "%s/box", top);
    assert_int_equal(wasi_give(&w, open(text, O_RDONLY | O_DIRECTORY), "/", false, false), BOX);
    assert_int_equal(wasi_give(&w, open(text, O_RDONLY | O_DIRECTORY), "/r", true, false), READ_ONLY);
    snprintf(text, sizeof text, "%s/secret", top);
    assert_int_equal(wasi_give(&w, open(text, O_RDWR | O_CLOEXEC), NULL, false, true), STREAM);
    tree = tree_new(1 << 20, 100);
    assert_non_null(tree);
    assert_int_equal(wasi_give_tree(&w, tree, "/t", false), TREE);
    assert_int_equal(wasi_space_serve(&w), 0);
    assert_int_equal(wasi_give_channel(&w), 0);
    channel = CHANNEL;
    return 0;
}

static int tear_down(void **state)
{
    char script[100];

    tear_down_bare(state);
    tree_free(tree);
    umask(umask_before);
    snprintf(script, sizeof script, "rm -rf %s", top);
    return system(script);
}

/* The mode of a path below the directory `top`. */
static mode_t mode_of(const char *path)
{
    char name[200];
    struct stat st;

    snprintf(name, sizeof name, "%s/%s", top, path);
    return lstat(name, &st) == 0 ? st.st_mode & 07777 : 0xffff;
}

/* A request with a path in it, at the place of %s. */
static uint32_t ask_path(const char *format, const char *path)
{
    char request[200], words[40];

    strcpy((char *)bytes + PATH, path);
    snprintf(words, sizeof words, "%d %zu", PATH, strlen(path));
    snprintf(request, sizeof request, format, words);
    return ask(request);
}

/* The padding of the filestat that the guest gets for a path. */
static uint64_t told(uint32_t fd, const char *path)
{
    assert_int_equal(wasi_path_filestat_get(&w, fd, 0, 1000, size_of(path), STAT), 0);
    return wasi_load(memory(NULL), STAT + 17, 7);
}

static void test_modes_are_told_to_those_who_ask(void **state)
{
    (void)state;
    memset(bytes + STAT, 0xff, 64);
    assert_int_equal(told(BOX, "file"), 0);
    umask(027);
    GIVES("fs.modes", "23");
    assert_int_equal(told(BOX, "file"), 1 | 0100644 << 8);
    assert_int_equal(bytes[STAT + 16], WASI_REGULAR_FILE);
    assert_int_equal(told(BOX, "a"), 1 | (S_IFDIR | mode_of("box/a")) << 8);
    assert_int_equal(told(BOX, "in") >> 8, 0120777);
    assert_int_equal(wasi_fd_filestat_get(&w, STREAM, STAT), 0);
    assert_int_equal(wasi_load(memory(NULL), STAT + 17, 7), 1 | 0100640 << 8);
    /* It counts for the guest what the umask was when it asked first. */
    umask(0);
    GIVES("fs.modes", "23");
}

static void test_chmod(void **state)
{
    uint32_t fd;

    (void)state;
    assert_int_equal(ask_path("fs.chmod 0 320 %s", "file"), 0);
    assert_int_equal(mode_of("box/file"), 0500);
    assert_int_equal(ask_path("fs.chmod 0 384 %s", "in"), 0);
    assert_int_equal(mode_of("box/file"), 0600);
    assert_int_equal(ask_path("fs.chmod 0 420 %s nofollow", "a/../file"), 0);
    assert_int_equal(mode_of("box/file"), 0644);
    assert_int_equal(ask_path("fs.chmod 0 0 %s nofollow", "in"), WASI_ENOTSUP);
    assert_int_equal(ask_path("fs.chmod 0 0 %s", "absent"), WASI_ENOENT);
    assert_int_equal(ask_path("fs.chmod 0 0 %s", ""), WASI_ENOENT);
    assert_int_equal(ask_path("fs.chmod 0 0 %s", "file/x"), WASI_ENOTDIR);
    assert_int_equal(ask_path("fs.chmod 0 1016 %s", "a/"), 0);
    assert_int_equal(mode_of("box/a"), 01770);
    /* Not even a mode of 0 keeps the owner from changing it. */
    assert_int_equal(ask_path("fs.chmod 0 0 %s", "file"), 0);
    assert_int_equal(ask_path("fs.chmod 0 438 %s", "file"), 0);
    assert_int_equal(mode_of("box/file"), 0666);
    assert_int_equal(
        wasi_path_open(&w, BOX, 1, 1000, size_of("file"), 0, WASI_R_FD_READ | WASI_R_FD_SET_TIMES, 0, 0, 8), 0);
    fd = get(8);
    assert_int_equal(fd, CHANNEL + 1);
    GIVES("fs.chmod 5 448", "");
    assert_int_equal(mode_of("box/file"), 0700);
    assert_int_equal(wasi_fd_fdstat_set_rights(&w, fd, WASI_R_FD_READ, 0), 0);
    FAILS("fs.chmod 5 0", WASI_EPERM);
    assert_int_equal(mode_of("box/file"), 0700);
}

static void test_set_id_is_not_given(void **state)
{
    char name[100];

    (void)state;
    assert_int_equal(ask_path("fs.chmod 0 3565 %s", "file"), 0); /* 06755 */
    assert_int_equal(mode_of("box/file"), 0755);
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 3565", "new"), 0);
    assert_int_equal(mode_of("box/new"), 0755);
    assert_int_equal(ask_path("fs.mkdir 0 %s 3565", "dir"), 0);
    assert_int_equal(mode_of("box/dir"), 0755);
    /* It stays where it is, unless it is taken away. */
    snprintf(name, sizeof name, "%s/box/dir", top);
    assert_int_equal(chmod(name, 02755), 0);
    assert_int_equal(ask_path("fs.chmod 0 3560 %s", "dir"), 0); /* 06750 */
    assert_int_equal(mode_of("box/dir"), 02750);
    assert_int_equal(ask_path("fs.chmod 0 493 %s", "dir"), 0);
    assert_int_equal(mode_of("box/dir"), 0755);
}

static void test_nothing_outside_is_changed(void **state)
{
    static const char *const bad[] = {"..",  "../secret", "../box/file", "/etc/passwd",
                                      "out", "up/secret", "up",          "a/../../secret"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const mode_t before = mode_of("");

        if (ask_path("fs.chmod 0 511 %s", bad[i]) != WASI_EPERM)
            fail_msg("chmod of %s", bad[i]);
        if (ask_path("fs.access 0 0 %s", bad[i]) != WASI_EPERM)
            fail_msg("access of %s", bad[i]);
        if (strcmp(bad[i], "..") != 0 && ask_path("fs.open 0 1 %s 1 64 0 0 511", bad[i]) == 0)
            fail_msg("%s was opened", bad[i]);
        assert_int_equal(mode_of("secret"), 0640);
        assert_int_equal(mode_of(""), before);
    }
    assert_int_equal(ask_path("fs.mkdir 0 %s 511", "../new"), WASI_EPERM);
    assert_int_equal(ask_path("fs.mkdir 0 %s 511", "up/new"), WASI_EPERM);
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 511", "up/new"), WASI_EPERM);
    assert_int_equal(mode_of("new"), 0xffff);
    /* A standard stream is a file of the caller, which the guest was not given to change. */
    FAILS("fs.chmod 2 511", WASI_EPERM);
    assert_int_equal(mode_of("secret"), 0640);
    FAILS("fs.chmod 4 511", WASI_ENOTSUP);
    FAILS("fs.chmod 77 511", WASI_EBADF);
    assert_int_equal(ask_path("fs.chmod 2 511 %s", "file"), WASI_ENOTDIR);
    assert_int_equal(ask_path("fs.chmod 77 511 %s", "file"), WASI_EBADF);
}

static void test_read_only(void **state)
{
    const mode_t before = mode_of("box");

    (void)state;
    assert_int_equal(ask_path("fs.chmod 1 511 %s", "file"), WASI_EROFS);
    assert_int_equal(ask_path("fs.chmod 1 511 %s", "."), WASI_EROFS);
    assert_int_equal(ask_path("fs.chmod 1 511 %s", "absent"), WASI_ENOENT);
    FAILS("fs.chmod 1 511", WASI_EROFS);
    assert_int_equal(ask_path("fs.mkdir 1 %s 511", "new"), WASI_EROFS);
    assert_int_equal(ask_path("fs.mkdir 1 %s 511", "a"), WASI_EEXIST);
    assert_int_equal(ask_path("fs.open 1 1 %s 1 66 0 0 511", "new"), WASI_EROFS);
    assert_int_equal(ask_path("fs.open 1 1 %s 1 66 0 0 511", "file"), WASI_EROFS);
    assert_int_equal(ask_path("fs.open 1 1 %s 1 8388610 0 0 511", "in"), 0);
    assert_string_equal(answer, "5");
    FAILS("fs.chmod 5 511", WASI_EROFS);
    assert_int_equal(mode_of("box/file"), 0644);
    assert_int_equal(mode_of("box"), before);
    assert_int_equal(mode_of("box/new"), 0xffff);
    assert_int_equal(ask_path("fs.access 1 2 %s", "file"), WASI_EROFS);
    assert_int_equal(ask_path("fs.access 1 4 %s", "file"), 0);
}

static void test_bad_words(void **state)
{
    static const char *const bad[] = {
        "fs.modes 1",
        "fs.chmod",
        "fs.chmod 0",
        "fs.chmod 0 420 3000",
        "fs.chmod 0 4096 3000 4",
        "fs.chmod 0 -1 3000 4",
        "fs.chmod 0 0644x 3000 4",
        "fs.chmod x 420",
        "fs.chmod 0 420 3000 4 follow",
        "fs.chmod 0 420 3000 4 nofollow 1",
        "fs.chmod 0 420 4294967296 4",
        "fs.chmod 0 420 3000 -4",
        "fs.access 0 8 3000 4",
        "fs.access 0 -1 3000 4",
        "fs.access 0 4 3000 4 x",
        "fs.access 0 4 3000",
        "fs.mkdir 0 3000 4",
        "fs.mkdir 0 3000 4 4096",
        "fs.mkdir 4294967296 3000 4 493",
        "fs.open 0 1 3000 4 1 64 0 0",
        "fs.open 0 1 3000 4 1 64 0 0 4096",
        "fs.open 0 2 3000 4 1 64 0 0 420",
        "fs.open 0 1 3000 4 16 64 0 0 420",
        "fs.open 0 1 3000 4 3 64 0 0 420",
        "fs.open 0 1 3000 4 1 1073741824 0 0 420",
        "fs.open 0 1 3000 4 1 64 1073741824 0 420",
        "fs.open 0 1 3000 4 1 64 0 32 420",
    };

    (void)state;
    strcpy((char *)bytes + PATH, "file");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ask(bad[i]) != WASI_EINVAL)
            fail_msg("%s", bad[i]);
    FAILS("fs.chmod 0 420 65530 20", WASI_EFAULT);
    FAILS("fs.mkdir 0 4294967295 4294967295 420", WASI_EFAULT);
    FAILS("fs.open 0 1 65530 20 1 64 0 0 420", WASI_EFAULT);
    FAILS("fs.access 0 4 65530 20", WASI_EFAULT);
    FAILS("fs.chmod 0 420 3000 5000", WASI_ENAMETOOLONG);
    FAILS("fs.chmod 0 420 3000 5", WASI_EINVAL); /* with the zero byte */
    assert_int_equal(mode_of("box/file"), 0644);
}

static void test_new_files_have_their_mode(void **state)
{
    (void)state;
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 384", "private"), 0);
    assert_string_equal(answer, "5");
    assert_int_equal(mode_of("box/private"), 0600);
    assert_int_equal(w.fds[5].rights, WASI_R_FD_WRITE);
    /* Without fs.modes, the umask of this process counts, */
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 438", "usual"), 0);
    assert_int_equal(mode_of("box/usual"), 0644);
    assert_int_equal(ask_path("fs.mkdir 0 %s 511", "folder/"), 0);
    assert_int_equal(mode_of("box/folder"), 0755);
    /* and afterwards the guest's, */
    GIVES("fs.modes", "18");
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 438", "wide"), 0);
    assert_int_equal(mode_of("box/wide"), 0666);
    assert_int_equal(ask_path("fs.open 0 1 %s 5 64 0 0 511", "wider"), 0);
    assert_int_equal(mode_of("box/wider"), 0777);
    assert_int_equal(ask_path("fs.open 0 1 %s 5 64 0 0 511", "wider"), WASI_EEXIST);
    assert_int_equal(ask_path("fs.mkdir 0 %s 1023", "open///"), 0);
    assert_int_equal(mode_of("box/open"), 01777);
    assert_int_equal(ask_path("fs.mkdir 0 %s 448", "open/closed"), 0);
    assert_int_equal(mode_of("box/open/closed"), 0700);
    /* but not for a file that was there, */
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 511", "private"), 0);
    assert_int_equal(ask_path("fs.open 0 1 %s 9 64 0 0 511", "file"), 0);
    assert_int_equal(mode_of("box/private"), 0600);
    assert_int_equal(mode_of("box/file"), 0644);
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 511", "a"), WASI_EISDIR);
    /* nor in calls of WASI, which have no mode. */
    assert_int_equal(wasi_path_create_directory(&w, BOX, 1000, size_of("plain")), 0);
    assert_int_equal(mode_of("box/plain"), 0755);
    assert_int_equal(wasi_path_open(&w, BOX, 1, 1000, size_of("none"), WASI_O_CREAT, WASI_R_FD_WRITE, 0, 0, 8), 0);
    assert_int_equal(mode_of("box/none"), 0644);
    /* A link that leads to nothing gets its file, with the bits that the kernel leaves. */
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 438", "dangling"), 0);
    assert_int_equal(mode_of("box/absent"), 0644);
}

static void test_the_limit_of_files_counts(void **state)
{
    struct wasi_quota quota = {.bytes = UINT64_MAX, .entries = 2};

    (void)state;
    w.quota = &quota;
    GIVES("fs.modes", "18");
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 438", "file"), 0);
    assert_int_equal(quota.entries, 2);
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 438", "one"), 0);
    assert_int_equal(ask_path("fs.mkdir 0 %s 511", "one"), WASI_EEXIST);
    assert_int_equal(ask_path("fs.mkdir 0 %s 511", "two"), 0);
    assert_int_equal(ask_path("fs.open 0 1 %s 1 64 0 0 438", "three"), WASI_EDQUOT);
    assert_int_equal(ask_path("fs.mkdir 0 %s 511", "three"), WASI_EDQUOT);
    assert_int_equal(mode_of("box/three"), 0xffff);
}

static void test_access(void **state)
{
    const mode_t modes[] = {0, 0400, 0644, 0755};
    char name[100];
    int status;
    pid_t child;

    (void)state;
    snprintf(name, sizeof name, "%s/box/file", top);
    /* Root may do almost everything, so somebody else asks. */
    if (geteuid() == 0)
        assert_int_equal(chown(name, 65534, 65534), 0);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(name, modes[i]), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            if (geteuid() == 0 && (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
                _exit(1);
            for (unsigned how = 0; how < 8; how++) {
                char format[40];
                uint32_t expected = how & ~(modes[i] >> 6) ? WASI_EACCES : 0;

                snprintf(format, sizeof format, "fs.access 0 %u %%s", how);
                if (ask_path(format, "file") != expected || ask_path(format, "in") != expected ||
                    ask_path(format, "absent") != WASI_ENOENT)
                    _exit(2);
                snprintf(format, sizeof format, "fs.access 0 %u %%s nofollow", how);
                if (ask_path(format, "in") != 0)
                    _exit(3);
            }
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void test_in_memory(void **state)
{
    (void)state;
    GIVES("fs.modes", "18");
    assert_int_equal(ask_path("fs.mkdir 3 %s 448", "dir"), 0);
    assert_int_equal(told(TREE, "dir"), 1 | 040700 << 8);
    assert_int_equal(ask_path("fs.open 3 1 %s 1 8388672 0 0 493", "dir/tool"), 0);
    assert_int_equal(told(TREE, "dir/tool"), 1 | 0100755 << 8);
    assert_int_equal(ask_path("fs.access 3 7 %s", "dir/tool"), 0);
    assert_int_equal(ask_path("fs.chmod 3 3584 %s", "dir/tool"), 0); /* 07000 */
    assert_int_equal(told(TREE, "dir/tool"), 1 | 0101000 << 8);
    assert_int_equal(ask_path("fs.access 3 6 %s", "dir/tool"), 0);
    assert_int_equal(ask_path("fs.access 3 1 %s", "dir/tool"), WASI_EACCES);
    GIVES("fs.chmod 5 420", "");
    assert_int_equal(told(TREE, "dir/tool"), 1 | 0100644 << 8);
    assert_int_equal(ask_path("fs.chmod 3 420 %s", "none"), WASI_ENOENT);
    assert_int_equal(wasi_path_symlink(&w, 1000, size_of("tool"), TREE, PATH, 4), 0); /* "none" */
    assert_int_equal(ask_path("fs.chmod 3 420 %s nofollow", "none"), WASI_ENOTSUP);
}

static atomic_bool done;

/* Makes box/race a file and a link out of the box, and box/way a directory and such a link, in turn. */
static void *swap(void *arg)
{
    char race[100], way[100], other[100];
    int fd;

    (void)arg;
    snprintf(race, sizeof race, "%s/box/race", top);
    snprintf(way, sizeof way, "%s/box/way", top);
    snprintf(other, sizeof other, "%s/box/other", top);
    while (!done) {
        if (symlink("../secret", other) < 0 || rename(other, race) < 0)
            break;
        fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || close(fd) < 0 || rename(other, race) < 0)
            break;
        if (symlink("..", way) < 0 || unlink(way) < 0 || mkdir(way, 0700) < 0 || rmdir(way) < 0)
            break;
    }
    return NULL;
}

static void test_links_that_come_and_go(void **state)
{
    pthread_t thread;

    (void)state;
    GIVES("fs.modes", "18");
    done = false;
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (int i = 0; i < 10000 && mode_of("secret") == 0640; i++) {
        ask_path("fs.chmod 0 511 %s", "race");
        ask_path("fs.chmod 0 511 %s nofollow", "race");
        ask_path("fs.chmod 0 511 %s", "way/secret");
        ask_path("fs.mkdir 0 %s 511", "way/new");
        /* (way/ itself cannot be made here without stopping the other thread.) */
        if (ask_path("fs.open 0 1 %s 1 64 0 0 511", "race") == 0)
            wasi_fd_close(&w, (uint32_t)atoi(answer));
    }
    assert_false(done);
    done = true;
    pthread_join(thread, NULL);
    assert_int_equal(mode_of("secret"), 0640);
    assert_int_equal(mode_of("new"), 0xffff);
}

int main(void)
{
#define BOTH(f)                                                                                                        \
    {#f, f, set_up, tear_down, NULL},                                                                                  \
    {                                                                                                                  \
#f " in older kernels", f, set_up, tear_down, &w                                                               \
    }
    const struct CMUnitTest tests[] = {
        BOTH(test_modes_are_told_to_those_who_ask),
        BOTH(test_chmod),
        BOTH(test_set_id_is_not_given),
        BOTH(test_nothing_outside_is_changed),
        BOTH(test_read_only),
        BOTH(test_bad_words),
        BOTH(test_new_files_have_their_mode),
        BOTH(test_the_limit_of_files_counts),
        BOTH(test_access),
        BOTH(test_in_memory),
        BOTH(test_links_that_come_and_go),
    };

    return cmocka_run_group_tests_name("permissions", tests, NULL, NULL);
}
