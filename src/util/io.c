/* Bytes between descriptors (fs.h). */
#include "util/fs_private.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

int write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t w = write(fd, data, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        data += w;
        n -= (size_t)w;
    }
    return 0;
}

int fs_copy_bytes(int in, int out)
{
    /* In large pieces: the kernel keeps a file in memory in the pieces in which it was written, and a program takes
     * longer to start if many small pieces have to be mapped. (copy_file_range writes small ones.) */
    enum { CHUNK = 1 << 20 };
    WL_CLEANUP_FREE char *buf = NULL;

    /* Shares the blocks where the file system can. */
    if (ioctl(out, FICLONE, in) == 0)
        return 0;
    buf = xmalloc(CHUNK);
    for (;;) {
        ssize_t n = read(in, buf, CHUNK);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : 0;
        if (write_all(out, buf, (size_t)n) < 0)
            return -1;
    }
}
