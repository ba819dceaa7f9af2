/* SQLite as one file, and its choice of locks: those of POSIX where the program can lock that file, so that several
 * processes may use a database at once; otherwise a directory beside the database, as SQLite does for WASI by itself.
 *
 * Programs for WASI have no locks. In a Python, guest/system/locks.c provides them. */
#include "sqlite3.c"

int wl_fcntl(int fd, int command, ...) __attribute__((weak));

static const sqlite3_io_methods *choose_locks(const char *path, unixFile *file)
{
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = PENDING_BYTE, .l_len = 1};

    (void)path;
    return osFcntl(file->h, F_GETLK, &range) == 0 ? &posixIoMethods : &dotlockIoMethods;
}

static const sqlite3_io_methods *(*const finder)(const char *, unixFile *) = choose_locks;

/* SQLITE_EXTRA_INIT: called at the end of sqlite3_initialize(). */
int wl_sqlite_locks(const char *unused)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
    int result;

    (void)unused;
    if (!wl_fcntl || !vfs)
        return SQLITE_OK;
    result = vfs->xSetSystemCall(vfs, "fcntl", (sqlite3_syscall_ptr)wl_fcntl);
    if (result != SQLITE_OK)
        return result;
    vfs->pAppData = (void *)&finder;
    return sqlite3_vfs_register(vfs, 1);
}
