/* How much a guest may write to files, and how many it may create. */
#include "wasi/tree.h"
#include "wasi/wasi.h"

bool wasi_quota_counts(const struct wasi *w)
{
    return w->quota && w->quota->entries != UINT64_MAX;
}

static bool counts(const struct wasi *w, const struct wasi_fd *f)
{
    return w->quota && !f->standard && f->type == WASI_REGULAR_FILE;
}

uint64_t wasi_quota_left(const struct wasi *w, const struct wasi_fd *f)
{
    return counts(w, f) ? w->quota->bytes : UINT64_MAX;
}

void wasi_quota_written(struct wasi *w, const struct wasi_fd *f, size_t written)
{
    if (counts(w, f) && w->quota->bytes != UINT64_MAX)
        w->quota->bytes -= written;
}

uint32_t wasi_quota_extend(struct wasi *w, const struct wasi_fd *f, uint64_t size)
{
    struct stat st = {.st_size = f->node ? (off_t)f->node->size : 0};
    uint64_t more;

    if (!counts(w, f) || w->quota->bytes == UINT64_MAX)
        return WASI_SUCCESS;
    if (!f->node && fstat(f->host, &st) < 0)
        return wasi_from_errno(errno);
    more = size > (uint64_t)st.st_size ? size - (uint64_t)st.st_size : 0;
    if (more > w->quota->bytes)
        return WASI_EDQUOT;
    w->quota->bytes -= more;
    return WASI_SUCCESS;
}

uint32_t wasi_quota_create(struct wasi *w)
{
    if (!wasi_quota_counts(w))
        return WASI_SUCCESS;
    if (w->quota->entries == 0)
        return WASI_EDQUOT;
    w->quota->entries--;
    return WASI_SUCCESS;
}

void wasi_quota_uncreate(struct wasi *w)
{
    if (wasi_quota_counts(w))
        w->quota->entries++;
}
