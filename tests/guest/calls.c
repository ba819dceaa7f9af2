/* calls SEED COUNT: makes COUNT random calls on the files below /tree and prints each with its result, so that two runs
 * with the same seed can be compared: one that sees the files in the archive of rofs.h, and one on a real directory.
 *
 * Descriptors are printed as places in a table, inode numbers in the order in which they were first seen, and the names
 * in a directory sorted. Everything else must be equal. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wasi/libc.h>

enum { FILES = 6, MOST = 256, PATH = 6000, INODES = 4096 };

static uint64_t state;
static char *names[MOST], *folders[MOST], *files[MOST];
static size_t names_n, folders_n, files_n;
static int fds[FILES];
static bool is_folder[FILES];
static DIR *dirs[2];
static struct {
    dev_t dev;
    ino_t ino;
} inodes[INODES];
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
    static const struct {
        int error;
        const char *name;
    } table[] = {{EACCES, "EACCES"},
                 {EBADF, "EBADF"},
                 {EEXIST, "EEXIST"},
                 {EINVAL, "EINVAL"},
                 {EISDIR, "EISDIR"},
                 {ELOOP, "ELOOP"},
                 {ENAMETOOLONG, "ENAMETOOLONG"},
                 {ENOENT, "ENOENT"},
                 {ENOTDIR, "ENOTDIR"},
                 {ENOTEMPTY, "ENOTEMPTY"},
                 {EPERM, "EPERM"},
                 {EROFS, "EROFS"},
                 {EXDEV, "EXDEV"},
                 {EBUSY, "EBUSY"},
                 {ENOTCAPABLE, "ENOTCAPABLE"},
                 {ENOTSUP, "ENOTSUP"},
                 {EOVERFLOW, "EOVERFLOW"}};
    static char other[32];

    if (result >= 0)
        return "ok";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].error == errno)
            return table[i].name;
    snprintf(other, sizeof other, "errno %d", errno);
    return other;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of the module's root beside the tree. */
static bool is_added(const char *name)
{
    return !strcmp(name, "dev") || !strcmp(name, "home") || !strcmp(name, "tmp");
}

/* Prints the rest of a directory. */
static void print_folder(DIR *dir)
{
    char *list[MOST];
    size_t n = 0;

    errno = 0;
    for (struct dirent *e; n < MOST && (e = readdir(dir));) {
        const char *kind = e->d_type == DT_DIR ? "/" : e->d_type == DT_REG ? "" : e->d_type == DT_LNK ? "@" : "?";

        if (is_added(e->d_name))
            continue;
        list[n] = malloc(strlen(e->d_name) + 2);
        sprintf(list[n++], "%s%s", e->d_name, kind);
    }
    qsort(list, n, sizeof *list, by_text);
    for (size_t i = 0; i < n; i++) {
        printf(" %s", list[i]);
        free(list[i]);
    }
    printf(" (%zu, errno %d)\n", n, errno);
}

