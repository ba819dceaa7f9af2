/* Serves the archive of rofs.h to libc, beside what the host gives.
 *
 * libc's calls of WASI arrive here, because the linker is told so (rofs-wrap.ld). A descriptor is one of
 *
 *   - the host's own: passed on as it is; nothing is known of it here;
 *   - the archive's: a file or folder of it. Its number is at least FIRST, where no host counts to;
 *   - a folder of both: the archive has it and the host maps one of the same name. It has the host's number, and shows
 *     the names of both.
 *
 * Where both have a name, the archive's is seen; but a folder of that name is again a folder of both. The archive's
 * root is registered with libc as "/". libc looks for the longest mapped folder that begins a path, so a folder that
 * the host maps below ("/data") never comes by here, and one that it maps above or in what the archive has ("/",
 * "/usr") is noted as a folder of both.
 *
 * Paths are followed name by name through the archive. From the first name on that it does not have, the path is the
 * host's: it gets the whole of it, as seen from its folder. */
#include "rofs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>
#include <wasi/libc-nocwd.h>
#include <wasi/libc.h>

#define WRAP(call) __wrap___wasi_##call
#define REAL(call) __real___wasi_##call

typedef __wasi_errno_t error_t;

enum { FIRST = 1 << 30, PATH_SIZE = 4096, LONGEST_NAME = 255 };

/* "rofs": st_dev of everything in the archive. */
#define DEVICE UINT64_C(0x726f6673)

#define READ_RIGHTS                                                                                                    \
    (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL | __WASI_RIGHTS_FD_ADVISE |                 \
     __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_DATASYNC |                           \
     __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_POLL_FD_READWRITE)
#define FOLDER_RIGHTS                                                                                                  \
    (__WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_READLINK |                                \
     __WASI_RIGHTS_PATH_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS |             \
     __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_DATASYNC)
/* What libc may ask for below a folder of the archive: also writing, so that asking for it can be answered with EROFS.
 */
#define INHERITED_RIGHTS (READ_RIGHTS | FOLDER_RIGHTS | __WASI_RIGHTS_FD_WRITE)

/* A descriptor that is not simply the host's. */
struct entry {
    int64_t fd;                   /* the guest's number */
    int64_t host;                 /* the host's descriptor behind it, or -1 */
    const struct rofs_node *node; /* NULL: only the number differs from the host's */
    __wasi_rights_t host_rights;  /* what the host's folder lets be done with what is opened below it */
    uint64_t offset;
    __wasi_fdflags_t flags;
    bool used;
    bool gone; /* the host's descriptor of that number serves under another, so the guest must not see it */
};

/* Numbers of the archive's: index + FIRST. The root's is FIRST itself. */
static struct entry *own;
static size_t own_n;
/* Numbers of the host's; few, so they are looked through. */
static struct entry *low;
static size_t low_n;

/* The calls that pass through here. */
error_t REAL(fd_advise)(__wasi_fd_t, __wasi_filesize_t, __wasi_filesize_t, __wasi_advice_t);
error_t REAL(fd_allocate)(__wasi_fd_t, __wasi_filesize_t, __wasi_filesize_t);
error_t REAL(fd_close)(__wasi_fd_t);
error_t REAL(fd_datasync)(__wasi_fd_t);
error_t REAL(fd_fdstat_get)(__wasi_fd_t, __wasi_fdstat_t *);
error_t REAL(fd_fdstat_set_flags)(__wasi_fd_t, __wasi_fdflags_t);
error_t REAL(fd_fdstat_set_rights)(__wasi_fd_t, __wasi_rights_t, __wasi_rights_t);
error_t REAL(fd_filestat_get)(__wasi_fd_t, __wasi_filestat_t *);
error_t REAL(fd_filestat_set_size)(__wasi_fd_t, __wasi_filesize_t);
error_t REAL(fd_filestat_set_times)(__wasi_fd_t, __wasi_timestamp_t, __wasi_timestamp_t, __wasi_fstflags_t);
error_t REAL(fd_pread)(__wasi_fd_t, const __wasi_iovec_t *, size_t, __wasi_filesize_t, __wasi_size_t *);
error_t REAL(fd_prestat_get)(__wasi_fd_t, __wasi_prestat_t *);
error_t REAL(fd_prestat_dir_name)(__wasi_fd_t, uint8_t *, __wasi_size_t);
error_t REAL(fd_pwrite)(__wasi_fd_t, const __wasi_ciovec_t *, size_t, __wasi_filesize_t, __wasi_size_t *);
error_t REAL(fd_read)(__wasi_fd_t, const __wasi_iovec_t *, size_t, __wasi_size_t *);
error_t REAL(fd_readdir)(__wasi_fd_t, uint8_t *, __wasi_size_t, __wasi_dircookie_t, __wasi_size_t *);
error_t REAL(fd_renumber)(__wasi_fd_t, __wasi_fd_t);
error_t REAL(fd_seek)(__wasi_fd_t, __wasi_filedelta_t, __wasi_whence_t, __wasi_filesize_t *);
error_t REAL(fd_sync)(__wasi_fd_t);
error_t REAL(fd_tell)(__wasi_fd_t, __wasi_filesize_t *);
error_t REAL(fd_write)(__wasi_fd_t, const __wasi_ciovec_t *, size_t, __wasi_size_t *);
error_t REAL(path_create_directory)(__wasi_fd_t, const char *);
error_t REAL(path_filestat_get)(__wasi_fd_t, __wasi_lookupflags_t, const char *, __wasi_filestat_t *);
error_t REAL(path_filestat_set_times)(__wasi_fd_t, __wasi_lookupflags_t, const char *, __wasi_timestamp_t,
                                      __wasi_timestamp_t, __wasi_fstflags_t);
error_t REAL(path_link)(__wasi_fd_t, __wasi_lookupflags_t, const char *, __wasi_fd_t, const char *);
error_t REAL(path_open)(__wasi_fd_t, __wasi_lookupflags_t, const char *, __wasi_oflags_t, __wasi_rights_t,
                        __wasi_rights_t, __wasi_fdflags_t, __wasi_fd_t *);
