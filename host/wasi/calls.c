#include "wasi/calls.h"

#define MODULE "wasi_snapshot_preview1"

/* Each call with its arguments as a list; passing an argument on converts it to its parameter's type. */
#define CALL(name, parameters, arguments)                                                                              \
    static uint32_t call_##name(void *arg, const uint64_t *v)                                                          \
    {                                                                                                                  \
        struct wasi *w = arg;                                                                                          \
        uint64_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7], i = v[8];             \
                                                                                                                       \
        (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i;                               \
        return wasi_##name arguments;                                                                                  \
    }
WASI_CALLS(CALL)

static uint32_t call_proc_exit(void *arg, const uint64_t *v)
{
    wasi_proc_exit(arg, (uint32_t)v[0]);
    return 0;
}

static const struct host_call table[] = {
#define ENTRY(name, parameters, arguments) {MODULE, #name, #parameters, true, call_##name},
    WASI_CALLS(ENTRY)
#undef ENTRY
        {MODULE, "proc_exit", "(uint32_t status)", false, call_proc_exit},
};

const struct host_calls wasi_calls = {table, sizeof table / sizeof *table};
