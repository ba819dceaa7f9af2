#include "vfs.h"

#include "channel.h"
#include "processes.h"
#include "threads.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/libc.h>

/* The entries from VFS_FIRST on: number VFS_FIRST + index. VFS_FIRST itself is the root. */
static struct vfs_entry *own;
static size_t own_n;
/* The entries with lower numbers. They are few, so a linear search is fast enough. */
static struct vfs_entry *low;
static size_t low_n;

/* The names of the host's mapped directories, kept for libc, which asks for them too. They are dropped when the host
 * closes one of the directories. */
enum { FIRST_MAPPED = 3, MOST_KEPT = 16 };
static char *names[MOST_KEPT];
static __wasi_fd_t names_end; /* the first number that is not a mapped directory; 0: no names are kept */

static bool is_mapped(int64_t fd)
{
    return fd >= FIRST_MAPPED && fd < names_end;
}

/* NULL: not kept, so ask the host. */
static const char *kept_name(int64_t fd)
{
    return is_mapped(fd) && fd - FIRST_MAPPED < MOST_KEPT ? names[fd - FIRST_MAPPED] : NULL;
}

static void forget_names(void)
{
    for (int i = 0; i < MOST_KEPT; i++) {
        free(names[i]);
        names[i] = NULL;
    }
    names_end = 0;
}

/* ---- Descriptors ---- */

struct vfs_entry *vfs_find(int64_t fd)
{
    if (fd >= VFS_FIRST)
        return (uint64_t)(fd - VFS_FIRST) < own_n && own[fd - VFS_FIRST].used ? &own[fd - VFS_FIRST] : NULL;
    for (size_t i = 0; i < low_n; i++)
        if (low[i].used && low[i].fd == fd)
            return &low[i];
    return NULL;
}

static bool make_longer(struct vfs_entry **list, size_t *n, size_t more)
{
    struct vfs_entry *longer = more > SIZE_MAX / sizeof *longer ? NULL : realloc(*list, more * sizeof *longer);

    if (!longer)
        return false;
    memset(longer + *n, 0, (more - *n) * sizeof *longer);
    *list = longer;
    *n = more;
    return true;
}

static struct vfs_entry *put(struct vfs_entry *list, size_t i)
{
    list[i] = (struct vfs_entry){.fd = VFS_FIRST + (int64_t)i, .host = -1, .used = true};
    return &list[i];
}

/* A free place in one of the lists. It invalidates pointers to entries. NULL: out of memory. */
static struct vfs_entry *take(struct vfs_entry **list, size_t *n)
{
    size_t i = 0;

    while (i < *n && (*list)[i].used)
        i++;
    if (i == *n && !make_longer(list, n, *n ? 2 * *n : 8))
        return NULL;
    return put(*list, i);
}

struct vfs_entry *vfs_take(void)
{
    return take(&own, &own_n);
}

/* A new one with a number below ours. */
static struct vfs_entry *take_low(int64_t fd)
{
    struct vfs_entry *e = take(&low, &low_n);

    if (e)
        e->fd = fd;
    return e;
}

struct vfs_entry *vfs_take_number(int64_t fd)
{
    struct vfs_entry *e = vfs_find(fd);
    const uint64_t i = (uint64_t)(fd - VFS_FIRST);

    if (e)
        return e;
    if (fd < VFS_FIRST)
        return take_low(fd);
    return i < own_n || (i < UINT32_MAX && make_longer(&own, &own_n, (size_t)i + 1)) ? put(own, (size_t)i) : NULL;
}

int64_t vfs_host_only(__wasi_fd_t fd)
{
    const struct vfs_entry *e = vfs_find(fd);

    if (!e)
        return fd;
    return e->gone || e->file ? -1 : e->host;
}

int64_t vfs_host_behind(__wasi_fd_t fd)
{
    const struct vfs_entry *e = vfs_find(fd);

    return e ? e->gone ? -1 : e->host : (int64_t)fd;
}

struct vfs_entry *vfs_find_file(__wasi_fd_t fd)
{
    struct vfs_entry *e = vfs_find(fd);

    return e && !e->gone && e->file ? e : NULL;
}

struct vfs_file *vfs_new_file(enum vfs_kind kind, __wasi_fdflags_t flags)
{
    struct vfs_file *file = calloc(1, sizeof *file);

    if (file) {
        file->kind = kind;
        file->held = 1;
        file->flags = flags;
        file->reads = true;
    }
    return file;
}