error_t REAL(path_readlink)(__wasi_fd_t, const char *, uint8_t *, __wasi_size_t, __wasi_size_t *);
error_t REAL(path_remove_directory)(__wasi_fd_t, const char *);
error_t REAL(path_rename)(__wasi_fd_t, const char *, __wasi_fd_t, const char *);
error_t REAL(path_symlink)(const char *, __wasi_fd_t, const char *);
error_t REAL(path_unlink_file)(__wasi_fd_t, const char *);
error_t REAL(poll_oneoff)(const __wasi_subscription_t *, __wasi_event_t *, __wasi_size_t, __wasi_size_t *);
error_t REAL(sock_accept)(__wasi_fd_t, __wasi_fdflags_t, __wasi_fd_t *);
error_t REAL(sock_recv)(__wasi_fd_t, const __wasi_iovec_t *, size_t, __wasi_riflags_t, __wasi_size_t *,
                        __wasi_roflags_t *);
error_t REAL(sock_send)(__wasi_fd_t, const __wasi_ciovec_t *, size_t, __wasi_siflags_t, __wasi_size_t *);
error_t REAL(sock_shutdown)(__wasi_fd_t, __wasi_sdflags_t);
int __real___wasilibc_nocwd_faccessat(int, const char *, int, int);

/* ---- Descriptors ---- */

static struct entry *find(int64_t fd)
{
    if (fd >= FIRST)
        return (uint64_t)(fd - FIRST) < own_n && own[fd - FIRST].used ? &own[fd - FIRST] : NULL;
    for (size_t i = 0; i < low_n; i++)
        if (low[i].used && low[i].fd == fd)
            return &low[i];
    return NULL;
}

/* A free place in one of the lists, or NULL: no memory. Pointers to entries are no longer good then. */
static struct entry *take(struct entry **list, size_t *n)
{
    size_t i = 0;

    while (i < *n && (*list)[i].used)
        i++;
    if (i == *n) {
        size_t more = *n ? 2 * *n : 8;
        struct entry *bigger = realloc(*list, more * sizeof *bigger);

        if (!bigger)
            return NULL;
        memset(bigger + *n, 0, (more - *n) * sizeof *bigger);
        *list = bigger;
        *n = more;
    }
    (*list)[i] = (struct entry){.fd = FIRST + (int64_t)i, .host = -1, .used = true};
    return &(*list)[i];
}

static struct entry *take_own(void)
{
    return take(&own, &own_n);
}

static struct entry *take_low(int64_t fd)
{
    struct entry *e = take(&low, &low_n);

    if (e)
        e->fd = fd;
    return e;
}

/* The host's own number for a descriptor that is only the host's; -1: it is the archive's, or gone. */
static int64_t host_only(__wasi_fd_t fd)
{
    const struct entry *e = find(fd);

    if (!e)
        return fd;
    return e->gone || e->node ? -1 : e->host;
}

/* As host_only, but of folders of both, too. */
static int64_t host_behind(__wasi_fd_t fd)
{
    const struct entry *e = find(fd);

    return e ? e->gone ? -1 : e->host : (int64_t)fd;
}

/* The archive's node of a descriptor, or NULL. */
static struct entry *with_node(__wasi_fd_t fd)
{
    struct entry *e = find(fd);

    return e && !e->gone && e->node ? e : NULL;
}

static bool is_folder(const struct rofs_node *node)
{
    return node->kind == ROFS_FOLDER;
}

/* A number for what the host has just opened. One that is as high as ours is not passed on. */
static error_t adopt(error_t error, __wasi_fd_t *fd)
{
    struct entry *e;

    if (error || *fd < FIRST)
        return error;
    e = take_own();
    if (!e) {
        (void)REAL(fd_close)(*fd);
        return __WASI_ERRNO_NOMEM;
    }
    e->host = *fd;
    *fd = (__wasi_fd_t)e->fd;
    return 0;
}

/* ---- Start ---- */

/* Where a mapped folder lies in the archive; NULL: nowhere. libc ignores a "/" or "./" at the beginning, too. */
static const struct rofs_node *find_mapped(const char *name)
{
    const struct rofs_node *node = rofs_root();

    while (*name) {
        size_t n = strcspn(name, "/");

        if (n && !(n == 1 && *name == '.')) {
            if (n == 2 && !strncmp(name, "..", 2))
                return NULL;
            node = rofs_child(node, name, n);
            if (!node || !is_folder(node))
                return NULL;
        }
        name += n + (name[n] == '/');
    }
    return node;
}

static void note_mapped(__wasi_fd_t fd, size_t size)
{
    char *name = malloc(size + 1);
    const struct rofs_node *node = NULL;
    __wasi_fdstat_t stat;
    struct entry *e;

    if (name && !REAL(fd_prestat_dir_name)(fd, (uint8_t *)name, size)) {
        name[size] = '\0';
        node = find_mapped(name);
    }
    free(name);
    if (!node || REAL(fd_fdstat_get)(fd, &stat) || !(e = take_low(fd)))
        return;
    e->host = fd;
    e->node = node;
    e->host_rights = stat.fs_rights_inheriting;
    if (node == rofs_root()) {
        own[0].host = fd;
        own[0].host_rights = stat.fs_rights_inheriting;
    }
}

/* Before everything that opens files, constructors of C++ libraries too. */
__attribute__((constructor(101))) static void start(void)
{
    struct entry *root = own_n ? &own[0] : take_own();
    __wasi_prestat_t mapped;

    if (!root)
        abort();
    *root = (struct entry){.fd = FIRST, .host = -1, .node = rofs_root(), .used = true};
    for (__wasi_fd_t fd = 3; !REAL(fd_prestat_get)(fd, &mapped); fd++)
        if (mapped.tag == __WASI_PREOPENTYPE_DIR)
            note_mapped(fd, mapped.u.dir.pr_name_len);
    /* Of two folders with the same name libc takes the one that was registered last: this one, even if the host maps
     * "/" or ".". */
    if (__wasilibc_register_preopened_fd(FIRST, "/") < 0)
        abort();
}

void rofs_restart(void)
{
    low_n = 0;
    for (size_t i = 0; i < own_n; i++) {
        own[i].used = own[i].used && own[i].node;
        own[i].host = -1;
    }
    __wasilibc_reset_preopens();
    start();
}

