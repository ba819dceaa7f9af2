/* What a guest may take. Both engines and both commands use this one struct. */
#ifndef WL_LIMITS_H
#define WL_LIMITS_H

#include <stdint.h>

struct limits {
    uint64_t memory;      /* bytes that its memories and its tables may have together */
    uint64_t stack;       /* bytes of native stack for its calls */
    uint64_t deadline_ms; /* wall time from its start; 0: none */
    uint64_t cpu_ms;      /* processor time of its thread; 0: any */
    uint64_t grace_ms;    /* when the deadline has passed, a guest that takes interrupts gets one, and ends after so
                           * much time more; 0: it ends at once */
    uint64_t output;      /* bytes that it may write to its standard streams together, or LIMITS_NO_OUTPUT_LIMIT */
    uint64_t threads;     /* that it may have besides its first */
    uint64_t processes;   /* that it and those which it starts may have together, besides its first */
    uint64_t lease;       /* what it may have of `memory` at first, if it is one of several processes; 0: all */
    /* What compiling a module may take: bytes of memory, seconds of processor time. */
    uint64_t compile_memory, compile_seconds;
};

#define LIMITS_NO_OUTPUT_LIMIT UINT64_MAX
#define LIMITS_DEFAULT_THREADS UINT64_C(64)
#define LIMITS_MAX_THREADS UINT64_C(256)
#define LIMITS_DEFAULT_PROCESSES UINT64_C(8)
#define LIMITS_MAX_PROCESSES UINT64_C(256)
#define LIMITS_DEFAULT_GRACE_MS UINT64_C(100)

#define LIMITS_DEFAULT_MEMORY (UINT64_C(4) << 30)

/* The first is enough for the deepest recursion that CPython permits itself, so that its own limit applies first. The
 * second is for native programs, whose frames are larger; pages that are not used take no memory. */
#define LIMITS_DEFAULT_STACK (UINT64_C(16) << 20)
#define LIMITS_DEFAULT_NATIVE_STACK (UINT64_C(64) << 20)
/* What a further thread of a native program has of its stack: the guest's own stack of a thread is half of the first
 * one's, too. */
#define LIMITS_THREAD_STACK(stack) ((stack) / 2)
#define LIMITS_MIN_STACK (UINT64_C(64) << 10)
#define LIMITS_MAX_STACK (UINT64_C(4) << 30)

/* A Python takes some 400 MiB and 10 seconds of all threads together; a machine may be slow and have many threads. */
#define LIMITS_DEFAULT_COMPILE_MEMORY (UINT64_C(4) << 30)
#define LIMITS_MIN_COMPILE_MEMORY (UINT64_C(64) << 20)
#define LIMITS_DEFAULT_COMPILE_SECONDS UINT64_C(300)
#define LIMITS_MAX_COMPILE_SECONDS UINT64_C(999999999)

#define LIMITS_MAX_DEADLINE_MS UINT64_C(1000000000000)

#define LIMITS_DEFAULTS                                                                                                \
    {                                                                                                                  \
        .memory = LIMITS_DEFAULT_MEMORY, .stack = LIMITS_DEFAULT_STACK, .output = LIMITS_NO_OUTPUT_LIMIT,              \
        .grace_ms = LIMITS_DEFAULT_GRACE_MS, .compile_memory = LIMITS_DEFAULT_COMPILE_MEMORY,                          \
        .compile_seconds = LIMITS_DEFAULT_COMPILE_SECONDS                                                              \
    }

#endif
