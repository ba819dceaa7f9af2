/* The guest of a thread, and the ways out of it. */
#include "native/run.h"

#include <errno.h>

_Thread_local struct run *run_current;

/* (Also called in signal handlers, so no stdio.) */
void run_leave(enum leaving leaving, const char *why, int error)
{
    struct run *r = run_current;

    r->leaving = leaving;
    r->why = why;
    r->error = error;
    siglongjmp(r->out, 1);
}

void run_trap(const char *why)
{
    run_leave(LEFT_BY_TRAP, why, 0);
}

void run_refuse(const char *why)
{
    run_leave(NOT_BEGUN, why, 0);
}

void run_fail(const char *what)
{
    run_leave(NOT_SET_UP, what, errno);
}

void native_trap(uint32_t trap)
{
    run_trap(trap < TRAPS ? trap_texts[trap] : "it was stopped for an unknown reason");
}

void native_refuse(const char *why)
{
    run_refuse(why);
}