/* ---- Paths ---- */

struct place {
    /* What the archive has there, or NULL. */
    const struct rofs_node *node;
    /* Where the host would have it: below this descriptor; -1: nowhere. */
    int64_t host;
    __wasi_rights_t host_rights;
    const char *path;
    /* The last name of the path would be in a folder of the archive. */
    bool in_folder;
    char text[PATH_SIZE];
    size_t size;
};

static bool add_name(struct place *p, const char *name, size_t n)
{
    if (p->size + n + 3 > sizeof p->text)
        return false;
    if (p->size)
        p->text[p->size++] = '/';
    memcpy(p->text + p->size, name, n);
    p->size += n;
    p->text[p->size] = '\0';
    return true;
}

static void drop_name(struct place *p)
{
    while (p->size && p->text[p->size - 1] != '/')
        p->size--;
    p->size -= p->size > 0;
    p->text[p->size] = '\0';
}

static bool ends_in_dot(const struct place *p)
{
    return p->size > 1 && !strcmp(p->text + p->size - 2, "/.");
}

static bool add_way_from_root(struct place *p, const struct rofs_node *node)
{
    return node == rofs_root() ||
           (add_way_from_root(p, rofs_parent(node)) && add_name(p, rofs_name(node), node->name_size));
}

/* ".." behind names that only the host has: it leads back to the folder before if that is what they name, and not a
 * symbolic link. 1: it is a link, so only the host knows. */
static int is_way_back(const struct place *p, error_t *error)
{
    __wasi_filestat_t stat;

    *error = p->host < 0 ? __WASI_ERRNO_NOENT : REAL(path_filestat_get)((__wasi_fd_t)p->host, 0, p->text, &stat);
    if (*error)
        return -1;
    if (stat.filetype == __WASI_FILETYPE_SYMBOLIC_LINK)
        return 1;
    *error = stat.filetype == __WASI_FILETYPE_DIRECTORY ? 0 : __WASI_ERRNO_NOTDIR;
    return *error ? -1 : 0;
}

/* ".." in the archive. Behind the root is the root; behind another folder that the path starts from comes what is above
 * it, seen from the root. */
static bool go_up(struct place *p, const struct rofs_node **node)
{
    const struct entry *root;

    if (p->size) {
        drop_name(p);
    } else if (*node != rofs_root()) {
        root = find(FIRST);
        p->host = root && !root->gone ? root->host : -1;
        p->host_rights = root ? root->host_rights : 0;
        if (!add_way_from_root(p, rofs_parent(*node)))
            return false;
    }
    *node = rofs_parent(*node);
    return true;
}

/* Follows a path from a descriptor. An error is one that a folder of both would give whatever is asked. */
static error_t resolve(__wasi_fd_t fd, const char *path, struct place *p)
{
    const struct entry *e = find(fd);
    const struct rofs_node *node;
    size_t beyond = 0; /* names of the path that the archive does not have */
    error_t error;

    p->node = NULL;
    p->host = host_behind(fd);
    p->host_rights = ~(__wasi_rights_t)0;
    p->path = path;
    p->in_folder = false;
    if (!e || !e->node)
        return p->host < 0 ? __WASI_ERRNO_BADF : 0;
    if (!is_folder(e->node))
        return __WASI_ERRNO_NOTDIR;
    if (!*path)
        return __WASI_ERRNO_NOENT;
    if (*path == '/')
        return __WASI_ERRNO_NOTCAPABLE;
    if (strlen(path) >= PATH_SIZE)
        return __WASI_ERRNO_NAMETOOLONG;
    node = e->node;
    p->host_rights = e->host_rights;
    p->size = 0;
    p->text[0] = '\0';
    for (const char *name = path, *end; name; name = *end ? end + 1 : NULL) {
        size_t n = strcspn(name, "/");

        end = name + n;
        if (!beyond && !is_folder(node))
            return __WASI_ERRNO_NOTDIR; /* also for a "/" at the end */
        if (n == 1 && *name == '.' && beyond && !ends_in_dot(p) && !add_name(p, ".", 1))
            return __WASI_ERRNO_NAMETOOLONG; /* the host is to see that it is a folder */
        if (n == 0 || (n == 1 && *name == '.'))
            continue;
        if (!beyond && n > LONGEST_NAME)
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
        if (!beyond && rofs_child(node, name, n))
            node = rofs_child(node, name, n);
        else
            beyond++;
        if (!add_name(p, name, n))
            return __WASI_ERRNO_NAMETOOLONG;
    }
    if (!beyond)
        p->node = node;
    else if (path[strlen(path) - 1] == '/')
        add_name(p, "", 0);
    p->in_folder = beyond == 1;
    p->path = p->size ? p->text : ".";
    return 0;
}

/* What a call that makes or changes something gives for a place that is not in the archive, and why it may not get to
 * the host: 0 if it may. */
static error_t may_change(const struct place *p)
{
    if (p->node)
        return __WASI_ERRNO_ROFS;
    if (p->host >= 0)
        return 0;
    return p->in_folder ? __WASI_ERRNO_ROFS : __WASI_ERRNO_NOENT;
}

/* Whether the host has the folder that the last name of the path would be in. */
static bool host_has_folder(struct place *p)
{
    __wasi_filestat_t stat;

    if (p->size && p->text[p->size - 1] == '/')
        drop_name(p);
    if (ends_in_dot(p))
        drop_name(p);
    drop_name(p);
    return !p->size || (!REAL(path_filestat_get)((__wasi_fd_t)p->host, 0, p->text, &stat) &&
                        stat.filetype == __WASI_FILETYPE_DIRECTORY);
}

/* A folder that only the archive has is not missing when something is to be made in it: it cannot be written to. And
 * when something is looked for that it does not have, it does not matter what the host has in its place. */
static error_t host_error(struct place *p, error_t error, bool making)
{
    if (!p->in_folder || (error != __WASI_ERRNO_NOENT && error != __WASI_ERRNO_NOTDIR) || host_has_folder(p))
        return error;
    return making ? __WASI_ERRNO_ROFS : __WASI_ERRNO_NOENT;
}

