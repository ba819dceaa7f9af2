/* What wasi-libc's sched.h lacks: sets of processors. See guest/system/schedule.c. */
#ifndef WL_SCHED_H
#define WL_SCHED_H

#include_next <sched.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define CPU_SETSIZE 1024

typedef struct {
    unsigned char bits[CPU_SETSIZE / 8];
} cpu_set_t;

/* (Python gives the CPU as an int, in a set that it has made large enough.) */
#define CPU_ALLOC_SIZE(n) (((size_t)(n) + 31) / 32 * 4)
#define CPU_ALLOC(n) ((cpu_set_t *)calloc(1, CPU_ALLOC_SIZE(n)))
#define CPU_FREE(set) free(set)
#define CPU_ZERO_S(size, set) memset(set, 0, size)
#define CPU_SET_S(cpu, size, set) wl_cpu_add((size_t)(cpu), size, set)
#define CPU_ISSET_S(cpu, size, set) wl_cpu_has((size_t)(cpu), size, set)
#define CPU_COUNT_S(size, set) wl_cpu_count(size, set)
#define CPU_ZERO(set) CPU_ZERO_S(sizeof(cpu_set_t), set)
#define CPU_SET(cpu, set) CPU_SET_S(cpu, sizeof(cpu_set_t), set)
#define CPU_ISSET(cpu, set) CPU_ISSET_S(cpu, sizeof(cpu_set_t), set)
#define CPU_COUNT(set) CPU_COUNT_S(sizeof(cpu_set_t), set)

static inline void wl_cpu_add(size_t cpu, size_t size, cpu_set_t *set)
{
    if (cpu / 8 < size)
        set->bits[cpu / 8] |= (unsigned char)(1u << cpu % 8);
}

static inline int wl_cpu_has(size_t cpu, size_t size, const cpu_set_t *set)
{
    return cpu / 8 < size && (set->bits[cpu / 8] >> cpu % 8 & 1);
}

static inline int wl_cpu_count(size_t size, const cpu_set_t *set)
{
    int n = 0;

    for (size_t i = 0; i < size; i++)
        n += __builtin_popcount(set->bits[i]);
    return n;
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);

#endif
