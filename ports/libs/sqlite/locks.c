/* SQLite as one file, and its choice of locks: those of POSIX where the program can lock that file, so that several
 * processes may use a database at once, also with a write-ahead log; otherwise a directory beside the database, as SQLite does for
 * WASI by itself.
 *
 * Programs for WASI have no locks. In a Python, guest/system/locks.c provides them. */
#include <sys/types.h>

/* Of sys/mman.h, which WASI does not have. */
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_SHARED 1
#define MAP_FAILED ((void *)-1)

#include "sqlite3.c"

#include "wal-index.c"

int wl_fcntl(int fd, int command, ...) __attribute__((weak));

static const sqlite3_io_methods *choose_locks(const char *path, unixFile *file)
{
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = PENDING_BYTE, .l_len = 1};

    (void)path;
    return osFcntl(file->h, F_GETLK, &range) == 0 ? &posixIoMethods : &dotlockIoMethods;
}

static const sqlite3_io_methods *(*const finder)(const char *, unixFile *) = choose_locks;

static sqlite3_io_methods with_index;

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *has)
{
    int r = unixOpen(vfs, path, file, flags, has);

    if (r == SQLITE_OK && file->pMethods == &posixIoMethods)
        file->pMethods = &with_index;
    return r;
}

/* SQLITE_EXTRA_INIT: called at the end of sqlite3_initialize(). */
int wl_sqlite_locks(const char *unused)
{
    const struct {
        const char *name;
        sqlite3_syscall_ptr call;
    } calls[] = {
        {"fcntl", (sqlite3_syscall_ptr)wl_fcntl},
        {"mmap", (sqlite3_syscall_ptr)map_region},
        {"munmap", (sqlite3_syscall_ptr)unmap_region},
        {"getpagesize", (sqlite3_syscall_ptr)region_page},
    };
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
    int r = SQLITE_OK;

    (void)unused;
    if (!wl_fcntl || !vfs)
        return SQLITE_OK;
    for (size_t i = 0; r == SQLITE_OK && i < sizeof calls / sizeof *calls; i++)
        r = vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call);
    if (r != SQLITE_OK)
        return r;
    with_index = posixIoMethods;
    with_index.xShmLock = lock_index;
    with_index.xShmBarrier = index_barrier;
    vfs->pAppData = (void *)&finder;
    vfs->xOpen = open_file;
    return sqlite3_vfs_register(vfs, 1);
}