/* Takes all names of the tree, from which paths are made. */
static void take_names(const char *folder)
{
    DIR *dir = opendir(folder);
    char *found[MOST];
    size_t n = 0;

    printf("walk %s:", folder);
    if (!dir) {
        printf(" %s\n", error_of(-1));
        return;
    }
    folders[folders_n++] = strdup(folder);
    for (struct dirent *e; n < MOST && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            found[n++] = strdup(e->d_name);
    closedir(dir);
    qsort(found, n, sizeof *found, by_text);
    for (size_t i = 0; i < n; i++)
        printf(" %s", found[i]);
    putchar('\n');
    for (size_t i = 0; i < n; i++) {
        char path[PATH];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", folder, found[i]);
        if (names_n < MOST)
            names[names_n++] = found[i];
        if (lstat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && folders_n < MOST - 1)
            take_names(path);
        else if (files_n < MOST)
            files[files_n++] = strdup(path);
    }
}

static void add(char *path, const char *name)
{
    if (strlen(path) + strlen(name) + 2 < PATH)
        strcat(path, name);
}

static int depth_of(const char *path)
{
    int depth = 0;

    while (*path) {
        size_t n = strcspn(path, "/");

        depth += n > 0;
        path += n + (path[n] == '/');
    }
    return depth;
}

/* A path, mostly to an existing file, sometimes with detours; relative ones start above many directories down. It does
 * not lead above the root: a host refuses that, while in the archive the root is above itself. */
static const char *make_path(int above)
{
    static char paths[2][PATH], longest[300], huge[4200];
    static int turn;
    char *path = paths[turn ^= 1];
    uint32_t parts = 1 + pick(3);

    path[0] = '\0';
    if (pick(5) < 2) {
        add(path, files[pick((uint32_t)files_n)]);
        return path;
    }
    if (pick(4))
        add(path, folders[pick((uint32_t)folders_n)]);
    else if (pick(3) == 0)
        add(path, "/");
    if (*path)
        above = depth_of(path);
    if (pick(3) == 0)
        parts = 0;
    memset(longest, 'x', sizeof longest - 1);
    memset(huge, 'y', sizeof huge - 1);
    for (size_t k = 3; k < sizeof huge - 1; k += 4)
        huge[k] = '/';
    for (uint32_t i = 0; i < parts; i++) {
        uint32_t what = pick(24);
        const char *name = what == 0 || what == 4      ? ".."
                           : what == 1                 ? "."
                           : what == 2                 ? ""
                           : what == 3                 ? "missing"
                           : what == 5 && pick(8) == 0 ? longest
                           : what == 6 && pick(8) == 0 ? huge
                           : what == 7                 ? "tree"
                                                       : names[pick((uint32_t)names_n)];

        if (!strcmp(name, "..") && above == 0)
            name = ".";
        above += strcmp(name, "..") == 0 ? -1 : strcmp(name, ".") != 0 && *name;
        if (path[0] && path[strlen(path) - 1] != '/')
            add(path, "/");
        add(path, name);
    }
    if (pick(12) == 0)
        add(path, "/");
    return path;
}

/* For the trace: a very long path is printed as its length. */
static const char *show(const char *path)
{
    static char text[2][400];
    static int turn;
    char *to = text[turn ^= 1];

    if (strlen(path) < 200)
        snprintf(to, sizeof text[0], "\"%s\"", path);
    else
        snprintf(to, sizeof text[0], "\"%.60s\"... (%zu)", path, strlen(path));
    return to;
}

static size_t inode_of(const struct stat *st)
{
    size_t i = 0;

    while (i < inodes_n && (inodes[i].dev != st->st_dev || inodes[i].ino != st->st_ino))
        i++;
    if (i == inodes_n && inodes_n < INODES) {
        inodes[i].dev = st->st_dev;
        inodes[i].ino = st->st_ino;
        inodes_n++;
    }
    return i;
}

static void print_stat(int result, const struct stat *st)
{
    if (result < 0)
        printf(" = %s\n", error_of(-1));
    else if (S_ISREG(st->st_mode))
        printf(" = file %zu, %lld bytes, %lld\n", inode_of(st), (long long)st->st_size, (long long)st->st_mtim.tv_sec);
    else
        printf(" = %s %zu\n",
               S_ISDIR(st->st_mode)   ? "directory"
               : S_ISLNK(st->st_mode) ? "link"
                                      : "other",
               inode_of(st));
}

static void print_bytes(ssize_t n, const unsigned char *bytes)
{
    uint32_t sum = 2166136261u;

    for (ssize_t i = 0; i < n; i++)
        sum = (sum ^ bytes[i]) * 16777619u;
    if (n < 0)
        printf(" = %s\n", error_of(n));
    else
        printf(" = %zd %08" PRIx32 "\n", n, sum);
}

/* readv() may stop at the end of any buffer, and some hosts do; this continues. The two buffers are adjacent. */
static ssize_t read_all(int fd, struct iovec parts[2], int count)
{
    ssize_t n = readv(fd, parts, count), more = n;
    size_t all = parts[0].iov_len + parts[1].iov_len;

    while (more > 0 && (size_t)n < all) {
        more = read(fd, (char *)parts[0].iov_base + n, all - (size_t)n);
        n += more > 0 ? more : 0;
    }
    return n;
}

static void print_fd(int slot, int fd)
{
    struct stat st = {0};

    if (fd < 0) {
        printf(" = %s\n", error_of(-1));
        return;
    }
    if (fds[slot] >= 0)
        close(fds[slot]);
    fds[slot] = fd;
    printf(" = [%d], flags %x,", slot, (unsigned)fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK));
    print_stat(fstat(fd, &st), &st);
    is_folder[slot] = S_ISDIR(st.st_mode);
}

static int open_flags(void)
{
    static const int more[] = {O_DIRECTORY, O_NONBLOCK, O_APPEND, O_NOFOLLOW, O_EXCL | O_CREAT, O_TRUNC};
    static const int ways[] = {O_RDONLY, O_RDONLY, O_RDONLY, O_RDONLY, O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR};
    int flags = ways[pick(8)];

    if (pick(4) == 0)
        flags |= more[pick(6)];
    return flags;
}