void vfs_let_go(struct vfs_file *file)
{
    if (!file || --file->held)
        return;
    if (file->kind == VFS_MEMORY)
        memory_let_go(file->memory);
    if (file->kind == VFS_PIPE)
        pipe_close(file->pipe, file->writes);
    free(file->inflated);
    free(file);
}

struct vfs_entry *vfs_take_selectable(void)
{
    /* select() accepts these, and the host rarely counts that far. If it does, vfs_adopt() replaces its number. */
    enum { LOWEST = 512, HIGHEST = 1023 };
    __wasi_fdstat_t stat;

    for (__wasi_fd_t fd = LOWEST; fd <= HIGHEST; fd++)
        if (!vfs_find(fd) && REAL(fd_fdstat_get)(fd, &stat) == __WASI_ERRNO_BADF)
            return take_low(fd);
    return vfs_take();
}

error_t vfs_give_number(struct vfs_file *file, __wasi_fd_t *fd)
{
    struct vfs_entry *e = file->kind == VFS_PIPE ? vfs_take_selectable() : vfs_take();

    if (!e) {
        vfs_let_go(file);
        return __WASI_ERRNO_NOMEM;
    }
    e->file = file;
    *fd = (__wasi_fd_t)e->fd;
    return 0;
}

error_t vfs_adopt(error_t error, __wasi_fd_t *fd)
{
    struct vfs_entry *e;

    if (error || (*fd < VFS_FIRST && !vfs_find(*fd)))
        return error;
    e = vfs_take_selectable();
    if (!e) {
        (void)REAL(fd_close)(*fd);
        return __WASI_ERRNO_NOMEM;
    }
    e->host = *fd;
    *fd = (__wasi_fd_t)e->fd;
    return 0;
}

/* A descriptor of the host stays open while the guest has its number, or has another number that it is behind. If the
 * guest closes the number of a descriptor that is behind another, the entry is marked as gone. The host's descriptor is
 * closed when it is behind no number any more. The host can then reuse its number for a new file while the guest uses
 * that number for something else: vfs_adopt() replaces it. */

static bool is_behind_one(int64_t host)
{
    if (host < 0)
        return false;
    for (size_t i = 0; i < own_n; i++)
        if (own[i].used && own[i].host == host)
            return true;
    for (size_t i = 0; i < low_n; i++)
        if (low[i].used && !low[i].gone && low[i].host == host)
            return true;
    return false;
}

static error_t close_host(int64_t host)
{
    if (is_mapped(host))
        forget_names();
    vfs_forget_path(host);
    return REAL(fd_close)((__wasi_fd_t)host);
}

static error_t release(int64_t host)
{
    struct vfs_entry *gone;
    error_t error;

    if (host < 0 || (host < VFS_FIRST && !vfs_find(host)) || is_behind_one(host))
        return 0;
    error = close_host(host);
    gone = host < VFS_FIRST ? vfs_find(host) : NULL;
    if (gone && gone->gone)
        gone->used = false;
    return error;
}

/* Hides a number of the host from the guest. */
static error_t hide_number(int64_t fd)
{
    struct vfs_entry *e = vfs_take_number(fd);

    if (!e)
        return __WASI_ERRNO_NOMEM;
    *e = (struct vfs_entry){.fd = fd, .host = -1, .used = true, .gone = true};
    return 0;
}

/* Whether it is a mapped directory by its own number. */
static bool shows_mapped(int64_t fd)
{
    char *name = is_mapped(fd) && vfs_host_behind((__wasi_fd_t)fd) == fd ? vfs_name_of_mapped(fd) : NULL;
    const bool shows = name && *name;

    free(name);
    return shows;
}

error_t vfs_move_mapped(int64_t fd)
{
    const struct vfs_entry *e = vfs_find(fd);
    struct vfs_entry is = e ? *e : (struct vfs_entry){.host = fd, .used = true}, *moved;
    char *name;

    if (!shows_mapped(fd))
        return 0;
    vfs_show_mapped();
    name = vfs_name_of_mapped(fd);
    moved = name ? vfs_take() : NULL;
    if (!moved) {
        free(name);
        return __WASI_ERRNO_NOMEM;
    }
    is.fd = moved->fd;
    *moved = is;
    /* (Of two with the same name, libc takes the last.) */
    if (__wasilibc_register_preopened_fd((int)is.fd, name) < 0 || hide_number(fd))
        abort(); /* out of memory, and half done */
    if (!is.file)
        rofs_mount(name, is.fd);
    free(name);
    return 0;
}

