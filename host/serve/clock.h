/* Times. */
#ifndef WL_SERVE_CLOCK_H
#define WL_SERVE_CLOCK_H

#include <stdint.h>

/* Since some moment, which nothing sets: for measuring. */
uint64_t clock_ms(void);
double clock_seconds(void);
/* Since 1970. */
int64_t clock_unix_ns(void);

#endif
