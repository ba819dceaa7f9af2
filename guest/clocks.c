/* The processor time of this process. It replaces libwasi-emulated-process-clocks, which counts elapsed time, even
 * while the program sleeps, and whose times() does not use the unit that sysconf() reports. If the host has no clock
 * for processor time, which is rare, it is the time since the start. */
#include "clocks.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

/* As in WASI's witx files; the header no longer names them. */
enum { PROCESS_CPUTIME = 2, THREAD_CPUTIME = 3 };

static const uint64_t second = 1000000000;
static __wasi_timestamp_t started;

static uint64_t passed(void)
{
    __wasi_timestamp_t now = started;

    (void)!__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &now);
    return now - started;
}

void clocks_start(void)
{
    started = 0;
    started = passed();
}

__attribute__((constructor(101))) static void start(void)
{
    clocks_start();
}

uint64_t clocks_cpu_time(bool thread)
{
    __wasi_timestamp_t time = 0;

    return __wasi_clock_time_get(thread ? THREAD_CPUTIME : PROCESS_CPUTIME, 0, &time) ? passed() : time;
}

clock_t __clock(void);
clock_t __clock(void)
{
    /* CLOCKS_PER_SEC is 10^9 here. */
    return (clock_t)clocks_cpu_time(false);
}

clock_t clock(void)
{
    return __clock();
}

/* All of it counts as user time: system time is unknown. */
clock_t times(struct tms *to)
{
    uint64_t tick = second / (uint64_t)sysconf(_SC_CLK_TCK);

    *to = (struct tms){.tms_utime = (clock_t)(clocks_cpu_time(false) / tick)};
    return (clock_t)(passed() / tick);
}

int getrusage(int who, struct rusage *to)
{
    uint64_t time;

    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN) {
        errno = EINVAL;
        return -1;
    }
    time = who == RUSAGE_SELF ? clocks_cpu_time(false) : 0;
    *to = (struct rusage){
        .ru_utime = {.tv_sec = (time_t)(time / second), .tv_usec = (suseconds_t)(time % second / 1000)}};
    return 0;
}
