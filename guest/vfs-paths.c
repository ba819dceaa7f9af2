/* Calls on paths, by where they lead (vfs-places.h). */
#include "vfs-places.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Why a call that creates or changes something must not be passed on to the host; 0 if it may be. */
static error_t may_change(const struct place *p)
{
    if (p->node)
        return __WASI_ERRNO_ROFS;
    if (p->host >= 0)
        return 0;
    return p->in_folder ? __WASI_ERRNO_ROFS : __WASI_ERRNO_NOENT;
}

/* Creating a name in /dev, and removing one. */
static error_t make_device(const struct place *p)
{
    return p->device == DEVICE_NONE ? __WASI_ERRNO_ROFS : __WASI_ERRNO_EXIST;
}

static error_t remove_device(const struct place *p)
{
    return p->device == DEVICE_NONE ? __WASI_ERRNO_NOENT : __WASI_ERRNO_ROFS;
}

static __wasi_fd_t descriptor_of(const struct place *p)
{
    return (__wasi_fd_t)p->device - DEVICE_DESCRIPTOR;
}

/* In /dev/fd, a number that is not open is a missing name. */
static error_t no_such_name(error_t error)
{
    return error == __WASI_ERRNO_BADF ? __WASI_ERRNO_NOENT : error;
}

/* ---- Asking ---- */

static error_t stat_place(struct place *p, __wasi_lookupflags_t flags, __wasi_filestat_t *stat, mode_t *mode)
{
    error_t error;

    switch (p->kind) {
    case VFS_MEMORY:
        error = memory_has(&p->memory);
        if (!error)
            memory_stat(p->memory.node, stat, mode);
        return error;
    case VFS_DEVICE:
        if (p->device == DEVICE_NONE)
            return __WASI_ERRNO_NOENT;
        if (p->device >= DEVICE_DESCRIPTOR)
            return no_such_name(vfs_stat_fd(descriptor_of(p), stat, mode));
        device_stat(p->device, stat);
        *mode = device_is_folder(p->device) ? 0755 : 0666;
        return 0;
    case VFS_ARCHIVE:
    case VFS_PIPE:
        break;
    }
    if (p->node) {
        vfs_stat_node(p->node, stat, mode);
        return 0;
    }
    if (p->host < 0)
        return __WASI_ERRNO_NOENT;
    return place_host_error(p, vfs_host_stat_path(p->host, flags, p->path, stat, mode), false);
}

error_t vfs_stat_path(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path, __wasi_filestat_t *stat,
                      mode_t *mode)
{
    bool follow = flags & __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
    struct place p;
    error_t error = place_find(fd, path, follow, &p);

    if (!error)
        DO(error, stat_place(&p, flags, stat, mode), p, follow);
    return error;
}

error_t WRAP(path_filestat_get)(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path, __wasi_filestat_t *stat)
{
    mode_t mode;

    return vfs_stat_path(fd, flags, path, stat, &mode);
}

/* Whether the host has the place and its permissions. */
static bool has_modes(const struct place *p)
{
    return p->kind == VFS_ARCHIVE && !p->node && p->host >= 0 && vfs_has_modes();
}

static error_t access_place(struct place *p, int how, __wasi_lookupflags_t flags)
{
    __wasi_filestat_t stat;
    __wasi_fdstat_t above;
    __wasi_rights_t wanted = 0;
    mode_t mode;
    error_t error;

    if (has_modes(p))
        return place_host_error(p, vfs_host_access(p->host, p->path, how, flags & __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW),
                                false);
    error = stat_place(p, flags, &stat, &mode);
    if (error)
        return error;
    if ((how & W_OK) && p->kind == VFS_ARCHIVE && p->node)
        return __WASI_ERRNO_ROFS;
    if ((how & X_OK) && stat.filetype != __WASI_FILETYPE_DIRECTORY && !(mode & 0111))
        return __WASI_ERRNO_ACCES;
    if (p->kind != VFS_ARCHIVE || p->node)
        return 0;
    /* For a file of a host without permissions, the rights of its directory decide. */
    if (how & R_OK)
        wanted |= stat.filetype == __WASI_FILETYPE_DIRECTORY ? __WASI_RIGHTS_FD_READDIR : __WASI_RIGHTS_FD_READ;
    if (how & W_OK)
        wanted |= __WASI_RIGHTS_FD_WRITE;
    error = wanted ? REAL(fd_fdstat_get)((__wasi_fd_t)p->host, &above) : 0;
    return !error && wanted && (above.fs_rights_inheriting & wanted) != wanted ? __WASI_ERRNO_ACCES : error;
}

