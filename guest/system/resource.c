/* Resource usage, and limits. The host sets limits, but does not report them. */
#include "../clocks.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

/* The memory of a module never shrinks, so its size is the maximum. */
int wl_getrusage(int who, struct wl_rusage *usage)
{
    const uint64_t second = 1000000000;
    const long page_in_kb = 64;
    uint64_t time;

    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD) {
        errno = EINVAL;
        return -1;
    }
    *usage = (struct wl_rusage){.ru_maxrss = 0};
    if (who == RUSAGE_CHILDREN)
        return 0;
    time = clocks_cpu_time(who == RUSAGE_THREAD);
    usage->ru_utime =
        (struct timeval){.tv_sec = (time_t)(time / second), .tv_usec = (suseconds_t)(time % second / 1000)};
    usage->ru_maxrss = (long)__builtin_wasm_memory_size(0) * page_in_kb;
    return 0;
}

/* There is one process, and there are no core files. All other limits are unknown. */
int getrlimit(int what, struct rlimit *limit)
{
    if (what < 0 || what >= RLIM_NLIMITS) {
        errno = EINVAL;
        return -1;
    }
    limit->rlim_max = what == RLIMIT_CORE ? 0 : what == RLIMIT_NPROC ? 1 : RLIM_INFINITY;
    limit->rlim_cur = limit->rlim_max;
    return 0;
}

/* A limit can be set to its current value. Other values are refused, because they would have no effect. */
int setrlimit(int what, const struct rlimit *limit)
{
    struct rlimit is;

    if (getrlimit(what, &is) < 0)
        return -1;
    if (limit->rlim_cur == is.rlim_cur && limit->rlim_max == is.rlim_max)
        return 0;
    errno = limit->rlim_cur > limit->rlim_max ? EINVAL : limit->rlim_max > is.rlim_max ? EPERM : ENOTSUP;
    return -1;
}
