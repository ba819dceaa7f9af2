#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

void close_fdp(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

char *path_join(const char *a, const char *b)
{
    if (*b == '/' || !*a)
        return xstrdup(b);
    return xasprintf("%s%s%s", a, ends_with(a, "/") ? "" : "/", b);
}

char *path_absolute(const char *path)
{
    char cwd[4096];

    if (*path == '/' || !getcwd(cwd, sizeof cwd))
        return xstrdup(path);
    return !strcmp(path, ".") ? xstrdup(cwd) : path_join(cwd, path);
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

bool path_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

bool path_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int make_dirs(const char *path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *p = xstrdup(path);

    for (char *s = p + (*p == '/');; s++) {
        char c = *s;

        if (c && c != '/')
            continue;
        *s = '\0';
        if (*p && mkdir(p, 0777) < 0) {
            int why = errno == EEXIST ? ENOTDIR : errno;

            if (!path_is_dir(p)) {
                errno = why;
                return wl_err_errno(err, WL_E_IO, "cannot make the folder %s", p);
            }
        }
        *s = c;
        if (!c)
            return 0;
    }
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_fd(int dir_fd, struct strv *names)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *e;
    DIR *d;

    if (fd < 0)
        return -1;
    d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -1;
    }
    while ((e = readdir(d)))
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            strv_add(names, e->d_name);
    closedir(d);
    if (names->n)
        qsort(names->v, names->n, sizeof *names->v, name_compare);
    return 0;
}

int dir_list(const char *path, struct strv *names, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || list_fd(fd, names) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot list the folder %s", path);
    return 0;
}

/* Works relative to folder handles, so that a link put in place of a folder meanwhile leads nowhere else. */
static int remove_at(int dir_fd, const char *name)
{
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FD int fd = -1;
    struct stat st;

    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    if (!S_ISDIR(st.st_mode)) {
        errno = EACCES;
        return -1;
    }
    fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno != EACCES || fchmodat(dir_fd, name, 0700, 0) < 0)
            return -1;
        fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return -1;
    }
    if ((st.st_mode & 0700) != 0700)
        fchmod(fd, 0700);
    if (list_fd(fd, &names) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (remove_at(fd, names.v[i]) < 0)
            return -1;
    return unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

int remove_tree(const char *path, struct wl_err *err)
{
    if (remove_at(AT_FDCWD, path) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot remove %s", path);
    return 0;
}

static int copy_bytes(int in, int out)
{
    /* In large pieces: as it is written the kernel keeps a file in its memory, and to map many small pieces takes a
     * program that is started longer. (copy_file_range writes small ones.) */
    enum { CHUNK = 1 << 20 };
    WL_CLEANUP_FREE char *buf = NULL;
    ssize_t n;

    /* Shares the blocks where the file system can. */
    if (ioctl(out, FICLONE, in) == 0)
        return 0;
    buf = xmalloc(CHUNK);
    while ((n = read(in, buf, CHUNK)) > 0)
        for (ssize_t done = 0; done < n;) {
            ssize_t w = write(out, buf + done, (size_t)(n - done));

            if (w < 0)
                return -1;
            done += w;
        }
    return n < 0 ? -1 : 0;
}

int copy_tree(const char *from, const char *to, struct wl_err *err)
{
    struct stat st;
    int r;

    if (lstat(from, &st) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot read %s", from);
    if (S_ISDIR(st.st_mode)) {
        WL_CLEANUP_STRV struct strv names = {0};

        if (mkdir(to, 0777) < 0 && !(errno == EEXIST && path_is_dir(to)))
            return wl_err_errno(err, WL_E_IO, "cannot make the folder %s", to);
        r = dir_list(from, &names, err);
        for (size_t i = 0; r == 0 && i < names.n; i++) {
            WL_CLEANUP_FREE char *sub_from = path_join(from, names.v[i]);
            WL_CLEANUP_FREE char *sub_to = path_join(to, names.v[i]);

            r = copy_tree(sub_from, sub_to, err);
        }
        if (r < 0)
            return r;
    } else if (S_ISLNK(st.st_mode)) {
        char target[4096];
        ssize_t n = readlink(from, target, sizeof target - 1);

        if (n < 0)
            return wl_err_errno(err, WL_E_IO, "cannot read the link %s", from);
        target[n] = '\0';
        if (symlink(target, to) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot make the link %s", to);
    } else if (S_ISREG(st.st_mode)) {
        WL_CLEANUP_FD int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        WL_CLEANUP_FD int out = -1;

        if (in < 0)
            return wl_err_errno(err, WL_E_IO, "cannot read %s", from);
        out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0200 | (st.st_mode & 0777));
        if (out < 0 || copy_bytes(in, out) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot write %s", to);
    } else {
        return wl_err_set(err, WL_E_IO, "cannot copy %s: it is neither file, folder nor link", from);
    }
    if (!S_ISLNK(st.st_mode) && chmod(to, (st.st_mode & 0777) | (S_ISDIR(st.st_mode) ? 0700 : 0200)) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", to);
    utimensat(AT_FDCWD, to, (struct timespec[]){st.st_atim, st.st_mtim}, AT_SYMLINK_NOFOLLOW);
    return 0;
}

unsigned long long tree_size(const char *path)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    unsigned long long sum = 0;
    struct stat st;

    if (lstat(path, &st) < 0)
        return 0;
    if (!S_ISDIR(st.st_mode))
        return (unsigned long long)st.st_size;
    if (dir_list(path, &names, &ignored) < 0)
        return 0;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        sum += tree_size(sub);
    }
    return sum;
}

int file_read(const char *path, size_t max, char **data, size_t *n, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    WL_CLEANUP_STR struct str b = {0};
    char chunk[16384];
    ssize_t got;

    if (fd < 0)
        return wl_err_errno(err, WL_E_IO, "cannot open %s", path);
    while ((got = read(fd, chunk, sizeof chunk)) > 0) {
        str_addn(&b, chunk, (size_t)got);
        if (b.len > max)
            return wl_err_set(err, WL_E_IO, "cannot read %s: it is larger than %zu bytes", path, max);
    }
    if (got < 0)
        return wl_err_errno(err, WL_E_IO, "cannot read %s", path);
    if (n)
        *n = b.len;
    *data = str_take(&b);
    return 0;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t w = write(fd, data, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        data += w;
        n -= (size_t)w;
    }
    return 0;
}

int file_write(const char *path, const char *data, size_t n, struct wl_err *err)
{
    WL_CLEANUP_FREE char *aside = xasprintf("%s.new.%d", path, (int)getpid());
    WL_CLEANUP_FD int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);

    if (fd < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", path);
    if (write_all(fd, data, n) < 0 || fsync(fd) < 0 || rename(aside, path) < 0) {
        int r = wl_err_errno(err, WL_E_IO, "cannot write %s", path);

        unlink(aside);
        return r;
    }
    return 0;
}

int path_replace(const char *from, const char *to, struct wl_err *err)
{
    if (rename(from, to) == 0)
        return 0;
    /* A folder that is not empty: let the two change places in one call, so that nobody ever sees none of them. */
    if ((errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR || errno == EISDIR) &&
        renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
        return remove_tree(from, err);
    if (errno == EINVAL || errno == ENOSYS) {
        WL_CLEANUP_FREE char *old = xasprintf("%s.old.%d", to, (int)getpid());

        if (rename(to, old) == 0 && rename(from, to) == 0)
            return remove_tree(old, err);
    }
    return wl_err_errno(err, WL_E_IO, "cannot put %s in place", to);
}

int lock_take(const char *path, bool wait, int *fd, struct wl_err *err)
{
    *fd = -1;
    for (;;) {
        WL_CLEANUP_FD int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        struct stat held, named;

        if (lock < 0)
            return wl_err_errno(err, WL_E_IO, "cannot open the lock %s", path);
        if (flock(lock, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
            if (errno == EWOULDBLOCK)
                return 1;
            if (errno == EINTR)
                return wl_err_set(err, WL_E_INTERRUPTED, "interrupted while waiting for %s", path);
            return wl_err_errno(err, WL_E_IO, "cannot lock %s", path);
        }
        /* Whoever held it may have removed the file: then this lock is on a file nobody else will find. */
        if (fstat(lock, &held) < 0 || stat(path, &named) < 0 || held.st_ino != named.st_ino ||
            held.st_dev != named.st_dev)
            continue;
        *fd = lock;
        lock = -1;
        return 0;
    }
}