error_t vfs_access(__wasi_fd_t fd, const char *path, int how, bool follow)
{
    struct place p;
    error_t error = place_find(fd, path, follow, &p);

    if (how & ~(F_OK | R_OK | W_OK | X_OK))
        return __WASI_ERRNO_INVAL;
    if (!error)
        DO(error, access_place(&p, how, follow ? __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW : 0), p, follow);
    return error;
}

static error_t readlink_place(struct place *p, uint8_t *buffer, __wasi_size_t size, __wasi_size_t *n)
{
    const char *text;
    size_t length;

    if (p->kind == VFS_DEVICE)
        return p->device == DEVICE_NONE ? __WASI_ERRNO_NOENT : __WASI_ERRNO_INVAL;
    if (p->kind == VFS_MEMORY) {
        if (memory_has(&p->memory))
            return memory_has(&p->memory);
        text = memory_link_text(p->memory.node, &length);
        if (!text)
            return __WASI_ERRNO_INVAL;
        *n = (__wasi_size_t)(length < size ? length : size);
        memcpy(buffer, text, *n);
        return 0;
    }
    if (p->node)
        return __WASI_ERRNO_INVAL;
    return p->host < 0
               ? __WASI_ERRNO_NOENT
               : place_host_error(p, REAL(path_readlink)((__wasi_fd_t)p->host, p->path, buffer, size, n), false);
}

error_t WRAP(path_readlink)(__wasi_fd_t fd, const char *path, uint8_t *buffer, __wasi_size_t size, __wasi_size_t *n)
{
    struct place p;
    error_t error = place_find(fd, path, false, &p);

    if (!error)
        DO(error, readlink_place(&p, buffer, size, n), p, false);
    return error;
}

/* ---- Opening ---- */

struct opening {
    __wasi_lookupflags_t lookup;
    __wasi_oflags_t how;
    __wasi_rights_t base, inheriting;
    __wasi_fdflags_t flags;
    bool writes, makes;
};

/* Later, a path from it may lead out of it. (Whether it is a directory, this does not ask.) */
static void note_folder(const struct place *p, __wasi_fd_t host)
{
    vfs_note_path(host, p->host, p->path);
}

/* Opens a directory of the archive or a shared directory. */
static error_t open_folder(const struct place *p, const struct opening *o, __wasi_fd_t *fd)
{
    bool both =
        p->host >= 0 && !REAL(path_open)((__wasi_fd_t)p->host, o->lookup, p->path, __WASI_OFLAGS_DIRECTORY,
                                         o->base & p->host_rights, o->inheriting & p->host_rights, o->flags, fd);
    struct vfs_entry *e = both && *fd < VFS_FIRST && !vfs_find(*fd) ? vfs_take_number(*fd) : vfs_take();
    struct vfs_file *file = e ? vfs_new_file(VFS_ARCHIVE, o->flags) : NULL;
    __wasi_fdstat_t stat;

    if (!file) {
        if (e)
            e->used = false;
        if (both)
            (void)REAL(fd_close)(*fd);
        return __WASI_ERRNO_NOMEM;
    }
    if (both)
        note_folder(p, *fd);
    file->node = p->node;
    e->file = file;
    e->host = both ? (int64_t)*fd : -1;
    e->host_rights = both && !REAL(fd_fdstat_get)(*fd, &stat) ? stat.fs_rights_inheriting : 0;
    *fd = (__wasi_fd_t)e->fd;
    return 0;
}

