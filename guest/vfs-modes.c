/* Permissions of the host's files. WASI does not have any. A host of ours tells them in the padding of a filestat, and
 * has requests for the calls that set them (docs/channel.md, the set fs). For other hosts, all files have the usual
 * permissions. */
#include "vfs.h"

#include "channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Where a host of ours stores that it tells the mode, and the mode: behind the type, in bytes that WASI does not use.
 */
enum { TOLD = offsetof(__wasi_filestat_t, filetype) + 1, MODE = TOLD + 1 };
_Static_assert(MODE + 2 <= offsetof(__wasi_filestat_t, nlink), "the padding is too small");

/* The rights that WASI has. Programs may ask for more. */
#define RIGHTS (((__wasi_rights_t)1 << 30) - 1)

static enum { NOT_ASKED, TELLS, DOES_NOT_TELL } host = NOT_ASKED;
static mode_t host_mask;

void vfs_forget_modes(void)
{
    host = NOT_ASKED;
}

bool vfs_has_modes(void)
{
    char answer[16];

    /* What is asked now would end up in the snapshot. */
    if (rofs_hides_host)
        return false;
    if (host == NOT_ASKED) {
        host = channel_ask(answer, sizeof answer, "fs.modes") > 0 ? TELLS : DOES_NOT_TELL;
        if (host == TELLS)
            host_mask = (mode_t)atoi(answer);
    }
    return host == TELLS;
}

mode_t vfs_host_mask(void)
{
    return vfs_has_modes() ? host_mask : 022;
}

/* ---- stat ---- */

static mode_t usual_mode(const __wasi_filestat_t *stat)
{
    switch (stat->filetype) {
    case __WASI_FILETYPE_DIRECTORY:
        return 0755;
    case __WASI_FILETYPE_REGULAR_FILE:
        return 0644;
    case __WASI_FILETYPE_SYMBOLIC_LINK:
        return 0777;
    case __WASI_FILETYPE_CHARACTER_DEVICE:
    case __WASI_FILETYPE_BLOCK_DEVICE:
        return 0666;
    default:
        return 0600;
    }
}

/* Before the call: the host may leave the padding as it is. */
static __wasi_filestat_t *clear(__wasi_filestat_t *stat)
{
    ((volatile unsigned char *)stat)[TOLD] = 0;
    return stat;
}

static mode_t mode_in(const __wasi_filestat_t *stat)
{
    enum { FORMAT = 0170000, FIFO = 0010000, BITS = 07777 }; /* Linux's numbers */
    const unsigned char *bytes = (const unsigned char *)stat;
    unsigned mode = bytes[MODE] | (unsigned)bytes[MODE + 1] << 8;

    if (bytes[TOLD] != 1)
        return usual_mode(stat);
    /* WASI has no file type for a pipe. */
    return (mode_t)(mode & BITS) | ((mode & FORMAT) == FIFO ? S_IFIFO : 0);
}

static error_t told(error_t error, __wasi_filestat_t *stat, mode_t *mode)
{
    *mode = error ? 0 : mode_in(stat);
    if (!error && rofs_hides_host)
        stat->dev = stat->ino = stat->atim = stat->mtim = stat->ctim = 0;
    return error;
}

error_t vfs_host_stat_fd(int64_t fd, __wasi_filestat_t *stat, mode_t *mode)
{
    (void)vfs_has_modes();
    return told(REAL(fd_filestat_get)((__wasi_fd_t)fd, clear(stat)), stat, mode);
}

error_t vfs_host_stat_path(int64_t fd, __wasi_lookupflags_t flags, const char *path, __wasi_filestat_t *stat,
                           mode_t *mode)
{
    (void)vfs_has_modes();
    return told(REAL(path_filestat_get)((__wasi_fd_t)fd, flags, path, clear(stat)), stat, mode);
}

/* ---- Requests. Only with vfs_has_modes(). ---- */

#define PATH_WORDS(path) (unsigned long)(uintptr_t)(path), (unsigned long)strlen(path)

error_t vfs_host_create(int64_t fd, __wasi_lookupflags_t lookup, const char *path, __wasi_oflags_t how,
                        __wasi_rights_t base, __wasi_rights_t inheriting, __wasi_fdflags_t flags, mode_t mode,
                        __wasi_fd_t *opened)
{
    char answer[16];

    if (channel_ask(answer, sizeof answer, "fs.open %lld %lu %lu %lu %u %llu %llu %u %u", (long long)fd,
                    (unsigned long)lookup, PATH_WORDS(path), (unsigned)how, (unsigned long long)(base & RIGHTS),
                    (unsigned long long)(inheriting & RIGHTS), (unsigned)flags, (unsigned)mode) < 0)
        return (error_t)errno;
    *opened = (__wasi_fd_t)strtoul(answer, NULL, 10);
    return 0;
}

error_t vfs_host_make_folder(int64_t fd, const char *path, mode_t mode)
{
    return channel_ask(NULL, 0, "fs.mkdir %lld %lu %lu %u", (long long)fd, PATH_WORDS(path), (unsigned)mode) < 0
               ? (error_t)errno
               : 0;
}

error_t vfs_host_chmod(int64_t fd, const char *path, mode_t mode, bool follow)
{
    const int r = path ? channel_ask(NULL, 0, "fs.chmod %lld %u %lu %lu%s", (long long)fd, (unsigned)mode,
                                     PATH_WORDS(path), follow ? "" : " nofollow")
                       : channel_ask(NULL, 0, "fs.chmod %lld %u", (long long)fd, (unsigned)mode);

    return r < 0 ? (error_t)errno : 0;
}

error_t vfs_host_access(int64_t fd, const char *path, int how, bool follow)
{
    return channel_ask(NULL, 0, "fs.access %lld %d %lu %lu%s", (long long)fd, how, PATH_WORDS(path),
                       follow ? "" : " nofollow") < 0
               ? (error_t)errno
               : 0;
}
