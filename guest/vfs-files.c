/* Calls on descriptors. They are passed on to the host, or done here for our own files. */
#include "vfs.h"

#include "channel.h"
#include "threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* "rofs": st_dev of everything in the archive. */
#define DEVICE UINT64_C(0x726f6673)

#define FILE_RIGHTS                                                                                                    \
    (__WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL | __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS |     \
     __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_FILESTAT_GET |                               \
     __WASI_RIGHTS_POLL_FD_READWRITE)
#define PIPE_RIGHTS                                                                                                    \
    (__WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_POLL_FD_READWRITE)
#define WRITE_RIGHTS                                                                                                   \
    (__WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE |                         \
     __WASI_RIGHTS_FD_FILESTAT_SET_TIMES)
#define FOLDER_RIGHTS                                                                                                  \
    (__WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_READLINK |                                \
     __WASI_RIGHTS_PATH_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS |             \
     __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_DATASYNC)
#define CHANGE_RIGHTS                                                                                                  \
    (__WASI_RIGHTS_PATH_CREATE_DIRECTORY | __WASI_RIGHTS_PATH_CREATE_FILE | __WASI_RIGHTS_PATH_LINK_SOURCE |           \
     __WASI_RIGHTS_PATH_LINK_TARGET | __WASI_RIGHTS_PATH_RENAME_SOURCE | __WASI_RIGHTS_PATH_RENAME_TARGET |            \
     __WASI_RIGHTS_PATH_FILESTAT_SET_SIZE | __WASI_RIGHTS_PATH_FILESTAT_SET_TIMES | __WASI_RIGHTS_PATH_SYMLINK |       \
     __WASI_RIGHTS_PATH_REMOVE_DIRECTORY | __WASI_RIGHTS_PATH_UNLINK_FILE)
/* The rights that libc may request below a directory of the archive. Writing is among them, so that it fails with
 * EROFS. */
#define INHERITED_RIGHTS (FILE_RIGHTS | FOLDER_RIGHTS | __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE)

bool vfs_is_folder(const struct vfs_file *file)
{
    switch (file->kind) {
    case VFS_ARCHIVE:
        return file->node->kind == ROFS_FOLDER;
    case VFS_MEMORY:
        return memory_is_folder(file->memory);
    case VFS_DEVICE:
        return device_is_folder(file->device);
    case VFS_PIPE:
        break;
    }
    return false;
}

static __wasi_filetype_t type_of(const struct vfs_file *file)
{
    if (vfs_is_folder(file))
        return __WASI_FILETYPE_DIRECTORY;
    if (file->kind == VFS_PIPE)
        return __WASI_FILETYPE_UNKNOWN;
    return file->kind == VFS_DEVICE ? __WASI_FILETYPE_CHARACTER_DEVICE : __WASI_FILETYPE_REGULAR_FILE;
}

static uint64_t size_of(const struct vfs_file *file)
{
    switch (file->kind) {
    case VFS_ARCHIVE:
        return file->node->size;
    case VFS_MEMORY:
        return memory_size(file->memory);
    case VFS_DEVICE:
    case VFS_PIPE:
        break;
    }
    return 0;
}

bool vfs_is_ready(const struct vfs_file *file, bool to_write)
{
    if (file->kind != VFS_PIPE)
        return true;
    /* An end that cannot do that only learns that nobody has the other one. */
    return to_write == file->writes ? pipe_is_ready(file->pipe, to_write) : pipe_is_alone(file->pipe, file->writes);
}

uint64_t vfs_left_to_read(const struct vfs_file *file)
{
    uint64_t size = size_of(file);

    if (file->kind == VFS_PIPE)
        return pipe_filled(file->pipe);
    return !vfs_is_folder(file) && file->offset < size ? size - file->offset : 0;
}

/* ---- What a descriptor is ---- */