static error_t open_host(const struct place *p, const struct opening *o, __wasi_fd_t *fd)
{
    const __wasi_rights_t base = o->base & p->host_rights, inheriting = o->inheriting & p->host_rights;

    if (o->makes && has_modes(p))
        return vfs_host_create(p->host, o->lookup, p->path, o->how, base, inheriting, o->flags, vfs_mode_for(0666), fd);
    return REAL(path_open)((__wasi_fd_t)p->host, o->lookup, p->path, o->how, base, inheriting, o->flags, fd);
}

static error_t adopt_host(const struct place *p, const struct opening *o, error_t error, __wasi_fd_t *fd)
{
    __wasi_fd_t host;

    if (error)
        return error;
    host = *fd;
    error = vfs_adopt(0, fd);
    if (!error && !o->writes && !o->makes)
        note_folder(p, host);
    return error;
}

static error_t open_archive(struct place *p, const struct opening *o, __wasi_fd_t *fd)
{
    struct vfs_file *file;

    if (!p->node && p->host < 0)
        return o->makes && p->in_folder ? __WASI_ERRNO_ROFS : __WASI_ERRNO_NOENT;
    if (!p->node)
        return adopt_host(p, o, place_host_error(p, open_host(p, o, fd), o->makes), fd);
    if (o->makes && (o->how & __WASI_OFLAGS_EXCL))
        return __WASI_ERRNO_EXIST;
    if (p->node->kind == ROFS_FOLDER)
        return o->writes || o->makes ? __WASI_ERRNO_ISDIR : open_folder(p, o, fd);
    if (o->how & __WASI_OFLAGS_DIRECTORY)
        return __WASI_ERRNO_NOTDIR;
    if (o->writes)
        return __WASI_ERRNO_ROFS;
    file = vfs_new_file(VFS_ARCHIVE, o->flags);
    if (!file)
        return __WASI_ERRNO_NOMEM;
    file->node = p->node;
    return vfs_give_number(file, fd);
}

/* Whether a place in memory can be opened like this. */
static error_t may_open_memory(const struct place *p, const struct opening *o)
{
    const struct memory_node *node = p->memory.node;
    bool folder = node && memory_is_folder(node);

    if (o->makes && (o->how & __WASI_OFLAGS_DIRECTORY))
        return __WASI_ERRNO_INVAL;
    if (o->makes && p->memory.slash)
        return __WASI_ERRNO_ISDIR;
    if (!node)
        return o->makes ? 0 : __WASI_ERRNO_NOENT;
    if (o->makes && (o->how & __WASI_OFLAGS_EXCL))
        return __WASI_ERRNO_EXIST;
    if (folder)
        return o->writes || o->makes ? __WASI_ERRNO_ISDIR : 0;
    if (p->memory.slash)
        return __WASI_ERRNO_NOTDIR;
    if (!memory_is_file(node))
        return __WASI_ERRNO_LOOP;
    return o->how & __WASI_OFLAGS_DIRECTORY ? __WASI_ERRNO_NOTDIR : 0;
}

static error_t open_memory(struct place *p, const struct opening *o, __wasi_fd_t *fd)
{
    error_t error = may_open_memory(p, o);
    struct vfs_file *file;

    if (error)
        return error;
    file = vfs_new_file(VFS_MEMORY, o->flags);
    if (!file)
        return __WASI_ERRNO_NOMEM;
    if (!p->memory.node)
        error = memory_make_file(&p->memory, vfs_mode_for(0666));
    else if (o->how & __WASI_OFLAGS_TRUNC)
        error = memory_resize(p->memory.node, 0);
    if (error) {
        free(file);
        return error;
    }
    file->memory = p->memory.node;
    file->reads = memory_is_folder(p->memory.node) || (o->base & __WASI_RIGHTS_FD_READ);
    file->writes = !memory_is_folder(p->memory.node) && (o->base & __WASI_RIGHTS_FD_WRITE);
    memory_hold(file->memory);
    return vfs_give_number(file, fd);
}

