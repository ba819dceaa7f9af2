/* Whole trees: listing, removing, copying (fs.h). */
#include "util/fs_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int fs_list(int dir_fd, struct strv *names)
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

    if (fd < 0 || fs_list(fd, names) < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot list the directory %s", path);
    return 0;
}

/* A directory on the way down, with the names that are still to be removed in it. */
struct level {
    char *name;
    struct strv names;
    size_t next;
    dev_t dev;
    ino_t ino;
};

struct descent {
    struct level *v;
    size_t n;
    int fd; /* the innermost directory: one descriptor however deep the tree is */
};

static void descent_free(struct descent *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->v[i].name);
        strv_free(&d->v[i].names);
    }
    free(d->v);
    close_fdp(&d->fd);
}

int fs_open_dir(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Enters a directory that could not be unlinked as a file. 1: it no longer exists. */
static int descend(struct descent *d, int parent, const char *name)
{
    struct level l = {0};
    struct stat st;
    int fd;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 1 : -1;
    if (!S_ISDIR(st.st_mode)) {
        errno = EACCES;
        return -1;
    }
    fd = fs_open_dir(parent, name);
    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        fd = fs_open_dir(parent, name);
    if (fd < 0)
        return errno == ENOENT ? 1 : -1;
    if (fstat(fd, &st) < 0 || ((st.st_mode & 0700) != 0700 && fchmod(fd, 0700) < 0) || fs_list(fd, &l.names) < 0) {
        strv_free(&l.names);
        close(fd);
        return -1;
    }
    l.name = xstrdup(name);
    l.dev = st.st_dev;
    l.ino = st.st_ino;
    d->v = xreallocarray(d->v, d->n + 1, sizeof *d->v);
    d->v[d->n++] = l;
    close_fdp(&d->fd);
    d->fd = fd;
    return 0;
}

/* Returns to the directory above, if it is still the same one: the tree may have been moved meanwhile. */
static int ascend(struct descent *d)
{
    struct level *done = &d->v[d->n - 1], *above = done - 1;
    int fd = openat(d->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != above->dev || st.st_ino != above->ino) {
        if (fd >= 0) {
            close(fd);
            errno = ESTALE;
        }
        return -1;
    }
    close_fdp(&d->fd);
    d->fd = fd;
    if (unlinkat(fd, done->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return -1;
    free(done->name);
    strv_free(&done->names);
    d->n--;
    return 0;
}

/* Works relative to directory handles, so that a link that meanwhile replaces a directory leads nowhere else. It keeps
 * one handle and does not recurse, because a step or an archive can make a tree of any depth. */
int fs_remove_at(int dir_fd, const char *name)
{
    __attribute__((cleanup(descent_free))) struct descent d = {.fd = -1};
    int r;

    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    r = descend(&d, dir_fd, name);
    if (r != 0)
        return r < 0 ? -1 : 0;
    for (;;) {
        struct level *l = &d.v[d.n - 1];

        if (l->next < l->names.n) {
            const char *sub = l->names.v[l->next++];

            if (unlinkat(d.fd, sub, 0) < 0 && errno != ENOENT && descend(&d, d.fd, sub) < 0)
                return -1;
        } else if (d.n == 1) {
            return unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
        } else if (ascend(&d) < 0) {
            return -1;
        }
    }
}

int remove_tree(const char *path, struct wl_err *err)
{
    if (fs_remove_at(AT_FDCWD, path) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot remove %s", path);
    return 0;
}

int copy_tree(const char *from, const char *to, struct wl_err *err)
{
    struct stat st;
    int r;

    if (lstat(from, &st) < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot read %s", from);
    if (S_ISDIR(st.st_mode)) {
        WL_CLEANUP_STRV struct strv names = {0};

        if (mkdir(to, 0777) < 0 && !(errno == EEXIST && path_is_dir(to)))
            return wl_err_errno(err, WL_E_IO, "cannot make the directory %s", to);
        r = dir_list(from, &names, err);
        for (size_t i = 0; r == 0 && i < names.n; i++) {
            WL_CLEANUP_FREE char *sub_from = path_join(from, names.v[i]);
            WL_CLEANUP_FREE char *sub_to = path_join(to, names.v[i]);

            r = copy_tree(sub_from, sub_to, err);
        }
        if (r < 0)
            return r;
    } else if (S_ISLNK(st.st_mode)) {
        WL_CLEANUP_FREE char *target = link_target(from);

        if (!target)
            return wl_err_unreadable(err, WL_E_IO, "cannot read the link %s", from);
        if (symlink(target, to) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot make the link %s", to);
    } else if (S_ISREG(st.st_mode)) {
        WL_CLEANUP_FD int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        WL_CLEANUP_FD int out = -1;

        if (in < 0)
            return wl_err_unreadable(err, WL_E_IO, "cannot read %s", from);
        out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0200 | (st.st_mode & 0777));
        if (out < 0 || fs_copy_bytes(in, out) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot write %s", to);
    } else {
        return wl_err_set(err, WL_E_IO, "cannot copy %s: it is neither a file, a directory nor a link", from);
    }
    if (!S_ISLNK(st.st_mode) && chmod(to, (st.st_mode & 0777) | (S_ISDIR(st.st_mode) ? 0700 : 0200)) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", to);
    if (utimensat(AT_FDCWD, to, (struct timespec[]){st.st_atim, st.st_mtim}, AT_SYMLINK_NOFOLLOW) < 0 &&
        !S_ISLNK(st.st_mode))
        return wl_err_errno(err, WL_E_IO, "cannot set the times of %s", to);
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

void stamp_used(const char *path)
{
    enum { DAY = 86400 };
    struct stat st;
    struct timespec now;

    if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode) && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
        now.tv_sec - st.st_mtim.tv_sec >= DAY)
        utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

void tree_plain_modes(const char *path)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    struct stat st;

    if (lstat(path, &st) < 0 || S_ISLNK(st.st_mode))
        return;
    chmod(path, S_ISDIR(st.st_mode) || (st.st_mode & S_IXUSR) ? 0755 : 0644);
    if (!S_ISDIR(st.st_mode) || dir_list(path, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);

        tree_plain_modes(sub);
    }
}
