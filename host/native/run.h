/* One guest while it runs: what the files of native/ share. */
#ifndef WL_RUN_H
#define WL_RUN_H

#include "native/base.h"
#include "native/runtime.h"

#include <setjmp.h>

/* An access is at most 2^32-1 + 2^32-1 + 16 bytes from the start: index, offset, width. */
#define RESERVED ((UINT64_C(8) << 30) + (UINT64_C(1) << 20))
enum { STACK_GUARD = 1 << 20, SIGNAL_STACK = 1 << 16, MAX_RANGES = 16 };
/* What is left for the host where the guest has used up its own: much more than wasi/ takes. */
enum { HOST_STACK = 1 << 17 };

/* How a guest was left. */
enum leaving {
    LEFT_AT_END,  /* it returned from _start */
    LEFT_BY_CALL, /* for what its last call says: wasi->ending */
    LEFT_BY_CONTROL,
    LEFT_BY_TRAP,
    NOT_BEGUN,  /* it cannot be run: `why` */
    NOT_SET_UP, /* the machine lacks something: `why`, for `error` */
};

struct run {
    const struct runtime *runtime;
    void *instance;
    /* A stack for signals, the guard, room for the host, the guest's stack. */
    uint8_t *stack;
    uint64_t stack_size;
    uint8_t *ranges[MAX_RANGES]; /* its memories */
    size_t ranges_n;
    struct table *tables;
    uint64_t used;              /* bytes of all its memories and tables: at most limits->memory */
    volatile bool at_work;      /* the host is, for it: a fault now is the host's own, and it cannot be left */
    struct control *controlled; /* once it can be reached from outside */
    unsigned interrupts;
    sigjmp_buf out;
    volatile enum leaving leaving;
    const char *volatile why;
    volatile int error; /* an errno */
    /* What the next guest can have of it. The first memory, as the module has it at the start, and room for a table. */
    uint8_t *kept_memory;
    uint64_t start_size;  /* of the first memory */
    bool memory_is_whole; /* it is there, with the image */
    struct table *kept_table;
    void *kept_instance; /* as it was before _start; NULL: there is none */
    uint64_t start_used; /* what that has of memories and tables */
    struct run *next;
};

/* The guest of this thread. Handlers and wasm-rt's functions get no argument, so they look here. */
extern _Thread_local struct run *run_current;

/* Ends the guest. These may be called in signal handlers. */
_Noreturn void run_trap(const char *why);
_Noreturn void run_leave(enum leaving leaving, const char *why, int error);

/* Likewise while it is set up: it asks for more than it may have; the machine lacks something, for errno. */
_Noreturn void run_refuse(const char *why);
_Noreturn void run_fail(const char *what);

/* After what the guest has the runtime do, which is done whole whenever its deadline passes. */
void run_end_work(void);

/* memory.c */
uint64_t memory_left(void); /* bytes that its memories and tables may still take */
/* table.c: releases all of its tables but for one that the next guest may have. */
void tables_release(struct run *r);
/* image.c: what the module's memory holds at the start. */
void image_take(uint8_t *memory, uint64_t size);
/* faults.c: once for the process. 0, or an errno. */
int faults_install(void);
/* stack.c */
void stack_set_up(struct run *r, uint64_t size);
void stack_drop(struct run *r);
bool stack_has_room(void); /* whether the guest has left the host the stack that it needs */
/* recycle.c: what is left of a guest for the next one. */
struct run *recycle_take(void); /* NULL: out of memory */
void recycle_give_back(struct run *r);
int recycle_install(void); /* once for the process. 0, or an errno */

#endif
