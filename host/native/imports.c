/* The calls under the names that wasm2c gives to a module's imports, so that the compiler compares their types with
 * those that the module was made with. Each notes that the host is at work: a fault then is the host's own. */
#include "runtime.h"

#define WRAP(name, parameters, arguments)                                                                              \
    uint32_t w2c_wasi__snapshot__preview1_##name parameters                                                            \
    {                                                                                                                  \
        uint32_t r;                                                                                                    \
                                                                                                                       \
        runtime_begin();                                                                                               \
        r = wasi_##name arguments;                                                                                     \
        w->at_work = false;                                                                                            \
        runtime_go_on();                                                                                               \
        return r;                                                                                                      \
    }
WASI_CALLS(WRAP)

void w2c_wasi__snapshot__preview1_proc_exit(wasi *w, uint32_t status)
{
    (void)w;
    runtime_exit(status);
}
