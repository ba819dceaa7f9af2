/* Functions of libc that deal with modes, owners, times and the size of a file system. They replace those of libc,
 * which report no modes: an archive that was made in the guest would unpack to files that nobody can read.
 *
 * Files and directories in memory have the mode they were created with, until chmod() changes it, and so have those of
 * a host of ours (vfs-modes.c). WASI does not report the modes of another host's files: a file shows 0644, a directory
 * 0755, and chmod() succeeds without changing anything. The archive has 0444 and 0555, and chmod() fails with EROFS.
 * All files belong to the user that the program runs as, and cannot be given to another: netrc and others check the
 * owner.
 *
 * stat, fstat, access, umask, chown and futimens have their own names here. open, mkdir, chmod and statvfs are in one
 * object of libc with much else, so the linker has to redirect them (vfs.ld). Without that, new files have the usual
 * modes, and statvfs() fails. */
#include "user.h"
#include "vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <wasi/libc-find-relpath.h>
#include <wasi/libc-nocwd.h>
#include <wasi/libc.h>

enum { PERMISSIONS = 0777, MODE_BITS = 07777 };

/* The umask that the program has set; -1: none, so it is still the host's. */
static int own_mask = -1;
/* The mode that open() or mkdir() was called with; -1 in other functions. */
static int asked = -1;

static mode_t mask(void)
{
    return own_mask < 0 ? vfs_host_mask() : (mode_t)own_mask;
}

mode_t umask(mode_t new_mask)
{
    mode_t was = mask();

    own_mask = (int)(new_mask & PERMISSIONS);
    return was;
}

mode_t vfs_mode_for(mode_t otherwise)
{
    return (asked < 0 ? otherwise : (mode_t)asked) & ~mask() & MODE_BITS;
}

/* ---- stat ---- */

static struct timespec time_of(__wasi_timestamp_t t)
{
    const int64_t second = 1000000000, at = (int64_t)t;

    return (struct timespec){.tv_sec = at / second - (at % second < 0),
                             .tv_nsec = (long)((at % second + second) % second)};
}

static mode_t type_of(__wasi_filetype_t type)
{
    switch (type) {
    case __WASI_FILETYPE_BLOCK_DEVICE:
        return S_IFBLK;
    case __WASI_FILETYPE_CHARACTER_DEVICE:
        return S_IFCHR;
    case __WASI_FILETYPE_DIRECTORY:
        return S_IFDIR;
    case __WASI_FILETYPE_REGULAR_FILE:
        return S_IFREG;
    case __WASI_FILETYPE_SOCKET_DGRAM:
    case __WASI_FILETYPE_SOCKET_STREAM:
        return S_IFSOCK;
    case __WASI_FILETYPE_SYMBOLIC_LINK:
        return S_IFLNK;
    case __WASI_FILETYPE_UNKNOWN:
        return S_IFIFO; /* WASI has no type for pipes */
    default:
        return 0;
    }
}

static int give(error_t error, const __wasi_filestat_t *from, mode_t mode, struct stat *to)
{
    if (error) {
        errno = error;
        return -1;
    }
    *to = (struct stat){
        .st_dev = from->dev,
        .st_ino = from->ino,
        .st_nlink = from->nlink,
        .st_mode = type_of(from->filetype) | mode,
        .st_uid = GUEST_USER,
        .st_gid = GUEST_USER,
        .st_size = (off_t)from->size,
        .st_atim = time_of(from->atim),
        .st_mtim = time_of(from->mtim),
        .st_ctim = time_of(from->ctim),
    };
    return 0;
}

int fstat(int fd, struct stat *to)
{
    __wasi_filestat_t stat;
    mode_t mode = 0;
    error_t error = vfs_stat_fd((__wasi_fd_t)fd, &stat, &mode);

    return give(error, &stat, mode, to);
}

int __wasilibc_nocwd_fstatat(int fd, const char *restrict path, struct stat *restrict to, int flags)
{
    __wasi_lookupflags_t lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
    __wasi_filestat_t stat;
    mode_t mode = 0;
    error_t error = vfs_stat_path((__wasi_fd_t)fd, lookup, path, &stat, &mode);

    return give(error, &stat, mode, to);
}

int __wasilibc_nocwd_faccessat(int fd, const char *path, int how, int flags)
{
    error_t error = vfs_access((__wasi_fd_t)fd, path, how, !(flags & AT_SYMLINK_NOFOLLOW));

    if (error)
        errno = error;
    return error ? -1 : 0;
}

