/* Reading and writing files, and everything that is made aside and then put in place (fs.h). */
#include "util/fs_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, size_t max, char **data, size_t *n, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    WL_CLEANUP_STR struct str b = {0};
    char chunk[16384];

    if (fd < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot open %s", path);
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return wl_err_unreadable(err, WL_E_IO, "cannot read %s", path);
        if (got == 0)
            break;
        str_addn(&b, chunk, (size_t)got);
        if (b.len > max)
            return wl_err_set(err, WL_E_IO, "cannot read %s: it is larger than %zu bytes", path, max);
    }
    if (n)
        *n = b.len;
    *data = str_take(&b);
    return 0;
}

char *file_tail(const char *path, size_t max, size_t *n)
{
    WL_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    WL_CLEANUP_FREE char *text = NULL;
    const char *start;
    size_t got = 0;
    off_t end, from;

    end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    if (end < 0)
        return NULL;
    from = (unsigned long long)end > max ? end - (off_t)max : 0;
    text = xmalloc((size_t)(end - from) + 1);
    while (got < (size_t)(end - from)) {
        ssize_t r = pread(fd, text + got, (size_t)(end - from) - got, from + (off_t)got);

        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            break;
        got += (size_t)r;
    }
    text[got] = '\0';
    start = from ? memchr(text, '\n', got) : NULL;
    start = start ? start + 1 : text;
    if (n)
        *n = got - (size_t)(start - text);
    return memcpy(xcalloc(got - (size_t)(start - text) + 1, 1), start, got - (size_t)(start - text));
}

/* --- made aside, then put in place --- */

/* What temporary names begin with for a file or directory that will be called base. */
static char *aside_prefix(const char *base)
{
    enum { LONGEST = 200 }; /* leaves room in a name for the rest of it */

    return xasprintf(".%.*s.new.", LONGEST, base);
}

static char *aside_name(const char *base)
{
    WL_CLEANUP_FREE char *prefix = aside_prefix(base);
    unsigned long long number;
    unsigned char *p = (unsigned char *)&number;

    for (size_t done = 0; done < sizeof number;) {
        ssize_t n = getrandom(p + done, sizeof number - done, 0);

        done += n > 0 ? (size_t)n : 0;
    }
    return xasprintf("%s%016llx", prefix, number);
}

/* Locks what is being made, so that sweep_aside() leaves it alone. On a file system without locks nothing is swept. */
static void claim(int fd)
{
    while (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EINTR)
        ;
}

