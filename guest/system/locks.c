/* fcntl(), and locks on files. The project's hosts lock the files of shared directories (docs/channel.md); elsewhere
 * that fails with ENOTSUP. Files in the guest's memory are the guest's alone: locks of ranges exclude only other
 * processes, so they always succeed there, while locks of whole files belong to one opening of a file. */
#include "../channel.h"
#include "../vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#undef fcntl

enum { ANSWER = 80 };

static int fails(int error)
{
    errno = error;
    return -1;
}

/* Whether a file is the guest's own. -1 with errno: it is closed. */
static int is_own(int fd)
{
    __wasi_fdstat_t stat;
    __wasi_errno_t e;

    if (fd >= 0 && vfs_find_file((__wasi_fd_t)fd))
        return 1;
    e = __wasi_fd_fdstat_get((__wasi_fd_t)fd, &stat);
    return e ? fails(e) : 0;
}

int flock(int fd, int how)
{
    const int kind = how & ~LOCK_NB, own = is_own(fd);
    error_t e;

    if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
        return fails(EINVAL);
    if (own < 0)
        return -1;
    if (!own)
        return channel_ask_of(fd, NULL, 0, "lock.whole", " %s%s",
                              kind == LOCK_SH   ? "shared"
                              : kind == LOCK_EX ? "exclusive"
                                                : "none",
                              how & LOCK_NB ? "" : " wait") < 0
                   ? -1
                   : 0;
    e = vfs_lock((__wasi_fd_t)fd, kind == LOCK_UN ? VFS_UNLOCKED : kind == LOCK_SH ? VFS_SHARED : VFS_EXCLUSIVE);
    /* Nobody else can release it while this program waits. */
    return e ? fails(e == EAGAIN && !(how & LOCK_NB) ? EDEADLK : e) : 0;
}

/* Makes a range start at the beginning of the file, and have a length that is not negative. */
static int make_absolute(int fd, const struct flock *range, long long *start, long long *length)
{
    struct stat stat;
    long long from = 0;

    if (fd < 0)
        return fails(EBADF);
    if (range->l_whence == SEEK_CUR) {
        from = lseek(fd, 0, SEEK_CUR);
        if (from < 0)
            return -1;
    } else if (range->l_whence == SEEK_END) {
        if (fstat(fd, &stat) < 0)
            return -1;
        from = stat.st_size;
    } else if (range->l_whence != SEEK_SET) {
        return fails(EINVAL);
    }
    if (__builtin_add_overflow(from, range->l_start, start))
        return fails(EOVERFLOW);
    *length = range->l_len;
    if (*length < 0) {
        if (__builtin_add_overflow(*start, *length, start))
            return fails(EINVAL);
        *length = -*length;
    }
    return *start < 0 ? fails(EINVAL) : 0;
}

static int test_range(int fd, struct flock *range, const char *type, long long start, long long length)
{
    char answer[ANSWER], *word;

    if (channel_ask_of(fd, answer, sizeof answer, "lock.test", " %s %lld %lld", type, start, length) < 0)
        return -1;
    if (*answer == 'n') {
        range->l_type = F_UNLCK;
        return 0;
    }
    word = strchr(answer, ' ');
    if (!word)
        return fails(EIO);
    /* Who has it is not known: it may be on another machine. */
    *range = (struct flock){.l_type = *answer == 'r' ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
    range->l_start = strtoll(word, &word, 10);
    range->l_len = strtoll(word, NULL, 10);
    return 0;
}

static int lock_range(int fd, int command, struct flock *range)
{
    static const char *const types[] = {[F_RDLCK] = "read", [F_WRLCK] = "write", [F_UNLCK] = "none"};
    const int own = is_own(fd);
    long long start, length;
    __wasi_fdstat_t stat;

    if (own < 0)
        return -1;
    if (range->l_type < 0 || range->l_type > F_UNLCK || (command == F_GETLK && range->l_type == F_UNLCK))
        return fails(EINVAL);
    if (make_absolute(fd, range, &start, &length) < 0)
        return -1;
    if (!own && command == F_GETLK)
        return test_range(fd, range, types[range->l_type], start, length);
    if (!own)
        return channel_ask_of(fd, NULL, 0, "lock.range", " %s %lld %lld%s", types[range->l_type], start, length,
                              command == F_SETLKW ? " wait" : "") < 0
                   ? -1
                   : 0;
    if (command == F_GETLK) {
        range->l_type = F_UNLCK;
        return 0;
    }
    if (__wasi_fd_fdstat_get((__wasi_fd_t)fd, &stat))
        return fails(EBADF);
    if ((range->l_type == F_RDLCK && !(stat.fs_rights_base & __WASI_RIGHTS_FD_READ)) ||
        (range->l_type == F_WRLCK && !(stat.fs_rights_base & __WASI_RIGHTS_FD_WRITE)))
        return fails(EBADF);
    return 0;
}

/* Copies mostly have numbers above those that programs ask for. */
static int copy_from(int fd, int least, bool inherits)
{
    int copy = least < 0 || least >= VFS_FIRST ? fails(EINVAL) : dup(fd);
    __wasi_fdstat_t stat;
    error_t e;

    if (copy >= 0 && copy < least) {
        close(copy);
        copy = least;
        while (__wasi_fd_fdstat_get((__wasi_fd_t)copy, &stat) == 0)
            copy++;
        e = vfs_copy_to((__wasi_fd_t)fd, (__wasi_fd_t)copy);
        if (e)
            return fails(e);
    }
    if (copy >= 0)
        (void)vfs_inherit(copy, inherits);
    return copy;
}

static int inheritance(int fd, int command, int flags)
{
    error_t e;

    if (is_own(fd) < 0)
        return -1;
    if (command == F_GETFD)
        return vfs_is_inherited(fd) ? 0 : FD_CLOEXEC;
    e = vfs_inherit(fd, !(flags & FD_CLOEXEC));
    return e ? fails(e) : 0;
}

int wl_fcntl(int fd, int command, ...)
{
    va_list arguments;
    struct flock *range = NULL;
    int number = 0;

    va_start(arguments, command);
    if (command == F_GETLK || command == F_SETLK || command == F_SETLKW)
        range = va_arg(arguments, struct flock *);
    else if (command != F_GETFD)
        number = va_arg(arguments, int);
    va_end(arguments);
    if (range)
        return lock_range(fd, command, range);
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return copy_from(fd, number, command == F_DUPFD);
    case F_GETFD:
    case F_SETFD:
        return inheritance(fd, command, number);
    default:
        return fcntl(fd, command, number);
    }
}

int lockf(int fd, int command, off_t size)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = size};

    switch (command) {
    case F_ULOCK:
        range.l_type = F_UNLCK;
        return wl_fcntl(fd, F_SETLK, &range);
    case F_LOCK:
        return wl_fcntl(fd, F_SETLKW, &range);
    case F_TLOCK:
        return wl_fcntl(fd, F_SETLK, &range);
    case F_TEST:
        if (wl_fcntl(fd, F_GETLK, &range) < 0)
            return -1;
        return range.l_type == F_UNLCK ? 0 : fails(EACCES);
    default:
        return fails(EINVAL);
    }
}