error_t WRAP(fd_fdstat_get)(__wasi_fd_t fd, __wasi_fdstat_t *stat)
{
    int64_t host = vfs_host_behind(fd);
    const struct vfs_entry *e = vfs_find_file(fd);
    bool folder, changes;

    if (host >= 0) {
        error_t error = REAL(fd_fdstat_get)((__wasi_fd_t)host, stat);

        if (!error && e)
            stat->fs_rights_inheriting |= INHERITED_RIGHTS;
        return error;
    }
    if (!e)
        return __WASI_ERRNO_BADF;
    folder = vfs_is_folder(e->file);
    changes = e->file->kind == VFS_MEMORY;
    *stat = (__wasi_fdstat_t){
        .fs_filetype = type_of(e->file),
        .fs_flags = e->file->flags,
        .fs_rights_base =
            folder ? FOLDER_RIGHTS | (changes ? CHANGE_RIGHTS : 0)
                   : FILE_RIGHTS | (e->file->reads ? __WASI_RIGHTS_FD_READ : 0) | (e->file->writes ? WRITE_RIGHTS : 0),
        .fs_rights_inheriting = folder ? INHERITED_RIGHTS | (changes ? WRITE_RIGHTS | CHANGE_RIGHTS : 0) : 0,
    };
    return 0;
}

error_t WRAP(fd_fdstat_set_flags)(__wasi_fd_t fd, __wasi_fdflags_t flags)
{
    int64_t host = vfs_host_behind(fd);
    const struct vfs_entry *e = vfs_find_file(fd);

    if (host >= 0)
        return REAL(fd_fdstat_set_flags)((__wasi_fd_t)host, flags);
    if (!e)
        return __WASI_ERRNO_BADF;
    e->file->flags = flags;
    return 0;
}

error_t WRAP(fd_fdstat_set_rights)(__wasi_fd_t fd, __wasi_rights_t base, __wasi_rights_t inheriting)
{
    int64_t host = vfs_host_behind(fd);
    const struct vfs_entry *e = vfs_find_file(fd);
    __wasi_fdstat_t stat;

    if (host >= 0)
        return REAL(fd_fdstat_set_rights)((__wasi_fd_t)host, base, inheriting);
    if (!e || WRAP(fd_fdstat_get)(fd, &stat))
        return __WASI_ERRNO_BADF;
    if ((base & ~stat.fs_rights_base) || (inheriting & ~stat.fs_rights_inheriting))
        return __WASI_ERRNO_NOTCAPABLE;
    /* Rights can only be given up. Reading and writing are recorded; giving up the others has no effect. */
    e->file->reads = e->file->reads && (vfs_is_folder(e->file) || (base & __WASI_RIGHTS_FD_READ));
    e->file->writes = e->file->writes && (base & __WASI_RIGHTS_FD_WRITE);
    return 0;
}

bool rofs_hides_host;

void vfs_stat_node(const struct rofs_node *node, __wasi_filestat_t *stat, mode_t *mode)
{
    bool folder = node->kind == ROFS_FOLDER;
    uint64_t time = rofs_header()->time;

    *stat = (__wasi_filestat_t){
        .dev = DEVICE,
        .ino = rofs_inode(node),
        .filetype = folder ? __WASI_FILETYPE_DIRECTORY : __WASI_FILETYPE_REGULAR_FILE,
        .nlink = 1,
        .size = folder ? 0 : node->size,
        .atim = time,
        .mtim = time,
        .ctim = time,
    };
    *mode = folder ? 0555 : 0444;
}

error_t vfs_stat_fd(__wasi_fd_t fd, __wasi_filestat_t *stat, mode_t *mode)
{
    const struct vfs_file *file;

    VFS_PASS(fd, host);
    if (host >= 0)
        return vfs_host_stat_fd(host, stat, mode);
    file = vfs_find_file(fd)->file;
    switch (file->kind) {
    case VFS_ARCHIVE:
        vfs_stat_node(file->node, stat, mode);
        break;
    case VFS_MEMORY:
        memory_stat(file->memory, stat, mode);
        break;
    case VFS_DEVICE:
        device_stat(file->device, stat);
        *mode = device_is_folder(file->device) ? 0755 : 0666;
        break;
    case VFS_PIPE:
        *stat = (__wasi_filestat_t){.ino = (uintptr_t)file->pipe, .nlink = 1};
        *mode = S_IFIFO | 0600; /* WASI has no file type for a pipe */
        break;
    }
    return 0;
}

