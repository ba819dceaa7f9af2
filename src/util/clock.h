/* Monotonic time, for durations and deadlines. */
#ifndef WL_CLOCK_H
#define WL_CLOCK_H

#include <time.h>

/* Milliseconds since some fixed moment. */
static inline long long clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* The same in seconds. */
static inline double clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
