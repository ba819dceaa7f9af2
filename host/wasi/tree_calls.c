/* The calls on files and directories in memory. They answer as a file system of the host does. */
#include "wasi/tree.h"
#include "wasi/wasi.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* ---- open files ---- */

uint32_t wasi_tree_transfer(struct wasi_fd *f, const struct iovec *io, size_t n, const uint64_t *offset, bool writing,
                            ssize_t *done)
{
    uint64_t at = offset ? *offset : f->at;

    *done = 0;
    if (writing && f->flags & WASI_FD_APPEND)
        at = f->node->size;
    for (size_t i = 0; i < n; i++) {
        size_t part;
        uint32_t e = WASI_SUCCESS;

        if (writing)
            e = tree_write(f->node, at, io[i].iov_base, io[i].iov_len, &part);
        else
            part = tree_read(f->node, at, io[i].iov_base, io[i].iov_len);
        if (e && *done == 0)
            return e;
        if (e)
            break;
        at += part;
        *done += (ssize_t)part;
        if (part < io[i].iov_len)
            break;
    }
    if (!offset)
        f->at = at;
    return WASI_SUCCESS;
}

off_t wasi_tree_seek(struct wasi_fd *f, int64_t offset, int whence)
{
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)f->at : (int64_t)f->node->size;
    int64_t at;

    if (__builtin_add_overflow(from, offset, &at)) {
        errno = EOVERFLOW;
        return -1;
    }
    if (at < 0) {
        errno = EINVAL;
        return -1;
    }
    f->at = (uint64_t)at;
    return at;
}

void wasi_tree_stat(const struct tree_node *node, struct stat *st)
{
    /* (A device that no file system of the host has.) */
    *st = (struct stat){.st_dev = (dev_t)0x776c0000 << 16,
                        .st_ino = node->number,
                        .st_mode = node->mode | (node->type == WASI_DIRECTORY       ? S_IFDIR
                                                 : node->type == WASI_SYMBOLIC_LINK ? S_IFLNK
                                                                                    : S_IFREG),
                        .st_nlink = node->links,
                        .st_size = (off_t)node->size,
                        .st_atim = node->read,
                        .st_mtim = node->changed,
                        .st_ctim = node->altered};
}

uint32_t wasi_tree_set_size(struct wasi_fd *f, uint64_t size)
{
    return tree_resize(f->node, size);
}

uint32_t wasi_tree_extend(struct wasi_fd *f, uint64_t size)
{
    return size > f->node->size ? tree_resize(f->node, size) : WASI_SUCCESS;
}

void wasi_tree_set_times(struct tree_node *node, const struct timespec times[2])
{
    struct timespec *of[] = {&node->read, &node->changed};

    node->altered = tree_now(node->tree);
    for (int i = 0; i < 2; i++)
        if (times[i].tv_nsec == UTIME_NOW)
            *of[i] = node->altered;
        else if (times[i].tv_nsec != UTIME_OMIT)
            *of[i] = times[i];
}

/* ---- directories ---- */

struct listing {
    struct guest_memory m;
    uint32_t at, size, used;
};

static bool list(struct listing *l, uint64_t cookie, const struct tree_node *node, const char *name)
{
    uint8_t entry[24 + TREE_NAME_MAX] = {0};
    const struct guest_memory m = {entry, sizeof entry};
    size_t length = strlen(name), part = l->size - l->used;

    wasi_store(m, 0, 8, cookie);
    wasi_store(m, 8, 8, node->number);
    wasi_store(m, 16, 4, length);
    wasi_store(m, 20, 1, node->type);
    memcpy(entry + 24, name, length);
    if (part > 24 + length)
        part = 24 + length;
    memcpy(l->m.base + l->at + l->used, entry, part);
    l->used += (uint32_t)part;
    return l->used < l->size;
}

/* Cookies: 1 and 2 are "." and "..", then come the serial numbers of entries. */
uint32_t wasi_tree_readdir(struct wasi *w, struct wasi_fd *f, uint32_t at, uint32_t size, uint64_t cookie,
                           uint32_t result)
{
    const struct tree_node *dir = f->node;
    struct listing l = {wasi_memory(w), at, size, 0};
    bool room = size > 0;

    if (room && cookie < 1)
        room = list(&l, 1, dir, ".");
    if (room && cookie < 2)
        room = list(&l, 2, dir->parent ? dir->parent : dir, "..");
    for (const struct tree_entry *e = tree_after(dir, cookie < 2 ? 0 : cookie - 2); room && e; e = e->next)
        room = list(&l, e->serial + 2, e->node, e->name);
    wasi_store(l.m, result, 4, l.used);
    return WASI_SUCCESS;
}