/* ---- Calls on descriptors ---- */

/* For calls that have nothing to do with what the archive has: the host's number, or the error. */
#define PASS(fd, host)                                                                                                 \
    int64_t host = host_only(fd);                                                                                      \
    if (host < 0 && !with_node(fd))                                                                                    \
    return __WASI_ERRNO_BADF

error_t WRAP(fd_advise)(__wasi_fd_t fd, __wasi_filesize_t at, __wasi_filesize_t n, __wasi_advice_t advice)
{
    PASS(fd, host);
    if (host >= 0)
        return REAL(fd_advise)((__wasi_fd_t)host, at, n, advice);
    return is_folder(with_node(fd)->node) ? __WASI_ERRNO_BADF : 0;
}

error_t WRAP(fd_allocate)(__wasi_fd_t fd, __wasi_filesize_t at, __wasi_filesize_t n)
{
    PASS(fd, host);
    return host < 0 ? __WASI_ERRNO_BADF : REAL(fd_allocate)((__wasi_fd_t)host, at, n);
}

/* Ends the host's descriptor behind an entry; its number can come again. */
static error_t close_behind(const struct entry *e)
{
    error_t error = e->host < 0 ? 0 : REAL(fd_close)((__wasi_fd_t)e->host);
    struct entry *gone = e->host < 0 || e->host == e->fd ? NULL : find(e->host);

    if (gone && gone->gone)
        gone->used = false;
    return error;
}

/* The same, and the entry's own number, where it is one of the host's that had to stay taken. */
static error_t close_host(const struct entry *e)
{
    error_t error = close_behind(e);

    if (e->fd < FIRST && e->host != e->fd)
        (void)REAL(fd_close)((__wasi_fd_t)e->fd);
    return error;
}

error_t WRAP(fd_close)(__wasi_fd_t fd)
{
    struct entry *e = find(fd);
    error_t error;

    if (!e)
        return REAL(fd_close)(fd);
    if (e->gone)
        return __WASI_ERRNO_BADF;
    /* The root shares its folder with the descriptor that the host gave for it. */
    error = e->fd == FIRST && e->node ? 0 : close_host(e);
    e->used = false;
    return error;
}

error_t WRAP(fd_datasync)(__wasi_fd_t fd)
{
    PASS(fd, host);
    return host < 0 ? 0 : REAL(fd_datasync)((__wasi_fd_t)host);
}

error_t WRAP(fd_sync)(__wasi_fd_t fd)
{
    PASS(fd, host);
    return host < 0 ? 0 : REAL(fd_sync)((__wasi_fd_t)host);
}

/* While libc asks whether something may be done: the host's folder that it is asked about; else -1. */
static int64_t rights_of = -1;

error_t WRAP(fd_fdstat_get)(__wasi_fd_t fd, __wasi_fdstat_t *stat)
{
    int64_t host = rights_of >= 0 ? rights_of : host_behind(fd);
    struct entry *e = with_node(fd);
    bool folder;

    if (host >= 0) {
        error_t error = REAL(fd_fdstat_get)((__wasi_fd_t)host, stat);

        if (!error && e && rights_of < 0)
            stat->fs_rights_inheriting |= INHERITED_RIGHTS;
        return error;
    }
    if (!e)
        return __WASI_ERRNO_BADF;
    folder = is_folder(e->node);
    *stat = (__wasi_fdstat_t){
        .fs_filetype = folder ? __WASI_FILETYPE_DIRECTORY : __WASI_FILETYPE_REGULAR_FILE,
        .fs_flags = e->flags,
        .fs_rights_base = folder ? FOLDER_RIGHTS : READ_RIGHTS,
        .fs_rights_inheriting = folder ? INHERITED_RIGHTS : 0,
    };
    return 0;
}

error_t WRAP(fd_fdstat_set_flags)(__wasi_fd_t fd, __wasi_fdflags_t flags)
{
    int64_t host = host_behind(fd);
    struct entry *e = with_node(fd);

    if (host >= 0)
        return REAL(fd_fdstat_set_flags)((__wasi_fd_t)host, flags);
    if (!e)
        return __WASI_ERRNO_BADF;
    e->flags = flags;
    return 0;
}

error_t WRAP(fd_fdstat_set_rights)(__wasi_fd_t fd, __wasi_rights_t base, __wasi_rights_t inheriting)
{
    int64_t host = host_behind(fd);
    struct entry *e = with_node(fd);
    __wasi_fdstat_t stat;

    if (host >= 0)
        return REAL(fd_fdstat_set_rights)((__wasi_fd_t)host, base, inheriting);
    if (!e || WRAP(fd_fdstat_get)(fd, &stat))
        return __WASI_ERRNO_BADF;
    /* Rights are only ever given up. What is left lets nothing be changed, so keeping them does no harm. */
    return (base & ~stat.fs_rights_base) || (inheriting & ~stat.fs_rights_inheriting) ? __WASI_ERRNO_NOTCAPABLE : 0;
}

bool rofs_hides_host;

static error_t hide(error_t error, __wasi_filestat_t *stat)
{
    if (!error && rofs_hides_host)
        stat->dev = stat->ino = stat->atim = stat->mtim = stat->ctim = 0;
    return error;
}

static void fill_stat(const struct rofs_node *node, __wasi_filestat_t *stat)
{
    uint64_t time = rofs_header()->time;

    *stat = (__wasi_filestat_t){
        .dev = DEVICE,
        .ino = rofs_inode(node),
        .filetype = is_folder(node) ? __WASI_FILETYPE_DIRECTORY : __WASI_FILETYPE_REGULAR_FILE,
        .nlink = 1,
        .size = is_folder(node) ? 0 : node->size,
        .atim = time,
        .mtim = time,
        .ctim = time,
    };
}

error_t WRAP(fd_filestat_get)(__wasi_fd_t fd, __wasi_filestat_t *stat)
{
    PASS(fd, host);
    if (host >= 0)
        return hide(REAL(fd_filestat_get)((__wasi_fd_t)host, stat), stat);
    fill_stat(with_node(fd)->node, stat);
    return 0;
}

