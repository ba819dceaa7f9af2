/* Threads of a guest (wasi/threads.h). Each has a copy of the instance, which is its variables, and a stack of its own;
 * the memory is the same, at the same address, and the table of functions does not change. */
#include "wasi/threads.h"
#include "native/arch.h"
#include "native/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct run *run_of(struct run *first, void *context)
{
    return context ? context : first;
}

static bool has_threads(const struct native_guest *g)
{
    return g->size >= offsetof(struct native_guest, thread) + sizeof g->thread && g->thread && !g->changes_tables;
}

static void close_thread(void *arg, void *context)
{
    struct run *r = context;

    (void)arg;
    stack_drop(r);
    free(r->instance);
    free(r);
}

/* A failure to get a stack returns here. */
static bool get_stack(struct run *r)
{
    struct run *outer = run_current;
    bool well = false;

    run_current = r;
    if (sigsetjmp(r->out, 1) == 0) {
        stack_set_up(r, LIMITS_THREAD_STACK(r->runtime->limits->stack));
        well = true;
    }
    run_current = outer;
    return well;
}

static void *open_thread(void *arg)
{
    struct run *first = arg, *current = first->runtime->wasi->arg, *r;
    const uint64_t stack = LIMITS_THREAD_STACK(first->runtime->limits->stack);

    /* The limit of memory is for the stacks of further threads as well. */
    if (stack > memory_left() && (!wasi_more_memory(first->runtime->wasi, stack) || stack > memory_left()))
        return NULL;
    r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->program = first->program;
    r->guest = first->guest;
    r->runtime = first->runtime;
    r->first = first;
    r->ranges[0] = first->ranges[0];
    r->ranges_n = 1;
    r->instantiated = true;
    r->instance = malloc(first->guest->instance_size);
    if (r->instance)
        memcpy(r->instance, first->instance, first->guest->instance_size);
    if (r->instance && get_stack(r)) {
        if (!first->crew.waits)
            run_use_control(first->runtime);
        first->crew.waits = true;
        current->used += stack;
        return r;
    }
    close_thread(arg, r);
    return NULL;
}

/* In the signal handler. (If the process ends with the guest, it does not wait for a thread that is in the middle of a
 * call of the host.) */
static void on_end(void *arg, const void *context)
{
    const struct run *r = arg;

    if (!r->at_work && run_came_to_guest(r, context))
        run_leave(LEFT_BY_CONTROL, "", 0);
}

static void begin_thread(void *arg, void *context)
{
    struct run *first = arg, *r = context;
    stack_t own = {.ss_sp = r->stack, .ss_size = SIGNAL_STACK};
    sigset_t faults;

    run_current = r;
    sigaltstack(&own, NULL);
    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
    r->at_work = true;
    control_join(first->runtime->control, &r->joined, on_end, r);
}

static void end_thread(void *arg, void *context)
{
    struct run *r = context;
    const stack_t none = {.ss_flags = SS_DISABLE};

    (void)arg;
    control_leave(&r->joined);
    sigaltstack(&none, NULL);
    run_current = NULL;
}

static void take(void *arg, void *context)
{
    struct run *first = arg, *r = run_of(first, context);

    first->runtime->wasi->arg = r;
    r->used = first->crew.used;
    if (r->guest->memory(r->instance).size != first->crew.size)
        r->guest->resize(r->instance, first->crew.size);
}

static void give(void *arg, void *context)
{
    struct run *first = arg;
    const struct run *r = run_of(first, context);

    first->crew.used = r->used;
    first->crew.size = r->guest->memory(r->instance).size;
}

/* On the thread's own stack. */
static void on_stack(void)
{
    struct run *r = run_current;

    if (sigsetjmp(r->out, 1) == 0) {
        r->controlled = r->first->runtime->control;
        run_end_work();
        r->guest->thread(r->instance, r->argument);
        r->leaving = LEFT_AT_END;
    }
    r->at_work = true;
    r->controlled = NULL;
}

static void run_thread(void *arg, void *context, uint32_t argument)
{
    struct run *first = arg, *r = context;
    struct err err;
    struct end end;

    r->argument = argument;
    arch_call_on(r->stack + r->stack_size, on_stack, &r->outer_stack);
    stack_forget(r);
    if (r->leaving == LEFT_AT_END || r->leaving == LEFT_BY_THREAD)
        return;
    /* The first thread that ends in another way than by returning ends the guest. */
    if (run_tell(r, &end, &err) < 0)
        end = (struct end){.kind = END_TRAPPED, .status = STATUS_TRAPPED};
    if (!first->crew.over)
        first->crew.end = end;
    first->crew.over = true;
    control_finish(first->runtime->control);
}

static void recall(void *arg)
{
    const struct run *first = arg;

    control_finish(first->runtime->control);
}

static bool is_over(void *arg)
{
    const struct run *first = arg;

    return first->runtime->wasi->ending != WASI_GOES_ON || control_ending(first->runtime->control) != CONTROL_GOES_ON;
}

static void look(void *arg)
{
    const struct run *first = arg;

    control_look(first->runtime->control, first->runtime->limits);
}

static const struct wasi_thread_ops ops = {
    .open = open_thread,
    .close = close_thread,
    .begin = begin_thread,
    .end = end_thread,
    .run = run_thread,
    .take = take,
    .give = give,
    .recall = recall,
    .is_over = is_over,
    .look = look,
};

void threads_offer(struct run *r)
{
    struct wasi_threads *g = r->runtime->wasi->threads;

    if (!g || !r->runtime->control || r->entering != ENTER_START || !has_threads(r->guest))
        return;
    g->ops = &ops;
    g->arg = r;
    g->stack = THREAD_STACK;
}

void threads_finish(struct run *r)
{
    struct wasi_threads *g = r->runtime->wasi->threads;

    if (!g || g->ops != &ops)
        return;
    wasi_threads_finish(g);
    g->ops = NULL;
}