error_t WRAP(fd_filestat_get)(__wasi_fd_t fd, __wasi_filestat_t *stat)
{
    mode_t mode;

    return vfs_stat_fd(fd, stat, &mode);
}

error_t WRAP(fd_filestat_set_size)(__wasi_fd_t fd, __wasi_filesize_t size)
{
    const struct vfs_file *file;

    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_filestat_set_size)((__wasi_fd_t)host, size);
    file = vfs_find_file(fd)->file;
    /* As for a file that is not open for writing, and for everything that is not a file. */
    if (file->kind != VFS_MEMORY || !file->writes || !memory_is_file(file->memory))
        return __WASI_ERRNO_INVAL;
    return memory_resize(file->memory, size);
}

error_t WRAP(fd_filestat_set_times)(__wasi_fd_t fd, __wasi_timestamp_t accessed, __wasi_timestamp_t modified,
                                    __wasi_fstflags_t which)
{
    const struct vfs_file *file;

    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_filestat_set_times)((__wasi_fd_t)host, accessed, modified, which);
    file = vfs_find_file(fd)->file;
    if (file->kind == VFS_ARCHIVE)
        return __WASI_ERRNO_ROFS;
    if (file->kind == VFS_MEMORY)
        memory_set_times(file->memory, accessed, modified, which);
    return 0;
}

/* The request fs.space (docs/channel.md). */
static error_t host_room(int64_t host, struct vfs_room *room)
{
    char answer[256], kind[3];

    if (channel_ask(answer, sizeof answer, "fs.space %lld", (long long)host) < 0)
        return (error_t)errno;
    if (sscanf(answer, "%lu %llu %llu %llu %llu %llu %llu %lu %2s", &room->block, &room->blocks, &room->free,
               &room->left, &room->files, &room->files_free, &room->files_left, &room->name, kind) != 9)
        return __WASI_ERRNO_IO;
    room->read_only = strcmp(kind, "ro") == 0;
    return 0;
}

error_t vfs_room_of(enum vfs_kind kind, int64_t host, struct vfs_room *room)
{
    enum { BLOCK = 4096 };
    uint64_t total = 0, left = 0;

    *room = (struct vfs_room){.block = BLOCK, .name = VFS_NAME};
    if (host >= 0)
        return host_room(host, room);
    switch (kind) {
    case VFS_ARCHIVE:
        total = rofs_header()->size;
        room->read_only = true;
        break;
    case VFS_MEMORY:
        memory_room(&total, &left);
        break;
    case VFS_DEVICE:
    case VFS_PIPE:
        break;
    }
    room->blocks = (total + BLOCK - 1) / BLOCK;
    room->free = room->left = left / BLOCK;
    return 0;
}

error_t vfs_room_fd(__wasi_fd_t fd, struct vfs_room *room)
{
    int64_t host = vfs_host_behind(fd);
    const struct vfs_entry *e = vfs_find_file(fd);

    if (host >= 0) {
        __wasi_fdstat_t stat;
        error_t error = REAL(fd_fdstat_get)((__wasi_fd_t)host, &stat);

        return error ? error : vfs_room_of(VFS_ARCHIVE, host, room);
    }
    return e ? vfs_room_of(e->file->kind, -1, room) : __WASI_ERRNO_BADF;
}

/* ---- Reading and writing ---- */

/* NULL: there is no memory for them. */
static const unsigned char *archive_bytes(struct vfs_file *file)
{
    if (file->node->kind != ROFS_DEFLATED)
        return rofs_bytes(file->node);
    if (!file->inflated)
        file->inflated = rofs_inflate(file->node);
    return file->inflated;
}

