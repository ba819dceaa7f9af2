#include "wasi/stream.h"

#include <stdlib.h>
#include <string.h>

static ssize_t read_nothing(void *arg, void *to, size_t n)
{
    (void)arg;
    (void)to;
    (void)n;
    return 0;
}

static ssize_t write_nothing(void *arg, const void *from, size_t n)
{
    (void)arg;
    (void)from;
    return (ssize_t)n;
}

struct wasi_stream wasi_read_nothing(void)
{
    return (struct wasi_stream){.read = read_nothing};
}

struct wasi_stream wasi_write_nothing(void)
{
    return (struct wasi_stream){.write = write_nothing};
}

static ssize_t read_bytes(void *arg, void *to, size_t n)
{
    struct wasi_bytes *b = arg;

    if (n > b->left)
        n = b->left;
    if (n)
        memcpy(to, b->at, n);
    b->at += n;
    b->left -= n;
    return (ssize_t)n;
}

struct wasi_stream wasi_read_from(struct wasi_bytes *bytes)
{
    return (struct wasi_stream){.read = read_bytes, .arg = bytes};
}

static ssize_t write_bytes(void *arg, const void *from, size_t n)
{
    struct wasi_buffer *b = arg;

    if (n > b->room - b->n) {
        size_t room = b->room + (b->room > n ? b->room : n) + 1024;
        uint8_t *more = room > b->room ? realloc(b->at, room) : NULL;

        if (!more) {
            errno = ENOSPC;
            return -1;
        }
        b->at = more;
        b->room = room;
    }
    memcpy(b->at + b->n, from, n);
    b->n += n;
    return (ssize_t)n;
}

struct wasi_stream wasi_write_to(struct wasi_buffer *buffer)
{
    return (struct wasi_stream){.write = write_bytes, .arg = buffer};
}
