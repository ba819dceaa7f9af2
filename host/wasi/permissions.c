#include "wasi/permissions.h"

#include "wasi/mode.h"
#include "wasi/place.h"
#include "wasi/tree.h"

#include <string.h>
#include <unistd.h>

/* The word as a number of 32 bits. */
static bool number(const struct wasi_request *r, int at, uint32_t *to)
{
    int64_t v;
    const bool good = wasi_word(r, at, 0, UINT32_MAX, &v);

    *to = good ? (uint32_t)v : 0;
    return good;
}

static bool rights(const struct wasi_request *r, int at, uint64_t *to)
{
    int64_t v;
    const bool good = wasi_word(r, at, 0, WASI_R_ALL, &v);

    *to = good ? (uint64_t)v : 0;
    return good;
}

static bool mode(const struct wasi_request *r, int at, mode_t *to)
{
    int64_t v;
    const bool good = wasi_word(r, at, 0, 07777, &v);

    *to = good ? (mode_t)v : 0;
    return good;
}

/* The optional word after a path, "nofollow". false: it is another one. */
static bool follow_word(const struct wasi_request *r, int at, bool *follow)
{
    *follow = r->n <= at;
    return *follow || !strcmp(r->word[at], "nofollow");
}

/* fs.modes: UMASK. From now on wasi_put_filestat() tells modes. */
uint32_t wasi_modes_request(struct wasi_request *r)
{
    if (!r->w->tells_modes)
        r->w->umask = wasi_umask();
    r->w->tells_modes = true;
    wasi_say(r, "%u", (unsigned)r->w->umask);
    return WASI_SUCCESS;
}

/* fs.open FD LOOKUP ADDRESS SIZE CREATE RIGHTS INHERITING FLAGS MODE: the descriptor */
uint32_t wasi_open_request(struct wasi_request *r)
{
    struct wasi_opening o;
    uint32_t e, opened;

    if (!number(r, 0, &o.fd) || !number(r, 1, &o.lookup) || !number(r, 2, &o.path) || !number(r, 3, &o.size) ||
        !number(r, 4, &o.create) || !rights(r, 5, &o.rights) || !rights(r, 6, &o.inheriting) ||
        !number(r, 7, &o.fdflags) || !mode(r, 8, &o.mode))
        return WASI_EINVAL;
    o.mode &= WASI_MODE_BITS;
    e = wasi_open(r->w, &o, &opened);
    if (e == WASI_SUCCESS)
        wasi_say(r, "%u", (unsigned)opened);
    return e;
}

/* fs.mkdir FD ADDRESS SIZE MODE */
uint32_t wasi_make_dir_request(struct wasi_request *r)
{
    uint32_t fd, at, size;
    mode_t m;

    if (!number(r, 0, &fd) || !number(r, 1, &at) || !number(r, 2, &size) || !mode(r, 3, &m))
        return WASI_EINVAL;
    return wasi_make_dir(r->w, fd, at, size, m & WASI_MODE_BITS);
}

static uint32_t set_open_mode(struct wasi *w, uint32_t fd, mode_t m)
{
    uint32_t e;
    const struct wasi_fd *f = wasi_fd(w, fd, 0, &e);

    if (!f)
        return e;
    if (f->channel || f->socket || (f->host < 0 && !f->node))
        return WASI_ENOTSUP;
    if (f->standard || !(f->rights & WASI_R_FD_SET_TIMES))
        return WASI_EPERM;
    if (f->read_only)
        return WASI_EROFS;
    if (!f->node)
        return wasi_set_mode(w, f->host, m);
    f->node->mode = m & WASI_MODE_BITS;
    f->node->altered = tree_now(f->node->tree);
    return WASI_SUCCESS;
}

/* fs.chmod FD MODE [ADDRESS SIZE [nofollow]] */
uint32_t wasi_chmod_request(struct wasi_request *r)
{
    struct wasi *w = r->w;
    uint32_t fd, at, size, e;
    char path[PATH_MAX];
    struct wasi_fd *dir;
    bool follow;
    int node;
    mode_t m;

    if (!number(r, 0, &fd) || !mode(r, 1, &m))
        return WASI_EINVAL;
    if (r->n == 2)
        return set_open_mode(w, fd, m);
    if (!number(r, 2, &at) || !number(r, 3, &size) || !follow_word(r, 4, &follow))
        return WASI_EINVAL;
    if (wasi_in_tree(w, fd, WASI_R_PATH_SET_TIMES, at, size, path, &dir, &e))
        return e ? e : wasi_tree_set_mode(dir, path, follow, m & WASI_MODE_BITS);
    e = wasi_find_node(w, fd, WASI_R_PATH_SET_TIMES, follow, at, size, &node);
    if (e)
        return e;
    e = wasi_fd(w, fd, 0, &e)->read_only ? (uint32_t)WASI_EROFS : wasi_set_mode(w, node, m);
    close(node);
    return e;
}

/* What the guest's directory allows, whatever the file does. */
static uint32_t allowed_by_dir(const struct wasi_fd *dir, int how)
{
    if (how & W_OK && (dir->read_only || !(dir->inheriting & WASI_R_FD_WRITE)))
        return WASI_EROFS;
    return how & R_OK && !(dir->inheriting & WASI_R_FD_READ) ? WASI_EACCES : WASI_SUCCESS;
}

/* In memory nobody checks permissions; but what is not made executable is not. */
static uint32_t tree_access(const struct wasi_fd *dir, const char *path, bool follow, int how)
{
    struct stat st;
    uint32_t e = wasi_tree_stat_path(dir, path, follow, &st);

    if (e)
        return e;
    return how & X_OK && !(st.st_mode & 0111) ? (uint32_t)WASI_EACCES : allowed_by_dir(dir, how);
}

/* fs.access FD HOW ADDRESS SIZE [nofollow] */
uint32_t wasi_access_request(struct wasi_request *r)
{
    struct wasi *w = r->w;
    uint32_t fd, at, size, e;
    char path[PATH_MAX];
    struct wasi_fd *dir;
    bool follow;
    int64_t how;
    int node;

    if (!number(r, 0, &fd) || !wasi_word(r, 1, 0, R_OK | W_OK | X_OK, &how) || !number(r, 2, &at) ||
        !number(r, 3, &size) || !follow_word(r, 4, &follow))
        return WASI_EINVAL;
    if (wasi_in_tree(w, fd, WASI_R_PATH_FILESTAT_GET, at, size, path, &dir, &e))
        return e ? e : tree_access(dir, path, follow, (int)how);
    e = wasi_find_node(w, fd, WASI_R_PATH_FILESTAT_GET, follow, at, size, &node);
    if (e)
        return e;
    e = wasi_may(w, node, (int)how);
    close(node);
    return e ? e : allowed_by_dir(wasi_fd(w, fd, 0, &e), (int)how);
}
