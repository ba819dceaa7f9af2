/* Signals from outside for a Python without signals.
 *
 * A WebAssembly module cannot be interrupted by a signal, but its host can write into its memory at any moment. This
 * file tells the host what to write at an interrupt (SIGINT), so that Python looks: a word that says which signal came
 * (signals.h), and then those that Python's own signal handler would set to be noticed. The evaluation loop looks at
 * the last of them anyway, so this costs nothing. Other signals have another first word.
 *
 *   wl_interrupt_cells() -> address of:  u32 count;  count times { u32 address; u32 bits; }
 *
 * Every address is fixed when the module is linked. The function reads nothing that Python sets up, so that a host may
 * call it before _start. On SIGINT the host sets the bits at each address, in order, and leaves the others as they are:
 * newer Pythons keep more in a word than one mark. A call that is waiting in the host (fd_read, poll_oneoff) should
 * also return EINTR then: Python looks for signals when it sees that. */
#define Py_BUILD_CORE 1
#include "Python.h"
#include "pycore_interp.h"
#include "pycore_runtime.h"
#if PY_VERSION_HEX >= 0x030c0000
#include "pycore_ceval.h"
#endif

#include "signals.h"

#include <signal.h>

_Static_assert(sizeof(void *) == 4 && sizeof(int) == 4, "the host sets bits of 32 bit words at 32 bit addresses");

struct cell {
    volatile const void *address;
    uint32_t bits;
};

static struct {
    uint32_t count;
    struct cell cell[3];
} cells;

__attribute__((export_name("wl_interrupt_cells"))) const void *wl_interrupt_cells(void)
{
    const struct cell words[] = {
        {&wl_signal_words[SIGINT], 1},
#if PY_VERSION_HEX >= 0x030d0000
        {&_PyRuntime._main_interpreter._initial_thread.base.eval_breaker, _PY_SIGNALS_PENDING_BIT},
#else
        {&_PyRuntime.ceval.signals_pending, 1},
        {&_PyRuntime._main_interpreter.ceval.eval_breaker, 1},
#endif
    };

    _Static_assert(sizeof words <= sizeof cells.cell, "there is room for all");
    cells.count = sizeof words / sizeof words[0];
    memcpy(cells.cell, words, sizeof words);
    return &cells;
}