/* These are devices, pipes, or files under another name: they are written to, never replaced. */
static bool is_written_in_place(const char *path)
{
    struct stat st;

    return (starts_with(path, "/dev/") && !starts_with(path, "/dev/shm/")) || starts_with(path, "/proc/") ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

/* Makes the file under a temporary name, if it cannot be made without one. */
static int make_named(struct new_file *f, mode_t mode)
{
    for (;;) {
        WL_CLEANUP_FREE char *aside = aside_name(f->name);

        f->fd = openat(f->dir, aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (f->fd < 0 && errno != EEXIST)
            return -1;
        if (f->fd < 0)
            continue;
        claim(f->fd);
        if (fs_is_named(f->dir, aside, f->fd)) {
            f->aside = aside;
            aside = NULL;
            return 0;
        }
        close_fdp(&f->fd); /* swept before it was locked */
    }
}

int new_file_open(struct new_file *f, const char *path, mode_t mode, struct wl_err *err)
{
    WL_CLEANUP_FREE char *parent = path_dir(path);

    *f = (struct new_file){.fd = -1, .dir = -1, .path = xstrdup(path)};
    if (is_written_in_place(path)) {
        f->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
        return f->fd < 0 ? wl_err_errno(err, WL_E_IO, "cannot write %s", path) : 0;
    }
    f->name = xstrdup(path_base(path));
    f->dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0)
        f->dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC); /* writable but not readable */
    if (f->dir < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", path);
    /* Without a name for as long as possible, so that a kill leaves nothing. It gets its name through /proc. */
    if (access("/proc/self/fd", X_OK) == 0)
        f->fd = openat(f->dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode);
    if (f->fd < 0)
        return make_named(f, mode) < 0 ? wl_err_errno(err, WL_E_IO, "cannot write %s", path) : 0;
    claim(f->fd);
    return 0;
}

/* Gives a file without a name its final name if that is free, else a temporary one. */
static int give_name(struct new_file *f)
{
    WL_CLEANUP_FREE char *self = xasprintf("/proc/self/fd/%d", f->fd), *aside = NULL;

    if (linkat(AT_FDCWD, self, f->dir, f->name, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    while (errno == EEXIST) {
        free(aside);
        aside = aside_name(f->name);
        if (linkat(AT_FDCWD, self, f->dir, aside, AT_SYMLINK_FOLLOW) == 0) {
            f->aside = aside;
            aside = NULL;
            return 0;
        }
    }
    return -1;
}

int new_file_commit(struct new_file *f, struct wl_err *err)
{
    if (!f->name) /* in place; a device or pipe that cannot sync is not an error */
        return 0;
    if (fsync(f->fd) < 0 || (!f->aside && give_name(f) < 0))
        return wl_err_errno(err, WL_E_IO, "cannot write %s", f->path);
    if (f->aside && renameat(f->dir, f->aside, f->dir, f->name) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", f->path);
    free_charp(&f->aside);
    return 0;
}

void new_file_close(struct new_file *f)
{
    if (f->aside)
        unlinkat(f->dir, f->aside, 0);
    close_fdp(&f->fd);
    close_fdp(&f->dir);
    free_charp(&f->aside);
    free_charp(&f->name);
    free_charp(&f->path);
}

int file_write(const char *path, const char *data, size_t n, struct wl_err *err)
{
    WL_CLEANUP_NEW_FILE struct new_file f;
    int r = new_file_open(&f, path, 0666, err);

    if (r == 0 && write_all(f.fd, data, n) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot write %s", path);
    return r < 0 ? r : new_file_commit(&f, err);
}

int file_copy(const char *from, const char *to, mode_t mode, struct wl_err *err)
{
    WL_CLEANUP_FD int in = open(from, O_RDONLY | O_CLOEXEC);
    WL_CLEANUP_NEW_FILE struct new_file f = {.fd = -1, .dir = -1};
    int r;

    if (in < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot open %s", from);
    r = new_file_open(&f, to, mode, err);
    if (r == 0 && fs_copy_bytes(in, f.fd) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot write %s", to);
    if (r == 0 && f.name && fchmod(f.fd, mode) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", to);
    return r < 0 ? r : new_file_commit(&f, err);
}

int temp_dir_at(int parent, const char *base, char **name, int *fd)
{
    for (;;) {
        WL_CLEANUP_FREE char *aside = aside_name(base);

        if (mkdirat(parent, aside, 0777) < 0) {
            if (errno == EEXIST)
                continue;
            return -1;
        }
        *fd = fs_open_dir(parent, aside);
        if (*fd < 0 && errno != ENOENT) {
            int why = errno;

            unlinkat(parent, aside, AT_REMOVEDIR);
            errno = why;
            return -1;
        }
        if (*fd < 0)
            continue; /* swept before it was locked */
        claim(*fd);
        if (fs_is_named(parent, aside, *fd)) {
            *name = aside;
            aside = NULL;
            return 0;
        }
        close_fdp(fd);
    }
}

int temp_dir_make(struct temp_dir *t, const char *parent, const char *base, struct wl_err *err)
{
    WL_CLEANUP_FD int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    WL_CLEANUP_FREE char *name = NULL;

    *t = (struct temp_dir){.fd = -1};
    if (dir < 0 || temp_dir_at(dir, base, &name, &t->fd) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot make a directory in %s", parent);
    t->path = path_join(parent, name);
    return 0;
}

void temp_dir_remove(struct temp_dir *t)
{
    if (t->path)
        fs_remove_at(AT_FDCWD, t->path);
    close_fdp(&t->fd);
    free_charp(&t->path);
}

void sweep_aside(const char *parent, const char *base)
{
    WL_CLEANUP_FD int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    WL_CLEANUP_FREE char *prefix = aside_prefix(base);
    WL_CLEANUP_STRV struct strv names = {0};

    if (dir < 0 || fs_list(dir, &names) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FD int fd = -1;

        if (!starts_with(names.v[i], prefix))
            continue;
        fd = openat(dir, names.v[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fs_is_named(dir, names.v[i], fd))
            fs_remove_at(dir, names.v[i]);
    }
}

/* If the two cannot change places in one call: by way of a third name, and back if that fails. */
static int replace_in_steps(const char *from, const char *to, struct wl_err *err)
{
    WL_CLEANUP_FREE char *parent = path_dir(to), *old = NULL;
    WL_CLEANUP_TEMP_DIR struct temp_dir aside;
    int r = temp_dir_make(&aside, parent, path_base(to), err), why;

    if (r < 0)
        return r;
    old = path_join(aside.path, "old");
    if (rename(to, old) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot put %s in place", to);
    if (rename(from, to) == 0)
        return 0;
    why = errno;
    if (rename(old, to) < 0) {
        /* Neither lost nor removed: the directory stays, and the message says where. */
        wl_err_set(err, WL_E_IO, "cannot put %s in place: %s; what was there is now %s", to, strerror(why), old);
        free_charp(&aside.path);
        return -WL_E_IO;
    }
    errno = why;
    return wl_err_errno(err, WL_E_IO, "cannot put %s in place", to);
}

int path_sync(const char *folder, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || syncfs(fd) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s to the disk", folder);
    return 0;
}

int path_replace(const char *from, const char *to, struct wl_err *err)
{
    if (rename(from, to) == 0)
        return 0;
    /* A directory that is not empty: let the two change places in one call, so that one of them is always there. */
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR || errno == EISDIR) {
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
            return remove_tree(from, err);
        if (errno == EINVAL || errno == ENOSYS)
            return replace_in_steps(from, to, err);
    }
    return wl_err_errno(err, WL_E_IO, "cannot put %s in place", to);
}
