/* The guest of a thread, the ways out of it, and what is said about them. */
#include "native/run.h"

#include "native/arch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

/* Whether the signal has interrupted the guest itself, and not another handler, which runs on the stack for signals. */
bool run_came_to_guest(const struct run *r, const void *context)
{
    const uint8_t *sp = arch_stack_pointer(context);

    return sp >= r->stack + SIGNAL_STACK && sp <= r->stack + r->stack_size;
}

void run_use_control(const struct runtime *r)
{
    r->wasi->wait = control_wait;
    r->wasi->interrupted = control_interrupted;
    r->wasi->wait_arg = r->control;
}

/* ---- how it was left ---- */

static void tell_end(const struct run *r, struct end *end)
{
    const struct wasi *w = r->runtime->wasi;
    const struct run *first = r->first ? r->first : r;
    const bool over = r->leaving == LEFT_BY_CONTROL && control_ending(r->runtime->control) == CONTROL_OVER;
    /* Another thread's call may have ended the guest, and this thread may be asked before that one. */
    const bool by_call = r->leaving == LEFT_BY_CALL || (over && w->ending != WASI_GOES_ON);
    const char *why = r->why;

    if (by_call && w->ending == WASI_EXITS) {
        end->status = (int)(w->status & 0xff);
        end->left = true;
        return;
    }
    if (over && !by_call && first->crew.over) {
        *end = first->crew.end;
        return;
    }
    end->status = STATUS_TRAPPED;
    end->kind = END_TRAPPED;
    if (by_call) {
        end->kind = END_OUTPUT;
        why = END_TEXT_OUTPUT;
    } else if (r->leaving == LEFT_BY_CONTROL && control_ending(r->runtime->control) == CONTROL_DEADLINE) {
        end->kind = END_DEADLINE;
        end->status = STATUS_DEADLINE;
        why = END_TEXT_DEADLINE;
    } else if (r->leaving == LEFT_BY_CONTROL && control_ending(r->runtime->control) == CONTROL_CPU) {
        end->kind = END_CPU;
        end->status = STATUS_DEADLINE;
        why = END_TEXT_CPU;
    } else if (r->leaving == LEFT_BY_CONTROL) {
        end->kind = END_CANCELLED;
        why = END_TEXT_CANCELLED;
    }
    snprintf(end->text, sizeof end->text, "%s", why);
    if (why == trap_texts[TRAP_STACK])
        snprintf(end->hint, sizeof end->hint, "give it a larger stack (--max-wasm-stack); it has %llu KiB",
                 (unsigned long long)(r->stack_size - SIGNAL_STACK - STACK_GUARD - HOST_STACK) >> 10);
}

int run_tell(const struct run *r, struct end *end, struct err *err)
{
    *end = (struct end){.kind = END_EXITED};
    switch (r->leaving) {
    case LEFT_AT_END:
        return 0;
    case NOT_BEGUN:
        err_set(err, ERR_SETUP, "cannot run %s: %s", r->runtime->name, r->why);
        return err_hint(err, ERR_HINT_MEMORY);
    case NOT_SET_UP:
        return err_set(err, ERR_SETUP, "cannot %s: %s", r->why, strerror(r->error));
    default:
        tell_end(r, end);
        return 0;
    }
}