/* ---- Creating ---- */

int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdirat(int at, const char *path, mode_t mode);
int __wrap_chmod(const char *path, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmodat(int at, const char *path, mode_t mode, int flags);
int __wrap_statvfs(const char *path, struct statvfs *to);
int __wrap_fstatvfs(int fd, struct statvfs *to);

/* libc does not declare these. */
int chown(const char *path, uid_t uid, gid_t gid);
int lchown(const char *path, uid_t uid, gid_t gid);
int fchown(int fd, uid_t uid, gid_t gid);
int fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags);

static int done(int result)
{
    asked = -1;
    return result;
}

#define TAKE_MODE(flags)                                                                                               \
    do {                                                                                                               \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        asked = (flags)&O_CREAT ? va_arg(more, int) & MODE_BITS : -1;                                                  \
        va_end(more);                                                                                                  \
    } while (0)

/* Elsewhere O_RDONLY is 0, so programs leave it out. */
static int with_access(int flags)
{
    return flags & O_ACCMODE ? flags : flags | O_RDONLY;
}

int __wrap_open(const char *path, int flags, ...)
{
    TAKE_MODE(flags);
    return done(__wasilibc_open_nomode(path, with_access(flags)));
}

/* The descriptor that a path starts from; *rest is the path from there, which the caller frees. -1: errno. */
static int start_of(int at, const char *path, char **rest)
{
    if (at == AT_FDCWD || *path == '/')
        return cwd_locate(path, rest);
    *rest = at < 0 ? NULL : strdup(path);
    if (!*rest) {
        errno = at < 0 ? EBADF : ENOMEM;
        return -1;
    }
    return at;
}

int __wrap_openat(int at, const char *path, int flags, ...)
{
    char *rest;
    int fd = start_of(at, path, &rest), result = -1;

    if (fd >= 0) {
        TAKE_MODE(flags);
        result = done(__wasilibc_nocwd_openat_nomode(fd, rest, with_access(flags)));
    }
    free(rest);
    return result;
}

int __wrap_mkdirat(int at, const char *path, mode_t mode)
{
    char *rest;
    int fd = start_of(at, path, &rest), result = -1;

    if (fd >= 0) {
        asked = (int)(mode & MODE_BITS);
        result = done(__wasilibc_nocwd_mkdirat_nomode(fd, rest));
    }
    free(rest);
    return result;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return __wrap_mkdirat(AT_FDCWD, path, mode);
}

/* ---- chmod ---- */

int __wrap_fchmodat(int at, const char *path, mode_t mode, int flags)
{
    char *rest;
    int fd = start_of(at, path, &rest);
    struct stat st;
    error_t error = 0;

    if (fd < 0)
        return -1;
    if (flags & ~AT_SYMLINK_NOFOLLOW) {
        error = __WASI_ERRNO_INVAL;
    } else if (flags && __wasilibc_nocwd_fstatat(fd, rest, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        error = (error_t)errno;
    } else if (flags && S_ISLNK(st.st_mode)) {
        error = __WASI_ERRNO_NOTSUP; /* a link has no permissions, as on Linux */
    } else {
        error = vfs_chmod((__wasi_fd_t)fd, rest, mode & MODE_BITS, !flags);
    }
    free(rest);
    if (error)
        errno = error;
    return error ? -1 : 0;
}

int __wrap_chmod(const char *path, mode_t mode)
{
    return __wrap_fchmodat(AT_FDCWD, path, mode, 0);
}

int __wrap_fchmod(int fd, mode_t mode)
{
    const struct vfs_entry *e = vfs_find_file((__wasi_fd_t)fd);
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -1;
    if (e && e->file->kind == VFS_ARCHIVE) {
        errno = EROFS;
        return -1;
    }
    if (e && e->file->kind == VFS_MEMORY)
        memory_set_mode(e->file->memory, mode);
    if (!e && vfs_has_modes()) {
        const error_t error = vfs_host_chmod(vfs_host_only((__wasi_fd_t)fd), NULL, mode & MODE_BITS, true);

        if (error)
            errno = error;
        return error ? -1 : 0;
    }
    return 0;
}

/* ---- chown ---- */

static bool is_other(uid_t uid, gid_t gid)
{
    return (uid != (uid_t)-1 && uid != GUEST_USER) || (gid != (gid_t)-1 && gid != GUEST_USER);
}

int fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags)
{
    char *rest;
    int fd = start_of(at, path, &rest);
    error_t error;

    if (fd < 0)
        return -1;
    error = flags & ~AT_SYMLINK_NOFOLLOW
                ? __WASI_ERRNO_INVAL
                : vfs_chown((__wasi_fd_t)fd, rest, is_other(uid, gid), !(flags & AT_SYMLINK_NOFOLLOW));
    free(rest);
    if (error)
        errno = error;
    return error ? -1 : 0;
}

