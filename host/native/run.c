#include "native/run.h"

#include "native/arch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- its end from outside ---- */

/* In the signal handler. If the process goes on, a call of the host must be completed first, because it may hold a
 * lock. So must another handler; the signal comes again. */
static void on_end(void *arg, const void *context)
{
    const struct run *r = arg;

    if (r->runtime->last || (!r->at_work && run_came_to_guest(r, context)))
        run_leave(LEFT_BY_CONTROL, "", 0);
}

/* ---- what its calls need ---- */

static struct guest_memory memory(void *arg)
{
    const struct run *r = arg;
    struct native_memory m = r->guest->memory(r->instance);

    return (struct guest_memory){m.data, m.size};
}

void native_interrupts(uint32_t address)
{
    const struct runtime *r = run_current->runtime;
    struct native_memory m = run_current->guest->memory(run_current->instance);
    struct control_cell cells[CONTROL_MAX_CELLS];
    size_t n;

    /* (The memory never moves: it grows within its reservation.) */
    if (!r->control || !control_read_cells(m.data, m.size, address, cells, &n))
        return;
    run_use_control(r);
    control_listen(r->control, m.data, cells, n);
}

/* What a caller's function may need and what the guest's stack has left for the host are different things. And some
 * languages let nothing of theirs run on a stack that they do not know. So it is called on the thread's own. */

enum { RED_ZONE = 256 }; /* a function that calls none may use bytes below the stack pointer */

static void call_aside(void)
{
    const struct run *r = run_current;

    r->aside(r->aside_arg);
}

static void aside(void (*what)(void *arg), void *arg)
{
    struct run *r = run_current;
    uint8_t *guests;

    r->aside = what;
    r->aside_arg = arg;
    arch_call_on(r->outer_stack - RED_ZONE - (uintptr_t)r->outer_stack % 16, call_aside, &guests);
}

/* ---- one run ---- */

/* An instance that was restored to its initial state is used again. */
static void instantiate(struct run *r)
{
    const struct native_guest *g = r->guest;
    struct w2c_wasi__snapshot__preview1 *w = (void *)r->runtime->wasi;

    if (r->kept_instance) {
        if (r->start_used > r->most)
            run_refuse(ERR_TEXT_MEMORY);
        r->used = r->start_used;
        r->ranges[r->ranges_n++] = r->kept_memory;
        r->memory_is_whole = true;
        memcpy(r->instance, r->kept_instance, g->instance_size);
    } else {
        g->instantiate(r->instance, w);
        run_begin_work();
        r->kept_instance = !r->runtime->last && !g->changes_tables && g->image_is_all && r->ranges_n == 1
                               ? malloc(g->instance_size)
                               : NULL;
        if (r->kept_instance)
            memcpy(r->kept_instance, r->instance, g->instance_size);
        r->start_used = r->used;
        run_end_work();
    }
    g->use(r->instance, w);
}

static void begin_control(struct run *r)
{
    struct control *c = r->runtime->control;

    /* (It may be over before the function returns.) */
    r->controlled = c;
    if (!c || control_begin(c, r->runtime->limits, on_end, r) == 0)
        return;
    r->controlled = NULL;
    run_fail("set its limits of time");
}

/* On the guest's own stack. */
static void on_stack(void)
{
    struct run *r = run_current;

    if (sigsetjmp(r->out, 1) == 0) {
        begin_control(r);
        if (!r->instantiated)
            instantiate(r);
        r->instantiated = true;
        if (r->entering == ENTER_START)
            r->guest->start(r->instance);
        else if (r->entering == ENTER_SESSION)
            r->call->answer = r->guest->session(r->instance, r->call->what, r->call->size);
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
    arch_call_on(r->stack + r->stack_size, on_stack, &r->outer_stack);
    stack_forget(r);
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
        r->instance = calloc(1, r->guest->instance_size);
    if (!r->instance)
        run_fail("get memory for the program");
    stack_set_up(r, r->runtime->limits->stack);
    run_guest(r);
}

int run_enter(struct run *r, enum entering entering, struct end *end, struct err *err)
{
    /* (A function of the caller's, which a guest has called, can run another guest.) */
    struct run *outer = run_current;
    int status;

    if (r->runtime->stoppable)
        run_use_control(r->runtime);
    r->entering = entering;
    r->controlled = NULL;
    r->interrupts = 0;
    r->crew.over = r->crew.waits = false;
    run_current = r;
    threads_offer(r);
    set_up_and_run(r);
    if (!r->runtime->last)
        threads_finish(r);
    status = run_tell(r, end, err);
    end->interrupts = r->interrupts;
    end->memory = r->instance ? r->guest->memory(r->instance).size : 0;
    run_current = outer;
    return status;
}

struct run *run_open(struct native_program *p, struct frozen *base, const struct runtime *runtime, struct err *err)
{
    struct run *r = recycle_take(p, base);

    if (!r) {
        err_set(err, ERR_SETUP, "cannot get memory for the program: %s", strerror(errno));
        return NULL;
    }
    runtime->wasi->memory = memory;
    runtime->wasi->arg = r;
    runtime->wasi->aside = aside;
    runtime->wasi->room = &memory_room;
    r->runtime = runtime;
    r->most = runtime->limits->lease ? runtime->limits->lease : runtime->limits->memory;
    return r;
}

struct run *runtime_open(struct native_program *p, const struct runtime *runtime, struct err *err)
{
    return run_open(p, NULL, runtime, err);
}

int runtime_call(struct run *r, struct session_call *call, struct end *end, struct err *err)
{
    if (!r->guest->session) {
        err_set(err, ERR_MODULE, "cannot start a session of %s: it exports no wl_session", r->runtime->name);
        return err_hint(err, "use a Python of the flavour single or snapshot");
    }
    recycle_forget(r);
    r->call = call;
    return run_enter(r, ENTER_SESSION, end, err);
}

void runtime_close(struct run *r)
{
    if (!r)
        return;
    recycle_forget(r);
    recycle_give_back(r);
}

int runtime_run(struct native_program *p, const struct runtime *runtime, struct end *end, struct err *err)
{
    struct run *r = runtime_open(p, runtime, err);
    int status;

    if (!r)
        return -ERR_SETUP;
    status = run_enter(r, ENTER_START, end, err);
    if (status == 0)
        control_tell(runtime->control, end);
    if (!runtime->last)
        runtime_close(r);
    return status;
}
