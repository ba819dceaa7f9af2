/* changes SEED COUNT [SIZE]: makes COUNT random calls that create, change and remove files below /tmp, and prints each
 * with its result, so that two runs with the same seed can be compared: one in which /tmp is in memory, and one in
 * which it is a real directory. Inode numbers are printed in the order in which they were first seen, and times only if
 * they were set. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 8, PATH = 4096, INODES = 1 << 16, MOST = 512 };

static uint64_t state;
static int fds[FILES];
static DIR *dirs[2];
static ino_t inodes[INODES];
static size_t inodes_n;

static uint32_t pick(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % n);
}

static const char *error_of(long result)
{
    return result < 0 ? strerror(errno) : "ok";
}

/* Few names, so that they occur again. "." and ".." are never the last: the reason why a call fails with them depends
 * on the host. */
static char *make_path(void)
{
    static const char *const names[] = {"a", "b", "c", "d", "folder", "ä"};
    static char paths[2][PATH];
    static int turn;
    char *path = paths[turn ^= 1];
    uint32_t parts = 1 + pick(3);
    int below = 0;

    strcpy(path, pick(8) ? "/tmp" : ".");
    for (uint32_t i = 0; i < parts; i++) {
        uint32_t what = i + 1 < parts ? pick(20) : 2;

        strcat(path, "/");
        strcat(path, what == 0 ? "." : what == 1 && below ? ".." : names[pick(sizeof names / sizeof *names)]);
        below += what == 0 ? 0 : what == 1 && below ? -1 : 1;
    }
    return path;
}

/* The same with a "/" at its end, or with a name that is too long, for calls that take only one path. */
static const char *make_odd_path(void)
{
    char *path = make_path();

    if (pick(10) == 0)
        strcat(path, "/");
    else if (pick(50) == 0)
        for (char *end = path + strlen(path), *to = end; to < end + 300; to++)
            to[0] = 'x', to[1] = '\0';
    return path;
}

static size_t inode_of(ino_t inode)
{
    size_t i = 0;

    while (i < inodes_n && inodes[i] != inode)
        i++;
    if (i == inodes_n && inodes_n < INODES)
        inodes[inodes_n++] = inode;
    return i;
}

