/* The time that the program used. */
#ifndef WL_CLOCKS_H
#define WL_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds of processor time, of the process or of this thread; what has passed since the start where the host does
 * not know. */
uint64_t clocks_cpu_time(bool thread);
/* For a module that is started from a saved memory: counts from now. */
void clocks_start(void);

#endif
