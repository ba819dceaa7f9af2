#include "clock.h"

#include <time.h>

static int64_t ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

uint64_t clock_ms(void)
{
    return (uint64_t)ns(CLOCK_MONOTONIC) / 1000000;
}

double clock_seconds(void)
{
    return (double)ns(CLOCK_MONOTONIC) / 1e9;
}

int64_t clock_unix_ns(void)
{
    return ns(CLOCK_REALTIME);
}