error_t WRAP(fd_close)(__wasi_fd_t fd)
{
    struct vfs_entry *e;
    struct vfs_entry was;

    (void)vfs_inherit(fd, false);
    if (shows_mapped(fd))
        return vfs_move_mapped(fd);
    e = vfs_find(fd);
    if (!e)
        return is_behind_one(fd) ? hide_number(fd) : close_host(fd);
    if (e->gone)
        return __WASI_ERRNO_BADF;
    was = *e;
    e->used = false;
    vfs_let_go(was.file);
    if (fd < VFS_FIRST && (is_behind_one(fd) || channel_is(fd))) {
        e->used = e->gone = true;
        e->file = NULL;
        e->host = -1;
    } else if (was.host == fd) {
        return close_host(fd);
    }
    return release(was.host);
}

/* What is behind a descriptor. */
static error_t look_behind(__wasi_fd_t fd, struct vfs_entry *behind)
{
    const struct vfs_entry *e = vfs_find(fd);
    __wasi_fdstat_t stat;

    if (e ? e->gone : REAL(fd_fdstat_get)(fd, &stat) != 0)
        return __WASI_ERRNO_BADF;
    *behind = e ? *e : (struct vfs_entry){.host = fd, .used = true};
    return 0;
}

static bool in_the_way(const struct vfs_entry *e, const struct vfs_file *file, enum vfs_lock lock)
{
    const struct vfs_file *other = e->used && !e->gone ? e->file : NULL;

    return other && other != file && other->kind == VFS_MEMORY && other->memory == file->memory &&
           other->lock > (lock == VFS_EXCLUSIVE ? VFS_UNLOCKED : VFS_SHARED);
}

error_t vfs_lock(__wasi_fd_t fd, enum vfs_lock lock)
{
    const struct vfs_entry *e = vfs_find_file(fd);

    if (!e)
        return __WASI_ERRNO_BADF;
    if (e->file->kind == VFS_MEMORY && lock != VFS_UNLOCKED) {
        for (size_t i = 0; i < own_n; i++)
            if (in_the_way(&own[i], e->file, lock))
                return __WASI_ERRNO_AGAIN;
        for (size_t i = 0; i < low_n; i++)
            if (in_the_way(&low[i], e->file, lock))
                return __WASI_ERRNO_AGAIN;
    }
    e->file->lock = lock;
    return 0;
}

/* Puts it behind a further number, whose old file is closed. */
static error_t put_behind(__wasi_fd_t fd, struct vfs_entry behind)
{
    struct vfs_entry *e, was = {.host = fd};
    error_t error = vfs_move_mapped(fd);

    if (error)
        return error;
    e = vfs_find(fd);
    if (!e)
        e = fd < VFS_FIRST ? take_low(fd) : NULL;
    else
        was = *e;
    if (!e)
        return fd < VFS_FIRST ? __WASI_ERRNO_NOMEM : __WASI_ERRNO_BADF;
    behind.fd = fd;
    *e = behind;
    if (e->file)
        e->file->held++;
    e->used = e->file || e->host != fd; /* otherwise it is a plain descriptor of the host again */
    vfs_let_go(was.file);
    (void)release(was.host);
    (void)vfs_inherit(fd, false);
    return 0;
}

error_t vfs_copy(__wasi_fd_t of, __wasi_fd_t *fd)
{
    struct vfs_entry behind, *e;
    error_t error = look_behind(of, &behind);

    if (error)
        return error;
    e = vfs_take_selectable();
    if (!e)
        return __WASI_ERRNO_NOMEM;
    *fd = (__wasi_fd_t)e->fd;
    return put_behind(*fd, behind);
}

error_t vfs_copy_to(__wasi_fd_t of, __wasi_fd_t fd)
{
    struct vfs_entry behind;
    error_t error = look_behind(of, &behind);

    return error || of == fd ? error : put_behind(fd, behind);
}

