/* The calls that take a path. The kernel never gets a whole path, except in openat2: a change is made relative to the
 * directory that holds the last part of the path, which is opened beneath the given one. */
#include "wasi/channel.h"
#include "wasi/mode.h"
#include "wasi/place.h"
#include "wasi/wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wasi_fd *wasi_folder(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t *e)
{
    struct wasi_fd *f = wasi_fd(w, fd, 0, e);

    if (f && f->type != WASI_DIRECTORY) {
        *e = WASI_ENOTDIR;
        return NULL;
    }
    if (f)
        f = wasi_fd(w, fd, rights, e);
    if (!f && *e == WASI_SUCCESS)
        abort(); /* as in wasi_failed() */
    return f;
}

bool wasi_in_tree(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size, char *path,
                  struct wasi_fd **dir, uint32_t *e)
{
    if (fd >= w->fds_n || !w->fds[fd].used || !w->fds[fd].node)
        return false;
    *dir = wasi_folder(w, fd, rights, e);
    if (*dir)
        *e = wasi_take_path(wasi_memory(w), at, size, path);
    return true;
}

/* The error for a change in a read-only file system, as Linux gives it: a missing file cannot be removed (ENOENT), an
 * existing one cannot be created (EEXIST). */
static uint32_t refuse(const struct wasi_place *p, uint64_t rights)
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

uint32_t wasi_find_parent(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size,
                          struct wasi_place *p)
{
    uint32_t e;
    struct wasi_fd *f = wasi_folder(w, fd, rights, &e);
    char parent[PATH_MAX];
    size_t end;

    if (!f)
        return e;
    e = wasi_take_path(wasi_memory(w), at, size, p->path);
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
    p->read_only = f->read_only;
    p->dir = wasi_open_beneath(w, f->host, parent, O_PATH | O_DIRECTORY, 0);
    return p->dir < 0 ? wasi_failed(wasi_from_errno(errno)) : WASI_SUCCESS;
}

/* The same for a call that changes something, which may be refused. */
static uint32_t find(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size, struct wasi_place *p)
{
    uint32_t e = wasi_find_parent(w, fd, rights, at, size, p);

    if (e || !p->read_only)
        return e;
    e = refuse(p, rights);
    close(p->dir);
    return e;
}

/* The same for a call that creates an entry, which finish_new() ends. */
static uint32_t find_new(struct wasi *w, uint32_t fd, uint64_t rights, uint32_t at, uint32_t size, struct wasi_place *p)
{
    uint32_t e = find(w, fd, rights, at, size, p);

    if (e == 0 && (e = wasi_quota_create(w)) != 0)
        close(p->dir);
    return e;
}

static uint32_t finish(struct wasi_place *p, int r)
{
    uint32_t e = r < 0 ? wasi_from_errno(errno) : WASI_SUCCESS;

    close(p->dir);
    return e;
}

static uint32_t finish_new(struct wasi *w, struct wasi_place *p, int r)
{
    uint32_t e = finish(p, r);

    if (e)
        wasi_quota_uncreate(w);
    return e;
}

/* The same for a call with two paths. */
static uint32_t find_both(struct wasi *w, uint32_t from, uint64_t from_rights, uint32_t path, uint32_t size,
                          struct wasi_place *old, uint32_t to, uint64_t to_rights, uint32_t new_path, uint32_t new_size,
                          struct wasi_place *new)
{
    uint32_t e = find(w, from, from_rights, path, size, old);

    if (e)
        return e;
    e = find(w, to, to_rights, new_path, new_size, new);
    if (e)
        close(old->dir);
    return e;
}

static uint32_t finish_both(const struct wasi_place *old, const struct wasi_place *new, int r)
{
    uint32_t e = r == 0 ? WASI_SUCCESS : errno == EXDEV ? (uint32_t)WASI_EXDEV : wasi_from_errno(errno);

    close(old->dir);
    close(new->dir);
    return e;
}

