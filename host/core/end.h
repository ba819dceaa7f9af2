/* How a guest ended: the same words and numbers whatever executed it. */
#ifndef WL_END_H
#define WL_END_H

#include <stdbool.h>
#include <stdint.h>

enum end_kind {
    END_EXITED,    /* it returned from _start or called proc_exit */
    END_TRAPPED,   /* it did something that WebAssembly forbids, or used up its stack */
    END_OUTPUT,    /* it wrote more than its limit of output */
    END_DEADLINE,  /* its time had passed */
    END_CANCELLED, /* control_cancel() */
    END_CPU,       /* it had used up its processor time */
};

/* The statuses that the commands exit with: as a shell reports SIGABRT, as timeout(1), as a shell reports SIGINT. */
enum { STATUS_TRAPPED = 134, STATUS_DEADLINE = 124, STATUS_INTERRUPTED = 130 };

struct end {
    enum end_kind kind;
    int status;          /* 0..255 if it exited by itself; else one of the numbers above */
    bool left;           /* by proc_exit, not by returning */
    unsigned interrupts; /* how often it was interrupted */
    uint64_t memory;     /* bytes of its memory at its end */
    char text[256];      /* if it was stopped: why, one line; else "" */
    char hint[256];      /* what to do, or "" */
};

/* What a guest can do that stops it. Native programs name these by number (abi/native.h): new ones go to the end. */
enum trap {
    TRAP_MEMORY,
    TRAP_ALIGNMENT,
    TRAP_TABLE,
    TRAP_BOUNDS, /* of a memory or a table, if it is not known which */
    TRAP_NULL,
    TRAP_TYPE,
    TRAP_CALL, /* TRAP_TABLE, TRAP_NULL or TRAP_TYPE, if it is not known which */
    TRAP_OVERFLOW,
    TRAP_ZERO,
    TRAP_CONVERSION,
    TRAP_ABORT,
    TRAP_EXCEPTION,
    TRAP_STACK,
    TRAPS
};
extern const char *const trap_texts[TRAPS];

#define END_TEXT_OUTPUT "it wrote more than its limit of output"
#define END_TEXT_DEADLINE "its deadline has passed"
#define END_TEXT_CANCELLED "it was cancelled"
#define END_TEXT_CPU "it took more processor time than its limit"

#endif