int chown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, 0);
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
    const struct vfs_entry *e = vfs_find_file((__wasi_fd_t)fd);
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -1;
    if (e && e->file->kind == VFS_ARCHIVE)
        errno = EROFS;
    else if (is_other(uid, gid))
        errno = EPERM;
    else
        return 0;
    return -1;
}

/* ---- Times ---- */

/* A WASI time is an unsigned number of nanoseconds since 1970. Times before 1970 are passed on as signed numbers, which
 * is how time_of() reads them. */
static error_t timestamp_of(const struct timespec *time, __wasi_timestamp_t *at)
{
    int64_t ns;

    if (time->tv_nsec < 0 || time->tv_nsec > 999999999 || __builtin_mul_overflow(time->tv_sec, 1000000000, &ns) ||
        __builtin_add_overflow(ns, time->tv_nsec, &ns))
        return __WASI_ERRNO_INVAL;
    *at = (__wasi_timestamp_t)ns;
    return 0;
}

static error_t timestamps_of(const struct timespec times[2], __wasi_timestamp_t at[2], __wasi_fstflags_t *which)
{
    static const __wasi_fstflags_t given[] = {__WASI_FSTFLAGS_ATIM, __WASI_FSTFLAGS_MTIM},
                                   now[] = {__WASI_FSTFLAGS_ATIM_NOW, __WASI_FSTFLAGS_MTIM_NOW};
    error_t error = 0;

    *which = 0;
    for (int i = 0; i < 2 && !error; i++) {
        at[i] = 0;
        if (!times || times[i].tv_nsec == UTIME_NOW) {
            *which |= now[i];
        } else if (times[i].tv_nsec != UTIME_OMIT) {
            *which |= given[i];
            error = timestamp_of(&times[i], &at[i]);
        }
    }
    return error;
}

int futimens(int fd, const struct timespec times[2])
{
    __wasi_timestamp_t at[2];
    __wasi_fstflags_t which;
    error_t error = timestamps_of(times, at, &which);

    if (!error)
        error = WRAP(fd_filestat_set_times)((__wasi_fd_t)fd, at[0], at[1], which);
    if (error)
        errno = error;
    return error ? -1 : 0;
}

int __wasilibc_nocwd_utimensat(int fd, const char *path, const struct timespec times[2], int flags)
{
    __wasi_lookupflags_t lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
    __wasi_timestamp_t at[2];
    __wasi_fstflags_t which;
    error_t error = timestamps_of(times, at, &which);

    if (!error)
        error = WRAP(path_filestat_set_times)((__wasi_fd_t)fd, lookup, path, at[0], at[1], which);
    if (error)
        errno = error;
    return error ? -1 : 0;
}

/* ---- statvfs ---- */

static int give_room(error_t error, const struct vfs_room *room, struct statvfs *to)
{
    if (error) {
        errno = error;
        return -1;
    }
    *to = (struct statvfs){
        .f_bsize = room->block,
        .f_frsize = room->block,
        .f_blocks = room->blocks,
        .f_bfree = room->free,
        .f_bavail = room->left,
        .f_files = room->files,
        .f_ffree = room->files_free,
        .f_favail = room->files_left,
        .f_flag = room->read_only ? ST_RDONLY : 0,
        .f_namemax = room->name,
    };
    return 0;
}

int __wrap_statvfs(const char *path, struct statvfs *to)
{
    struct vfs_room room;
    char *rest;
    int fd = cwd_locate(path, &rest);
    error_t error;

    if (fd < 0)
        return -1;
    error = vfs_room_path((__wasi_fd_t)fd, rest, &room);
    free(rest);
    return give_room(error, &room, to);
}

int __wrap_fstatvfs(int fd, struct statvfs *to)
{
    struct vfs_room room;
    error_t error = vfs_room_fd((__wasi_fd_t)fd, &room);

    return give_room(error, &room, to);
}