error_t WRAP(fd_filestat_set_size)(__wasi_fd_t fd, __wasi_filesize_t size)
{
    PASS(fd, host);
    /* As for every file that was not opened for writing. */
    return host < 0 ? __WASI_ERRNO_INVAL : REAL(fd_filestat_set_size)((__wasi_fd_t)host, size);
}

error_t WRAP(fd_filestat_set_times)(__wasi_fd_t fd, __wasi_timestamp_t accessed, __wasi_timestamp_t modified,
                                    __wasi_fstflags_t which)
{
    PASS(fd, host);
    return host < 0 ? __WASI_ERRNO_ROFS : REAL(fd_filestat_set_times)((__wasi_fd_t)host, accessed, modified, which);
}

/* Copies from the file into the buffers; *n is how much. */
static error_t copy(const struct rofs_node *file, uint64_t offset, const __wasi_iovec_t *buffers, size_t count,
                    __wasi_size_t *n)
{
    const unsigned char *bytes = rofs_bytes(file);

    *n = 0;
    if (!bytes)
        return __WASI_ERRNO_NOMEM;
    for (size_t i = 0; i < count && offset < file->size; i++) {
        uint64_t left = file->size - offset;
        size_t part = buffers[i].buf_len < left ? buffers[i].buf_len : (size_t)left;

        if (part)
            memcpy(buffers[i].buf, bytes + offset, part);
        offset += part;
        *n += part;
    }
    return 0;
}

error_t WRAP(fd_pread)(__wasi_fd_t fd, const __wasi_iovec_t *buffers, size_t count, __wasi_filesize_t offset,
                       __wasi_size_t *n)
{
    const struct rofs_node *node;

    PASS(fd, host);
    if (host >= 0)
        return REAL(fd_pread)((__wasi_fd_t)host, buffers, count, offset, n);
    node = with_node(fd)->node;
    if (is_folder(node))
        return __WASI_ERRNO_ISDIR;
    if (offset > INT64_MAX)
        return __WASI_ERRNO_INVAL;
    return copy(node, offset, buffers, count, n);
}

error_t WRAP(fd_read)(__wasi_fd_t fd, const __wasi_iovec_t *buffers, size_t count, __wasi_size_t *n)
{
    struct entry *e;
    error_t error;

    PASS(fd, host);
    if (host >= 0)
        return REAL(fd_read)((__wasi_fd_t)host, buffers, count, n);
    e = with_node(fd);
    if (is_folder(e->node))
        return __WASI_ERRNO_ISDIR;
    error = copy(e->node, e->offset, buffers, count, n);
    e->offset += *n;
    return error;
}

error_t WRAP(fd_pwrite)(__wasi_fd_t fd, const __wasi_ciovec_t *buffers, size_t count, __wasi_filesize_t offset,
                        __wasi_size_t *n)
{
    PASS(fd, host);
    return host < 0 ? __WASI_ERRNO_BADF : REAL(fd_pwrite)((__wasi_fd_t)host, buffers, count, offset, n);
}

error_t WRAP(fd_write)(__wasi_fd_t fd, const __wasi_ciovec_t *buffers, size_t count, __wasi_size_t *n)
{
    PASS(fd, host);
    return host < 0 ? __WASI_ERRNO_BADF : REAL(fd_write)((__wasi_fd_t)host, buffers, count, n);
}

error_t WRAP(fd_seek)(__wasi_fd_t fd, __wasi_filedelta_t by, __wasi_whence_t whence, __wasi_filesize_t *at)
{
    struct entry *e;
    int64_t from;

    PASS(fd, host);
    if (host >= 0)
        return REAL(fd_seek)((__wasi_fd_t)host, by, whence, at);
    e = with_node(fd);
    if (is_folder(e->node))
        return __WASI_ERRNO_BADF;
    if (whence != __WASI_WHENCE_SET && whence != __WASI_WHENCE_CUR && whence != __WASI_WHENCE_END)
        return __WASI_ERRNO_INVAL;
    from = (int64_t)(whence == __WASI_WHENCE_SET ? 0 : whence == __WASI_WHENCE_CUR ? e->offset : e->node->size);
    if (__builtin_add_overflow(from, by, &from) || from < 0)
        return __WASI_ERRNO_INVAL;
    *at = e->offset = (uint64_t)from;
    return 0;
}

error_t WRAP(fd_tell)(__wasi_fd_t fd, __wasi_filesize_t *at)
{
    PASS(fd, host);
    if (host >= 0)
        return REAL(fd_tell)((__wasi_fd_t)host, at);
    if (is_folder(with_node(fd)->node))
        return __WASI_ERRNO_BADF;
    *at = with_node(fd)->offset;
    return 0;
}

error_t WRAP(fd_prestat_get)(__wasi_fd_t fd, __wasi_prestat_t *stat)
{
    int64_t host = fd == FIRST ? -1 : host_behind(fd);

    if (host >= 0)
        return REAL(fd_prestat_get)((__wasi_fd_t)host, stat);
    if (fd != FIRST || !with_node(fd))
        return __WASI_ERRNO_BADF;
    stat->tag = __WASI_PREOPENTYPE_DIR;
    stat->u.dir.pr_name_len = 1;
    return 0;
}

error_t WRAP(fd_prestat_dir_name)(__wasi_fd_t fd, uint8_t *name, __wasi_size_t n)
{
    int64_t host = fd == FIRST ? -1 : host_behind(fd);

    if (host >= 0)
        return REAL(fd_prestat_dir_name)((__wasi_fd_t)host, name, n);
    if (fd != FIRST || !with_node(fd))
        return __WASI_ERRNO_BADF;
    if (n < 1)
        return __WASI_ERRNO_NAMETOOLONG;
    name[0] = '/';
    return 0;
}

