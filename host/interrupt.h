/* Ctrl-C for a guest, which knows no signals.
 *
 * A module that wants it exports wl_interrupt_cells: () -> i32, the address in its memory of
 *     u32 count;  count times { u32 address; u32 bits; }
 * On SIGINT the bits are set at each address, in this order, while the guest runs. The guest clears the first cell
 * once it has taken notice. A call that waits in the host (stdio.h) ends with EINTR, so that the guest can look.
 *
 * A guest that still has not taken notice of a SIGINT when another one comes a second later is stuck: then the process
 * ends as it would have without a handler. */
#ifndef WLPY_INTERRUPT_H
#define WLPY_INTERRUPT_H

#include "wlpy.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

enum { INTERRUPT_MAX_CELLS = 16 };

struct interrupt_cell {
    uint32_t address, bits;
};

/* Reads the list at an address. False if any of it lies outside memory, is not aligned, or is absurd. */
bool interrupt_read_cells(const uint8_t *memory, size_t size, uint32_t address, struct interrupt_cell *cells,
                          size_t *count);

/* Takes SIGINT over, to be stored into memory, which must neither move nor shrink until interrupt_stop. The calling
 * thread is the one that runs the guest. Fails if another run has it. */
int interrupt_start(uint8_t *memory, const struct interrupt_cell *cells, size_t count, struct err *err);
/* Gives SIGINT back; returns how often it came. */
unsigned interrupt_stop(void);
/* Ends the process by SIGINT, as a program ends that was interrupted: a shell stops its script then, too. */
void interrupt_die(void);

/* True if SIGINT came since the last time this was asked and the guest does not know yet: a waiting call has to end. */
bool interrupt_take(void);

/* ppoll, which also ends, with EINTR, when the guest has to see a SIGINT. It is looked for and waited for in one step,
 * so that none is missed. Other signals end it with 0. */
int interrupt_poll(struct pollfd *fds, nfds_t n, const struct timespec *time);

#endif