static error_t open_device(const struct place *p, const struct opening *o, __wasi_fd_t *fd)
{
    struct vfs_file *file;

    if (p->device == DEVICE_NONE)
        return o->makes ? __WASI_ERRNO_ROFS : __WASI_ERRNO_NOENT;
    if (o->makes && (o->how & __WASI_OFLAGS_EXCL))
        return __WASI_ERRNO_EXIST;
    if (device_is_folder(p->device) && (o->writes || o->makes))
        return __WASI_ERRNO_ISDIR;
    if (!device_is_folder(p->device) && (o->how & __WASI_OFLAGS_DIRECTORY))
        return __WASI_ERRNO_NOTDIR;
    if (p->device >= DEVICE_DESCRIPTOR)
        return no_such_name(vfs_copy(descriptor_of(p), fd));
    file = vfs_new_file(VFS_DEVICE, o->flags);
    if (!file)
        return __WASI_ERRNO_NOMEM;
    file->device = p->device;
    file->reads = device_is_folder(p->device) || (o->base & __WASI_RIGHTS_FD_READ);
    file->writes = !device_is_folder(p->device) && (o->base & __WASI_RIGHTS_FD_WRITE);
    return vfs_give_number(file, fd);
}

static error_t open_place(struct place *p, const struct opening *o, __wasi_fd_t *fd)
{
    switch (p->kind) {
    case VFS_MEMORY:
        return open_memory(p, o, fd);
    case VFS_DEVICE:
        return open_device(p, o, fd);
    case VFS_ARCHIVE:
    case VFS_PIPE:
        break;
    }
    return open_archive(p, o, fd);
}

error_t WRAP(path_open)(__wasi_fd_t at, __wasi_lookupflags_t lookup, const char *path, __wasi_oflags_t how,
                        __wasi_rights_t base, __wasi_rights_t inheriting, __wasi_fdflags_t flags, __wasi_fd_t *fd)
{
    struct opening o = {
        .lookup = lookup,
        .how = how,
        .base = base,
        .inheriting = inheriting,
        .flags = flags,
        .writes = (base & __WASI_RIGHTS_FD_WRITE) || (how & __WASI_OFLAGS_TRUNC),
        .makes = how & __WASI_OFLAGS_CREAT,
    };
    bool follow = (lookup & __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW) && !(o.makes && (how & __WASI_OFLAGS_EXCL));
    struct place p;
    error_t error = place_find(at, path, follow, &p);

    if (!error)
        DO(error, open_place(&p, &o, fd), p, follow);
    return error;
}

/* ---- Changing ---- */

static error_t mkdir_place(struct place *p)
{
    error_t error;

    if (p->kind == VFS_MEMORY)
        return memory_make_folder(&p->memory, vfs_mode_for(0777));
    if (p->kind == VFS_DEVICE)
        return make_device(p);
    error = may_change(p);
    if (!error)
        return place_host_error(p,
                                has_modes(p) ? vfs_host_make_folder(p->host, p->path, vfs_mode_for(0777))
                                             : REAL(path_create_directory)((__wasi_fd_t)p->host, p->path),
                                true);
    return error == __WASI_ERRNO_ROFS && p->node ? __WASI_ERRNO_EXIST : error;
}

error_t WRAP(path_create_directory)(__wasi_fd_t fd, const char *path)
{
    struct place p;
    error_t error = place_find_folder(fd, path, &p);

    if (!error)
        DO(error, mkdir_place(&p), p, false);
    return error;
}

static error_t times_place(struct place *p, __wasi_lookupflags_t flags, __wasi_timestamp_t accessed,
                           __wasi_timestamp_t modified, __wasi_fstflags_t which)
{
    if (p->kind == VFS_DEVICE)
        return p->device == DEVICE_NONE ? __WASI_ERRNO_NOENT : 0;
    if (p->kind == VFS_MEMORY) {
        if (memory_has(&p->memory))
            return memory_has(&p->memory);
        memory_set_times(p->memory.node, accessed, modified, which);
        return 0;
    }
    if (p->node || p->host < 0)
        return p->node ? __WASI_ERRNO_ROFS : __WASI_ERRNO_NOENT;
    return place_host_error(
        p, REAL(path_filestat_set_times)((__wasi_fd_t)p->host, flags, p->path, accessed, modified, which), false);
}

error_t WRAP(path_filestat_set_times)(__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path,
                                      __wasi_timestamp_t accessed, __wasi_timestamp_t modified, __wasi_fstflags_t which)
{
    bool follow = flags & __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
    struct place p;
    error_t error = place_find(fd, path, follow, &p);

    if (!error)
        DO(error, times_place(&p, flags, accessed, modified, which), p, follow);
    return error;
}

