/* Arguments, environment, signals to oneself. */
#include "wasi/wasi.h"

#include <string.h>

static uint32_t sizes(struct wasi *w, const char *const *strings, size_t n, uint32_t count_at, uint32_t size_at)
{
    struct guest_memory m = wasi_memory(w);
    uint64_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += strlen(strings[i]) + 1;
    if (!wasi_inside(m, count_at, 4) || !wasi_inside(m, size_at, 4))
        return WASI_EFAULT;
    if (size > INT32_MAX)
        return WASI_E2BIG;
    wasi_store(m, count_at, 4, n);
    wasi_store(m, size_at, 4, size);
    return WASI_SUCCESS;
}

static uint32_t get(struct wasi *w, const char *const *strings, size_t n, uint32_t list, uint32_t bytes)
{
    struct guest_memory m = wasi_memory(w);

    if (!wasi_inside(m, list, (uint64_t)n * 4))
        return WASI_EFAULT;
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(strings[i]) + 1;

        if (!wasi_inside(m, bytes, size))
            return WASI_EFAULT;
        memcpy(m.base + bytes, strings[i], size);
        wasi_store(m, list + (uint64_t)4 * i, 4, bytes);
        bytes += (uint32_t)size;
    }
    return WASI_SUCCESS;
}

uint32_t wasi_args_sizes_get(struct wasi *w, uint32_t count_at, uint32_t size_at)
{
    return sizes(w, w->args, w->args_n, count_at, size_at);
}

uint32_t wasi_args_get(struct wasi *w, uint32_t list, uint32_t bytes)
{
    return get(w, w->args, w->args_n, list, bytes);
}

uint32_t wasi_environ_sizes_get(struct wasi *w, uint32_t count_at, uint32_t size_at)
{
    return sizes(w, w->environ, w->environ_n, count_at, size_at);
}

uint32_t wasi_environ_get(struct wasi *w, uint32_t list, uint32_t bytes)
{
    return get(w, w->environ, w->environ_n, list, bytes);
}

void wasi_proc_exit(struct wasi *w, uint32_t status)
{
    w->ending = WASI_EXITS;
    w->status = status;
}

uint32_t wasi_proc_raise(struct wasi *w, uint32_t signal)
{
    (void)w;
    (void)signal;
    return WASI_ENOTSUP; /* a guest has no signals; libwasmtime says the same */
}