/* Reads from the archive or from memory; *n is how much. */
static error_t read_part(struct vfs_file *file, uint64_t at, const __wasi_iovec_t *buffer, size_t *n)
{
    const unsigned char *bytes;
    uint64_t left;

    switch (file->kind) {
    case VFS_ARCHIVE:
        bytes = archive_bytes(file);
        *n = 0;
        if (!bytes)
            return __WASI_ERRNO_NOMEM;
        left = at < file->node->size ? file->node->size - at : 0;
        *n = buffer->buf_len < left ? buffer->buf_len : (size_t)left;
        if (*n)
            memcpy(buffer->buf, bytes + at, *n);
        return 0;
    case VFS_MEMORY:
        *n = memory_read(file->memory, at, buffer->buf, buffer->buf_len);
        return 0;
    case VFS_DEVICE:
        return device_read(file->device, buffer->buf, buffer->buf_len, n);
    case VFS_PIPE:
        return pipe_read(file->pipe, !(file->flags & __WASI_FDFLAGS_NONBLOCK), buffer->buf, buffer->buf_len, n);
    }
    return __WASI_ERRNO_BADF;
}

static error_t read_at(struct vfs_file *file, uint64_t at, const __wasi_iovec_t *buffers, size_t count,
                       __wasi_size_t *n)
{
    *n = 0;
    if (!file->reads)
        return __WASI_ERRNO_BADF;
    if (vfs_is_folder(file))
        return __WASI_ERRNO_ISDIR;
    if (at > INT64_MAX)
        return __WASI_ERRNO_INVAL;
    for (size_t i = 0; i < count; i++) {
        size_t part;
        error_t error = read_part(file, at + *n, &buffers[i], &part);

        if (error)
            return *n ? 0 : error;
        *n += part;
        if (part < buffers[i].buf_len)
            break;
    }
    return 0;
}

static error_t write_part(const struct vfs_file *file, uint64_t at, const __wasi_ciovec_t *buffer, size_t *n)
{
    switch (file->kind) {
    case VFS_MEMORY:
        return memory_write(file->memory, at, buffer->buf, buffer->buf_len, n);
    case VFS_DEVICE:
        return device_write(file->device, buffer->buf_len, n);
    case VFS_PIPE:
        return pipe_write(file->pipe, !(file->flags & __WASI_FDFLAGS_NONBLOCK), buffer->buf, buffer->buf_len, n);
    case VFS_ARCHIVE:
        break;
    }
    return __WASI_ERRNO_BADF;
}

static error_t write_at(const struct vfs_file *file, uint64_t at, const __wasi_ciovec_t *buffers, size_t count,
                        __wasi_size_t *n)
{
    *n = 0;
    if (!file->writes)
        return __WASI_ERRNO_BADF;
    if (at > INT64_MAX)
        return __WASI_ERRNO_INVAL;
    for (size_t i = 0; i < count; i++) {
        size_t part;
        error_t error = write_part(file, at + *n, &buffers[i], &part);

        if (error)
            return *n ? 0 : error;
        *n += part;
        if (part < buffers[i].buf_len)
            break;
    }
    return 0;
}

error_t WRAP(fd_pread)(__wasi_fd_t fd, const __wasi_iovec_t *buffers, size_t count, __wasi_filesize_t offset,
                       __wasi_size_t *n)
{
    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_pread)((__wasi_fd_t)host, buffers, count, offset, n);
    if (vfs_find_file(fd)->file->kind == VFS_PIPE)
        return __WASI_ERRNO_SPIPE;
    return read_at(vfs_find_file(fd)->file, offset, buffers, count, n);
}

/* Of a pipe: waits until another thread has changed one. */
static bool must_wait(const struct vfs_file *file, error_t *error)
{
    if (*error != __WASI_ERRNO_DEADLK || file->kind != VFS_PIPE)
        return false;
    *error = pipe_wait();
    return !*error || threads_again(*error);
}

