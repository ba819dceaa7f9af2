#include "core/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

int atomic_file_create(int dir, const char *prefix, mode_t mode, char *name, size_t size)
{
    for (int tries = 0; tries < 100; tries++) {
        uint64_t number;
        int fd, n;

        if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
            return -1;
        n = snprintf(name, size, "%s%016" PRIx64, prefix, number);
        if (n < 0 || (size_t)n >= size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

int write_all(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n) {
        ssize_t k = write(fd, at, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        at += k;
        n -= (size_t)k;
    }
    return 0;
}

int atomic_file_commit(int dir, int fd, const char *name, const char *final)
{
    /* Without fsync a power cut could leave the name with pages of zeros behind it. */
    if (fsync(fd) < 0 || renameat(dir, name, dir, final) < 0) {
        atomic_file_discard(dir, fd, name);
        return -1;
    }
    return close(fd);
}

void atomic_file_discard(int dir, int fd, const char *name)
{
    int e = errno;

    close(fd);
    unlinkat(dir, name, 0);
    errno = e;
}
