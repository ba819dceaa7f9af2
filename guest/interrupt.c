/* Ctrl-C for a Python without signals.
 *
 * A WebAssembly module can not be interrupted by a signal, but its host can write into its memory at any moment. This
 * file tells the host what to write so that Python believes SIGINT has arrived: the same words, in the same order, that
 * its own signal handler would set. The evaluation loop looks at the last of them anyway, so this costs nothing.
 *
 *   wl_interrupt_cells() -> address of:  u32 count;  count times { u32 address; u32 value; }
 *
 * Every address is fixed when the module is linked. The function reads nothing that Python sets up, so that a host may
 * call it before _start. On SIGINT the host stores each value at its address, in order. A call that is waiting in the
 * host (fd_read, poll_oneoff) should also return EINTR then: Python looks for signals when it sees that. */
#define Py_BUILD_CORE 1
#include "Python.h"
#include "pycore_interp.h"
#include "pycore_runtime.h"

extern volatile void *const _Py_wl_sigint_words[2];

_Static_assert(sizeof(void *) == 4 && sizeof(_Py_atomic_int) == 4, "the host stores 32 bits at a 32 bit address");

static struct {
    uint32_t count;
    struct {
        volatile void *address;
        uint32_t value;
    } cell[4];
} cells;

__attribute__((export_name("wl_interrupt_cells"))) const void *wl_interrupt_cells(void)
{
    volatile void *const words[4] = {
        _Py_wl_sigint_words[0],
        _Py_wl_sigint_words[1],
        &_PyRuntime.ceval.signals_pending,
        &_PyRuntime._main_interpreter.ceval.eval_breaker,
    };
    for (cells.count = 0; cells.count < 4; cells.count++) {
        cells.cell[cells.count].address = words[cells.count];
        cells.cell[cells.count].value = 1;
    }
    return &cells;
}