static uint32_t give_node(struct wasi *w, struct tree_node *node, struct wasi_fd like, uint32_t *fd)
{
    const struct wasi_stream none = {0};
    int n = wasi_give_stream(w, &none);

    if (n < 0)
        return errno == ENOMEM ? WASI_ENOMEM : WASI_EMFILE;
    like.used = true;
    like.serial = w->fds[n].serial;
    like.host = -1;
    like.type = node->type;
    like.node = node;
    w->fds[n] = like;
    tree_hold(node);
    *fd = (uint32_t)n;
    return WASI_SUCCESS;
}

int wasi_give_tree(struct wasi *w, struct tree *tree, const char *name, bool read_only)
{
    struct wasi_fd like = {.read_only = read_only,
                           .rights = WASI_R_DIRECTORY,
                           .inheriting = read_only ? WASI_R_ALL & ~WASI_R_FD_WRITE : WASI_R_ALL};
    uint32_t fd, e = wasi_set_name(&like, name) ? give_node(w, tree->root, like, &fd) : WASI_ENOMEM;

    if (e == 0)
        return (int)fd;
    free(like.preopen);
    errno = e == WASI_ENOMEM ? ENOMEM : EMFILE;
    return -1;
}

/* ---- paths ---- */

/* A new entry counts for the guest's quota, too. */
static uint32_t create(struct wasi *w, const struct tree_place *p, uint8_t type, struct tree_node **node)
{
    uint32_t e = p->node ? WASI_EEXIST : wasi_quota_create(w);

    if (e)
        return e;
    e = tree_create(p, type, node);
    if (e)
        wasi_quota_uncreate(w);
    return e;
}

static uint32_t open_node(struct wasi *w, const struct wasi_fd *dir, const char *path, bool follow, uint32_t how,
                          bool writing, mode_t mode, struct tree_node **node)
{
    const bool exclusive = how & WASI_O_CREAT && how & WASI_O_EXCL;
    struct tree_place p;
    uint32_t e = tree_find(dir->node, path, follow && !exclusive, &p);

    if (e)
        return e;
    *node = p.node;
    if (!p.node) {
        if (!(how & WASI_O_CREAT))
            return WASI_ENOENT;
        if (dir->read_only || p.slash)
            return dir->read_only ? WASI_EROFS : WASI_EISDIR;
        e = create(w, &p, WASI_REGULAR_FILE, node);
        if (e == WASI_SUCCESS)
            (*node)->mode = (uint16_t)mode;
        return e;
    }
    if (exclusive)
        return WASI_EEXIST;
    if (p.node->type == WASI_SYMBOLIC_LINK)
        return WASI_ELOOP;
    if (how & WASI_O_DIRECTORY)
        return p.node->type != WASI_DIRECTORY ? WASI_ENOTDIR : writing ? WASI_EISDIR : WASI_SUCCESS;
    if (p.node->type == WASI_DIRECTORY)
        return writing || how & (WASI_O_CREAT | WASI_O_TRUNC) ? WASI_EISDIR : WASI_SUCCESS;
    if (dir->read_only && (writing || how & WASI_O_TRUNC))
        return WASI_EROFS;
    return how & WASI_O_TRUNC ? tree_resize(p.node, 0) : WASI_SUCCESS;
}

uint32_t wasi_tree_open(struct wasi *w, struct wasi_fd *dir, const char *path, bool follow, uint32_t how,
                        uint64_t rights, uint64_t inheriting, uint32_t fdflags, mode_t mode, uint32_t *fd)
{
    const bool writing = rights & (WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE | WASI_R_FD_SET_SIZE);
    struct wasi_fd like = {.read_only = dir->read_only, .flags = (uint16_t)fdflags};
    struct tree_node *node;
    uint32_t e = open_node(w, dir, path, follow, how, writing, mode, &node);

    if (e)
        return e;
    like.rights = rights & (node->type == WASI_DIRECTORY ? WASI_R_DIRECTORY : WASI_R_FILE);
    like.inheriting = node->type == WASI_DIRECTORY ? inheriting : 0;
    return give_node(w, node, like, fd);
}

/* A node that exists. */
static uint32_t find(const struct wasi_fd *dir, const char *path, bool follow, struct tree_place *p)
{
    uint32_t e = tree_find(dir->node, path, follow, p);

    return e ? e : p->node ? WASI_SUCCESS : WASI_ENOENT;
}

uint32_t wasi_tree_stat_path(const struct wasi_fd *dir, const char *path, bool follow, struct stat *st)
{
    struct tree_place p;
    uint32_t e = find(dir, path, follow, &p);

    if (e == 0)
        wasi_tree_stat(p.node, st);
    return e;
}