/* Moves a descriptor to another number, whose old file is closed. */
error_t WRAP(fd_renumber)(__wasi_fd_t from, __wasi_fd_t to)
{
    const bool inherits = vfs_is_inherited(from);
    struct vfs_entry behind, other;
    error_t error = look_behind(from, &behind);

    if (!error)
        error = look_behind(to, &other);
    if (error || from == to)
        return error;
    /* If only these two numbers are concerned, the host can do it. */
    if (behind.host != from || other.host != to || from >= VFS_FIRST || to >= VFS_FIRST || behind.file || other.file ||
        vfs_find(from) || vfs_find(to) || is_mapped(from) || is_mapped(to) || is_behind_one(from) ||
        is_behind_one(to)) {
        error = put_behind(to, behind);
        if (!error && inherits)
            error = vfs_inherit(to, true);
        return error ? error : WRAP(fd_close)(from);
    }
    error = REAL(fd_renumber)(from, to);
    if (error)
        return error;
    vfs_move_path(from, to);
    (void)vfs_inherit(from, false);
    return vfs_inherit(to, inherits);
}

/* ---- Start ---- */

/* Our own mapped directories, in the order of their numbers from VFS_FIRST on. */
enum { ROOT, TMP, HOME, DEV, OURS };
static const char *const our_names[OURS] = {"/", "/tmp", VFS_HOME, "/dev"};
/* Whether the guest sees our directory, and not the host's. */
static bool is_ours[OURS];
static bool mapped_is_shown;

/* Moves *path to its next name, skipping ".". false: it is at the end. */
static bool next_name(const char **path, size_t *n)
{
    for (;;) {
        *path += strspn(*path, "/");
        *n = strcspn(*path, "/");
        if (*n != 1 || **path != '.')
            return *n > 0;
        ++*path;
    }
}

/* The rest of `path` below the directory `above`: "" if they are the same. NULL: it is not below it. */
static const char *below(const char *path, const char *above)
{
    size_t n, m;

    while (next_name(&above, &n)) {
        if (!next_name(&path, &m) || n != m || memcmp(path, above, n) != 0)
            return NULL;
        above += n;
        path += m;
    }
    next_name(&path, &m);
    return path;
}

/* The archive's directory of the same name as a mapped one, or NULL. A "/" or "./" at the beginning is ignored, as
 * libc does. */
static const struct rofs_node *find_mapped(const char *name)
{
    const struct rofs_node *node = rofs_root();
    size_t n;

    while (node && next_name(&name, &n)) {
        if ((n == 2 && !strncmp(name, "..", 2)) || node->kind != ROFS_FOLDER)
            return NULL;
        node = rofs_child(node, name, n);
        name += n;
    }
    return node && node->kind == ROFS_FOLDER ? node : NULL;
}

/* Whether the host has this directory, below one that it maps, and files can be created in it. */
static bool host_has(__wasi_fd_t fd, const __wasi_fdstat_t *mapped, const char *path)
{
    const __wasi_rights_t wanted = __WASI_RIGHTS_PATH_CREATE_FILE | __WASI_RIGHTS_PATH_OPEN;
    __wasi_filestat_t stat;

    return (mapped->fs_rights_base & wanted) == wanted && (mapped->fs_rights_inheriting & __WASI_RIGHTS_FD_WRITE) &&
           !REAL(path_filestat_get)(fd, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, &stat) &&
           stat.filetype == __WASI_FILETYPE_DIRECTORY;
}

/* Notes which of our directories a mapped directory of the host replaces. */
static void leave_to_host(__wasi_fd_t fd, const char *name)
{
    __wasi_fdstat_t stat;

    for (int i = TMP; i < OURS; i++) {
        const char *rest = is_ours[i] ? below(our_names[i], name) : NULL;

        if (rest && (!*rest || (i != DEV && !REAL(fd_fdstat_get)(fd, &stat) && host_has(fd, &stat, rest))))
            is_ours[i] = false;
    }
}

static void note_both(__wasi_fd_t fd, const struct rofs_node *node)
{
    __wasi_fdstat_t stat;
    struct vfs_file *file;
    struct vfs_entry *e;

    if (REAL(fd_fdstat_get)(fd, &stat) || !(file = vfs_new_file(VFS_ARCHIVE, 0)))
        return;
    e = take_low(fd);
    if (!e) {
        free(file);
        return;
    }
    file->node = node;
    e->host = fd;
    e->file = file;
    e->host_rights = stat.fs_rights_inheriting;
    if (node == rofs_root()) {
        own[ROOT].host = fd;
        own[ROOT].host_rights = stat.fs_rights_inheriting;
    }
}

