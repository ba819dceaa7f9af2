/* The promises of guest/vfs.h that paths.c and changes.c do not check. Run with --dir A::/a --dir B::/b/deep
 * --dir B::/r::ro and WL_TMP_SIZE=1M; /a has a file g and links up -> ../b/deep/f and in -> g, /b/deep a file f. Prints
 * each failure, and fails if there was one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

/* Functions of guest/, because libc declares none of them. */
int dup(int fd);
int dup2(int fd, int to);
int pipe(int fds[2]);
mode_t umask(mode_t mask);
int chown(const char *path, uid_t uid, gid_t gid);
int lchown(const char *path, uid_t uid, gid_t gid);
int fchown(int fd, uid_t uid, gid_t gid);
int fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags);

/* The layer's own values. */
#define HOME "/home/user"

static int failures;

static void check_at(int line, const char *what, long long got, long long wanted)
{
    if (got == wanted)
        return;
    printf("%d: %s: %lld instead of %lld\n", line, what, got, wanted);
    failures++;
}

#define IS(got, wanted) check_at(__LINE__, #got, got, wanted)
#define FAILS(call, wanted) check_at(__LINE__, #call, (call) < 0 ? errno : 0, wanted)
#define WORKS(call) FAILS(call, 0)

static int make(const char *path, const char *text)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);

    IS(write(fd, text, strlen(text)), (long long)strlen(text));
    return fd;
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    return lstat(path, &st) < 0 ? 0 : st.st_mode;
}

static int has(const char *folder, const char *name)
{
    DIR *dir = opendir(folder);
    int found = 0;

    for (struct dirent *e; dir && (e = readdir(dir));)
        found += !strcmp(e->d_name, name);
    if (dir)
        closedir(dir);
    return found;
}

static void files_in_memory(void)
{
    char text[8] = "";
    struct stat st;
    struct pollfd waiting = {.events = POLLRDNORM | POLLWRNORM};
    int fd = make("/tmp/file", "hello"), other;

    WORKS(unlink("/tmp/file"));
    FAILS(open("/tmp/file", O_RDONLY), ENOENT);
    IS(pread(fd, text, sizeof text, 1), 4);
    WORKS(fstat(fd, &st));
    IS(st.st_nlink, 0);
    IS(st.st_size, 5);
    waiting.fd = fd;
    IS(poll(&waiting, 1, -1), 1);
    IS(posix_fallocate(fd, 100, 100), 0);
    WORKS(fstat(fd, &st));
    IS(st.st_size, 200);
    WORKS(close(fd));
    fd = open("/tmp/mode", O_WRONLY | O_CREAT | O_EXCL, 0640);
    IS(mode_of("/tmp/mode"), S_IFREG | 0640);
    IS(umask(077), 022);
    WORKS(fchmod(fd, 0606));
    IS(mode_of("/tmp/mode"), S_IFREG | 0606);
    WORKS(chmod("/tmp/mode", 0511));
    IS(mode_of("/tmp/mode"), S_IFREG | 0511);
    WORKS(access("/tmp/mode", X_OK));
    other = open("/tmp/mode2", O_WRONLY | O_CREAT, 0777);
    IS(mode_of("/tmp/mode2"), S_IFREG | 0700);
    WORKS(mkdir("/tmp/folder", 0777));
    IS(mode_of("/tmp/folder"), S_IFDIR | 0700);
    IS(umask(022), 077);
    FAILS(read(fd, text, 1), EBADF);
    close(fd);
    close(other);
    /* From one directory in memory to another, but not to one of the host. */
    WORKS(rename("/tmp/mode", HOME "/mode"));
    WORKS(stat(HOME "/mode", &st));
    FAILS(rename(HOME "/mode", "/a/mode"), EXDEV);
    FAILS(link(HOME "/mode", "/a/mode"), EXDEV);
    FAILS(rename("/a/g", "/tmp/g"), EXDEV);
    WORKS(unlink(HOME "/mode"));
    WORKS(unlink("/tmp/mode2"));
    WORKS(rmdir("/tmp/folder"));
    FAILS(rmdir("/tmp"), EBUSY);
    FAILS(rename("/tmp", "/tmp/folder"), EBUSY);
    FAILS(rename("/tmp", "/tmp2"), EROFS);
}

