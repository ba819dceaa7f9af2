/* The calls that take a path. The kernel never gets a whole path, except in openat2: a change is made relative to the
 * directory that holds the last part of the path, which is opened beneath the given one. */
#include "wasi/channel.h"
#include "wasi/wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct place {
    char path[PATH_MAX];
    const char *last; /* the last part, with its trailing slashes */
    int dir;          /* the directory that holds it, open */
};

/* WASI's paths are UTF-8 (RFC 3629). */
static bool is_utf8(const uint8_t *p, uint32_t size)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

    for (const uint8_t *end = p + size; p < end;) {
        uint32_t more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1, c = more ? *p & (0x3f >> more) : *p;

        if (*p >= 0xf8 || (*p >= 0x80 && *p < 0xc0) || more >= (size_t)(end - p))
            return false;
        for (uint32_t i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
            c = c << 6 | (p[i] & 0x3f);
        }
        if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return false;
        p += more + 1;
    }
    return true;
}

/* Reads a path from the guest; refuses one that has a zero byte. */
static uint32_t take(struct guest_memory m, uint32_t at, uint32_t size, char path[PATH_MAX])
{
    if (!wasi_inside(m, at, size))
        return WASI_EFAULT;
    if (size >= PATH_MAX)
        return WASI_ENAMETOOLONG;
    if (memchr(m.base + at, '\0', size))
        return WASI_EINVAL;
    if (!is_utf8(m.base + at, size))
        return WASI_EILSEQ;
    memcpy(path, m.base + at, size);
    path[size] = '\0';
    return WASI_SUCCESS;
}

static struct wasi_fd *folder(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t *e)
{
    struct wasi_fd *f = wasi_fd(w, fd, 0, e);

    if (f && f->type != WASI_DIRECTORY) {
        *e = WASI_ENOTDIR;
        return NULL;
    }
    return f ? wasi_fd(w, fd, rights, e) : NULL;
}

/* The error for a change in a read-only file system, as Linux gives it: a missing file cannot be removed (ENOENT), an
 * existing one cannot be created (EEXIST). */
static uint32_t refuse(const struct place *p, uint64_t rights)
{
    const uint64_t making = WASI_R_PATH_CREATE_DIRECTORY | WASI_R_PATH_SYMLINK | WASI_R_PATH_LINK_TARGET;
    struct stat st;
    char name[NAME_MAX + 1];
    size_t length = strcspn(p->last, "/"); /* with a trailing slash the kernel would follow a link, wherever it leads */
    bool there = false;

    if (length > NAME_MAX)
        return WASI_ENAMETOOLONG;
    memcpy(name, p->last, length);
    name[length] = '\0';
    there = fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

    if (rights & making)
        return there ? WASI_EEXIST : WASI_EROFS;
    return there || rights & WASI_R_PATH_RENAME_TARGET || errno != ENOENT ? WASI_EROFS : WASI_ENOENT;
}

