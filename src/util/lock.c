/* Locks on files (fs.h). */
#include "util/fs_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool fs_is_named(int dir, const char *name, int fd)
{
    struct stat held, named;

    return fstat(fd, &held) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static int take_lock(const char *path, int how, int *fd, struct wl_err *err)
{
    *fd = -1;
    for (;;) {
        WL_CLEANUP_FD int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

        if (lock < 0)
            return wl_err_errno(err, WL_E_IO, "cannot open the lock %s", path);
        if (flock(lock, how) < 0) {
            if (errno == EWOULDBLOCK)
                return 1;
            if (errno == EINTR)
                return wl_err_set(err, WL_E_INTERRUPTED, "interrupted while waiting for %s", path);
            return wl_err_errno(err, WL_E_IO, "cannot lock %s", path);
        }
        /* The last holder may have removed the file: then this lock is on a file that no other process will find. */
        if (!fs_is_named(AT_FDCWD, path, lock))
            continue;
        *fd = lock;
        lock = -1;
        return 0;
    }
}

int lock_take(const char *path, bool wait, int *fd, struct wl_err *err)
{
    return take_lock(path, LOCK_EX | (wait ? 0 : LOCK_NB), fd, err);
}

int lock_share(const char *path, int *fd, struct wl_err *err)
{
    return take_lock(path, LOCK_SH | LOCK_NB, fd, err);
}

void lock_end(const char *path, int *fd)
{
    if (*fd >= 0)
        unlink(path);
    close_fdp(fd);
}
