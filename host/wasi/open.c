/* path_open. */
#include "wasi/mode.h"
#include "wasi/place.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* As open(2) on a read-only file system: an existing file may be opened if nothing would change. */
static uint32_t refuse_opening(struct wasi *w, const struct wasi_opening *o, bool writing)
{
    struct stat st;
    struct wasi_place p;
    int node;
    uint32_t e = wasi_find_node(w, o->fd, 0, o->lookup & WASI_SYMLINK_FOLLOW, o->path, o->size, &node);

    if (e == WASI_ENOENT && o->create & WASI_O_CREAT) {
        e = wasi_find_parent(w, o->fd, 0, o->path, o->size, &p);
        if (e)
            return e;
        close(p.dir);
        return WASI_EROFS;
    }
    if (e)
        return e;
    if (o->create & WASI_O_EXCL)
        e = WASI_EEXIST;
    else if (fstat(node, &st) == 0 && S_ISDIR(st.st_mode))
        e = WASI_EISDIR;
    else if (writing || o->create & WASI_O_TRUNC)
        e = WASI_EROFS;
    close(node);
    return e;
}

/* Creates a file with all bits of the mode, also those that the umask of this process takes away. Only a file that is
 * certainly new may be changed. */
static int create_file(struct wasi *w, int dir, const char *name, int flags, mode_t mode)
{
    int host;

    if (!(mode & w->umask))
        return wasi_open_beneath(w, dir, name, flags, mode);
    host = wasi_open_beneath(w, dir, name, flags | O_EXCL, mode);
    if (host >= 0)
        wasi_widen(w, host, mode);
    /* Somebody else was faster, or it is a link that leads to nothing. */
    else if (errno == EEXIST && !(flags & O_EXCL))
        host = wasi_open_beneath(w, dir, name, flags, mode);
    return host;
}

/* Opens a file, and counts it if it creates it. The kernel does not say whether it does, so where that matters, opening
 * and creating are two steps. */
static int open_counted(struct wasi *w, int dir, const char *name, int flags, mode_t mode, uint32_t *e)
{
    const bool matters = flags & O_CREAT && (wasi_quota_counts(w) || mode & w->umask);
    struct stat st;
    int host = -1;

    *e = WASI_SUCCESS;
    errno = ENOENT;
    if (!matters || !(flags & O_EXCL))
        host = wasi_open_beneath(w, dir, name, matters ? flags & ~O_CREAT : flags, mode);
    /* (As the kernel does it with O_CREAT.) */
    if (host >= 0 && matters && fstat(host, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(host);
        *e = WASI_EISDIR;
        return -1;
    }
    if (host < 0 && matters && errno == ENOENT) {
        *e = wasi_quota_create(w);
        if (*e)
            return -1;
        host = create_file(w, dir, name, flags, mode);
        if (host < 0)
            wasi_quota_uncreate(w);
    }
    if (host < 0)
        *e = wasi_from_errno(errno);
    return host;
}

uint32_t wasi_open(struct wasi *w, const struct wasi_opening *o, uint32_t *opened)
{
    const uint64_t writing = WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE | WASI_R_FD_SET_SIZE;
    uint64_t need = WASI_R_PATH_OPEN, rights, inheriting;
    const uint32_t fdflags = o->fdflags;
    uint32_t e, how = o->create;
    char name[PATH_MAX];
    struct stat st;
    struct wasi_fd *f;
    bool read_only;
    int flags, host;

    if (how & WASI_O_CREAT)
        need |= WASI_R_PATH_CREATE_FILE;
    if (how & WASI_O_TRUNC)
        need |= WASI_R_PATH_SET_SIZE;
    f = wasi_folder(w, o->fd, need, &e);
    if (f)
        e = wasi_take_path(wasi_memory(w), o->path, o->size, name);
    if (!f || e)
        return e;
    if (o->lookup & ~(uint32_t)WASI_SYMLINK_FOLLOW || how & ~15u || fdflags & ~31u)
        return WASI_EINVAL;
    if (how & WASI_O_DIRECTORY && how & (WASI_O_CREAT | WASI_O_EXCL | WASI_O_TRUNC))
        return WASI_EINVAL;
    rights = o->rights & f->inheriting;
    inheriting = o->inheriting & f->inheriting;
    if (f->node)
        return wasi_tree_open(w, f, name, o->lookup & WASI_SYMLINK_FOLLOW, how, rights, inheriting, fdflags, o->mode,
                              opened);
    read_only = f->read_only;
    if (read_only && !(how & WASI_O_DIRECTORY) && (how || o->rights & writing)) {
        e = refuse_opening(w, o, o->rights & writing);
        if (e)
            return e;
        how = 0;
    }
    flags = rights & writing || how & WASI_O_TRUNC ? rights & WASI_R_FD_READ ? O_RDWR : O_WRONLY : O_RDONLY;
    if (how & WASI_O_DIRECTORY)
        flags = O_RDONLY | O_DIRECTORY;
    flags |= (how & WASI_O_CREAT ? O_CREAT : 0) | (how & WASI_O_EXCL ? O_EXCL : 0) |
             (how & WASI_O_TRUNC ? O_TRUNC : 0) | (o->lookup & WASI_SYMLINK_FOLLOW ? 0 : O_NOFOLLOW) |
             (fdflags & WASI_FD_APPEND ? O_APPEND : 0) | (fdflags & WASI_FD_NONBLOCK ? O_NONBLOCK : 0) |
             (fdflags & WASI_FD_DSYNC ? O_DSYNC : 0) | (fdflags & (WASI_FD_SYNC | WASI_FD_RSYNC) ? O_SYNC : 0);
    host = open_counted(w, f->host, name, flags | O_NOCTTY, o->mode, &e);
    if (host < 0)
        return e;
    if (how & WASI_O_DIRECTORY && rights & writing) {
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
    e = wasi_insert(w, host, rights, inheriting, (uint16_t)fdflags, opened);
    if (e == WASI_SUCCESS)
        w->fds[*opened].read_only = read_only;
    return e;
}

uint32_t wasi_path_open(struct wasi *w, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size, uint32_t create,
                        uint64_t rights, uint64_t inheriting, uint32_t fdflags, uint32_t result)
{
    const struct wasi_opening o = {.fd = fd,
                                   .lookup = lookup,
                                   .path = path,
                                   .size = size,
                                   .create = create,
                                   .fdflags = fdflags,
                                   .rights = rights,
                                   .inheriting = inheriting,
                                   .mode = 0666 & ~w->umask};
    uint32_t e, opened;

    if (!wasi_inside(wasi_memory(w), result, 4))
        return WASI_EFAULT;
    e = wasi_open(w, &o, &opened);
    if (e == WASI_SUCCESS)
        wasi_store(wasi_memory(w), result, 4, opened);
    return e;
}