/* All of it, unless the pipe is non-blocking. */
static error_t write_pipe(const struct vfs_file *file, const __wasi_ciovec_t *buffers, size_t count, __wasi_size_t *n)
{
    const bool waits = !(file->flags & __WASI_FDFLAGS_NONBLOCK);
    error_t error = 0;

    *n = 0;
    for (size_t i = 0, done, part; !error && i < count; i++)
        for (done = 0; !error && (done < buffers[i].buf_len); done += part, *n += part) {
            do
                error = pipe_write(file->pipe, waits, buffers[i].buf + done, buffers[i].buf_len - done, &part);
            while (must_wait(file, &error));
        }
    return *n ? 0 : error;
}

error_t WRAP(fd_read)(__wasi_fd_t fd, const __wasi_iovec_t *buffers, size_t count, __wasi_size_t *n)
{
    struct vfs_file *file;
    error_t error;

    VFS_PASS(fd, host);
    if (host >= 0) {
        VFS_WAIT(error, REAL(fd_read)((__wasi_fd_t)host, buffers, count, n));
        return error;
    }
    file = vfs_find_file(fd)->file;
    file->held++; /* another thread may close the descriptor */
    do
        error = read_at(file, file->offset, buffers, count, n);
    while (must_wait(file, &error));
    if (file->kind == VFS_ARCHIVE || file->kind == VFS_MEMORY)
        file->offset += *n;
    vfs_let_go(file);
    return error;
}

error_t WRAP(fd_pwrite)(__wasi_fd_t fd, const __wasi_ciovec_t *buffers, size_t count, __wasi_filesize_t offset,
                        __wasi_size_t *n)
{
    const struct vfs_file *file;

    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_pwrite)((__wasi_fd_t)host, buffers, count, offset, n);
    file = vfs_find_file(fd)->file;
    if (file->kind == VFS_PIPE)
        return __WASI_ERRNO_SPIPE;
    /* As on Linux, O_APPEND overrides the offset. */
    return write_at(file, file->flags & __WASI_FDFLAGS_APPEND ? size_of(file) : offset, buffers, count, n);
}

error_t WRAP(fd_write)(__wasi_fd_t fd, const __wasi_ciovec_t *buffers, size_t count, __wasi_size_t *n)
{
    struct vfs_file *file;
    error_t error;
    uint64_t at;

    VFS_PASS(fd, host);
    if (host >= 0) {
        VFS_WAIT(error, REAL(fd_write)((__wasi_fd_t)host, buffers, count, n));
        return error;
    }
    file = vfs_find_file(fd)->file;
    at = file->flags & __WASI_FDFLAGS_APPEND ? size_of(file) : file->offset;
    file->held++;
    if (file->kind == VFS_PIPE && file->writes)
        error = write_pipe(file, buffers, count, n);
    else
        error = write_at(file, at, buffers, count, n);
    if (!error && file->kind == VFS_MEMORY)
        file->offset = at + *n;
    vfs_let_go(file);
    return error;
}

error_t WRAP(fd_seek)(__wasi_fd_t fd, __wasi_filedelta_t by, __wasi_whence_t whence, __wasi_filesize_t *at)
{
    struct vfs_file *file;
    int64_t from;

    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_seek)((__wasi_fd_t)host, by, whence, at);
    file = vfs_find_file(fd)->file;
    if (vfs_is_folder(file) || file->kind == VFS_PIPE)
        return vfs_is_folder(file) ? __WASI_ERRNO_BADF : __WASI_ERRNO_SPIPE;
    if (whence != __WASI_WHENCE_SET && whence != __WASI_WHENCE_CUR && whence != __WASI_WHENCE_END)
        return __WASI_ERRNO_INVAL;
    *at = 0;
    if (file->kind == VFS_DEVICE)
        return 0; /* a device is always at offset 0 */
    from = (int64_t)(whence == __WASI_WHENCE_SET ? 0 : whence == __WASI_WHENCE_CUR ? file->offset : size_of(file));
    if (__builtin_add_overflow(from, by, &from) || from < 0)
        return __WASI_ERRNO_INVAL;
    *at = file->offset = (uint64_t)from;
    return 0;
}