/* A directory is listed while its files are removed and others are added: each file that stays is seen once. */
static void listing_under_change(void)
{
    enum { N = 300 };
    char path[64];
    int seen[N] = {0}, n = 0;
    DIR *dir;

    mkdir("/tmp/many", 0700);
    for (int i = 0; i < N; i++) {
        snprintf(path, sizeof path, "/tmp/many/%d", i);
        close(make(path, ""));
    }
    dir = opendir("/tmp/many");
    for (struct dirent *e; (e = readdir(dir)); n++) {
        int i = atoi(e->d_name);

        if (e->d_name[0] != '.' && e->d_name[0] != 'n')
            seen[i]++;
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof path, "/tmp/many/%s", e->d_name);
            WORKS(unlink(path));
        }
        if (n < 50) {
            snprintf(path, sizeof path, "/tmp/many/n%d", n);
            close(make(path, ""));
        }
    }
    closedir(dir);
    for (int i = 0; i < N; i++)
        IS(seen[i], 1);
    WORKS(rmdir("/tmp/many"));
}

static void limit(void)
{
    static char block[10000];
    char path[64];
    long long size[2];
    int made = 0, fd;

    for (int round = 0; round < 2; round++) {
        size[round] = 0;
        fd = open("/tmp/big", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        for (ssize_t n; (n = write(fd, block, sizeof block)) > 0;)
            size[round] += n;
        IS(errno, ENOSPC);
        FAILS(mkdir("/tmp/big-folder", 0700) < 0 || open("/tmp/small", O_CREAT | O_WRONLY, 0600) < 0 ||
                      write(open("/tmp/small", O_WRONLY), block, 5000) < 0
                  ? -1
                  : 0,
              ENOSPC);
        unlink("/tmp/small");
        rmdir("/tmp/big-folder");
        WORKS(unlink("/tmp/big"));
        WORKS(close(fd));
    }
    IS(size[0] > 900000 && size[0] <= 1 << 20, 1);
    IS(size[1], size[0]); /* nothing is lost */
    for (; made < 100000; made++) {
        snprintf(path, sizeof path, "/tmp/%d", made);
        fd = open(path, O_WRONLY | O_CREAT, 0600);
        if (fd < 0)
            break;
        close(fd);
    }
    IS(errno, ENOSPC);
    IS(made > 1000, 1);
    while (made--) {
        snprintf(path, sizeof path, "/tmp/%d", made);
        WORKS(unlink(path));
    }
    /* Holes take no space. */
    fd = open("/tmp/holes", O_RDWR | O_CREAT, 0600);
    WORKS(ftruncate(fd, 1LL << 40));
    IS(pread(fd, block, 10, (1LL << 40) - 5), 5);
    FAILS(pwrite(fd, "x", 1, (1LL << 40) - 1), ENOSPC);
    WORKS(close(fd));
    WORKS(unlink("/tmp/holes"));
}

static void devices(void)
{
    static char block[5000];
    struct stat st;
    int fd = open("/dev/null", O_RDWR), out;

    WORKS(fd);
    IS(write(fd, "x", 1), 1);
    IS(read(fd, block, 10), 0);
    IS(lseek(fd, 0, SEEK_END), 0);
    IS(isatty(fd), 0);
    WORKS(fstat(fd, &st));
    IS(S_ISCHR(st.st_mode), 1);
    close(fd);
    WORKS(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0666));
    fd = open("/dev/zero", O_RDONLY);
    memset(block, 1, sizeof block);
    IS(read(fd, block, sizeof block), sizeof block);
    IS(block[0] | block[4999], 0);
    FAILS(write(fd, "x", 1), EBADF);
    close(fd);
    fd = open("/dev/urandom", O_RDONLY);
    IS(read(fd, block, sizeof block), sizeof block);
    IS(!memcmp(block, block + 2500, 2500), 0);
    close(fd);
    fd = open("/dev/full", O_RDWR);
    FAILS(write(fd, "x", 1), ENOSPC);
    IS(read(fd, block, 1), 1);
    close(fd);
    FAILS(open("/dev/nothing", O_RDONLY), ENOENT);
    FAILS(open("/dev/null/x", O_RDONLY), ENOTDIR);
    FAILS(open("/dev/new", O_WRONLY | O_CREAT, 0600), EROFS);
    FAILS(mkdir("/dev/null", 0700), EEXIST);
    FAILS(unlink("/dev/null"), EROFS);
    FAILS(open("/dev/fd/77", O_RDONLY), ENOENT);
    IS(has("/dev", "urandom"), 1);
    IS(has("/dev/fd", "1"), 1);
    fd = make("/tmp/numbered", "abc");
    snprintf(block, sizeof block, "/dev/fd/%d", fd);
    out = open(block, O_RDWR);
    IS(pread(out, block, 3, 0), 3);
    close(out);
    close(fd);
    unlink("/tmp/numbered");
    out = open("/dev/stdout", O_WRONLY);
    IS(write(out, "to stdout\n", 10), 10);
    WORKS(close(out));
    IS(write(1, "still\n", 6), 6);
}

