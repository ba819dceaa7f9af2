#include "native/run.h"

typedef struct wasi host;

/* Each notes that the host is at work: a fault is then the host's. */
#define wasi w2c_wasi__snapshot__preview1
#define DEFINE(name, parameters, arguments)                                                                            \
    uint32_t w2c_wasi__snapshot__preview1_##name parameters                                                            \
    {                                                                                                                  \
        host *given = (host *)w;                                                                                       \
        uint32_t r;                                                                                                    \
                                                                                                                       \
        run_begin_work();                                                                                              \
        {                                                                                                              \
            host *w = given;                                                                                           \
                                                                                                                       \
            r = wasi_##name arguments;                                                                                 \
        }                                                                                                              \
        run_end_call(given);                                                                                           \
        return r;                                                                                                      \
    }
WASI_CALLS(DEFINE)
#undef wasi

void w2c_wasi__snapshot__preview1_proc_exit(struct w2c_wasi__snapshot__preview1 *w, uint32_t status)
{
    /* (It needs hardly any stack, so a guest that has used up its own can still exit.) */
    wasi_proc_exit((host *)w, status);
    run_end_call((host *)w);
}