/* A file system can reuse an inode number, so an inode is compared only while its file exists. */
static void print_stat(int result, const struct stat *st)
{
    const char *kind = S_ISDIR(st->st_mode) ? "directory" : S_ISLNK(st->st_mode) ? "link" : "file";

    if (result < 0) {
        printf(" = %s\n", error_of(-1));
        return;
    }
    printf(" = %s", kind);
    if (S_ISREG(st->st_mode))
        printf(", %lld bytes, %u names", (long long)st->st_size, (unsigned)st->st_nlink);
    if (st->st_mtim.tv_sec < 1000000)
        printf(", %lld %ld", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    putchar('\n');
}

static uint32_t sum_of(const unsigned char *bytes, ssize_t n)
{
    uint32_t sum = 2166136261u;

    for (ssize_t i = 0; i < n; i++)
        sum = (sum ^ bytes[i]) * 16777619u;
    return sum;
}

static int open_flags(void)
{
    static const int ways[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
    static const int more[] = {0,
                               O_CREAT,
                               O_CREAT,
                               O_CREAT,
                               O_CREAT | O_EXCL,
                               O_CREAT | O_TRUNC,
                               O_TRUNC,
                               O_CREAT | O_APPEND,
                               O_APPEND,
                               O_DIRECTORY,
                               O_NOFOLLOW,
                               O_CREAT | O_NOFOLLOW};
    int flags = ways[pick(4)];

    return flags | more[pick(sizeof more / sizeof *more)];
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The rest of a directory. */
static void print_folder(DIR *dir)
{
    char *list[MOST];
    size_t n = 0;

    for (struct dirent *e; n < MOST && (e = readdir(dir));) {
        list[n] = malloc(strlen(e->d_name) + 2);
        sprintf(list[n++], "%s%s", e->d_name,
                e->d_type == DT_DIR   ? "/"
                : e->d_type == DT_LNK ? "@"
                : e->d_type == DT_REG ? ""
                                      : "?");
    }
    qsort(list, n, sizeof *list, by_text);
    for (size_t i = 0; i < n; i++) {
        printf(" %s", list[i]);
        free(list[i]);
    }
    printf(" (%zu)\n", n);
}

static void call_path(uint32_t which)
{
    /* stat, mkdir, opendir ... */
    const uint32_t odd = 1u << 5 | 1u << 6 | 1u << 8 | 1u << 9 | 1u << 12 | 1u << 17 | 1u << 19 | 1u << 21 | 1u << 22;
    const char *path = (1u << which) & odd ? make_odd_path() : make_path(), *other = make_path();
    int slot = (int)pick(FILES), flags = open_flags();
    struct timespec times[2] = {{pick(1000), 5}, {pick(1000), 7}};
    char text[64];
    struct stat st = {0}, same = {0};
    ssize_t n;

    switch (which) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        printf("open(%s, %x) in [%d]", path, (unsigned)flags, slot);
        if (fds[slot] >= 0)
            close(fds[slot]);
        fds[slot] = open(path, flags, 0600);
        printf(" = %s\n", error_of(fds[slot]));
        break;
    case 5:
        printf("stat(%s)", path);
        print_stat(stat(path, &st), &st);
        break;
    case 6:
        printf("lstat(%s)", path);
        print_stat(lstat(path, &st), &st);
        break;
    case 7:
        n = readlink(path, text, sizeof text);
        printf("readlink(%s) = %s %.*s\n", path, error_of(n), n < 0 ? 0 : (int)n, text);
        break;
    case 8:
    case 9:
        printf("mkdir(%s) = %s\n", path, error_of(mkdir(path, 0700)));
        break;
    case 10:
    case 11:
        printf("unlink(%s) = %s\n", path, error_of(unlink(path)));
        break;
    case 12:
        printf("rmdir(%s) = %s\n", path, error_of(rmdir(path)));
        break;
    case 13:
    case 14:
        printf("rename(%s, %s) = %s\n", path, other, error_of(rename(path, other)));
        break;
    case 15:
        printf("link(%s, %s) = %s\n", path, other, error_of(link(path, other)));
        break;
    case 16:
        /* On a host, a link does not lead out of its directory. */
        other = pick(2) ? strrchr(other, '/') + 1 : "folder/b";
        printf("symlink(%s, %s) = %s\n", other, path, error_of(symlink(other, path)));
        break;
    case 17:
        printf("utimensat(%s) = %s\n", path, error_of(utimensat(AT_FDCWD, path, times, 0)));
        break;
    case 18:
        n = (ssize_t)pick(20000);
        printf("truncate(%s, %zd) = %s\n", path, n, error_of(truncate(path, n)));
        break;
    case 19:
        printf("chdir(%s) = %s\n", path, error_of(chdir(path)));
        break;
    case 20:
        printf("same(%s, %s) = ", path, other);
        if (stat(path, &st) < 0 || stat(other, &same) < 0)
            puts(error_of(-1));
        else
            puts(inode_of(st.st_ino) == inode_of(same.st_ino) ? "yes" : "no");
        break;
    case 21:
        printf("access(%s) = %s\n", path, error_of(access(path, F_OK)));
        break;
    default:
        slot = (int)pick(2);
        printf("opendir(%s) in {%d} = ", path, slot);
        if (dirs[slot])
            closedir(dirs[slot]);
        dirs[slot] = opendir(path);
        puts(error_of(dirs[slot] ? 0 : -1));
        break;
    }
}

static void call_fd(uint32_t which)
{
    static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    static unsigned char bytes[9000];
    int slot = (int)pick(FILES), fd = fds[slot];
    size_t size = pick(4) ? pick(300) : pick(sizeof bytes);
    long long at = pick(4) ? pick(9000) : pick(60000);
    struct timespec times[2] = {{pick(1000), 5}, {pick(1000), 7}};
    struct stat st = {0};
    uint32_t w = pick(3);
    ssize_t n;

    switch (which) {
    case 0:
    case 1:
        n = read(fd, bytes, size);
        printf("read([%d], %zu) = %zd %08" PRIx32 " %s\n", slot, size, n, sum_of(bytes, n), error_of(n));
        break;
    case 2:
        n = pread(fd, bytes, size, at);
        printf("pread([%d], %zu, %lld) = %zd %08" PRIx32 " %s\n", slot, size, at, n, sum_of(bytes, n), error_of(n));
        break;
    case 3:
    case 4:
    case 5:
        memset(bytes, (int)pick(256), size);
        n = write(fd, bytes, size);
        printf("write([%d], %zu) = %zd %s\n", slot, size, n, error_of(n));
        break;
    case 6:
    case 7:
        memset(bytes, (int)pick(256), size);
        n = pwrite(fd, bytes, size, at);
        printf("pwrite([%d], %zu, %lld) = %zd %s\n", slot, size, at, n, error_of(n));
        break;
    case 8:
        at -= pick(2) ? 5000 : 0;
        printf("lseek([%d], %lld, %u)", slot, at, (unsigned)w);
        at = lseek(fd, at, whence[w]);
        printf(" = %lld %s\n", at, error_of(at < 0 ? -1 : 0));
        break;
    case 9:
        printf("ftruncate([%d], %lld) = %s\n", slot, at, error_of(ftruncate(fd, at)));
        break;
    case 10:
    case 11:
        printf("fstat([%d])", slot);
        print_stat(fstat(fd, &st), &st);
        break;
    case 12:
        printf("futimens([%d]) = %s\n", slot, error_of(futimens(fd, times)));
        break;
    case 13:
        printf("fsync([%d]) = %s\n", slot, error_of(fsync(fd)));
        break;
    case 14:
        printf("close([%d]) = %s\n", slot, error_of(close(fd)));
        fds[slot] = -1;
        break;
    case 15:
        printf("fcntl([%d], append) = %s", slot, error_of(fcntl(fd, F_SETFL, pick(2) ? O_APPEND : 0)));
        printf(", %x\n", (unsigned)fcntl(fd, F_GETFL) & O_APPEND);
        break;
    case 16:
        if (dirs[w & 1])
            rewinddir(dirs[w & 1]);
        printf("rewinddir({%u})\n", (unsigned)(w & 1));
        break;
    default:
        printf("readdir({%u}):", (unsigned)(w & 1));
        if (dirs[w & 1])
            print_folder(dirs[w & 1]);
        else
            puts(" none");
        break;
    }
}

int main(int argc, char **argv)
{
    long count = argc > 2 ? atol(argv[2]) : 0;

    if (argc < 3 || chdir("/tmp") < 0)
        return 2;
    state = strtoull(argv[1], NULL, 10) * 2654435769u + 88172645463325252u;
    memset(fds, -1, sizeof fds);
    for (long i = 0; i < count; i++) {
        printf("%ld ", i);
        if (pick(2))
            call_path(pick(23));
        else
            call_fd(pick(18));
    }
    return 0;
}