error_t WRAP(fd_tell)(__wasi_fd_t fd, __wasi_filesize_t *at)
{
    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_tell)((__wasi_fd_t)host, at);
    if (vfs_is_folder(vfs_find_file(fd)->file))
        return __WASI_ERRNO_BADF;
    if (vfs_find_file(fd)->file->kind == VFS_PIPE)
        return __WASI_ERRNO_SPIPE;
    *at = vfs_find_file(fd)->file->offset;
    return 0;
}

error_t WRAP(fd_advise)(__wasi_fd_t fd, __wasi_filesize_t at, __wasi_filesize_t n, __wasi_advice_t advice)
{
    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_advise)((__wasi_fd_t)host, at, n, advice);
    if (vfs_find_file(fd)->file->kind == VFS_PIPE)
        return __WASI_ERRNO_SPIPE;
    return vfs_is_folder(vfs_find_file(fd)->file) ? __WASI_ERRNO_BADF : 0;
}

error_t WRAP(fd_allocate)(__wasi_fd_t fd, __wasi_filesize_t at, __wasi_filesize_t n)
{
    const struct vfs_file *file;

    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_allocate)((__wasi_fd_t)host, at, n);
    file = vfs_find_file(fd)->file;
    if (!file->writes)
        return __WASI_ERRNO_BADF;
    return file->kind == VFS_MEMORY ? memory_allocate(file->memory, at, n) : __WASI_ERRNO_NODEV;
}

error_t WRAP(fd_datasync)(__wasi_fd_t fd)
{
    VFS_PASS(fd, host);
    return host < 0 ? 0 : REAL(fd_datasync)((__wasi_fd_t)host);
}

error_t WRAP(fd_sync)(__wasi_fd_t fd)
{
    VFS_PASS(fd, host);
    return host < 0 ? 0 : REAL(fd_sync)((__wasi_fd_t)host);
}

/* ---- Listing a directory ---- */

/* Cookies of the directories of the archive: "." has 0, ".." 1, and the children follow. Entries of the host have
 * their own cookies with the highest bit set, which file systems do not use. */
#define HOST_COOKIE (UINT64_C(1) << 63)

struct listing {
    uint8_t *to;
    size_t size, used;
};

/* Adds an entry, or as much of it as fits. */
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

static void list_archive(struct listing *l, const struct rofs_node *folder, uint64_t cookie)
{
    uint64_t children = rofs_children(folder);

    for (; cookie < children + 2 && l->used < l->size; cookie++) {
        const struct rofs_node *node = cookie == 0   ? folder
                                       : cookie == 1 ? rofs_parent(folder)
                                                     : rofs_child_at(folder, cookie - 2);
        __wasi_dirent_t head = {
            .d_next = cookie + 1,
            .d_ino = rofs_inode(node),
            .d_namlen = cookie < 2 ? (__wasi_dirnamlen_t)(cookie + 1) : node->name_size,
            .d_type = node->kind == ROFS_FOLDER ? __WASI_FILETYPE_DIRECTORY : __WASI_FILETYPE_REGULAR_FILE,
        };

        /* The listing of the host starts from its beginning. */
        if (head.d_next == children + 2)
            head.d_next = HOST_COOKIE;
        add_entry(l, &head, cookie < 2 ? ".." : rofs_name(node));
    }
}

/* The entries of the host in a shared directory, without names that the archive has as well. */
static error_t list_host(struct listing *l, const struct vfs_entry *e, uint64_t cookie)
{
    size_t room = sizeof(__wasi_dirent_t) + VFS_PATH;
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
                /* It was cut off. If it does not fit at all, the name is too long. */
                if (at == 0)
                    error = __WASI_ERRNO_NAMETOOLONG;
                break;
            }
            at += sizeof head + head.d_namlen;
            cookie = head.d_next;
            head.d_next |= HOST_COOKIE;
            if (!(head.d_namlen == 1 && name[0] == '.') && !(head.d_namlen == 2 && !memcmp(name, "..", 2)) &&
                !rofs_child(e->file->node, name, head.d_namlen))
                add_entry(l, &head, name);
        }
        more = more && at > 0;
    }
    free(buffer);
    return error;
}