/* Moves one descriptor to another's number, which is closed. */
error_t WRAP(fd_renumber)(__wasi_fd_t from, __wasi_fd_t to)
{
    struct entry *source = find(from), *target = find(to), moved;
    __wasi_fdstat_t stat;
    error_t error;

    if ((source && source->gone) || (target && target->gone))
        return __WASI_ERRNO_BADF;
    if (!source && !target)
        return REAL(fd_renumber)(from, to);
    if ((!source && REAL(fd_fdstat_get)(from, &stat)) || (!target && REAL(fd_fdstat_get)(to, &stat)) ||
        (source && source->fd >= FIRST && !source->used))
        return __WASI_ERRNO_BADF;
    if (from == to)
        return 0;
    /* Both are the host's numbers, and the host's descriptors behind them, too: it can move them itself. */
    if (from < FIRST && to < FIRST && (!source || source->host == from) && (!target || target->host == to)) {
        error = REAL(fd_renumber)(from, to);
        if (error)
            return error;
        if (target)
            target->used = false;
        if (source)
            source->fd = source->host = to;
        return 0;
    }
    moved = source ? *source : (struct entry){.host = from, .used = true};
    moved.fd = to;
    if (target) {
        /* A number of the host's stays taken, so that the host does not give it away. */
        if (target->fd >= FIRST || target->host != target->fd)
            (void)close_behind(target);
    } else {
        target = take_low(to);
        if (!target)
            return __WASI_ERRNO_NOMEM;
        source = find(from); /* the list may have moved */
    }
    *target = moved;
    if (source && source->host != from) {
        source->used = false;
        if (from < FIRST)
            (void)REAL(fd_close)(from);
    } else {
        /* Under the number that the guest gives up lies what it has moved. */
        if (!source)
            source = take_low(from);
        if (source)
            *source = (struct entry){.fd = from, .host = -1, .used = true, .gone = true};
    }
    return 0;
}

/* ---- Listing a folder ---- */

/* Cookies: "." is 0, ".." 1, then the archive's children from 2 on; the host's entries have theirs with the highest bit
 * set, which no file system uses. */
#define HOST_COOKIE (UINT64_C(1) << 63)

struct listing {
    uint8_t *to;
    size_t size, used;
};

/* Adds an entry, or as much of it as there is room for. */
static void add_entry(struct listing *l, const __wasi_dirent_t *head, const char *name)
{
    size_t left = l->size - l->used, n = left < sizeof *head ? left : sizeof *head;

    memcpy(l->to + l->used, head, n);
    l->used += n;
    left -= n;
    n = left < head->d_namlen ? left : head->d_namlen;
    memcpy(l->to + l->used, name, n);
    l->used += n;
}

static void list_own(struct listing *l, const struct rofs_node *folder, uint64_t cookie)
{
    for (; cookie < folder->size + 2 && l->used < l->size; cookie++) {
        const struct rofs_node *node = cookie == 0   ? folder
                                       : cookie == 1 ? rofs_parent(folder)
                                                     : rofs_child_at(folder, cookie - 2);
        __wasi_dirent_t head = {
            .d_next = cookie + 1,
            .d_ino = rofs_inode(node),
            .d_namlen = cookie < 2 ? (__wasi_dirnamlen_t)(cookie + 1) : node->name_size,
            .d_type = is_folder(node) ? __WASI_FILETYPE_DIRECTORY : __WASI_FILETYPE_REGULAR_FILE,
        };

        /* Where the host goes on, it starts at its own beginning. */
        if (head.d_next == folder->size + 2)
            head.d_next = HOST_COOKIE;
        add_entry(l, &head, cookie < 2 ? ".." : rofs_name(node));
    }
}

static error_t list_host(struct listing *l, const struct entry *e, uint64_t cookie)
{
    size_t room = sizeof(__wasi_dirent_t) + PATH_SIZE;
    uint8_t *buffer = malloc(room);
    error_t error = buffer ? 0 : __WASI_ERRNO_NOMEM;
    bool more = true;

    while (!error && more && l->used < l->size) {
        __wasi_size_t n = 0;
        size_t at = 0;

        error = REAL(fd_readdir)((__wasi_fd_t)e->host, buffer, room, cookie, &n);
        more = n == room;
        while (!error && at + sizeof(__wasi_dirent_t) <= n && l->used < l->size) {
            const char *name = (const char *)buffer + at + sizeof(__wasi_dirent_t);
            __wasi_dirent_t head;

            memcpy(&head, buffer + at, sizeof head);
            if (head.d_namlen > n - at - sizeof head) {
                /* Cut off; a name that does not fit at all is no name. */
                if (at == 0)
                    error = __WASI_ERRNO_NAMETOOLONG;
                break;
            }
            at += sizeof head + head.d_namlen;
            cookie = head.d_next;
            head.d_next |= HOST_COOKIE;
            if (!(head.d_namlen == 1 && name[0] == '.') && !(head.d_namlen == 2 && !memcmp(name, "..", 2)) &&
                !rofs_child(e->node, name, head.d_namlen))
                add_entry(l, &head, name);
        }
        more = more && at > 0;
    }
    free(buffer);
    return error;
}

error_t WRAP(fd_readdir)(__wasi_fd_t fd, uint8_t *buffer, __wasi_size_t size, __wasi_dircookie_t cookie,
                         __wasi_size_t *n)
{
    struct listing l = {.to = buffer, .size = size};
    struct entry *e;
    error_t error = 0;

    PASS(fd, host);
    if (host >= 0)
        return REAL(fd_readdir)((__wasi_fd_t)host, buffer, size, cookie, n);
    e = with_node(fd);
    if (!is_folder(e->node))
        return __WASI_ERRNO_NOTDIR;
    if (!(cookie & HOST_COOKIE)) {
        list_own(&l, e->node, cookie);
        cookie = HOST_COOKIE;
    }
    if (e->host >= 0 && l.used < l.size)
        error = list_host(&l, e, cookie & ~HOST_COOKIE);
    *n = (__wasi_size_t)l.used;
    return error;
}

/* ---- Calls on paths ---- */