/* Opens the directory that holds a path's last part. The caller closes p->dir. */
static uint32_t find_parent(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size, struct place *p)
{
    uint32_t e;
    struct wasi_fd *f = folder(w, fd, rights, &e);
    char parent[PATH_MAX];
    size_t end;

    if (!f)
        return e;
    e = take(wasi_memory(w), at, size, p->path);
    if (e)
        return e;
    if (!p->path[0])
        return WASI_ENOENT;
    end = strlen(p->path);
    while (end > 0 && p->path[end - 1] == '/')
        end--;
    if (p->path[0] == '/')
        return WASI_EPERM;
    while (end > 0 && p->path[end - 1] != '/')
        end--;
    p->last = p->path + end;
    memcpy(parent, p->path, end);
    strcpy(parent + end, end ? "" : ".");
    /* ".." is not a name in the directory but leads out of it, so it has to be resolved, too. */
    if (!strncmp(p->last, "..", 2) && (p->last[2] == '/' || !p->last[2])) {
        strcpy(parent, p->path);
        p->last = ".";
    }
    p->dir = wasi_open_beneath(w, f->host, parent, O_PATH | O_DIRECTORY, 0);
    return p->dir < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

/* The same for a call that changes something, which may be refused. */
static uint32_t find(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size, struct place *p)
{
    uint32_t e = find_parent(w, fd, rights, at, size, p);

    if (e || !wasi_fd(w, fd, 0, &e)->read_only)
        return e;
    e = refuse(p, rights);
    close(p->dir);
    return e;
}

static uint32_t finish(struct place *p, int r)
{
    uint32_t e = r < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;

    close(p->dir);
    return e;
}

/* The same for a call with two paths. */
static uint32_t find_both(struct wasi *w, uint32_t from, uint64_t from_rights, uint32_t path, uint32_t size,
                          struct place *old, uint32_t to, uint64_t to_rights, uint32_t new_path, uint32_t new_size,
                          struct place *new)
{
    uint32_t e = find(w, from, from_rights, path, size, old);

    if (e)
        return e;
    e = find(w, to, to_rights, new_path, new_size, new);
    if (e)
        close(old->dir);
    return e;
}

static uint32_t finish_both(const struct place *old, const struct place *new, int r)
{
    uint32_t e = r == 0 ? WASI_SUCCESS : errno == EXDEV ? (uint32_t)WASI_EXDEV : wasi_from_errno(errno);

    close(old->dir);
    close(new->dir);
    return e;
}

/* Opens a path only for questions about it (O_PATH). */
static uint32_t find_node(struct wasi *w, uint32_t fd, uint64_t rights, bool follow, uint32_t at, uint32_t size,
                          int *node)
{
    char path[PATH_MAX];
    uint32_t e;
    struct wasi_fd *f = folder(w, fd, rights, &e);

    if (f)
        e = take(wasi_memory(w), at, size, path);
    if (!f || e)
        return e;
    *node = wasi_open_beneath(w, f->host, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
    return *node < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;
}

uint32_t wasi_path_create_directory(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size)
{
    struct place p;
    uint32_t e = find(w, fd, WASI_R_PATH_CREATE_DIRECTORY, path, size, &p);

    return e ? e : finish(&p, mkdirat(p.dir, p.last, 0777));
}

uint32_t wasi_path_remove_directory(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size)
{
    struct place p;
    uint32_t e = find(w, fd, WASI_R_PATH_REMOVE_DIRECTORY, path, size, &p);

    return e ? e : finish(&p, unlinkat(p.dir, p.last, AT_REMOVEDIR));
}

uint32_t wasi_path_unlink_file(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size)
{
    struct place p;
    uint32_t e = find(w, fd, WASI_R_PATH_UNLINK_FILE, path, size, &p);

    return e ? e : finish(&p, unlinkat(p.dir, p.last, 0));
}

uint32_t wasi_path_rename(struct wasi *w, uint32_t from, uint32_t path, uint32_t size, uint32_t to, uint32_t new_path,
                          uint32_t new_size)
{
    struct place old, new;
    uint32_t e = find_both(w, from, WASI_R_PATH_RENAME_SOURCE, path, size, &old, to, WASI_R_PATH_RENAME_TARGET,
                           new_path, new_size, &new);

    return e ? e : finish_both(&old, &new, renameat(old.dir, old.last, new.dir, new.last));
}

uint32_t wasi_path_link(struct wasi *w, uint32_t from, uint32_t flags, uint32_t path, uint32_t size, uint32_t to,
                        uint32_t new_path, uint32_t new_size)
{
    struct place old, new;
    uint32_t e;
    int r = -1;

    /* The kernel would follow a link wherever it leads. No libc asks for that. */
    if (flags)
        return WASI_EINVAL;
    e = find_both(w, from, WASI_R_PATH_LINK_SOURCE, path, size, &old, to, WASI_R_PATH_LINK_TARGET, new_path, new_size,
                  &new);
    if (e)
        return e;
    /* With a trailing slash the kernel would follow a link. */
    if (strchr(old.last, '/'))
        errno = ENOTDIR;
    else
        r = linkat(old.dir, old.last, new.dir, new.last, 0);
    return finish_both(&old, &new, r);
}

uint32_t wasi_path_symlink(struct wasi *w, uint32_t text, uint32_t text_size, uint32_t fd, uint32_t path, uint32_t size)
{
    struct place p;
    char target[PATH_MAX];
    uint32_t e = take(wasi_memory(w), text, text_size, target);

    if (e == 0)
        e = find(w, fd, WASI_R_PATH_SYMLINK, path, size, &p);
    if (e)
        return e;
    /* The guest could not follow it, but another program might. */
    if (target[0] == '/') {
        close(p.dir);
        return WASI_EPERM;
    }
    return finish(&p, symlinkat(target, p.dir, p.last));
}

uint32_t wasi_path_readlink(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size, uint32_t at, uint32_t room,
                            uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    char text[PATH_MAX];
    int node;
    uint32_t e;
    ssize_t n;

    if (!wasi_inside(m, at, room) || !wasi_inside(m, result, 4))
        return WASI_EFAULT;
    if (fd < w->fds_n && w->fds[fd].used && w->fds[fd].channel)
        return wasi_channel_readlink(w, path, size, at, room, result);
    e = find_node(w, fd, WASI_R_PATH_READLINK, false, path, size, &node);
    if (e)
        return e;
    n = readlinkat(node, "", text, sizeof text);
    e = n < 0 ? wasi_from_errno(errno == ENOENT ? EINVAL : errno) : WASI_SUCCESS;
    close(node);
    if (e)
        return e;
    if (text[0] == '/')
        return WASI_EPERM; /* it would reveal paths of this machine */
    if ((size_t)n > room)
        n = room;
    memcpy(m.base + at, text, (size_t)n);
    wasi_store(m, result, 4, (uint64_t)n);
    return WASI_SUCCESS;
}

uint32_t wasi_path_filestat_get(struct wasi *w, uint32_t fd, uint32_t flags, uint32_t path, uint32_t size, uint32_t at)
{
    struct guest_memory m = wasi_memory(w);
    struct stat st;
    int node;
    uint32_t e;

    if (!wasi_inside(m, at, 64))
        return WASI_EFAULT;
    if (flags & ~(uint32_t)WASI_SYMLINK_FOLLOW)
        return WASI_EINVAL;
    e = find_node(w, fd, WASI_R_PATH_FILESTAT_GET, flags & WASI_SYMLINK_FOLLOW, path, size, &node);
    if (e)
        return e;
    if (fstat(node, &st) < 0)
        e = wasi_from_errno(errno);
    else
        wasi_put_filestat(m, at, -1, &st);
    close(node);
    return e;
}

uint32_t wasi_path_filestat_set_times(struct wasi *w, uint32_t fd, uint32_t flags, uint32_t path, uint32_t size,
                                      uint64_t atim, uint64_t mtim, uint32_t set)
{
    struct timespec times[2];
    int node;
    uint32_t e;

    if (!wasi_times(atim, mtim, set, times) || flags & ~(uint32_t)WASI_SYMLINK_FOLLOW)
        return WASI_EINVAL;
    e = find_node(w, fd, WASI_R_PATH_SET_TIMES, flags & WASI_SYMLINK_FOLLOW, path, size, &node);
    if (e)
        return e;
    if (wasi_fd(w, fd, 0, &e)->read_only)
        e = WASI_EROFS;
    else if (utimensat(node, "", times, AT_EMPTY_PATH) < 0)
        e = wasi_from_errno(errno);
    close(node);
    return e;
}

/* As open(2) on a read-only file system: an existing file may be opened if nothing would change. */
static uint32_t refuse_opening(struct wasi *w, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size,
                               uint32_t create, bool writing)
{
    struct stat st;
    struct place p;
    int node;
    uint32_t e = find_node(w, fd, 0, lookup & WASI_SYMLINK_FOLLOW, path, size, &node);

    if (e == WASI_ENOENT && create & WASI_O_CREAT) {
        e = find_parent(w, fd, 0, path, size, &p);
        if (e)
            return e;
        close(p.dir);
        return WASI_EROFS;
    }
    if (e)
        return e;
    if (create & WASI_O_EXCL)
        e = WASI_EEXIST;
    else if (fstat(node, &st) == 0 && S_ISDIR(st.st_mode))
        e = WASI_EISDIR;
    else if (writing || create & WASI_O_TRUNC)
        e = WASI_EROFS;
    close(node);
    return e;
}

uint32_t wasi_path_open(struct wasi *w, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size, uint32_t create,
                        uint64_t rights, uint64_t inheriting, uint32_t fdflags, uint32_t result)
{
    const uint64_t writing = WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE | WASI_R_FD_SET_SIZE;
    struct guest_memory m = wasi_memory(w);
    char name[PATH_MAX];
    uint64_t need = WASI_R_PATH_OPEN, allowed;
    struct stat st;
    uint32_t e, opened;
    struct wasi_fd *f;
    bool read_only;
    int flags, host;

    if (create & WASI_O_CREAT)
        need |= WASI_R_PATH_CREATE_FILE;
    if (create & WASI_O_TRUNC)
        need |= WASI_R_PATH_SET_SIZE;
    f = folder(w, fd, need, &e);
    if (f)
        e = take(m, path, size, name);
    if (!f || e)
        return e;
    if (!wasi_inside(m, result, 4))
        return WASI_EFAULT;
    if (lookup & ~(uint32_t)WASI_SYMLINK_FOLLOW || create & ~15u || fdflags & ~31u)
        return WASI_EINVAL;
    if (create & WASI_O_DIRECTORY && create & (WASI_O_CREAT | WASI_O_EXCL | WASI_O_TRUNC))
        return WASI_EINVAL;
    read_only = f->read_only;
    if (read_only && !(create & WASI_O_DIRECTORY) && (create || rights & writing)) {
        e = refuse_opening(w, fd, lookup, path, size, create, rights & writing);
        if (e)
            return e;
        create = 0;
    }
    allowed = f->inheriting;
    rights &= allowed;
    inheriting &= allowed;
    flags = rights & writing || create & WASI_O_TRUNC ? rights & WASI_R_FD_READ ? O_RDWR : O_WRONLY : O_RDONLY;
    if (create & WASI_O_DIRECTORY)
        flags = O_RDONLY | O_DIRECTORY;
    flags |= (create & WASI_O_CREAT ? O_CREAT : 0) | (create & WASI_O_EXCL ? O_EXCL : 0) |
             (create & WASI_O_TRUNC ? O_TRUNC : 0) | (lookup & WASI_SYMLINK_FOLLOW ? 0 : O_NOFOLLOW) |
             (fdflags & WASI_FD_APPEND ? O_APPEND : 0) | (fdflags & WASI_FD_NONBLOCK ? O_NONBLOCK : 0) |
             (fdflags & WASI_FD_DSYNC ? O_DSYNC : 0) | (fdflags & (WASI_FD_SYNC | WASI_FD_RSYNC) ? O_SYNC : 0);
    host = wasi_open_beneath(w, f->host, name, flags | O_NOCTTY, 0666);
    if (host < 0)
        return wasi_from_errno(errno);
    if (create & WASI_O_DIRECTORY && rights & writing) {
        close(host);
        return WASI_EISDIR;
    }
    if (fstat(host, &st) == 0 && S_ISDIR(st.st_mode)) {
        rights &= WASI_R_DIRECTORY;
    } else {
        rights &= WASI_R_FILE;
        inheriting = 0;
        if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) && (!S_ISCHR(st.st_mode) || isatty(host)))
            rights &= ~(WASI_R_FD_SEEK | WASI_R_FD_TELL);
    }
    e = wasi_insert(w, host, rights, inheriting, (uint16_t)fdflags, &opened);
    if (e)
        return e;
    w->fds[opened].read_only = read_only;
    wasi_store(m, result, 4, opened);
    return WASI_SUCCESS;
}
