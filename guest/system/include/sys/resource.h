/* Resource limits, priorities, and the full struct rusage: see guest/system/resource.c and schedule.c. wasi-libc's
 * structure is smaller, so this one has a name of its own. */
#ifndef WL_SYS_RESOURCE_H
#define WL_SYS_RESOURCE_H

#include_next <sys/resource.h>

#include <sys/time.h>
#include <unistd.h>

#ifndef RUSAGE_THREAD
#define RUSAGE_THREAD 3
#endif

struct wl_rusage {
    struct timeval ru_utime, ru_stime;
    long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd,
        ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};

int wl_getrusage(int who, struct wl_rusage *usage);

#define rusage wl_rusage
#define getrusage(who, usage) wl_getrusage(who, usage)

#ifndef RLIM_INFINITY
typedef unsigned long long rlim_t;

struct rlimit {
    rlim_t rlim_cur, rlim_max;
};

/* The numbers are Linux's. */
#define RLIM_INFINITY (~0ULL)
#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_RSS 5
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9
#define RLIM_NLIMITS 16

int getrlimit(int what, struct rlimit *limit);
int setrlimit(int what, const struct rlimit *limit);
#endif

#endif
