/* How much a guest may write to its standard streams. */
#include "wasi/wasi.h"

#include <stdatomic.h>

void wasi_shorten(struct iovec *io, size_t *n, uint64_t most)
{
    for (size_t i = 0; i < *n; i++) {
        if (io[i].iov_len >= most) {
            io[i].iov_len = (size_t)most;
            *n = most ? i + 1 : i;
            return;
        }
        most -= io[i].iov_len;
    }
}

/* Takes up to so many bytes from what is left. */
static uint64_t reserve(struct wasi *w, uint64_t wanted)
{
    uint64_t left, got;

    if (!w->output_shared) {
        got = wanted < w->output_left ? wanted : w->output_left;
        w->output_left -= got;
        return got;
    }
    left = *w->output_shared;
    do
        got = wanted < left ? wanted : left;
    while (!atomic_compare_exchange_weak(w->output_shared, &left, left - got));
    return got;
}

static uint64_t left(const struct wasi *w)
{
    return w->output_shared ? *w->output_shared : w->output_left;
}

struct wasi_output wasi_limit_output(struct wasi *w, const struct wasi_fd *f, uint64_t total, struct iovec *io,
                                     size_t *n)
{
    struct wasi_output output = {0};

    if (!f->standard || left(w) == UINT64_MAX)
        return output;
    output.reserved = reserve(w, total);
    output.limited = output.reserved < total;
    if (output.limited)
        wasi_shorten(io, n, output.reserved);
    return output;
}

void wasi_count_output(struct wasi *w, struct wasi_output output, size_t written)
{
    if (output.reserved > written && w->output_shared)
        *w->output_shared += output.reserved - written;
    else if (output.reserved > written)
        w->output_left += output.reserved - written;
    if (output.limited && left(w) == 0)
        w->ending = WASI_SPENT_OUTPUT;
}
