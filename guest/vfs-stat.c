/* Functions of libc that know of modes, of which WASI's calls do not: in place of libc's own, which give none at all,
 * so that an archive made in the guest unpacks to files that nobody can read.
 *
 * Files and folders in memory have the mode that they were made with, and that chmod() gives them. Of a file of the
 * host's nobody tells: it has 0644, a folder 0755; chmod() of what is there changes nothing. What is in the archive has
 * 0444 and 0555, and chmod() fails with EROFS. All belong to the user that the program runs as: netrc and the like ask.
 *
 * stat, fstat, access and umask are here by their own names. open, mkdir and chmod share an object with much else in
 * libc, so the linker has to be told to lead them here (vfs.ld); where it is not told, what is made has the mode that
 * is usual. */
#include "user.h"
#include "vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/libc-find-relpath.h>
#include <wasi/libc-nocwd.h>
#include <wasi/libc.h>

enum { PERMISSIONS = 0777, MODE_BITS = 07777 };

static mode_t mask = 022;
/* As open() or mkdir() was asked for; -1: another function is at work. */
static int asked = -1;

mode_t umask(mode_t new_mask)
{
    mode_t was = mask;

    mask = new_mask & PERMISSIONS;
    return was;
}

mode_t vfs_mode_for(mode_t otherwise)
{
    return (asked < 0 ? otherwise : (mode_t)asked) & ~mask & MODE_BITS;
}

/* ---- What there is ---- */

static struct timespec time_of(__wasi_timestamp_t t)
{
    const int64_t second = 1000000000;
    int64_t at = (int64_t)t, seconds = at / second - (at % second < 0);

    return (struct timespec){.tv_sec = seconds, .tv_nsec = (long)(at - seconds * second)};
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

/* ---- What is made ---- */

int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdirat(int at, const char *path, mode_t mode);
int __wrap_chmod(const char *path, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmodat(int at, const char *path, mode_t mode, int flags);

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

int __wrap_open(const char *path, int flags, ...)
{
    TAKE_MODE(flags);
    return done(__wasilibc_open_nomode(path, flags));
}

/* The descriptor that a path starts from, and the way from there, which the caller frees. -1: errno. */
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
        result = done(__wasilibc_nocwd_openat_nomode(fd, rest, flags));
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
        error = __WASI_ERRNO_NOTSUP; /* a link's permissions mean nothing, as on Linux */
    } else {
        error = vfs_chmod((__wasi_fd_t)fd, rest, mode);
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
    return 0;
}