static error_t list_both(struct listing *l, const struct vfs_entry *e, uint64_t cookie)
{
    vfs_show_mapped();
    if (!(cookie & HOST_COOKIE)) {
        list_archive(l, e->file->node, cookie);
        cookie = HOST_COOKIE;
    }
    return e->host >= 0 && l->used < l->size ? list_host(l, e, cookie & ~HOST_COOKIE) : 0;
}

static void list_memory(struct listing *l, struct memory_node *folder, uint64_t cookie)
{
    struct memory_entry entry;

    for (; l->used < l->size && memory_next(folder, cookie, &entry); cookie = entry.cookie + 1) {
        const __wasi_dirent_t head = {
            .d_next = entry.cookie + 1,
            .d_ino = entry.inode,
            .d_namlen = (__wasi_dirnamlen_t)entry.n,
            .d_type = entry.type,
        };

        add_entry(l, &head, entry.name);
    }
}

/* For /dev/fd: the lowest open descriptor from this number on; -1: there is none. Hosts use the lowest free number, so
 * their descriptors are only looked for among the low numbers. */
static int64_t next_open(int64_t fd)
{
    enum { HOSTS = 256, OURS = 1024 };

    for (; fd < HOSTS; fd++) {
        __wasi_fdstat_t stat;

        if (vfs_find(fd) ? !vfs_find(fd)->gone : !REAL(fd_fdstat_get)((__wasi_fd_t)fd, &stat))
            return fd;
    }
    for (fd = fd < VFS_FIRST ? VFS_FIRST : fd; fd < (int64_t)VFS_FIRST + OURS; fd++)
        if (vfs_find(fd))
            return fd;
    return -1;
}

static void list_devices(struct listing *l, enum device folder, uint64_t cookie)
{
    while (l->used < l->size) {
        enum device device;
        const char *name = device_name(folder, cookie, &device);
        char number[16];
        int64_t fd;
        __wasi_filestat_t stat;
        __wasi_dirent_t head;

        if (!name && folder == DEVICES_FD && (fd = next_open((int64_t)cookie - 2)) >= 0) {
            char *at = number + sizeof number - 1;

            cookie = (uint64_t)fd + 2;
            device = (enum device)(DEVICE_DESCRIPTOR + (unsigned)fd);
            *at = '\0';
            do
                *--at = (char)('0' + fd % 10);
            while (fd /= 10);
            name = at;
        }
        if (!name)
            break;
        device_stat(device, &stat);
        head = (__wasi_dirent_t){
            .d_next = ++cookie,
            .d_ino = stat.ino,
            .d_namlen = (__wasi_dirnamlen_t)strlen(name),
            .d_type = device >= DEVICE_DESCRIPTOR ? __WASI_FILETYPE_UNKNOWN : stat.filetype,
        };
        add_entry(l, &head, name);
    }
}

error_t WRAP(fd_readdir)(__wasi_fd_t fd, uint8_t *buffer, __wasi_size_t size, __wasi_dircookie_t cookie,
                         __wasi_size_t *n)
{
    struct listing l = {.to = buffer, .size = size};
    const struct vfs_entry *e;
    error_t error = 0;

    VFS_PASS(fd, host);
    if (host >= 0)
        return REAL(fd_readdir)((__wasi_fd_t)host, buffer, size, cookie, n);
    e = vfs_find_file(fd);
    if (!vfs_is_folder(e->file))
        return __WASI_ERRNO_NOTDIR;
    switch (e->file->kind) {
    case VFS_ARCHIVE:
        error = list_both(&l, e, cookie);
        break;
    case VFS_MEMORY:
        list_memory(&l, e->file->memory, cookie);
        break;
    case VFS_DEVICE:
        list_devices(&l, e->file->device, cookie);
        break;
    case VFS_PIPE:
        break;
    }
    *n = (__wasi_size_t)l.used;
    return error;
}
