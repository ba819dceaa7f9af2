/* Where a path leads. It is followed name by name as long as it stays in our own directories. At the first name that
 * the archive does not have, the host takes over, and gets the whole path relative to its directory. A path may lead
 * from one place to another: into a mapped directory, through a link in memory, or through a link that the host does
 * not follow because it leads out of the directory that the host was asked about. Then it is followed from there. */
#include "vfs-places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_MOVES = 40 };

/* Result of a step if the path continues elsewhere. */
#define MOVES ((error_t)0x4002)

/* ---- In the archive ---- */

static bool add_name(struct place *p, const char *name, size_t n)
{
    char *text = p->memory.text;

    if (p->size + n + 3 > sizeof p->memory.text)
        return false;
    if (p->size)
        text[p->size++] = '/';
    memcpy(text + p->size, name, n);
    p->size += n;
    text[p->size] = '\0';
    return true;
}

static void drop_name(struct place *p)
{
    char *text = p->memory.text;

    while (p->size && text[p->size - 1] != '/')
        p->size--;
    p->size -= p->size > 0;
    text[p->size] = '\0';
}

static bool ends_in_dot(const struct place *p)
{
    return p->size > 1 && !strcmp(p->memory.text + p->size - 2, "/.");
}

static bool add_way_from_root(struct place *p, const struct rofs_node *node)
{
    return node == rofs_root() ||
           (add_way_from_root(p, rofs_parent(node)) && add_name(p, rofs_name(node), node->name_size));
}

/* ".." after names that only the host has. 0: they name a directory, so ".." leads back from it. 1: they name a
 * symbolic link, so only the host can follow it. -1: *error. */
static int is_way_back(const struct place *p, error_t *error)
{
    __wasi_filestat_t stat;

    *error = p->host < 0 ? __WASI_ERRNO_NOENT : REAL(path_filestat_get)((__wasi_fd_t)p->host, 0, p->memory.text, &stat);
    if (*error)
        return -1;
    if (stat.filetype == __WASI_FILETYPE_SYMBOLIC_LINK)
        return 1;
    *error = stat.filetype == __WASI_FILETYPE_DIRECTORY ? 0 : __WASI_ERRNO_NOTDIR;
    return *error ? -1 : 0;
}

/* ".." in the archive. Above the root is the root. Above another directory that the path starts from, the path
 * continues as seen from the root. */
static bool go_up(struct place *p, const struct rofs_node **node)
{
    const struct vfs_entry *root;

    if (p->size) {
        drop_name(p);
    } else if (*node != rofs_root()) {
        root = vfs_find(VFS_FIRST);
        p->host = root && !root->gone ? root->host : -1;
        p->host_rights = root ? root->host_rights : 0;
        if (!add_way_from_root(p, rofs_parent(*node)))
            return false;
    }
    *node = rofs_parent(*node);
    return true;
}

static const struct rofs_node *child_of(const struct rofs_node *folder, const char *name, size_t n)
{
    const struct rofs_node *child = rofs_child(folder, name, n);

    if (!child) {
        vfs_show_mapped();
        child = rofs_child(folder, name, n);
    }
    return child;
}

/* Follows a path from a directory of the archive or a shared directory. MOVES: it leads into the mapped directory
 * *fd; *whole is the rest. */
static error_t walk_archive(const struct vfs_entry *e, __wasi_fd_t *fd, const char **whole, struct place *p)
{
    const struct rofs_node *node = e->file->node;
    const char *path = *whole;
    size_t beyond = 0; /* how many names of the path the archive does not have */
    error_t error;

    if (strlen(path) >= VFS_PATH)
        return __WASI_ERRNO_NAMETOOLONG;
    p->host_rights = e->host_rights;
    p->size = 0;
    p->memory.text[0] = '\0';
    for (const char *name = path, *end; name; name = *end ? end + 1 : NULL) {
        size_t n = strcspn(name, "/");

        end = name + n;
        if (!beyond && node->kind != ROFS_FOLDER)
            return __WASI_ERRNO_NOTDIR; /* also if only a "/" follows */
        if (n == 1 && *name == '.' && beyond && !ends_in_dot(p) && !add_name(p, ".", 1))
            return __WASI_ERRNO_NAMETOOLONG; /* so that the host requires a directory */
        if (n == 0 || (n == 1 && *name == '.'))
            continue;
        if (!beyond && n > VFS_NAME)
            return __WASI_ERRNO_NAMETOOLONG;
        if (n == 2 && !strncmp(name, "..", 2)) {
            if (beyond) {
                int back = is_way_back(p, &error);

                if (back < 0)
                    return error;
                if (back > 0)
                    return p->path = path, 0;
                if (ends_in_dot(p))
                    drop_name(p);
                drop_name(p);
                beyond--;
            } else if (!go_up(p, &node)) {
                return __WASI_ERRNO_NAMETOOLONG;
            }
            continue;
        }
        if (!beyond && child_of(node, name, n)) {
            node = child_of(node, name, n);
            if (rofs_mounted(node) >= 0) {
                *fd = (__wasi_fd_t)rofs_mounted(node);
                *whole = end + strspn(end, "/");
                return MOVES;
            }
        } else {
            beyond++;
        }
        if (!add_name(p, name, n))
            return __WASI_ERRNO_NAMETOOLONG;
    }
    if (!beyond)
        p->node = node;
    else if (path[strlen(path) - 1] == '/')
        add_name(p, "", 0);
    p->in_folder = beyond == 1;
    p->path = p->size ? p->memory.text : ".";
    return 0;
}

