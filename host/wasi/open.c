/* path_open. */
#include "wasi/place.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* As open(2) on a read-only file system: an existing file may be opened if nothing would change. */
static uint32_t refuse_opening(struct wasi *w, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size,
                               uint32_t create, bool writing)
{
    struct stat st;
    struct wasi_place p;
    int node;
    uint32_t e = wasi_find_node(w, fd, 0, lookup & WASI_SYMLINK_FOLLOW, path, size, &node);

    if (e == WASI_ENOENT && create & WASI_O_CREAT) {
        e = wasi_find_parent(w, fd, 0, path, size, &p);
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

/* Opens a file, and counts it if it creates it. The kernel does not say whether it does, so where that counts, opening
 * and creating are two steps. */
static int open_counted(struct wasi *w, int dir, const char *name, int flags, uint32_t *e)
{
    const bool counted = wasi_quota_counts(w) && flags & O_CREAT;
    struct stat st;
    int host = -1;

    *e = WASI_SUCCESS;
    errno = ENOENT;
    if (!counted || !(flags & O_EXCL))
        host = wasi_open_beneath(w, dir, name, counted ? flags & ~O_CREAT : flags, 0666);
    /* (As the kernel does it with O_CREAT.) */
    if (host >= 0 && counted && fstat(host, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(host);
        *e = WASI_EISDIR;
        return -1;
    }
    if (host < 0 && counted && errno == ENOENT) {
        *e = wasi_quota_create(w);
        if (*e)
            return -1;
        host = wasi_open_beneath(w, dir, name, flags, 0666);
        if (host < 0)
            wasi_quota_uncreate(w);
    }
    if (host < 0)
        *e = wasi_from_errno(errno);
    return host;
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
    f = wasi_folder(w, fd, need, &e);
    if (f)
        e = wasi_take_path(m, path, size, name);
    if (!f || e)
        return e;
    if (!wasi_inside(m, result, 4))
        return WASI_EFAULT;
    if (lookup & ~(uint32_t)WASI_SYMLINK_FOLLOW || create & ~15u || fdflags & ~31u)
        return WASI_EINVAL;
    if (create & WASI_O_DIRECTORY && create & (WASI_O_CREAT | WASI_O_EXCL | WASI_O_TRUNC))
        return WASI_EINVAL;
    if (f->node) {
        e = wasi_tree_open(w, f, name, lookup & WASI_SYMLINK_FOLLOW, create, rights & f->inheriting,
                           inheriting & f->inheriting, fdflags, &opened);
        if (e == 0)
            wasi_store(m, result, 4, opened);
        return e;
    }
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
    host = open_counted(w, f->host, name, flags | O_NOCTTY, &e);
    if (host < 0)
        return e;
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