/* Whether mode and owner of a place can be changed at all. */
static error_t may_change_status(struct place *p, __wasi_lookupflags_t flags)
{
    __wasi_filestat_t stat;
    mode_t mode;
    error_t error = stat_place(p, flags, &stat, &mode);

    return !error && p->kind == VFS_ARCHIVE && p->node ? __WASI_ERRNO_ROFS : error;
}

static error_t chmod_place(struct place *p, mode_t mode, bool follow)
{
    error_t error;

    if (has_modes(p))
        return place_host_error(p, vfs_host_chmod(p->host, p->path, mode, follow), false);
    error = may_change_status(p, follow ? __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW : 0);
    if (!error && p->kind == VFS_MEMORY)
        memory_set_mode(p->memory.node, mode);
    return error;
}

error_t vfs_chmod(__wasi_fd_t fd, const char *path, mode_t mode, bool follow)
{
    struct place p;
    error_t error = place_find(fd, path, follow, &p);

    if (!error)
        DO(error, chmod_place(&p, mode, follow), p, follow);
    return error;
}

error_t vfs_chown(__wasi_fd_t fd, const char *path, bool to_other, bool follow)
{
    struct place p;
    error_t error = place_find(fd, path, follow, &p);

    if (!error)
        DO(error, may_change_status(&p, follow ? __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW : 0), p, follow);
    return !error && to_other ? __WASI_ERRNO_PERM : error;
}

static error_t room_of_place(struct place *p, struct vfs_room *room)
{
    __wasi_filestat_t stat;
    mode_t mode;
    error_t error = stat_place(p, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, &stat, &mode);

    if (error)
        return error;
    /* In a shared directory, new files are the host's. */
    return vfs_room_of(p->kind, p->kind != VFS_ARCHIVE || (p->node && p->host < 0) ? -1 : p->host, room);
}

error_t vfs_room_path(__wasi_fd_t fd, const char *path, struct vfs_room *room)
{
    struct place p;
    error_t error = place_find(fd, path, true, &p);

    if (!error)
        DO(error, room_of_place(&p, room), p, true);
    return error;
}

/* Removing a name that does not exist fails with ENOENT, even in a read-only directory. */
static error_t may_remove(const struct place *p)
{
    error_t error = may_change(p);

    return error == __WASI_ERRNO_ROFS && !p->node ? __WASI_ERRNO_NOENT : error;
}

static error_t rmdir_place(struct place *p)
{
    error_t error;

    if (p->kind == VFS_MEMORY)
        return memory_remove_folder(&p->memory);
    if (p->kind == VFS_DEVICE)
        return remove_device(p);
    error = may_remove(p);
    return error ? error : place_host_error(p, REAL(path_remove_directory)((__wasi_fd_t)p->host, p->path), false);
}

error_t WRAP(path_remove_directory)(__wasi_fd_t fd, const char *path)
{
    struct place p;
    error_t error = place_find_folder(fd, path, &p);

    if (!error)
        DO(error, rmdir_place(&p), p, false);
    return error;
}

static error_t unlink_place(struct place *p)
{
    error_t error;

    if (p->kind == VFS_MEMORY)
        return memory_remove_file(&p->memory);
    if (p->kind == VFS_DEVICE)
        return remove_device(p);
    error = may_remove(p);
    return error ? error : place_host_error(p, REAL(path_unlink_file)((__wasi_fd_t)p->host, p->path), false);
}

error_t WRAP(path_unlink_file)(__wasi_fd_t fd, const char *path)
{
    struct place p;
    error_t error = place_find(fd, path, false, &p);

    if (!error)
        DO(error, unlink_place(&p), p, false);
    return error;
}

static error_t symlink_place(struct place *p, const char *text)
{
    error_t error;

    if (!*text)
        return __WASI_ERRNO_NOENT;
    if (p->kind == VFS_MEMORY)
        return memory_make_link(&p->memory, text);
    if (p->kind == VFS_DEVICE)
        return make_device(p);
    error = may_change(p);
    if (!error)
        return place_host_error(p, REAL(path_symlink)(text, (__wasi_fd_t)p->host, p->path), true);
    return error == __WASI_ERRNO_ROFS && p->node ? __WASI_ERRNO_EXIST : error;
}

