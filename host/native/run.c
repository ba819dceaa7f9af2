#include "native/run.h"

#include "native/arch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Thread_local struct run *run_current;

/* ---- leaving a guest ---- */

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

/* The translated code calls this for every trap that it detects itself. */
void runtime_trap(wasm_rt_trap_t code);
void runtime_trap(wasm_rt_trap_t code)
{
    static const enum trap traps[] = {
        [WASM_RT_TRAP_OOB] = TRAP_BOUNDS,
        [WASM_RT_TRAP_INT_OVERFLOW] = TRAP_OVERFLOW,
        [WASM_RT_TRAP_DIV_BY_ZERO] = TRAP_ZERO,
        [WASM_RT_TRAP_INVALID_CONVERSION] = TRAP_CONVERSION,
        [WASM_RT_TRAP_UNREACHABLE] = TRAP_ABORT,
        [WASM_RT_TRAP_CALL_INDIRECT] = TRAP_CALL,
        [WASM_RT_TRAP_UNCAUGHT_EXCEPTION] = TRAP_EXCEPTION,
        [WASM_RT_TRAP_UNALIGNED] = TRAP_ALIGNMENT,
    };

    if (code == WASM_RT_TRAP_NONE || (size_t)code >= sizeof traps / sizeof *traps)
        run_trap(wasm_rt_strerror(code));
    run_trap(trap_texts[traps[code]]);
}

/* Whether the signal has interrupted the guest itself, and not another handler, which runs on the stack for signals. */
static bool came_to_guest(const struct run *r, const void *context)
{
    const uint8_t *sp = arch_stack_pointer(context);

    return sp >= r->stack + SIGNAL_STACK && sp <= r->stack + r->stack_size;
}

/* In the signal handler. If the process goes on, a call of the host must be completed first, because it may hold a
 * lock. So must another handler; the signal comes again. */
static void on_end(void *arg, const void *context)
{
    const struct run *r = arg;

    if (r->runtime->last || (!r->at_work && came_to_guest(r, context)))
        run_leave(LEFT_BY_CONTROL, "", 0);
}

/* ---- what its calls need ---- */

static struct guest_memory memory(void *arg)
{
    const wasm_rt_memory_t *m = guest_memory(run_current->instance);

    (void)arg;
    return (struct guest_memory){m->data, m->size};
}

static void use_control(const struct runtime *r)
{
    r->wasi->wait = control_wait;
    r->wasi->interrupted = control_interrupted;
    r->wasi->wait_arg = r->control;
}

void runtime_interrupts(uint32_t address)
{
    const struct runtime *r = run_current->runtime;
    const wasm_rt_memory_t *m = guest_memory(run_current->instance);
    struct control_cell cells[CONTROL_MAX_CELLS];
    size_t n;

    /* (The memory never moves: it grows within its reservation.) */
    if (!r->control || !control_read_cells(m->data, m->size, address, cells, &n))
        return;
    use_control(r);
    control_listen(r->control, m->data, cells, n);
}

/* ---- one run ---- */

/* An instance that was restored to its initial state is used again. */
static void instantiate(struct run *r)
{
    if (r->kept_instance) {
        if (r->start_used > r->runtime->limits->memory)
            run_refuse(ERR_TEXT_MEMORY);
        r->used = r->start_used;
        r->ranges[r->ranges_n++] = r->kept_memory;
        r->memory_is_whole = true;
        memcpy(r->instance, r->kept_instance, guest_size);
    } else {
        guest_instantiate(r->instance, r->runtime->wasi);
        run_begin_work();
        r->kept_instance = !r->runtime->last && !guest_changes_tables && guest_image_is_all && r->ranges_n == 1
                               ? malloc(guest_size)
                               : NULL;
        if (r->kept_instance)
            memcpy(r->kept_instance, r->instance, guest_size);
        r->start_used = r->used;
        run_end_work();
    }
    guest_use(r->instance, r->runtime->wasi);
}