static void copies(void)
{
    char text[8] = "";
    int fd = make("/tmp/copied", "0123456789"), copy = dup(fd), saved, host = open("/a/g", O_RDONLY), twin = dup(host);

    WORKS(copy);
    WORKS(lseek(fd, 2, SEEK_SET));
    IS(read(copy, text, 3), 3); /* they share the place */
    IS(text[0], '2');
    WORKS(close(fd));
    IS(read(copy, text, 1), 1);
    IS(text[0], '5');
    /* The host's descriptor lives as long as either of the two. */
    WORKS(close(host));
    FAILS(read(host, text, 1), EBADF);
    IS(read(twin, text, 1), 1);
    IS(text[0], 'y');
    WORKS(close(twin));
    FAILS(read(twin, text, 1), EBADF);
    /* As pytest captures the output to stdout. */
    saved = dup(1);
    ftruncate(copy, 0);
    lseek(copy, 0, SEEK_SET);
    IS(dup2(copy, 1), 1);
    IS(write(1, "caught", 6), 6);
    IS(dup2(saved, 1), 1);
    WORKS(close(saved));
    IS(pread(copy, text, 6, 0), 6);
    IS(memcmp(text, "caught", 6), 0);
    IS(write(1, "not caught\n", 11), 11);
    IS(dup2(copy, 50), 50);
    WORKS(close(copy));
    IS(pread(50, text, 1, 0), 1);
    WORKS(close(50));
    FAILS(pread(50, text, 1, 0), EBADF);
    FAILS(dup(99), EBADF);
    FAILS(dup2(99, 1), EBADF);
    FAILS(dup2(1, -1), EBADF);
    IS(dup2(1, 1), 1);
    /* A descriptor number that the guest uses is not given out a second time. */
    host = open("/a/g", O_RDONLY);
    close(host);
    IS(dup2(1, host), host);
    fd = open("/a/g", O_RDONLY);
    IS(fd != host, 1);
    IS(read(fd, text, 1), 1);
    close(host);
    close(fd);
    unlink("/tmp/copied");
}