uint32_t wasi_find_node(struct wasi *w, uint32_t fd, uint64_t rights, bool follow, uint32_t at, uint32_t size,
                        int *node)
{
    char path[PATH_MAX];
    uint32_t e;
    struct wasi_fd *f = wasi_folder(w, fd, rights, &e);

    if (f)
        e = wasi_take_path(wasi_memory(w), at, size, path);
    if (!f || e)
        return e;
    *node = wasi_open_beneath(w, f->host, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
    return *node < 0 ? wasi_failed(wasi_from_errno(errno)) : WASI_SUCCESS;
}

/* Somebody may have put something else in the place of the new directory; that is below the guest's directory, too. */
static void widen_dir(const struct wasi *w, const struct wasi_place *p, mode_t mode)
{
    const size_t length = strcspn(p->last, "/");
    char name[NAME_MAX + 1];
    int dir;

    if (!(mode & w->umask) || length > NAME_MAX)
        return;
    memcpy(name, p->last, length);
    name[length] = '\0';
    dir = openat(p->dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return;
    wasi_widen(w, dir, mode);
    close(dir);
}

uint32_t wasi_make_dir(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size, mode_t mode)
{
    struct wasi_place p;
    struct wasi_fd *dir;
    uint32_t e;
    int r;

    if (wasi_in_tree(w, fd, WASI_R_PATH_CREATE_DIRECTORY, path, size, p.path, &dir, &e))
        return e ? e : wasi_tree_make_dir(w, dir, p.path, mode);
    e = find_new(w, fd, WASI_R_PATH_CREATE_DIRECTORY, path, size, &p);
    if (e)
        return e;
    r = mkdirat(p.dir, p.last, mode);
    if (r == 0)
        widen_dir(w, &p, mode);
    return finish_new(w, &p, r);
}

uint32_t wasi_path_create_directory(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size)
{
    return wasi_make_dir(w, fd, path, size, 0777 & ~w->umask);
}

static uint32_t remove_entry(struct wasi *w, uint32_t fd, uint64_t right, uint32_t path, uint32_t size, bool is_dir)
{
    struct wasi_place p;
    struct wasi_fd *dir;
    uint32_t e;

    if (wasi_in_tree(w, fd, right, path, size, p.path, &dir, &e))
        return e ? e : wasi_tree_remove(dir, p.path, is_dir);
    e = find(w, fd, right, path, size, &p);
    return e ? e : finish(&p, unlinkat(p.dir, p.last, is_dir ? AT_REMOVEDIR : 0));
}

uint32_t wasi_path_remove_directory(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size)
{
    return remove_entry(w, fd, WASI_R_PATH_REMOVE_DIRECTORY, path, size, true);
}

uint32_t wasi_path_unlink_file(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size)
{
    return remove_entry(w, fd, WASI_R_PATH_UNLINK_FILE, path, size, false);
}

/* Whether one of two directories is in memory: then both have to be, and both paths are read. */
static bool both_in_tree(struct wasi *w, uint32_t from, uint64_t from_rights, uint32_t path, uint32_t size,
                         struct wasi_place *old, struct wasi_fd **a, uint32_t to, uint64_t to_rights, uint32_t new_path,
                         uint32_t new_size, struct wasi_place *new, struct wasi_fd **b, uint32_t *e)
{
    uint32_t e2 = WASI_SUCCESS;
    bool first = wasi_in_tree(w, from, from_rights, path, size, old->path, a, e),
         second = wasi_in_tree(w, to, to_rights, new_path, new_size, new->path, b, &e2);

    if (first && second)
        *e = *e ? *e : e2;
    else if (first || second)
        *e = wasi_folder(w, first ? to : from, first ? to_rights : from_rights, e) ? (uint32_t)WASI_EXDEV : *e;
    return first || second;
}

uint32_t wasi_path_rename(struct wasi *w, uint32_t from, uint32_t path, uint32_t size, uint32_t to, uint32_t new_path,
                          uint32_t new_size)
{
    struct wasi_place old, new;
    struct wasi_fd *a, *b;
    uint32_t e;

    if (both_in_tree(w, from, WASI_R_PATH_RENAME_SOURCE, path, size, &old, &a, to, WASI_R_PATH_RENAME_TARGET, new_path,
                     new_size, &new, &b, &e))
        return e ? e : wasi_tree_rename(a, old.path, b, new.path);
    e = find_both(w, from, WASI_R_PATH_RENAME_SOURCE, path, size, &old, to, WASI_R_PATH_RENAME_TARGET, new_path,
                  new_size, &new);
    return e ? e : finish_both(&old, &new, renameat(old.dir, old.last, new.dir, new.last));
}

uint32_t wasi_path_link(struct wasi *w, uint32_t from, uint32_t flags, uint32_t path, uint32_t size, uint32_t to,
                        uint32_t new_path, uint32_t new_size)
{
    struct wasi_place old, new;
    struct wasi_fd *a, *b;
    uint32_t e;
    int r = -1;

    /* The kernel would follow a link wherever it leads. No libc asks for that. */
    if (flags)
        return WASI_EINVAL;
    if (both_in_tree(w, from, WASI_R_PATH_LINK_SOURCE, path, size, &old, &a, to, WASI_R_PATH_LINK_TARGET, new_path,
                     new_size, &new, &b, &e))
        return e ? e : wasi_tree_link(w, a, old.path, b, new.path);
    e = find_both(w, from, WASI_R_PATH_LINK_SOURCE, path, size, &old, to, WASI_R_PATH_LINK_TARGET, new_path, new_size,
                  &new);
    if (e == 0 && (e = wasi_quota_create(w)) != 0) {
        close(old.dir);
        close(new.dir);
    }
    if (e)
        return e;
    /* With a trailing slash the kernel would follow a link. */
    if (strchr(old.last, '/'))
        errno = ENOTDIR;
    else
        r = linkat(old.dir, old.last, new.dir, new.last, 0);
    e = finish_both(&old, &new, r);
    if (e)
        wasi_quota_uncreate(w);
    return e;
}

uint32_t wasi_path_symlink(struct wasi *w, uint32_t text, uint32_t text_size, uint32_t fd, uint32_t path, uint32_t size)
{
    struct wasi_place p;
    char target[PATH_MAX];
    struct wasi_fd *dir;
    uint32_t e = wasi_take_path(wasi_memory(w), text, text_size, target), e2;

    if (e == 0 && wasi_in_tree(w, fd, WASI_R_PATH_SYMLINK, path, size, p.path, &dir, &e2))
        return e2 ? e2 : target[0] == '/' ? WASI_EPERM : wasi_tree_symlink(w, dir, p.path, target);
    if (e == 0)
        e = find_new(w, fd, WASI_R_PATH_SYMLINK, path, size, &p);
    if (e)
        return e;
    /* The guest could not follow it, but another program might. */
    if (target[0] == '/') {
        errno = EPERM;
        return finish_new(w, &p, -1);
    }
    return finish_new(w, &p, symlinkat(target, p.dir, p.last));
}

uint32_t wasi_path_readlink(struct wasi *w, uint32_t fd, uint32_t path, uint32_t size, uint32_t at, uint32_t room,
                            uint32_t result)
{
    struct guest_memory m = wasi_memory(w);
    char text[PATH_MAX];
    struct wasi_fd *dir;
    int node;
    uint32_t e;
    ssize_t n;

    if (!wasi_inside(m, at, room) || !wasi_inside(m, result, 4))
        return WASI_EFAULT;
    if (fd < w->fds_n && w->fds[fd].used && w->fds[fd].channel)
        return wasi_channel_readlink(w, path, size, at, room, result);
    if (wasi_in_tree(w, fd, WASI_R_PATH_READLINK, path, size, text, &dir, &e)) {
        if (e == 0)
            e = wasi_tree_readlink(dir, text, text, &n);
    } else {
        e = wasi_find_node(w, fd, WASI_R_PATH_READLINK, false, path, size, &node);
        if (e)
            return e;
        n = readlinkat(node, "", text, sizeof text);
        e = n < 0 ? wasi_failed(wasi_from_errno(errno == ENOENT ? EINVAL : errno)) : WASI_SUCCESS;
        close(node);
    }
    if (e)
        return e;
    if (n > 0 && text[0] == '/')
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
    char name[PATH_MAX];
    struct wasi_fd *dir;
    struct stat st;
    int node;
    uint32_t e;

    if (!wasi_inside(m, at, 64))
        return WASI_EFAULT;
    if (flags & ~(uint32_t)WASI_SYMLINK_FOLLOW)
        return WASI_EINVAL;
    if (wasi_in_tree(w, fd, WASI_R_PATH_FILESTAT_GET, path, size, name, &dir, &e)) {
        if (e == 0)
            e = wasi_tree_stat_path(dir, name, flags & WASI_SYMLINK_FOLLOW, &st);
        if (e == 0)
            wasi_put_filestat(w, at, -1, &st);
        return e;
    }
    e = wasi_find_node(w, fd, WASI_R_PATH_FILESTAT_GET, flags & WASI_SYMLINK_FOLLOW, path, size, &node);
    if (e)
        return e;
    if (fstat(node, &st) < 0)
        e = wasi_from_errno(errno);
    else
        wasi_put_filestat(w, at, -1, &st);
    close(node);
    return e;
}

uint32_t wasi_path_filestat_set_times(struct wasi *w, uint32_t fd, uint32_t flags, uint32_t path, uint32_t size,
                                      uint64_t atim, uint64_t mtim, uint32_t set)
{
    struct timespec times[2];
    char name[PATH_MAX];
    struct wasi_fd *dir;
    int node;
    uint32_t e;

    if (!wasi_times(atim, mtim, set, times) || flags & ~(uint32_t)WASI_SYMLINK_FOLLOW)
        return WASI_EINVAL;
    if (wasi_in_tree(w, fd, WASI_R_PATH_SET_TIMES, path, size, name, &dir, &e))
        return e ? e : wasi_tree_set_path_times(dir, name, flags & WASI_SYMLINK_FOLLOW, times);
    e = wasi_find_node(w, fd, WASI_R_PATH_SET_TIMES, flags & WASI_SYMLINK_FOLLOW, path, size, &node);
    if (e)
        return e;
    if (wasi_fd(w, fd, 0, &e)->read_only)
        e = WASI_EROFS;
    else if (utimensat(node, "", times, AT_EMPTY_PATH) < 0)
        e = wasi_from_errno(errno);
    close(node);
    return e;
}