/* ---- From place to place ---- */

/* One step from a descriptor. MOVES: the path continues from *fd; *path is the rest, in the old text or in *made. */
static error_t step(__wasi_fd_t *fd, const char **path, char **made, bool follow, struct place *p)
{
    const struct vfs_entry *e = vfs_find(*fd);
    char absolute[VFS_PATH];
    const char *rest = absolute;
    error_t error = 0;
    int found;

    p->kind = VFS_ARCHIVE;
    p->node = NULL;
    p->host = vfs_host_behind(*fd);
    p->host_rights = ~(__wasi_rights_t)0;
    p->path = *path;
    p->in_folder = false;
    if (!e || !e->file)
        return p->host < 0 ? __WASI_ERRNO_BADF : **path ? 0 : __WASI_ERRNO_NOENT;
    p->kind = e->file->kind;
    if (!vfs_is_folder(e->file))
        return __WASI_ERRNO_NOTDIR;
    if (!**path)
        return __WASI_ERRNO_NOENT;
    if (**path == '/')
        return __WASI_ERRNO_NOTCAPABLE;
    if (strlen(*path) >= VFS_PATH)
        return __WASI_ERRNO_NAMETOOLONG;
    switch (p->kind) {
    case VFS_ARCHIVE:
        return walk_archive(e, fd, path, p);
    case VFS_MEMORY:
        strcpy(p->memory.text, *path);
        error = memory_walk(e->file->memory, follow, &p->memory);
        if (error != MEMORY_AWAY)
            return error;
        strcpy(absolute, p->memory.text);
        break;
    case VFS_DEVICE:
        error = device_walk(e->file->device, *path, &p->device, &rest);
        if (error != DEVICE_AWAY)
            return error;
        absolute[0] = '/';
        strcpy(absolute + 1, rest); /* the path began with "../", so there is room for "/" */
        break;
    case VFS_PIPE:
        return __WASI_ERRNO_NOTDIR;
    }
    free(*made);
    found = cwd_locate(absolute, made);
    if (found < 0)
        return errno == ELOOP ? __WASI_ERRNO_LOOP : __WASI_ERRNO_NOENT;
    *fd = (__wasi_fd_t)found;
    *path = *made;
    return MOVES;
}

/* Copies the path for the host into the place, because its text is about to be freed. */
static error_t keep_path(struct place *p)
{
    if (p->kind != VFS_ARCHIVE || p->path == p->memory.text)
        return 0;
    if (strlen(p->path) >= sizeof p->memory.text)
        return __WASI_ERRNO_NAMETOOLONG;
    p->path = strcpy(p->memory.text, p->path);
    return 0;
}

/* Follows a path from a descriptor until it ends or the host takes over. An error holds for every kind of call. */
static error_t go_on(__wasi_fd_t fd, const char *path, bool follow, struct place *p)
{
    char *made = NULL;
    error_t error = step(&fd, &path, &made, follow, p);

    while (error == MOVES) {
        path = *path ? path : ".";
        error = ++p->moves > MOST_MOVES ? __WASI_ERRNO_LOOP : step(&fd, &path, &made, follow, p);
    }
    if (made && !error)
        error = keep_path(p);
    free(made);
    return error;
}

error_t place_find(__wasi_fd_t fd, const char *path, bool follow, struct place *p)
{
    p->moves = 0;
    p->memory.links = 0;
    p->memory.keeps_link = false;
    return go_on(fd, path, follow, p);
}

error_t place_find_folder(__wasi_fd_t fd, const char *path, struct place *p)
{
    p->moves = 0;
    p->memory.links = 0;
    p->memory.keeps_link = true;
    return go_on(fd, path, false, p);
}

