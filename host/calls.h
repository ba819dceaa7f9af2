/* The WASI calls that this host answers itself, whatever the engine: arguments and environment (any bytes, not only
 * UTF-8), the three standard streams, and waiting. So a wait can be ended by Ctrl-C, a closed pipe is EPIPE as it is
 * for a native program, and output is not copied once more.
 *
 * Each call returns a WASI errno. Guest addresses are checked against the memory given. */
#ifndef WLPY_CALLS_H
#define WLPY_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wasi_errno {
    WASI_SUCCESS = 0,
    WASI_EACCES = 2,
    WASI_EAGAIN = 6,
    WASI_EBADF = 8,
    WASI_EFAULT = 21,
    WASI_EFBIG = 22,
    WASI_EINTR = 27,
    WASI_EINVAL = 28,
    WASI_EIO = 29,
    WASI_EISDIR = 31,
    WASI_ENOMEM = 48,
    WASI_ENOSPC = 51,
    WASI_ENXIO = 60,
    WASI_EPERM = 63,
    WASI_EPIPE = 64
};

struct guest_memory {
    uint8_t *base;
    size_t size;
};

/* Which guest descriptor is which of the host's standard streams. The guest may close and renumber them. */
struct streams {
    int64_t guest_fd[3]; /* -1: none */
};

void streams_init(struct streams *s);
/* The host's descriptor for a guest's that is open for reading (writing), or -1. */
int streams_find(const struct streams *s, uint32_t guest_fd, bool writing);
/* To be told after the engine has done so. */
void streams_closed(struct streams *s, uint32_t guest_fd);
void streams_renumbered(struct streams *s, uint32_t from, uint32_t to);

/* fd_read and fd_write for a descriptor that streams_find gave. */
uint16_t wasi_transfer(struct guest_memory m, int host_fd, bool writing, uint32_t iovs, uint32_t count,
                       uint32_t result);

/* poll_oneoff. wasi_poll_ours says whether it asks for nothing but clocks and the standard streams. */
bool wasi_poll_ours(struct guest_memory m, const struct streams *s, uint32_t in, uint32_t count);
uint16_t wasi_poll(struct guest_memory m, const struct streams *s, uint32_t in, uint32_t out, uint32_t count,
                   uint32_t result);

/* args_sizes_get and environ_sizes_get; args_get and environ_get. */
uint16_t wasi_strings_sizes(struct guest_memory m, const char *const *strings, size_t count, uint32_t count_at,
                            uint32_t size_at);
uint16_t wasi_strings_get(struct guest_memory m, const char *const *strings, size_t count, uint32_t list,
                          uint32_t bytes);

#endif