uint32_t wasi_tree_set_path_times(const struct wasi_fd *dir, const char *path, bool follow,
                                  const struct timespec times[2])
{
    struct tree_place p;
    uint32_t e = find(dir, path, follow, &p);

    if (e || dir->read_only)
        return e ? e : WASI_EROFS;
    wasi_tree_set_times(p.node, times);
    return WASI_SUCCESS;
}

uint32_t wasi_tree_set_mode(const struct wasi_fd *dir, const char *path, bool follow, mode_t mode)
{
    struct tree_place p;
    uint32_t e = find(dir, path, follow, &p);

    if (e || dir->read_only)
        return e ? e : WASI_EROFS;
    if (p.node->type == WASI_SYMBOLIC_LINK)
        return WASI_ENOTSUP;
    p.node->mode = (uint16_t)mode;
    p.node->altered = tree_now(p.node->tree);
    return WASI_SUCCESS;
}

uint32_t wasi_tree_make_dir(struct wasi *w, const struct wasi_fd *dir, const char *path, mode_t mode)
{
    struct tree_node *node;
    struct tree_place p;
    uint32_t e = tree_find(dir->node, path, false, &p);

    if (e)
        return e == WASI_ENOTDIR && p.entry ? WASI_EEXIST : e;
    if (p.node || dir->read_only)
        return p.node ? WASI_EEXIST : WASI_EROFS;
    e = create(w, &p, WASI_DIRECTORY, &node);
    if (e == WASI_SUCCESS)
        node->mode = (uint16_t)mode;
    return e;
}

uint32_t wasi_tree_remove(const struct wasi_fd *dir, const char *path, bool directory)
{
    struct tree_place p;
    uint32_t e = find(dir, path, false, &p);

    return e ? e : dir->read_only ? WASI_EROFS : tree_remove(&p, directory);
}

uint32_t wasi_tree_symlink(struct wasi *w, const struct wasi_fd *dir, const char *path, const char *target)
{
    struct tree_node *node;
    struct tree_place p;
    size_t written;
    uint32_t e = tree_find(dir->node, path, false, &p);

    if (e || p.node)
        return e ? e : WASI_EEXIST;
    if (dir->read_only)
        return WASI_EROFS;
    if (p.slash || !*target)
        return WASI_ENOENT;
    e = create(w, &p, WASI_SYMBOLIC_LINK, &node);
    if (e)
        return e;
    e = tree_write(node, 0, target, strlen(target), &written);
    if (e == 0 && written == strlen(target))
        return WASI_SUCCESS;
    /* (It has no other name yet.) */
    if (tree_find(dir->node, path, false, &p) == 0)
        tree_remove(&p, false);
    wasi_quota_uncreate(w);
    return e ? e : WASI_EDQUOT;
}

uint32_t wasi_tree_readlink(const struct wasi_fd *dir, const char *path, char *text, ssize_t *size)
{
    struct tree_place p;
    uint32_t e = find(dir, path, false, &p);

    if (e || p.node->type != WASI_SYMBOLIC_LINK)
        return e ? e : WASI_EINVAL;
    *size = (ssize_t)tree_read(p.node, 0, text, TREE_PATH_MAX);
    return WASI_SUCCESS;
}

/* What exists in one directory, and the place that it gets in another one of the same tree. */
static uint32_t find_both(const struct wasi_fd *from, const char *path, const struct wasi_fd *to, const char *new_path,
                          struct tree_place *old, struct tree_place *new)
{
    uint32_t e = find(from, path, false, old);

    if (e == 0)
        e = tree_find(to->node, new_path, false, new);
    return e == 0 && old->node->tree != to->node->tree ? WASI_EXDEV : e;
}

uint32_t wasi_tree_link(struct wasi *w, const struct wasi_fd *from, const char *path, const struct wasi_fd *to,
                        const char *new_path)
{
    struct tree_place old, new;
    uint32_t e = find_both(from, path, to, new_path, &old, &new);

    if (e)
        return e;
    if (from->read_only || to->read_only)
        return new.node ? WASI_EEXIST : WASI_EROFS;
    if (!new.node && (e = wasi_quota_create(w)) != WASI_SUCCESS)
        return e;
    e = tree_link(&new, old.node);
    if (e && !new.node)
        wasi_quota_uncreate(w);
    return e;
}

uint32_t wasi_tree_rename(const struct wasi_fd *from, const char *path, const struct wasi_fd *to, const char *new_path)
{
    struct tree_place old, new;
    uint32_t e = find_both(from, path, to, new_path, &old, &new);

    if (e)
        return e;
    return from->read_only || to->read_only ? WASI_EROFS : tree_rename(&old, &new);
}
