#include "pipe.h"

#include "threads.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 65536 };

struct pipe {
    bool has_reader, has_writer;
    size_t start, n; /* of the bytes in it */
    unsigned char bytes[SIZE];
};

/* Threads that wait for a change of any pipe: they look themselves whether it is one of theirs. */
static unsigned waiting;

static void changed(void)
{
    if (waiting)
        threads_wake(&waiting, UINT32_MAX);
}

__wasi_errno_t pipe_wait(void)
{
    int error;

    if (!threads_others())
        return (__wasi_errno_t)threads_wait_for_signal();
    waiting++;
    error = threads_park(&waiting, UINT64_MAX);
    waiting--;
    return (__wasi_errno_t)error;
}

bool pipe_watch(void)
{
    if (!threads_others())
        return false;
    waiting++;
    threads_poll(&waiting);
    return true;
}

void pipe_unwatch(void)
{
    waiting--;
}

struct pipe *pipe_new(void)
{
    struct pipe *pipe = malloc(sizeof *pipe);

    if (pipe) {
        pipe->has_reader = pipe->has_writer = true;
        pipe->start = pipe->n = 0;
    }
    return pipe;
}

void pipe_close(struct pipe *pipe, bool writes)
{
    *(writes ? &pipe->has_writer : &pipe->has_reader) = false;
    if (!pipe->has_reader && !pipe->has_writer)
        free(pipe);
    changed();
}

size_t pipe_filled(const struct pipe *pipe)
{
    return pipe->n;
}

bool pipe_is_ready(const struct pipe *pipe, bool to_write)
{
    return to_write ? pipe->n < SIZE || !pipe->has_reader : pipe->n || !pipe->has_writer;
}

static __wasi_errno_t would_wait(bool waits)
{
    return waits ? __WASI_ERRNO_DEADLK : __WASI_ERRNO_AGAIN;
}

bool pipe_is_alone(const struct pipe *pipe, bool writes)
{
    return writes ? !pipe->has_reader : !pipe->has_writer;
}

__wasi_errno_t pipe_read(struct pipe *pipe, bool waits, void *to, size_t n, size_t *done)
{
    unsigned char *out = to;

    *done = 0;
    if (n && !pipe_is_ready(pipe, false))
        return would_wait(waits);
    n = n < pipe->n ? n : pipe->n;
    while (*done < n) {
        size_t part = SIZE - pipe->start < n - *done ? SIZE - pipe->start : n - *done;

        memcpy(out + *done, pipe->bytes + pipe->start, part);
        pipe->start = (pipe->start + part) % SIZE;
        *done += part;
    }
    pipe->n -= n;
    changed();
    return 0;
}

__wasi_errno_t pipe_write(struct pipe *pipe, bool waits, const void *from, size_t n, size_t *done)
{
    const unsigned char *in = from;

    *done = 0;
    if (!pipe->has_reader)
        return __WASI_ERRNO_PIPE;
    if (n && !pipe_is_ready(pipe, true))
        return would_wait(waits);
    n = n < SIZE - pipe->n ? n : SIZE - pipe->n;
    while (*done < n) {
        size_t at = (pipe->start + pipe->n) % SIZE, part = SIZE - at < n - *done ? SIZE - at : n - *done;

        memcpy(pipe->bytes + at, in + *done, part);
        pipe->n += part;
        *done += part;
    }
    changed();
    return 0;
}