char *vfs_name_of_mapped(int64_t host)
{
    __wasi_fd_t fd = (__wasi_fd_t)host;
    __wasi_prestat_t mapped;
    char *name;

    if (kept_name(host))
        return strdup(kept_name(host));
    if (names_end && host == names_end)
        return NULL;
    if (REAL(fd_prestat_get)(fd, &mapped))
        return NULL;
    if (mapped.tag != __WASI_PREOPENTYPE_DIR)
        return strdup("");
    name = malloc(mapped.u.dir.pr_name_len + 1);
    if (!name)
        return NULL;
    if (REAL(fd_prestat_dir_name)(fd, (uint8_t *)name, mapped.u.dir.pr_name_len))
        *name = '\0';
    else
        name[mapped.u.dir.pr_name_len] = '\0';
    return name;
}

/* Whether a directory is the channel, which is none for the program, and must not be closed by it. */
static bool take_channel(__wasi_fd_t fd, const char *name)
{
    if (strcmp(name, CHANNEL) != 0)
        return false;
    if (hide_number(fd) == 0)
        channel_set(fd);
    return true;
}

/* The host gives the channel last: after its directories, and after other descriptors that the program was given. */
static void find_channel(__wasi_fd_t fd)
{
    __wasi_fdstat_t stat;

    for (bool found = false; !found && REAL(fd_fdstat_get)(fd, &stat) == 0; fd++) {
        char *name = vfs_name_of_mapped(fd);

        found = name && take_channel(fd, name);
        free(name);
    }
}

/* libc lists the host's mapped directories when the first of ours is registered, so ours come last. Of two
 * directories with the same name libc takes the last: our "/" wins even if the host maps "/" or ".". */
static void start(void)
{
    static struct vfs_file files[OURS]; /* never freed */
    bool has_channel = false;

    mapped_is_shown = false;
    channel_set(-1);
    vfs_forget_modes();
    vfs_forget_notes();
    for (int i = 0; i < OURS; i++) {
        static const enum vfs_kind kinds[OURS] = {VFS_ARCHIVE, VFS_MEMORY, VFS_MEMORY, VFS_DEVICE};

        while (own_n <= (size_t)i)
            if (!vfs_take())
                abort();
        files[i] = (struct vfs_file){.kind = kinds[i], .held = INT32_MAX, .reads = true};
        own[i] = (struct vfs_entry){.fd = VFS_FIRST + i, .host = -1, .file = &files[i], .used = true};
        is_ours[i] = true;
    }
    files[ROOT].node = rofs_root();
    files[DEV].device = DEVICES;
    for (__wasi_fd_t fd = FIRST_MAPPED;; fd++) {
        char *name = vfs_name_of_mapped(fd);

        if (!name) {
            names_end = fd;
            if (!has_channel)
                find_channel(fd);
            break;
        }
        if (take_channel(fd, name)) {
            has_channel = true;
            free(name);
            continue;
        }
        if (*name) {
            const struct rofs_node *node = find_mapped(name);

            if (node)
                note_both(fd, node);
            leave_to_host(fd, name);
        }
        if (fd - FIRST_MAPPED < MOST_KEPT)
            names[fd - FIRST_MAPPED] = name;
        else
            free(name);
    }
    for (int i = 0; i < OURS; i++) {
        if (i == TMP || i == HOME) {
            files[i].memory = memory_root(i - TMP);
            memory_set_path(i - TMP, our_names[i]);
        }
        if (is_ours[i] && __wasilibc_register_preopened_fd(VFS_FIRST + i, our_names[i]) < 0)
            abort();
    }
    processes_begin();
}

/* Runs before anything that opens files, including constructors of C++ libraries. */
__attribute__((constructor(101))) static void start_first(void)
{
    start();
}

static void forget_host(struct vfs_entry *e)
{
    /* The directory is no longer mapped. */
    if (e->used && e->file && e->file->kind == VFS_ARCHIVE && rofs_is_mount(e->file->node)) {
        vfs_let_go(e->file);
        e->file = NULL;
    }
    e->used = e->used && e->file;
    e->host = -1;
}

void rofs_restart(void)
{
    for (size_t i = 0; i < low_n; i++) {
        if (low[i].used)
            vfs_let_go(low[i].file);
        low[i].used = false;
    }
    for (size_t i = 0; i < own_n; i++)
        forget_host(&own[i]);
    rofs_unmount_all();
    forget_names();
    memory_reset();
    __wasilibc_reset_preopens();
    start();
}