static void pipes(void)
{
    static char block[100000];
    struct pollfd waiting[2];
    struct stat st;
    int fds[2];

    WORKS(pipe(fds));
    WORKS(fstat(fds[0], &st));
    IS(S_ISFIFO(st.st_mode), 1);
    IS(isatty(fds[0]), 0);
    IS(fds[0] < FD_SETSIZE && fds[1] < FD_SETSIZE, 1);
    waiting[0] = (struct pollfd){.fd = fds[0], .events = POLLRDNORM};
    waiting[1] = (struct pollfd){.fd = fds[1], .events = POLLWRNORM};
    IS(poll(waiting, 1, 0), 0);
    IS(poll(waiting, 1, 1), 0);
    FAILS(poll(waiting, 1, -1), EDEADLK);
    IS(poll(waiting, 2, -1), 1);
    FAILS(read(fds[0], block, 1), EDEADLK);
    FAILS(read(fds[1], block, 1), EBADF);
    FAILS(write(fds[0], block, 1), EBADF);
    FAILS(lseek(fds[0], 0, SEEK_SET), ESPIPE);
    WORKS(fcntl(fds[0], F_SETFL, O_NONBLOCK));
    FAILS(read(fds[0], block, 1), EAGAIN);
    for (int i = 0; i < 1000; i++) {
        snprintf(block, sizeof block, "message %5d", i);
        IS(write(fds[1], block, 200), 200);
        IS(poll(waiting, 2, -1), 2);
        IS(read(fds[0], block + 1000, 1000), 200);
        IS(memcmp(block, block + 1000, 200), 0);
    }
    IS(write(fds[1], block, sizeof block), 65536);
    FAILS(write(fds[1], block, 1), EDEADLK);
    IS(poll(waiting + 1, 1, 0), 0);
    IS(read(fds[0], block, 60000), 60000);
    IS(write(fds[1], block, 1), 1);
    WORKS(close(fds[1]));
    IS(read(fds[0], block, sizeof block), 5537);
    IS(read(fds[0], block, sizeof block), 0);
    IS(poll(waiting, 1, -1), 1);
    WORKS(close(fds[0]));
    WORKS(pipe(fds));
    WORKS(close(fds[0]));
    FAILS(write(fds[1], block, 1), EPIPE);
    WORKS(close(fds[1]));
}

static void mapped(void)
{
    struct stat st;
    char text[64];
    int fd;

    IS(has("/", "a"), 1);
    IS(has("/", "b"), 1);
    IS(has("/b", "deep"), 1);
    IS(has("/", "tmp"), 1);
    IS(has("/", "dev"), 1);
    IS(has("/home", "user"), 1);
    WORKS(stat("/b", &st));
    IS(st.st_mode, S_IFDIR | 0555);
    FAILS(mkdir("/b", 0700), EEXIST);
    FAILS(mkdir("/new", 0700), EROFS);
    IS(mode_of("/a"), S_IFDIR | 0755);
    IS(mode_of("/a/g"), S_IFREG | 0644);
    IS(mode_of("/a/in"), S_IFLNK | 0777);
    FAILS(chmod("/b", 0600), EROFS);
    /* Links from one place to another. */
    fd = open("/a/up", O_RDONLY);
    IS(read(fd, text, 1), 1);
    IS(text[0], 'x');
    close(fd);
    WORKS(symlink("/a/in", "/tmp/link"));
    fd = open("/tmp/link", O_RDONLY);
    IS(read(fd, text, 1), 1);
    IS(text[0], 'y');
    close(fd);
    IS(readlink("/tmp/link", text, sizeof text), 5);
    WORKS(unlink("/tmp/link"));
    WORKS(symlink("/b/../tmp/../a", "/tmp/folder"));
    WORKS(stat("/tmp/folder/g", &st));
    WORKS(stat("/tmp/folder/../b/deep/f", &st));
    WORKS(unlink("/tmp/folder"));
    WORKS(symlink("/tmp/two", "/tmp/one"));
    WORKS(symlink("/tmp/one", "/tmp/two"));
    FAILS(open("/tmp/one", O_RDONLY), ELOOP);
    WORKS(unlink("/tmp/one"));
    WORKS(unlink("/tmp/two"));
    /* From a directory's descriptor. */
    fd = open("/", O_RDONLY | O_DIRECTORY);
    WORKS(fstatat(fd, "b/deep/f", &st, 0));
    WORKS(fstatat(fd, "tmp", &st, 0));
    FAILS(fstatat(fd, "", &st, 0), ENOENT);
    close(fd);
}

