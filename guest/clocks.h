/* The processor time of the program. */
#ifndef WL_CLOCKS_H
#define WL_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* Processor time of the process or of this thread, in nanoseconds. If the host has no clock for it, the time since the
 * start. */
uint64_t clocks_cpu_time(bool thread);
/* For the start of a snapshot: time counts from now. */
void clocks_start(void);

#endif