/* For calls that change something and need nothing but the place. */
#define RESOLVE_CHANGE(fd, path, p)                                                                                    \
    struct place p;                                                                                                    \
    error_t p##_error = resolve(fd, path, &p);                                                                         \
    if (!p##_error)                                                                                                    \
    p##_error = may_change(&p)

error_t WRAP(path_create_directory)(__wasi_fd_t fd, const char *path)
{
    RESOLVE_CHANGE(fd, path, p);
    if (!p_error)
        return host_error(&p, REAL(path_create_directory)((__wasi_fd_t)p.host, p.path), true);
    return p_error == __WASI_ERRNO_ROFS && p.node ? __WASI_ERRNO_EXIST : p_error;
}

error_t WRAP(path_filestat_get)(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path, __wasi_filestat_t *stat)
{
    struct place p;
    error_t error = resolve(fd, path, &p);

    if (error)
        return error;
    if (!p.node)
        return p.host < 0
                   ? __WASI_ERRNO_NOENT
                   : host_error(&p, hide(REAL(path_filestat_get)((__wasi_fd_t)p.host, flags, p.path, stat), stat),
                                false);
    fill_stat(p.node, stat);
    return 0;
}

error_t WRAP(path_filestat_set_times)(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path,
                                      __wasi_timestamp_t accessed, __wasi_timestamp_t modified, __wasi_fstflags_t which)
{
    struct place p;
    error_t error = resolve(fd, path, &p);

    if (error || p.node)
        return error ? error : __WASI_ERRNO_ROFS;
    if (p.host < 0)
        return __WASI_ERRNO_NOENT;
    return host_error(&p, REAL(path_filestat_set_times)((__wasi_fd_t)p.host, flags, p.path, accessed, modified, which),
                      false);
}

/* Opens a folder of the archive or of both. */
static error_t open_folder(const struct place *p, __wasi_lookupflags_t lookup, __wasi_rights_t base,
                           __wasi_rights_t inheriting, __wasi_fdflags_t flags, __wasi_fd_t *fd)
{
    bool both = p->host >= 0 && !REAL(path_open)((__wasi_fd_t)p->host, lookup, p->path, __WASI_OFLAGS_DIRECTORY,
                                                 base & p->host_rights, inheriting & p->host_rights, flags, fd);
    struct entry *e = both && *fd < FIRST ? take_low(*fd) : take_own();
    __wasi_fdstat_t stat;

    if (!e) {
        if (both)
            (void)REAL(fd_close)(*fd);
        return __WASI_ERRNO_NOMEM;
    }
    e->host = both ? (int64_t)*fd : -1;
    e->host_rights = both && !REAL(fd_fdstat_get)(*fd, &stat) ? stat.fs_rights_inheriting : 0;
    e->node = p->node;
    e->flags = flags;
    *fd = (__wasi_fd_t)e->fd;
    return 0;
}

error_t WRAP(path_open)(__wasi_fd_t at, __wasi_lookupflags_t lookup, const char *path, __wasi_oflags_t how,
                        __wasi_rights_t base, __wasi_rights_t inheriting, __wasi_fdflags_t flags, __wasi_fd_t *fd)
{
    bool writes = (base & __WASI_RIGHTS_FD_WRITE) || (how & __WASI_OFLAGS_TRUNC), makes = how & __WASI_OFLAGS_CREAT;
    struct place p;
    struct entry *e;
    error_t error = resolve(at, path, &p);

    if (error)
        return error;
    if (!p.node && p.host < 0)
        return makes && p.in_folder ? __WASI_ERRNO_ROFS : __WASI_ERRNO_NOENT;
    if (!p.node)
        return adopt(host_error(&p,
                                REAL(path_open)((__wasi_fd_t)p.host, lookup, p.path, how, base & p.host_rights,
                                                inheriting & p.host_rights, flags, fd),
                                makes),
                     fd);
    if (makes && (how & __WASI_OFLAGS_EXCL))
        return __WASI_ERRNO_EXIST;
    if (is_folder(p.node))
        return writes || makes ? __WASI_ERRNO_ISDIR : open_folder(&p, lookup, base, inheriting, flags, fd);
    if (how & __WASI_OFLAGS_DIRECTORY)
        return __WASI_ERRNO_NOTDIR;
    if (writes)
        return __WASI_ERRNO_ROFS;
    e = take_own();
    if (!e)
        return __WASI_ERRNO_NOMEM;
    e->node = p.node;
    e->flags = flags;
    *fd = (__wasi_fd_t)e->fd;
    return 0;
}

error_t WRAP(path_readlink)(__wasi_fd_t fd, const char *path, uint8_t *buffer, __wasi_size_t size, __wasi_size_t *n)
{
    struct place p;
    error_t error = resolve(fd, path, &p);

    if (error || p.node)
        return error ? error : __WASI_ERRNO_INVAL;
    return p.host < 0 ? __WASI_ERRNO_NOENT
                      : host_error(&p, REAL(path_readlink)((__wasi_fd_t)p.host, p.path, buffer, size, n), false);
}

/* Removing what is not there fails because it is not there. */
static error_t may_remove(error_t error, const struct place *p)
{
    return error == __WASI_ERRNO_ROFS && !p->node ? __WASI_ERRNO_NOENT : error;
}

error_t WRAP(path_remove_directory)(__wasi_fd_t fd, const char *path)
{
    RESOLVE_CHANGE(fd, path, p);
    return p_error ? may_remove(p_error, &p)
                   : host_error(&p, REAL(path_remove_directory)((__wasi_fd_t)p.host, p.path), false);
}

error_t WRAP(path_unlink_file)(__wasi_fd_t fd, const char *path)
{
    RESOLVE_CHANGE(fd, path, p);
    return p_error ? may_remove(p_error, &p)
                   : host_error(&p, REAL(path_unlink_file)((__wasi_fd_t)p.host, p.path), false);
}

error_t WRAP(path_rename)(__wasi_fd_t from_fd, const char *from_path, __wasi_fd_t to_fd, const char *to_path)
{
    RESOLVE_CHANGE(from_fd, from_path, from);
    RESOLVE_CHANGE(to_fd, to_path, to);

    if (from_error || to_error)
        return from_error ? may_remove(from_error, &from) : to_error;
    return REAL(path_rename)((__wasi_fd_t)from.host, from.path, (__wasi_fd_t)to.host, to.path);
}

error_t WRAP(path_link)(__wasi_fd_t from_fd, __wasi_lookupflags_t flags, const char *from_path, __wasi_fd_t to_fd,
                        const char *to_path)
{
    RESOLVE_CHANGE(from_fd, from_path, from);
    RESOLVE_CHANGE(to_fd, to_path, to);

    if (from_error)
        return may_remove(from_error, &from);
    if (to_error)
        return to_error == __WASI_ERRNO_ROFS && to.node ? __WASI_ERRNO_EXIST : to_error;
    return REAL(path_link)((__wasi_fd_t)from.host, flags, from.path, (__wasi_fd_t)to.host, to.path);
}

error_t WRAP(path_symlink)(const char *text, __wasi_fd_t fd, const char *path)
{
    RESOLVE_CHANGE(fd, path, p);
    if (!p_error)
        return host_error(&p, REAL(path_symlink)(text, (__wasi_fd_t)p.host, p.path), true);
    return p_error == __WASI_ERRNO_ROFS && p.node ? __WASI_ERRNO_EXIST : p_error;
}

/* libc takes the answer from the folder's rights, which here are more than what can be done. */
int __wrap___wasilibc_nocwd_faccessat(int fd, const char *path, int mode, int flags)
{
    struct place p;
    error_t error = resolve((__wasi_fd_t)fd, path, &p);
    int result;

    if (!error && !p.node && p.host >= 0) {
        rights_of = p.host;
        result = __real___wasilibc_nocwd_faccessat(fd, path, mode, flags);
        rights_of = -1;
        return result;
    }
    if (!error && (mode & ~(F_OK | R_OK | W_OK | X_OK)))
        error = __WASI_ERRNO_INVAL;
    if (!error && !p.node)
        error = __WASI_ERRNO_NOENT;
    if (!error && (mode & W_OK))
        error = __WASI_ERRNO_ROFS;
    errno = error;
    return error ? -1 : 0;
}

/* ---- Waiting ---- */

static bool waits_for_fd(const __wasi_subscription_t *s)
{
    return s->u.tag != __WASI_EVENTTYPE_CLOCK;
}

/* What is there to read of the archive's is there at once, so nobody waits then: the host only says what else is. */
error_t WRAP(poll_oneoff)(const __wasi_subscription_t *in, __wasi_event_t *out, __wasi_size_t count, __wasi_size_t *n)
{
    __wasi_subscription_t *asked;
    __wasi_size_t asked_n = 0, ready = 0, host_n = 0;
    bool changed = false;
    error_t error = 0;

    for (__wasi_size_t i = 0; i < count; i++)
        changed |= waits_for_fd(&in[i]) && find(in[i].u.u.fd_read.file_descriptor);
    if (!changed)
        return REAL(poll_oneoff)(in, out, count, n);
    asked = calloc(count + 1, sizeof *asked);
    if (!asked)
        return __WASI_ERRNO_NOMEM;
    for (__wasi_size_t i = 0; i < count; i++) {
        __wasi_fd_t fd = in[i].u.u.fd_read.file_descriptor;
        struct entry *e = waits_for_fd(&in[i]) ? with_node(fd) : NULL;
        int64_t host = waits_for_fd(&in[i]) ? host_only(fd) : 0;

        if (host >= 0) {
            asked[asked_n] = in[i];
            if (waits_for_fd(&in[i]))
                asked[asked_n].u.u.fd_read.file_descriptor = (__wasi_fd_t)host;
            asked_n++;
            continue;
        }
        out[ready++] = (__wasi_event_t){
            .userdata = in[i].userdata,
            .type = in[i].u.tag,
            .error = !e ? __WASI_ERRNO_BADF : 0,
            .fd_readwrite.nbytes =
                e && in[i].u.tag == __WASI_EVENTTYPE_FD_READ && e->offset < e->node->size && !is_folder(e->node)
                    ? e->node->size - e->offset
                    : 0,
        };
    }
    if (ready && asked_n) {
        /* A clock that is over already, told apart by its place: it is the last. */
        const uint64_t mark = (uint64_t)(uintptr_t)asked;

        asked[asked_n] = (__wasi_subscription_t){.userdata = mark, .u.tag = __WASI_EVENTTYPE_CLOCK};
        asked[asked_n].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
        /* One event more than is asked for has no room in out. */
        __wasi_event_t *events = calloc(asked_n + 1, sizeof *events);

        error = events ? REAL(poll_oneoff)(asked, events, asked_n + 1, &host_n) : __WASI_ERRNO_NOMEM;
        for (__wasi_size_t i = 0; !error && i < host_n; i++)
            if (events[i].userdata != mark || events[i].type != __WASI_EVENTTYPE_CLOCK)
                out[ready++] = events[i];
        free(events);
    } else if (asked_n) {
        error = REAL(poll_oneoff)(asked, out, asked_n, &ready);
    }
    free(asked);
    *n = ready;
    return error;
}

/* ---- Sockets: never the archive's ---- */

#define SOCKET(fd, host)                                                                                               \
    int64_t host = host_only(fd);                                                                                      \
    if (host < 0)                                                                                                      \
    return with_node(fd) ? __WASI_ERRNO_NOTSOCK : __WASI_ERRNO_BADF

error_t WRAP(sock_accept)(__wasi_fd_t fd, __wasi_fdflags_t flags, __wasi_fd_t *accepted)
{
    SOCKET(fd, host);
    return adopt(REAL(sock_accept)((__wasi_fd_t)host, flags, accepted), accepted);
}

error_t WRAP(sock_recv)(__wasi_fd_t fd, const __wasi_iovec_t *buffers, size_t count, __wasi_riflags_t flags,
                        __wasi_size_t *n, __wasi_roflags_t *out_flags)
{
    SOCKET(fd, host);
    return REAL(sock_recv)((__wasi_fd_t)host, buffers, count, flags, n, out_flags);
}

error_t WRAP(sock_send)(__wasi_fd_t fd, const __wasi_ciovec_t *buffers, size_t count, __wasi_siflags_t flags,
                        __wasi_size_t *n)
{
    SOCKET(fd, host);
    return REAL(sock_send)((__wasi_fd_t)host, buffers, count, flags, n);
}

error_t WRAP(sock_shutdown)(__wasi_fd_t fd, __wasi_sdflags_t how)
{
    SOCKET(fd, host);
    return REAL(sock_shutdown)((__wasi_fd_t)host, how);
}