/* Whether the path still leads to the directory of the host: it may have been renamed since it was opened. */
static bool leads_to(const char *path, int64_t host)
{
    __wasi_filestat_t is, has;
    char *rest;
    const int fd = cwd_locate(path, &rest);
    const int64_t from = fd < 0 ? -1 : vfs_host_behind((__wasi_fd_t)fd);
    const bool same = from >= 0 && !REAL(fd_filestat_get)((__wasi_fd_t)host, &is) &&
                      !REAL(path_filestat_get)((__wasi_fd_t)from, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, rest, &has) &&
                      is.ino && is.ino == has.ino && is.dev == has.dev;

    free(rest);
    return same;
}

/* The absolute path of a directory of the host, which the caller frees. NULL: it is unknown. */
static char *path_of_folder(int64_t host)
{
    char *path = vfs_path_of(host);

    if (!path || !vfs_is_opened(host) || leads_to(path, host))
        return path;
    free(path);
    return NULL;
}

/* Puts a text in place of a part of the path: from `begin` to `end`. */
static bool replace(const struct place *p, const char *top, const char *begin, const char *text, const char *end,
                    char expanded[VFS_PATH])
{
    const int n = *text == '/' ? snprintf(expanded, VFS_PATH, "%s%s", text, end)
                  : top ? snprintf(expanded, VFS_PATH, "%s/%.*s%s%s", top, (int)(begin - p->path), p->path, text, end)
                        : snprintf(expanded, VFS_PATH, "%.*s%s%s", (int)(begin - p->path), p->path, text, end);

    return n >= 0 && n < VFS_PATH;
}

/* Replaces the first link in a path of the host. The result is an absolute path; if the path of the directory that it
 * starts from is unknown, the result of a relative link is relative to that directory. Without a link, the path may
 * lead out of a directory that was opened by "..": then it is made absolute. false: there is nothing to replace, or the
 * host does not let us read the link. */
static bool expand(const struct place *p, bool follow, char expanded[VFS_PATH])
{
    char *top = path_of_folder(p->host), part[VFS_PATH], text[VFS_PATH];
    const char *end = p->path, *begin;
    bool found = false, up = false;

    while (!found && *end && strlen(p->path) < sizeof part) {
        __wasi_filestat_t stat;
        __wasi_size_t n;

        begin = end + strspn(end, "/");
        end = begin + strcspn(begin, "/");
        up |= end - begin == 2 && !strncmp(begin, "..", 2);
        if (!*begin || (!*end && !follow))
            break;
        memcpy(part, p->path, (size_t)(end - p->path));
        part[end - p->path] = '\0';
        if (REAL(path_filestat_get)((__wasi_fd_t)p->host, 0, part, &stat))
            break;
        if (stat.filetype != __WASI_FILETYPE_SYMBOLIC_LINK)
            continue;
        if (REAL(path_readlink)((__wasi_fd_t)p->host, part, (uint8_t *)text, sizeof text - 1, &n))
            break;
        text[n] = '\0';
        found = replace(p, top, begin, text, end, expanded);
    }
    if (!found && up && top && vfs_is_opened(p->host))
        found = replace(p, top, p->path, "", p->path, expanded);
    free(top);
    return found;
}

bool place_goes_away(struct place *p, bool follow, error_t *error)
{
    char expanded[VFS_PATH], *rest;
    error_t found;
    int fd;

    if ((*error != __WASI_ERRNO_PERM && *error != __WASI_ERRNO_NOTCAPABLE) || p->kind != VFS_ARCHIVE || p->node ||
        p->host < 0 || !expand(p, follow, expanded))
        return false;
    if (++p->moves > MOST_MOVES) {
        *error = __WASI_ERRNO_LOOP;
        return false;
    }
    if (*expanded != '/') {
        p->path = strcpy(p->memory.text, expanded);
        p->in_folder = false;
        return true;
    }
    fd = cwd_locate(expanded, &rest);
    if (fd < 0) {
        *error = __WASI_ERRNO_NOENT;
        return false;
    }
    found = go_on((__wasi_fd_t)fd, rest, follow, p);
    if (!found)
        found = keep_path(p);
    free(rest);
    if (found)
        *error = found;
    return !found;
}

/* Whether the host has the directory that would contain the last name of the path. */
static bool host_has_folder(struct place *p)
{
    __wasi_filestat_t stat;

    if (p->size && p->memory.text[p->size - 1] == '/')
        drop_name(p);
    if (ends_in_dot(p))
        drop_name(p);
    drop_name(p);
    return !p->size || (!REAL(path_filestat_get)((__wasi_fd_t)p->host, 0, p->memory.text, &stat) &&
                        stat.filetype == __WASI_FILETYPE_DIRECTORY);
}

error_t place_host_error(struct place *p, error_t error, bool making)
{
    if (!p->in_folder || (error != __WASI_ERRNO_NOENT && error != __WASI_ERRNO_NOTDIR) || host_has_folder(p))
        return error;
    return making ? __WASI_ERRNO_ROFS : __WASI_ERRNO_NOENT;
}
