/* The kernel has calls for descriptors of O_PATH: faccessat2(2) since 5.8, fchmodat2(2) since 6.6. Before, or where a
 * seccomp filter refuses them, /proc/self/fd leads to the same: its links are not resolved as text, but are the open
 * files themselves. */
#include "wasi/mode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Older headers do not have it; its number is the same on all machines that we build for. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

enum { OWN_LINK = 40 };

static const char *own_link(char to[OWN_LINK], int fd)
{
    snprintf(to, OWN_LINK, "/proc/self/fd/%d", fd);
    return to;
}

/* Whether a call did not answer for the file: some seccomp filters answer EPERM to unknown calls. */
static bool is_unknown(long result)
{
    return result < 0 && (errno == ENOSYS || errno == EPERM);
}

mode_t wasi_umask(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    unsigned mask = 022;

    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "Umask: %o", &mask) == 1)
            break;
    if (status)
        fclose(status);
    return mask & 0777;
}

uint32_t wasi_set_mode(const struct wasi *w, int fd, mode_t mode)
{
    char link[OWN_LINK];
    struct stat st;
    int first;
    long r = -1;

    if (fstat(fd, &st) < 0)
        return wasi_failed(wasi_from_errno(errno));
    if (S_ISLNK(st.st_mode))
        return WASI_ENOTSUP;
    mode &= WASI_MODE_BITS | (st.st_mode & WASI_MODE_SET_ID);
    errno = ENOSYS;
    if (!w->no_at_calls)
        r = syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH);
    if (is_unknown(r)) {
        first = errno == ENOSYS ? ENOTSUP : errno;
        r = chmod(own_link(link, fd), mode);
        if (r < 0 && errno == ENOENT)
            errno = first;
    }
    return r < 0 ? wasi_failed(wasi_from_errno(errno)) : WASI_SUCCESS;
}

void wasi_widen(const struct wasi *w, int fd, mode_t mode)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && mode & ~st.st_mode & WASI_MODE_BITS)
        (void)wasi_set_mode(w, fd, mode | (st.st_mode & WASI_MODE_SET_ID));
}

uint32_t wasi_may(const struct wasi *w, int fd, int how)
{
    char link[OWN_LINK];
    struct stat st;
    long r = -1;

    errno = ENOSYS;
    if (!w->no_at_calls)
        r = syscall(SYS_faccessat2, fd, "", how, AT_EMPTY_PATH);
    /* (EPERM is also the answer for writing to a file that nobody may change.) */
    if (is_unknown(r)) {
        r = access(own_link(link, fd), how);
        if (r < 0 && errno == ENOENT && fstat(fd, &st) == 0) {
            r = how & ~(int)(st.st_mode >> 6 & 7) ? -1 : 0;
            errno = EACCES;
        }
    }
    return r < 0 ? wasi_failed(wasi_from_errno(errno)) : WASI_SUCCESS;
}