static void begin_control(struct run *r)
{
    struct control *c = r->runtime->control;

    if (c && control_begin(c, r->runtime->limits->deadline_ms, on_end, r) < 0)
        run_fail("set its deadline");
    r->controlled = c;
}

/* On the guest's own stack. */
static void on_stack(void)
{
    struct run *r = run_current;

    if (sigsetjmp(r->out, 1) == 0) {
        begin_control(r);
        instantiate(r);
        guest_start(r->instance);
        r->leaving = LEFT_AT_END;
    }
    /* (A signal may still jump into the setjmp above, and so come here twice.) */
    if (r->controlled)
        r->interrupts = control_end(r->controlled);
}

static void run_guest(struct run *r)
{
    stack_t own = {.ss_sp = r->stack, .ss_size = SIGNAL_STACK}, before;
    sigset_t needed, mask;

    /* The thread may have blocked them. */
    sigemptyset(&needed);
    sigaddset(&needed, SIGSEGV);
    sigaddset(&needed, SIGBUS);
    if (sigaltstack(&own, &before) < 0 || pthread_sigmask(SIG_UNBLOCK, &needed, &mask) != 0)
        run_fail("set up the handling of traps");
    arch_call_on(r->stack + r->stack_size, on_stack);
    if (r->runtime->last)
        return;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaltstack(&before, NULL);
}

static int install_errno;

static void install(void)
{
    install_errno = faults_install();
    if (!install_errno)
        install_errno = recycle_install();
}

/* A failure before the guest runs on its own stack returns here. */
static void set_up_and_run(struct run *r)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (sigsetjmp(r->out, 1) != 0)
        return;
    pthread_once(&once, install);
    errno = install_errno;
    if (errno)
        run_fail("set up the handling of traps");
    if (!r->instance)
        r->instance = calloc(1, guest_size);
    if (!r->instance)
        run_fail("get memory for the program");
    stack_set_up(r, r->runtime->limits->stack);
    run_guest(r);
}

static void tell_end(const struct run *r, struct end *end)
{
    const struct wasi *w = r->runtime->wasi;
    const char *why = r->why;

    if (r->leaving == LEFT_BY_CALL && w->ending == WASI_EXITS) {
        end->status = (int)(w->status & 0xff);
        end->left = true;
        return;
    }
    end->status = STATUS_TRAPPED;
    end->kind = END_TRAPPED;
    if (r->leaving == LEFT_BY_CALL) {
        end->kind = END_OUTPUT;
        why = END_TEXT_OUTPUT;
    } else if (r->leaving == LEFT_BY_CONTROL && control_ending(r->runtime->control) == CONTROL_DEADLINE) {
        end->kind = END_DEADLINE;
        end->status = STATUS_DEADLINE;
        why = END_TEXT_DEADLINE;
    } else if (r->leaving == LEFT_BY_CONTROL) {
        end->kind = END_CANCELLED;
        why = END_TEXT_CANCELLED;
    }
    snprintf(end->text, sizeof end->text, "%s", why);
    if (why == trap_texts[TRAP_STACK])
        snprintf(end->hint, sizeof end->hint, "give it more with --max-wasm-stack (it has %llu KiB)",
                 (unsigned long long)r->runtime->limits->stack >> 10);
}

static int tell(const struct run *r, struct end *end, struct err *err)
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

int runtime_run(const struct runtime *runtime, struct end *end, struct err *err)
{
    struct run *r = recycle_take();
    int status;

    if (!r)
        return err_set(err, ERR_SETUP, "cannot get memory for the program: %s", strerror(errno));
    runtime->wasi->memory = memory;
    if (runtime->stoppable)
        use_control(runtime);
    r->runtime = runtime;
    r->controlled = NULL;
    r->interrupts = 0;
    run_current = r;
    set_up_and_run(r);
    status = tell(r, end, err);
    end->interrupts = r->interrupts;
    run_current = NULL;
    if (!runtime->last)
        recycle_give_back(r);
    return status;
}
