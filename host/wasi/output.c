/* How much a guest may write to its standard streams. */
#include "wasi/wasi.h"

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

struct wasi_output wasi_limit_output(struct wasi *w, const struct wasi_fd *f, uint64_t total, struct iovec *io,
                                     size_t *n)
{
    struct wasi_output output = {.reserved = total};

    if (!f->standard || w->output_left == UINT64_MAX)
        return (struct wasi_output){0};
    if (total > w->output_left) {
        output = (struct wasi_output){w->output_left, true};
        wasi_shorten(io, n, w->output_left);
    }
    w->output_left -= output.reserved;
    return output;
}

void wasi_count_output(struct wasi *w, struct wasi_output output, size_t written)
{
    if (output.reserved > written)
        w->output_left += output.reserved - written;
    if (output.limited && w->output_left == 0)
        w->ending = WASI_SPENT_OUTPUT;
}