static const char *flags_text(int flags)
{
    static const struct {
        int bits;
        const char *name;
    } table[] = {
        {O_WRONLY, " write"},      {O_DIRECTORY, " directory"}, {O_NONBLOCK, " nonblock"}, {O_APPEND, " append"},
        {O_NOFOLLOW, " nofollow"}, {O_CREAT, " make"},          {O_EXCL, " new"},          {O_TRUNC, " cut"}};
    static char text[128];

    strcpy(text, "read");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (flags & table[i].bits)
            strcat(text, table[i].name);
    return text;
}

/* A descriptor of a directory, open or not, for the calls that start from one. */
/* For the trace: a place in the table, and the kind of file there. */
static const char *slot_text(int slot)
{
    static char text[32];

    snprintf(text, sizeof text, "[%d%s]", slot, fds[slot] < 0 ? " closed" : is_folder[slot] ? " directory" : "");
    return text;
}

static int some_slot(void)
{
    return (int)pick(FILES);
}

static void call_path(uint32_t which)
{
    char text[64], working[PATH];
    /* A relative path starts from the working directory, or from a descriptor, which no path can leave. */
    int above = which == 3 || which == 7 ? 0 : depth_of(getcwd(working, sizeof working));
    const char *path = make_path(above), *other = make_path(above);
    int slot = some_slot(), flags = open_flags(), at = some_slot();
    struct timespec times[2] = {{1, 0}, {1, 0}};
    struct stat st = {0};
    ssize_t n;

    switch (which) {
    case 0:
    case 1:
    case 2:
        printf("open(%s, %s)", show(path), flags_text(flags));
        print_fd(slot, open(path, flags, 0600));
        break;
    case 3:
        printf("openat(%s, %s, %s)", slot_text(at), show(path), flags_text(flags));
        print_fd(slot, openat(fds[at], path, flags, 0600));
        break;
    case 4:
    case 5:
        printf("stat(%s)", show(path));
        print_stat(stat(path, &st), &st);
        break;
    case 6:
        printf("lstat(%s)", show(path));
        print_stat(lstat(path, &st), &st);
        break;
    case 7:
        printf("fstatat(%s, %s)", slot_text(at), show(path));
        print_stat(fstatat(fds[at], path, &st, 0), &st);
        break;
    case 8:
        printf("access(%s, R) = %s\n", show(path), error_of(access(path, R_OK)));
        break;
    case 9:
        printf("access(%s, F) = %s\n", show(path), error_of(access(path, F_OK)));
        break;
    case 10:
        printf("access(%s, W) = %s\n", show(path), error_of(access(path, W_OK)));
        break;
    case 11:
        n = readlink(path, text, sizeof text);
        printf("readlink(%s) = %s %.*s\n", show(path), error_of(n), n < 0 ? 0 : (int)n, text);
        break;
    case 12:
        printf("mkdir(%s) = %s\n", show(path), error_of(mkdir(path, 0700)));
        break;
    case 13:
        printf("unlink(%s) = %s\n", show(path), error_of(unlink(path)));
        break;
    case 14:
        printf("rmdir(%s) = %s\n", show(path), error_of(rmdir(path)));
        break;
    case 15:
        printf("rename(%s, %s) = %s\n", show(path), show(other), error_of(rename(path, other)));
        break;
    case 16:
        printf("link(%s, %s) = %s\n", show(path), show(other), error_of(link(path, other)));
        break;
    case 17:
        printf("symlink(%s) = %s\n", show(path), error_of(symlink("x", path)));
        break;
    case 18:
        printf("utimensat(%s) = %s\n", show(path), error_of(utimensat(AT_FDCWD, path, times, 0)));
        break;
    case 19:
        printf("truncate(%s) = %s\n", show(path), error_of(truncate(path, 1)));
        break;
    case 20:
        if (pick(4) == 0)
            path = folders[pick((uint32_t)folders_n)];
        printf("chdir(%s) = %s\n", show(path), error_of(chdir(path)));
        break;
    default:
        slot = (int)pick(2);
        printf("opendir(%s) in {%d} = ", show(path), slot);
        if (dirs[slot])
            closedir(dirs[slot]);
        dirs[slot] = opendir(path);
        printf("%s\n", error_of(dirs[slot] ? 0 : -1));
        break;
    }
}

