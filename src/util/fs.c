#include "util/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
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
    WL_CLEANUP_FREE char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);

    if (!cwd)
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

char *link_target(const char *path)
{
    size_t size = 256;

    /* Not on the stack: this is called at each level of a tree. */
    for (;;) {
        WL_CLEANUP_FREE char *target = xmalloc(size);
        ssize_t n = readlink(path, target, size);

        if (n < 0)
            return NULL;
        if ((size_t)n < size)
            return xstrndup(target, (size_t)n);
        size *= 2;
    }
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
        return wl_err_unreadable(err, WL_E_IO, "cannot list the folder %s", path);
    return 0;
}

/* A folder on the way down, with what is still to be removed in it. */
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
    int fd; /* the innermost folder: one descriptor however deep the tree is */
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

static int open_folder(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Goes into a folder that could not be unlinked as a file. 1: it is gone already. */
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
    fd = open_folder(parent, name);
    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        fd = open_folder(parent, name);
    if (fd < 0)
        return errno == ENOENT ? 1 : -1;
    if (fstat(fd, &st) < 0 || ((st.st_mode & 0700) != 0700 && fchmod(fd, 0700) < 0) || list_fd(fd, &l.names) < 0) {
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

/* Back to the folder above, if that is still the one that was left: the tree may have been moved meanwhile. */
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

/* Works relative to folder handles, so that a link put in place of a folder meanwhile leads nowhere else; keeps one of
 * them and no stack of calls, since what a step or an archive made may be of any depth. */
static int remove_at(int dir_fd, const char *name)
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
    if (remove_at(AT_FDCWD, path) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot remove %s", path);
    return 0;
}

int write_all(int fd, const char *data, size_t n)
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

static int copy_bytes(int in, int out)
{
    /* In large pieces: as it is written the kernel keeps a file in its memory, and to map many small pieces takes a
     * program that is started longer. (copy_file_range writes small ones.) */
    enum { CHUNK = 1 << 20 };
    WL_CLEANUP_FREE char *buf = NULL;

    /* Shares the blocks where the file system can. */
    if (ioctl(out, FICLONE, in) == 0)
        return 0;
    buf = xmalloc(CHUNK);
    for (;;) {
        ssize_t n = read(in, buf, CHUNK);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : 0;
        if (write_all(out, buf, (size_t)n) < 0)
            return -1;
    }
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
        if (out < 0 || copy_bytes(in, out) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot write %s", to);
    } else {
        return wl_err_set(err, WL_E_IO, "cannot copy %s: it is neither file, folder nor link", from);
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

/* What the names of files and folders begin with that are to be called base. */
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

/* Whether the name still leads to what fd is open on. */
static bool is_named(int dir, const char *name, int fd)
{
    struct stat held, named;

    return fstat(fd, &held) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/* Locks what is being made, so that sweep_aside() leaves it alone. A file system without locks has no sweeping. */
static void claim(int fd)
{
    while (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EINTR)
        ;
}

/* What is in these is a device, a pipe, or a file under another name: it is written to, never replaced. */
static bool is_written_in_place(const char *path)
{
    struct stat st;

    return (starts_with(path, "/dev/") && !starts_with(path, "/dev/shm/")) || starts_with(path, "/proc/") ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

/* Makes the file under a name of its own, where it cannot be made without one. */
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
        if (is_named(f->dir, aside, f->fd)) {
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
    /* Without a name as long as possible, so that a kill leaves nothing. It gets one through /proc. */
    if (access("/proc/self/fd", X_OK) == 0)
        f->fd = openat(f->dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode);
    if (f->fd < 0)
        return make_named(f, mode) < 0 ? wl_err_errno(err, WL_E_IO, "cannot write %s", path) : 0;
    claim(f->fd);
    return 0;
}

/* Gives a file without a name its own, if that is free, or else one to be renamed from. */
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

int new_file_commit(struct new_file *f, bool durable, struct wl_err *err)
{
    if (!f->name) /* in place; what a device or pipe cannot sync is no error */
        return 0;
    if (fsync(f->fd) < 0 || (!f->aside && give_name(f) < 0))
        return wl_err_errno(err, WL_E_IO, "cannot write %s", f->path);
    if (f->aside && renameat(f->dir, f->aside, f->dir, f->name) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", f->path);
    free_charp(&f->aside);
    if (durable && fsync(f->dir) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write the folder of %s", f->path);
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

static int write_new(const char *path, const char *data, size_t n, bool durable, struct wl_err *err)
{
    WL_CLEANUP_NEW_FILE struct new_file f;
    int r = new_file_open(&f, path, 0666, err);

    if (r == 0 && write_all(f.fd, data, n) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot write %s", path);
    return r < 0 ? r : new_file_commit(&f, durable, err);
}

int file_write(const char *path, const char *data, size_t n, struct wl_err *err)
{
    return write_new(path, data, n, false, err);
}

int file_write_durable(const char *path, const char *data, size_t n, struct wl_err *err)
{
    return write_new(path, data, n, true, err);
}

int file_copy(const char *from, const char *to, mode_t mode, struct wl_err *err)
{
    WL_CLEANUP_FD int in = open(from, O_RDONLY | O_CLOEXEC);
    WL_CLEANUP_NEW_FILE struct new_file f = {.fd = -1, .dir = -1};
    int r;

    if (in < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot open %s", from);
    r = new_file_open(&f, to, mode, err);
    if (r == 0 && copy_bytes(in, f.fd) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot write %s", to);
    if (r == 0 && f.name && fchmod(f.fd, mode) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", to);
    return r < 0 ? r : new_file_commit(&f, false, err);
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
        *fd = open_folder(parent, aside);
        if (*fd < 0 && errno != ENOENT) {
            int why = errno;

            unlinkat(parent, aside, AT_REMOVEDIR);
            errno = why;
            return -1;
        }
        if (*fd < 0)
            continue; /* swept before it was locked */
        claim(*fd);
        if (is_named(parent, aside, *fd)) {
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
        return wl_err_errno(err, WL_E_IO, "cannot make a folder in %s", parent);
    t->path = path_join(parent, name);
    return 0;
}

void temp_dir_remove(struct temp_dir *t)
{
    if (t->path)
        remove_at(AT_FDCWD, t->path);
    close_fdp(&t->fd);
    free_charp(&t->path);
}

void sweep_aside(const char *parent, const char *base)
{
    WL_CLEANUP_FD int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    WL_CLEANUP_FREE char *prefix = aside_prefix(base);
    WL_CLEANUP_STRV struct strv names = {0};

    if (dir < 0 || list_fd(dir, &names) < 0)
        return;
    for (size_t i = 0; i < names.n; i++) {
        WL_CLEANUP_FD int fd = -1;

        if (!starts_with(names.v[i], prefix))
            continue;
        fd = openat(dir, names.v[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(dir, names.v[i], fd))
            remove_at(dir, names.v[i]);
    }
}

/* Where the two cannot change places in one call: by way of a third name, and back if that fails. */
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
        /* Neither lost nor removed: the folder stays, and the message says where. */
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
    /* A folder that is not empty: let the two change places in one call, so that nobody ever sees none of them. */
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR || errno == EISDIR) {
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
            return remove_tree(from, err);
        if (errno == EINVAL || errno == ENOSYS)
            return replace_in_steps(from, to, err);
    }
    return wl_err_errno(err, WL_E_IO, "cannot put %s in place", to);
}

static int take_lock(const char *path, int how, int *fd, struct wl_err *err)
{
    *fd = -1;
    for (;;) {
        WL_CLEANUP_FD int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

        if (lock < 0)
            return wl_err_errno(err, WL_E_IO, "cannot open the lock %s", path);
        if (flock(lock, how) < 0) {
            if (errno == EWOULDBLOCK)
                return 1;
            if (errno == EINTR)
                return wl_err_set(err, WL_E_INTERRUPTED, "interrupted while waiting for %s", path);
            return wl_err_errno(err, WL_E_IO, "cannot lock %s", path);
        }
        /* Its last holder may have removed the file: then this lock is on a file that nobody else will find. */
        if (!is_named(AT_FDCWD, path, lock))
            continue;
        *fd = lock;
        lock = -1;
        return 0;
    }
}

int lock_take(const char *path, bool wait, int *fd, struct wl_err *err)
{
    return take_lock(path, LOCK_EX | (wait ? 0 : LOCK_NB), fd, err);
}

int lock_share(const char *path, int *fd, struct wl_err *err)
{
    return take_lock(path, LOCK_SH | LOCK_NB, fd, err);
}

void lock_end(const char *path, int *fd)
{
    if (*fd >= 0)
        unlink(path);
    close_fdp(fd);
}