void vfs_show_mapped(void)
{
    char *name;

    if (mapped_is_shown)
        return;
    mapped_is_shown = true;
    for (int i = TMP; i < OURS; i++)
        if (is_ours[i])
            rofs_mount(our_names[i], VFS_FIRST + i);
    for (__wasi_fd_t fd = FIRST_MAPPED; (name = vfs_name_of_mapped(fd)); fd++) {
        if (*name && !vfs_find(fd))
            rofs_mount(name, fd);
        free(name);
    }
}

error_t WRAP(fd_prestat_get)(__wasi_fd_t fd, __wasi_prestat_t *stat)
{
    int64_t host = fd >= VFS_FIRST ? -1 : vfs_host_behind(fd);
    const char *name = kept_name(fd);

    if (name && *name) {
        stat->tag = __WASI_PREOPENTYPE_DIR;
        stat->u.dir.pr_name_len = strlen(name);
        return 0;
    }
    if (names_end && fd == names_end && host == fd)
        return __WASI_ERRNO_BADF;
    if (host >= 0)
        return REAL(fd_prestat_get)((__wasi_fd_t)host, stat);
    if (fd < VFS_FIRST || fd - VFS_FIRST >= OURS || !is_ours[fd - VFS_FIRST] || !vfs_find_file(fd))
        return __WASI_ERRNO_BADF;
    stat->tag = __WASI_PREOPENTYPE_DIR;
    stat->u.dir.pr_name_len = strlen(our_names[fd - VFS_FIRST]);
    return 0;
}

error_t WRAP(fd_prestat_dir_name)(__wasi_fd_t fd, uint8_t *name, __wasi_size_t n)
{
    int64_t host = fd >= VFS_FIRST ? -1 : vfs_host_behind(fd);
    const char *kept = kept_name(fd);
    __wasi_prestat_t stat;
    error_t error;

    if (kept && *kept && strlen(kept) <= n) {
        memcpy(name, kept, strlen(kept));
        return 0;
    }
    if (host >= 0)
        return REAL(fd_prestat_dir_name)((__wasi_fd_t)host, name, n);
    error = WRAP(fd_prestat_get)(fd, &stat);
    if (error)
        return error;
    if (n < stat.u.dir.pr_name_len)
        return __WASI_ERRNO_NAMETOOLONG;
    memcpy(name, our_names[fd - VFS_FIRST], stat.u.dir.pr_name_len);
    return 0;
}

/* ---- Waiting ---- */

static bool waits_for_fd(const __wasi_subscription_t *s)
{
    return s->u.tag != __WASI_EVENTTYPE_CLOCK;
}

/* Our own files are ready at once. If one of them is asked about, the host must not wait: it only reports what else is
 * ready. Another thread may fill or empty a pipe during the wait: then it ends with EINTR, and *again is set. */