/* Owners, times and free space, of files in memory, on the host and in the archive. */
static void status(void)
{
    static const char *const writable[] = {"/tmp/status", "/a/status"};
    const struct timespec old[2] = {{.tv_sec = -10, .tv_nsec = 999999999}, {.tv_sec = -1000000000}},
                          wrong[2] = {{.tv_nsec = 1000000000}, {.tv_nsec = UTIME_OMIT}},
                          far[2] = {{.tv_sec = 10000000000}, {.tv_nsec = UTIME_NOW}},
                          omit[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 7}};
    struct statvfs before, room;
    struct stat st;
    int fd;

    for (int i = 0; i < 2; i++) {
        fd = make(writable[i], "text");
        WORKS(chown(writable[i], 1000, 1000));
        WORKS(lchown(writable[i], -1, 1000));
        WORKS(fchown(fd, -1, -1));
        FAILS(chown(writable[i], 0, -1), EPERM);
        FAILS(fchown(fd, -1, 0), EPERM);
        WORKS(utimensat(AT_FDCWD, writable[i], old, 0));
        WORKS(stat(writable[i], &st));
        IS(st.st_atim.tv_sec, -10);
        IS(st.st_atim.tv_nsec, 999999999);
        IS(st.st_mtim.tv_sec, -1000000000);
        FAILS(futimens(fd, wrong), EINVAL);
        FAILS(futimens(fd, far), EINVAL);
        WORKS(futimens(fd, omit));
        WORKS(fstat(fd, &st));
        IS(st.st_atim.tv_sec, -10);
        IS(st.st_mtim.tv_sec, 7);
        WORKS(futimens(fd, NULL));
        WORKS(fstat(fd, &st));
        IS(st.st_mtim.tv_sec > 1700000000, 1);
        close(fd);
    }
    WORKS(chown("/a/in", 1000, 1000));
    WORKS(lchown("/a/loop", 1000, 1000));
    FAILS(chown("/a/loop", 1000, 1000), ELOOP);
    FAILS(chown("/tmp/none", 1000, 1000), ENOENT);
    FAILS(chown("/", 1000, 1000), EROFS);
    FAILS(fchown(99, 1000, 1000), EBADF);
    FAILS(fchownat(AT_FDCWD, "/tmp", 1000, 1000, 0x100), EINVAL);

    WORKS(statvfs("/tmp/status", &before));
    IS((long long)(before.f_blocks * before.f_frsize), 1 << 20);
    fd = make("/tmp/room", "x");
    IS(posix_fallocate(fd, 0, 100 * 4096), 0);
    WORKS(fstatvfs(fd, &room));
    IS((long long)(before.f_bavail - room.f_bavail) >= 100, 1);
    IS((long long)(before.f_bavail - room.f_bavail) < 105, 1);
    close(fd);
    WORKS(unlink("/tmp/room"));
    WORKS(statvfs(HOME, &room));
    IS((long long)(room.f_blocks * room.f_frsize), 1 << 20);
    WORKS(statvfs("/", &room));
    IS(room.f_flag & ST_RDONLY, ST_RDONLY);
    IS((long long)room.f_bfree, 0);
    WORKS(statvfs("/a/status", &room));
    IS(room.f_blocks > 0 && room.f_bavail <= room.f_blocks && room.f_frsize > 0 && room.f_namemax >= 255, 1);
    IS(room.f_flag & ST_RDONLY, 0);
    fd = make("/a/status", "text");
    WORKS(fstatvfs(fd, &before));
    IS(before.f_blocks == room.f_blocks, 1);
    close(fd);
    FAILS(statvfs("/a/none", &room), ENOENT);
    FAILS(fstatvfs(99, &room), EBADF);
    WORKS(unlink("/tmp/status"));

    /* A link to the first path of link(), followed or not. */
    WORKS(linkat(AT_FDCWD, "/a/in", AT_FDCWD, "/a/followed", AT_SYMLINK_FOLLOW));
    WORKS(lstat("/a/followed", &st));
    IS(S_ISREG(st.st_mode), 1);
    IS(st.st_nlink, 2);
    WORKS(linkat(AT_FDCWD, "/a/in", AT_FDCWD, "/a/itself", 0));
    WORKS(lstat("/a/itself", &st));
    IS(S_ISLNK(st.st_mode), 1);
    FAILS(linkat(AT_FDCWD, "/a/loop", AT_FDCWD, "/a/never", AT_SYMLINK_FOLLOW), ELOOP);
    FAILS(linkat(AT_FDCWD, "/a/none", AT_FDCWD, "/a/never", AT_SYMLINK_FOLLOW), ENOENT);
    WORKS(linkat(AT_FDCWD, "/a/up", AT_FDCWD, "/a/other", AT_SYMLINK_FOLLOW));
    WORKS(unlink("/a/other"));
    WORKS(unlink("/a/followed"));
    WORKS(unlink("/a/itself"));
    WORKS(unlink("/a/status"));
}

