/* One guest while it runs: what the files of native/ share. */
#ifndef WL_RUN_H
#define WL_RUN_H

#include "abi/base.h"
#include "native/runtime.h"
#include "wasi/threads.h"

#include <setjmp.h>

enum { STACK_GUARD = 1 << 20, SIGNAL_STACK = 1 << 16, MAX_RANGES = 16 };
/* Room for the host when the guest has used up its stack: much more than wasi/ needs. */
enum { HOST_STACK = 1 << 17 };

/* What the guest is entered for. */
enum entering {
    ENTER_START,
    ENTER_SESSION,
    ENTER_NOTHING, /* it is instantiated only */
};

/* Why the guest was left. */
enum leaving {
    LEFT_AT_END,  /* it returned from what was called */
    LEFT_BY_CALL, /* because of its last call: see wasi->ending */
    LEFT_BY_CONTROL,
    LEFT_BY_TRAP,
    LEFT_BY_THREAD, /* a further thread has asked to be ended */
    NOT_BEGUN,      /* it asks for too much: `why` */
    NOT_SET_UP,     /* the machine lacks something: what failed is `why`, with `error` */
};

/* What threads of a guest have in common (threads.c). */
struct crew {
    uint64_t used, size; /* of its memories and tables; of its memory */
    bool waits;          /* what they wait for can be ended */
    bool over;           /* one of them has ended the guest: how */
    struct end end;
};
/* Bytes of stack for what the host does on a further thread: the guest has its own. */
enum { THREAD_STACK = 9 << 18 };

struct run {
    struct native_program *program;
    const struct native_guest *guest; /* the program's */
    const struct runtime *runtime;
    void *instance;
    /* A stack for signals, the guard, room for the host, the guest's stack. */
    uint8_t *stack;
    uint64_t stack_size;
    uint8_t *ranges[MAX_RANGES]; /* its memories */
    size_t ranges_n;
    struct table *tables;
    uint64_t used;              /* bytes of all its memories and tables */
    uint64_t most;              /* and how many they may be. (Of the first thread.) */
    volatile bool at_work;      /* the host works for it: a fault is the host's, and the guest cannot be left */
    struct control *controlled; /* set while it can be reached from outside */
    unsigned interrupts;
    enum entering entering;
    struct session_call *call; /* of ENTER_SESSION */
    /* The thread's own stack, as far as it is free while the guest runs on another one; what is called there. */
    uint8_t *outer_stack;
    void (*aside)(void *arg);
    void *aside_arg;
    bool instantiated;
    /* For sessions (fork.c): what its memory was copied from, or NULL; a copy of what it is now, or NULL; whether its
     * memory is mapped from that, so that it cannot be restored. */
    struct frozen *base, *frozen;
    bool remapped;
    sigjmp_buf out;
    volatile enum leaving leaving;
    const char *volatile why;
    volatile int error; /* an errno */
    /* Kept for the next guest: the first memory with its initial content, and room for a table. */
    uint8_t *kept_memory;
    uint64_t start_size;  /* of the first memory */
    bool memory_is_whole; /* it exists, and has the image */
    struct table *kept_table;
    void *kept_instance; /* as it was before _start; NULL: there is none */
    uint64_t start_used; /* bytes of its memories and tables */
    struct crew crew;    /* of the first thread */
    struct run *first;   /* of others, with what they are started for */
    uint32_t argument;
    struct control_thread joined;
    struct run *next;
};

/* leave.c: the guest of this thread, for signal handlers and for functions that get no argument. (Each call of the host
 * uses it, so a shared library does not look for it by a function.) */
extern _Thread_local struct run *run_current __attribute__((tls_model("initial-exec")));

/* Leave the guest. These may be called in signal handlers. */
_Noreturn void run_trap(const char *why);
_Noreturn void run_leave(enum leaving leaving, const char *why, int error);

/* Likewise while it is set up: because it asks for more than it may have; because a system call failed (errno). */
_Noreturn void run_refuse(const char *why);
_Noreturn void run_fail(const char *what);

/* memory.c: the bytes that its memories and tables may still take. */
uint64_t memory_left(void);
extern const struct wasi_room memory_room;
/* table.c: releases all tables except one that is kept for the next guest. */
void tables_release(struct run *r);
/* image.c: puts the initial content into the module's memory. */
void image_take(struct native_program *p, uint8_t *memory, uint64_t size);
void image_close(struct native_program *p);
/* fork.c: a copy of a guest's memory, which further guests begin with. */
struct frozen {
    int fd;               /* a file in memory */
    const uint8_t *image; /* the same, mapped */
    uint64_t size;
    /* Under recycle.c's lock: who uses it, the guest that it was made of included; whether that one still does; copies
     * that are over, restored to what they began with. */
    unsigned users;
    bool current;
    struct run *idle;
    long idle_n;
};
/* run.c: a guest that has not been entered, if possible one that begins with `base`. NULL with err. */
struct run *run_open(struct native_program *p, struct frozen *base, const struct runtime *runtime, struct err *err);
/* Enters it, and says how it was left. */
int run_enter(struct run *r, enum entering entering, struct end *end, struct err *err);
/* faults.c: once for the process. 0, or an errno. */
int faults_install(void);
/* stack.c */
void stack_set_up(struct run *r, uint64_t size);
void stack_drop(struct run *r);
void stack_forget(struct run *r); /* all frames that were on it */
/* leave.c: how it was left; whether a signal has interrupted the guest itself; lets waiting calls be ended. */
int run_tell(const struct run *r, struct end *end, struct err *err);
bool run_came_to_guest(const struct run *r, const void *context);
void run_use_control(const struct runtime *r);
/* threads.c: around a run: lets the guest have threads; ends them. */
void threads_offer(struct run *r);
void threads_finish(struct run *r);
/* recycle.c: keeps parts of a guest for the next one. */
struct run *recycle_take(struct native_program *p, struct frozen *base); /* NULL: out of memory */
void recycle_use(struct frozen *f);
void recycle_leave(struct frozen *f, bool current); /* current: by the guest that it was made of */
void recycle_forget(struct run *r);                 /* the copy of its memory, which its next call makes out of date */
void recycle_give_back(struct run *r);
int recycle_install(void); /* once for the process. 0, or an errno */

/* ---- the host at work for the guest: around each of its calls, so inline ---- */

/* Ends the guest if it has not left the stack that the host needs, because the host's work must not be left in the
 * middle: it may hold a lock. */
static inline void run_begin_work(void)
{
    struct run *r = run_current;

    if ((const uint8_t *)__builtin_frame_address(0) < r->stack + SIGNAL_STACK + STACK_GUARD + HOST_STACK)
        run_trap(trap_texts[TRAP_STACK]);
    r->at_work = true;
}

/* Work is completed even if the deadline passes meanwhile; then the guest ends. */
static inline void run_end_work(void)
{
    struct run *r = run_current;

    r->at_work = false;
    if (r->controlled && control_ending(r->controlled) != CONTROL_GOES_ON)
        run_leave(LEFT_BY_CONTROL, "", 0);
}

/* After a call, which may have ended the guest. */
static inline void run_end_call(const struct wasi *w)
{
    run_end_work();
    if (w->ending != WASI_GOES_ON)
        run_leave(LEFT_BY_CALL, "", 0);
    if (wasi_thread_exits(w))
        run_leave(LEFT_BY_THREAD, "", 0);
}

#endif