static error_t poll_once(const __wasi_subscription_t *in, __wasi_event_t *out, __wasi_size_t count, __wasi_size_t *n,
                         bool *again)
{
    __wasi_subscription_t *asked;
    __wasi_size_t asked_n = 0, ready = 0, host_n = 0;
    bool pipes = false;
    error_t error = 0;

    asked = calloc(count + 1, sizeof *asked);
    if (!asked)
        return __WASI_ERRNO_NOMEM;
    for (__wasi_size_t i = 0; i < count; i++) {
        __wasi_fd_t fd = in[i].u.u.fd_read.file_descriptor;
        const struct vfs_entry *e = waits_for_fd(&in[i]) ? vfs_find_file(fd) : NULL;
        int64_t host = waits_for_fd(&in[i]) ? vfs_host_only(fd) : 0;

        if (host >= 0) {
            asked[asked_n] = in[i];
            if (waits_for_fd(&in[i]))
                asked[asked_n].u.u.fd_read.file_descriptor = (__wasi_fd_t)host;
            asked_n++;
            continue;
        }
        if (e && !vfs_is_ready(e->file, in[i].u.tag == __WASI_EVENTTYPE_FD_WRITE)) {
            pipes = true;
            continue;
        }
        out[ready++] = (__wasi_event_t){
            .userdata = in[i].userdata,
            .type = in[i].u.tag,
            .error = !e ? __WASI_ERRNO_BADF : 0,
            .fd_readwrite.nbytes = e && in[i].u.tag == __WASI_EVENTTYPE_FD_READ ? vfs_left_to_read(e->file) : 0,
        };
    }
    if (ready && asked_n) {
        /* A timeout of zero, recognised by its userdata. */
        const uint64_t mark = (uint64_t)(uintptr_t)asked;

        asked[asked_n] = (__wasi_subscription_t){.userdata = mark, .u.tag = __WASI_EVENTTYPE_CLOCK};
        asked[asked_n].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
        /* There is one event more than fits into out. */
        __wasi_event_t *events = calloc(asked_n + 1, sizeof *events);

        error = events ? REAL(poll_oneoff)(asked, events, asked_n + 1, &host_n) : __WASI_ERRNO_NOMEM;
        for (__wasi_size_t i = 0; !error && i < host_n; i++)
            if (events[i].userdata != mark || events[i].type != __WASI_EVENTTYPE_CLOCK)
                out[ready++] = events[i];
        free(events);
    } else if (asked_n && pipes && pipe_watch()) {
        error = REAL(poll_oneoff)(asked, out, asked_n, &ready);
        pipe_unwatch();
        *again = error == __WASI_ERRNO_INTR;
    } else if (asked_n) {
        error = REAL(poll_oneoff)(asked, out, asked_n, &ready);
    } else if (!ready) {
        error = pipes ? pipe_wait() : __WASI_ERRNO_DEADLK;
        *again = !error;
    }
    free(asked);
    *n = ready;
    return error;
}

static bool is_ready(const __wasi_subscription_t *s)
{
    const struct vfs_entry *e = waits_for_fd(s) ? vfs_find_file(s->u.u.fd_read.file_descriptor) : NULL;

    return e && vfs_is_ready(e->file, s->u.tag == __WASI_EVENTTYPE_FD_WRITE);
}

error_t WRAP(poll_oneoff)(const __wasi_subscription_t *in, __wasi_event_t *out, __wasi_size_t count, __wasi_size_t *n)
{
    bool changed = false, again, ready;
    error_t error;

    for (__wasi_size_t i = 0; i < count; i++)
        changed |= waits_for_fd(&in[i]) && vfs_find(in[i].u.u.fd_read.file_descriptor);
    if (!changed)
        return REAL(poll_oneoff)(in, out, count, n);
    do {
        again = ready = false;
        error = poll_once(in, out, count, n, &again);
        for (__wasi_size_t i = 0; again && i < count; i++)
            ready |= is_ready(&in[i]);
        /* (If no pipe of these has changed, it may have been an interrupt. Without a timeout nothing was lost.) */
    } while (again && (ready || !error));
    return error;
}

/* ---- Sockets, which only the host has ---- */

#define SOCKET(fd, host)                                                                                               \
    int64_t host = vfs_host_only(fd);                                                                                  \
    if (host < 0)                                                                                                      \
    return vfs_find_file(fd) ? __WASI_ERRNO_NOTSOCK : __WASI_ERRNO_BADF

error_t WRAP(sock_accept)(__wasi_fd_t fd, __wasi_fdflags_t flags, __wasi_fd_t *accepted)
{
    error_t error;

    SOCKET(fd, host);
    VFS_WAIT(error, REAL(sock_accept)((__wasi_fd_t)host, flags, accepted));
    return vfs_adopt(error, accepted);
}

error_t WRAP(sock_recv)(__wasi_fd_t fd, const __wasi_iovec_t *buffers, size_t count, __wasi_riflags_t flags,
                        __wasi_size_t *n, __wasi_roflags_t *out_flags)
{
    error_t error;

    SOCKET(fd, host);
    VFS_WAIT(error, REAL(sock_recv)((__wasi_fd_t)host, buffers, count, flags, n, out_flags));
    return error;
}

error_t WRAP(sock_send)(__wasi_fd_t fd, const __wasi_ciovec_t *buffers, size_t count, __wasi_siflags_t flags,
                        __wasi_size_t *n)
{
    error_t error;

    SOCKET(fd, host);
    VFS_WAIT(error, REAL(sock_send)((__wasi_fd_t)host, buffers, count, flags, n));
    return error;
}

error_t WRAP(sock_shutdown)(__wasi_fd_t fd, __wasi_sdflags_t how)
{
    SOCKET(fd, host);
    return REAL(sock_shutdown)((__wasi_fd_t)host, how);
}