static void clocks(void)
{
    struct timespec wait = {.tv_nsec = 300000000};
    clock_t before = clock();
    struct tms used;

    nanosleep(&wait, NULL);
    IS((double)(clock() - before) / CLOCKS_PER_SEC < 0.2, 1);
    times(&used);
    IS(used.tms_utime < 100 * sysconf(_SC_CLK_TCK), 1);
}

/* Files of this host have permissions. */
static void modes(void)
{
    struct stat st;
    int fd, folder;

    WORKS(chmod("/a/g", 0600));
    IS(mode_of("/a/g"), S_IFREG | 0600);
    WORKS(chmod("/a/in", 0640));
    IS(mode_of("/a/g"), S_IFREG | 0640);
    /* (A link that leads to another of the host's directories.) */
    WORKS(chmod("/a/up", 0604));
    IS(mode_of("/b/deep/f"), S_IFREG | 0604);
    WORKS(fchmodat(AT_FDCWD, "/a/g", 0644, AT_SYMLINK_NOFOLLOW));
    FAILS(fchmodat(AT_FDCWD, "/a/in", 0644, AT_SYMLINK_NOFOLLOW), ENOTSUP);
    FAILS(chmod("/a/missing", 0600), ENOENT);
    FAILS(chmod("/a/g/", 0600), ENOTDIR);
    FAILS(access("/a/g", X_OK), EACCES);
    WORKS(access("/a", R_OK | W_OK | X_OK));
    WORKS(access("/a/in", R_OK | W_OK));
    FAILS(access("/a/missing", F_OK), ENOENT);
    FAILS(chmod("/r/f", 0600), EROFS);
    FAILS(access("/r/f", W_OK), EROFS);
    WORKS(access("/r/f", R_OK));
    IS(mode_of("/r/f"), S_IFREG | 0604);
    fd = open("/a/private", O_RDWR | O_CREAT | O_EXCL, 0600);
    WORKS(fstat(fd, &st));
    IS(st.st_mode, S_IFREG | 0600);
    WORKS(fchmod(fd, 04751));
    WORKS(fstat(fd, &st));
    IS(st.st_mode, S_IFREG | 0751);
    WORKS(access("/a/private", X_OK));
    close(fd);
    WORKS(mkdir("/a/mine", 0700));
    IS(mode_of("/a/mine"), S_IFDIR | 0700);
    folder = open("/a/mine", O_RDONLY | O_DIRECTORY);
    IS(umask(077), 022);
    fd = openat(folder, "file", O_WRONLY | O_CREAT, 0666);
    close(fd);
    IS(mode_of("/a/mine/file"), S_IFREG | 0600);
    IS(umask(0), 077);
    WORKS(mkdirat(folder, "wide", 01777));
    IS(mode_of("/a/mine/wide"), S_IFDIR | 01777);
    fd = open("/a/mine/all", O_WRONLY | O_CREAT, 0666);
    close(fd);
    IS(mode_of("/a/mine/all"), S_IFREG | 0666);
    IS(umask(022), 0);
    WORKS(fchmod(folder, 0711));
    IS(mode_of("/a/mine"), S_IFDIR | 0711);
    close(folder);
    WORKS(unlink("/a/mine/all"));
    WORKS(rmdir("/a/mine/wide"));
    WORKS(unlink("/a/mine/file"));
    WORKS(rmdir("/a/mine"));
    WORKS(unlink("/a/private"));
}

int main(void)
{
    struct stat st;

    IS(strcmp(getenv("HOME"), HOME), 0);
    WORKS(stat(getenv("HOME"), &st));
    files_in_memory();
    listing_under_change();
    limit();
    devices();
    copies();
    pipes();
    mapped();
    modes();
    status();
    clocks();
    return failures != 0;
}