error_t WRAP(path_symlink)(const char *text, __wasi_fd_t fd, const char *path)
{
    struct place p;
    error_t error = place_find(fd, path, false, &p);

    if (!error)
        DO(error, symlink_place(&p, text), p, false);
    return error;
}

/* Whether a place can be renamed or linked to. */
static error_t may_take_from(const struct place *from)
{
    switch (from->kind) {
    case VFS_MEMORY:
        return memory_has(&from->memory);
    case VFS_DEVICE:
        return remove_device(from);
    case VFS_ARCHIVE:
    case VFS_PIPE:
        break;
    }
    return may_remove(from);
}

static error_t may_put_to(const struct place *to)
{
    switch (to->kind) {
    case VFS_MEMORY:
        return 0;
    case VFS_DEVICE:
        return __WASI_ERRNO_ROFS;
    case VFS_ARCHIVE:
    case VFS_PIPE:
        break;
    }
    return may_change(to);
}

static error_t rename_place(struct place *from, struct place *to)
{
    error_t error;

    if (from->kind == VFS_MEMORY && to->kind == VFS_MEMORY)
        return memory_rename(&from->memory, &to->memory);
    error = may_take_from(from);
    if (!error)
        error = may_put_to(to);
    if (!error && from->kind != to->kind)
        error = __WASI_ERRNO_XDEV;
    return error ? error : REAL(path_rename)((__wasi_fd_t)from->host, from->path, (__wasi_fd_t)to->host, to->path);
}

error_t WRAP(path_rename)(__wasi_fd_t from_fd, const char *from_path, __wasi_fd_t to_fd, const char *to_path)
{
    struct place from, to;
    error_t error = place_find(from_fd, from_path, false, &from);

    if (!error)
        error = place_find(to_fd, to_path, false, &to);
    if (error)
        return error;
    do
        error = rename_place(&from, &to);
    while (place_goes_away(&from, false, &error) || place_goes_away(&to, false, &error));
    return error;
}

/* Hosts do not follow a link at the end of the first path, even if they are asked to. So the link is expanded here:
 * PERM makes place_goes_away() do that. */
static error_t refuse_link(const struct place *from)
{
    __wasi_filestat_t stat;
    error_t error = REAL(path_filestat_get)((__wasi_fd_t)from->host, 0, from->path, &stat);

    return !error && stat.filetype == __WASI_FILETYPE_SYMBOLIC_LINK ? __WASI_ERRNO_PERM : error;
}

static error_t link_place(struct place *from, bool follow, struct place *to)
{
    error_t error = may_take_from(from);

    if (!error && follow && from->kind == VFS_ARCHIVE)
        error = refuse_link(from);
    if (error)
        return error;
    error = may_put_to(to);
    if (error)
        return error == __WASI_ERRNO_ROFS &&
                       ((to->kind == VFS_ARCHIVE && to->node) || (to->kind == VFS_DEVICE && to->device != DEVICE_NONE))
                   ? __WASI_ERRNO_EXIST
                   : error;
    if (from->kind != to->kind)
        return __WASI_ERRNO_XDEV;
    return from->kind == VFS_MEMORY
               ? memory_add_name(&to->memory, from->memory.node)
               : REAL(path_link)((__wasi_fd_t)from->host, 0, from->path, (__wasi_fd_t)to->host, to->path);
}

error_t WRAP(path_link)(__wasi_fd_t from_fd, __wasi_lookupflags_t flags, const char *from_path, __wasi_fd_t to_fd,
                        const char *to_path)
{
    bool follow = flags & __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
    struct place from, to;
    error_t error = place_find(from_fd, from_path, follow, &from);

    if (!error)
        error = place_find(to_fd, to_path, false, &to);
    if (error)
        return error;
    do
        error = link_place(&from, follow, &to);
    while (place_goes_away(&from, follow, &error) || place_goes_away(&to, false, &error));
    return error;
}