static void call_fd(uint32_t which)
{
    static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    static const char *const whence_names[] = {"SET", "CUR", "END"};
    unsigned char bytes[700] = {0};
    int slot = some_slot(), fd = fds[slot];
    size_t n = pick(sizeof bytes), half = n / 2;
    struct iovec parts[2] = {{bytes, half}, {bytes + half, n - half}};
    long long by = pick(5) ? (long long)pick(800) - 200 : ((long long)pick(1000) << 32) - 1;
    struct pollfd waiting = {.fd = fd, .events = POLLRDNORM};
    struct timespec times[2] = {{1, 0}, {1, 0}};
    struct stat st = {0};
    uint32_t w = pick(3);

    switch (which) {
    case 0:
    case 1:
        printf("read(%s, %zu)", slot_text(slot), n);
        print_bytes(read(fd, bytes, n), bytes);
        break;
    case 2:
        printf("readv(%s, %zu)", slot_text(slot), n);
        print_bytes(read_all(fd, parts, 2), bytes);
        break;
    case 3:
        printf("pread(%s, %zu, %lld)", slot_text(slot), n, by);
        print_bytes(pread(fd, bytes, n, by), bytes);
        break;
    case 4:
        printf("lseek(%s, %lld, %s)", slot_text(slot), by, whence_names[w]);
        by = lseek(fd, by, whence[w]);
        printf(" = %s %lld\n", error_of(by < 0 ? -1 : 0), by < 0 ? 0 : by);
        break;
    case 5:
        by = lseek(fd, 0, SEEK_CUR);
        printf("tell(%s) = %s %lld\n", slot_text(slot), error_of(by < 0 ? -1 : 0), by < 0 ? 0 : by);
        break;
    case 6:
        printf("fstat(%s)", slot_text(slot));
        print_stat(fstat(fd, &st), &st);
        break;
    case 7:
        printf("write(%s) = %s\n", slot_text(slot), error_of(write(fd, "x", 1)));
        break;
    case 8:
        printf("pwrite(%s) = %s\n", slot_text(slot), error_of(pwrite(fd, "x", 1, 0)));
        break;
    case 9:
        printf("ftruncate(%s) = %s\n", slot_text(slot), error_of(ftruncate(fd, 1)));
        break;
    case 10:
        printf("futimens(%s) = %s\n", slot_text(slot), error_of(futimens(fd, times)));
        break;
    case 11:
        if (pick(2))
            printf("fsync(%s) = %s\n", slot_text(slot), error_of(fsync(fd)));
        else
            printf("fdatasync(%s) = %s\n", slot_text(slot), error_of(fdatasync(fd)));
        break;
    case 12:
        printf("fcntl(%s, NONBLOCK) = %s", slot_text(slot), error_of(fcntl(fd, F_SETFL, O_NONBLOCK)));
        printf(", %x\n", (unsigned)fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK));
        break;
    case 13:
        printf("poll(%s) = %s\n", slot_text(slot), fd < 0 ? "none" : error_of(poll(&waiting, 1, 0)));
        break;
    case 14:
        printf("close(%s) = %s\n", slot_text(slot), error_of(close(fd)));
        fds[slot] = -1;
        break;
    case 15:
        printf("fdopendir(%s)", slot_text(slot));
        w = pick(2);
        if (dirs[w])
            closedir(dirs[w]);
        dirs[w] = fdopendir(fd);
        printf(" in {%u} = %s\n", (unsigned)w, error_of(dirs[w] ? 0 : -1));
        if (dirs[w])
            fds[slot] = -1;
        break;
    case 16:
        w = pick(2);
        if (dirs[w]) {
            printf("rewinddir({%u})\n", (unsigned)w);
            rewinddir(dirs[w]);
        } else {
            puts("none");
        }
        break;
    case 17:
        /* The file of one number moves to another number that is open. */
        w = (uint32_t)some_slot();
        printf("renumber(%s", slot_text(slot));
        printf(", %s) = ", slot_text((int)w));
        if (fd < 0 || fds[w] < 0 || slot == (int)w) {
            puts("none");
            break;
        }
        puts(error_of(__wasilibc_fd_renumber(fd, fds[w])));
        is_folder[w] = is_folder[slot];
        fds[slot] = -1;
        break;
    default:
        w = pick(2);
        if (dirs[w]) {
            printf("readdir({%u}):", (unsigned)w);
            print_folder(dirs[w]);
        } else {
            puts("none");
        }
        break;
    }
}

int main(int argc, char **argv)
{
    long count = argc > 2 ? atol(argv[2]) : 0;

    if (argc < 3)
        return 2;
    state = strtoull(argv[1], NULL, 10) * 2654435769u + 88172645463325252u;
    memset(fds, -1, sizeof fds);
    take_names("/tree");
    if (!files_n)
        return 3;
    for (long i = 0; i < count; i++) {
        printf("%ld ", i);
        if (pick(2))
            call_path(pick(23));
        else
            call_fd(pick(20));
    }
    return 0;
}
