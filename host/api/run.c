/* Runs. */
#include "api/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now(clockid_t clock)
{
    struct timespec t;

    return clock_gettime(clock, &t) == 0 ? (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec : 0;
}

/* ---- signals ---- */

/* A pipe without a reader and a file that is too large are errors for the guest, not signals for the process. (The
 * kernel sends these two to the thread that has written.) */
struct held {
    sigset_t before, pending;
};

static const int held_back[] = {SIGPIPE, SIGXFSZ};

static void hold_signals(struct held *h)
{
    sigset_t set;

    sigemptyset(&set);
    for (int i = 0; i < 2; i++)
        sigaddset(&set, held_back[i]);
    pthread_sigmask(SIG_BLOCK, &set, &h->before);
    sigemptyset(&h->pending);
    sigpending(&h->pending);
}

static void release_signals(const struct held *h)
{
    const struct timespec none = {0};
    sigset_t pending;

    sigpending(&pending);
    for (int i = 0; i < 2; i++) {
        sigset_t one;

        sigemptyset(&one);
        sigaddset(&one, held_back[i]);
        while (sigismember(&pending, held_back[i]) && !sigismember(&h->pending, held_back[i]) &&
               sigtimedwait(&one, NULL, &none) > 0)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &h->before, NULL);
}

/* ---- on the guest's thread ---- */

static int run_native(struct job *j)
{
    const struct runtime r = {.name = j->program->name,
                              .limits = &j->limits,
                              .wasi = &j->wasi,
                              .control = j->run.control,
                              .stoppable = j->run.control != NULL};

    return runtime_run(j->program->native, &r, &j->end, &j->err);
}

static int run_once(struct job *j)
{
    return j->program->native
               ? run_native(j)
               : api_ops->run(j->program->engine->engine, j->program->program.code, &j->run, &j->end, &j->err);
}

static void do_measured(struct job *j)
{
    uint64_t wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
    struct held h;

    hold_signals(&h);
    j->status = j->what(j);
    release_signals(&h);
    j->result.wall_ns = now(CLOCK_MONOTONIC) - wall;
    j->result.cpu_ns = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

/* The engine wants a stack for signals of this size, and would map one for each thread and unmap it at its end, which
 * other runs would wait for. It lies where the thread's stack ends, with a margin for what libc has at its beginning.
 */
enum { SIGNAL_STACK = 1 << 18, MARGIN = 1 << 20 };

static size_t whole_stack(const struct job *j)
{
    return (size_t)j->limits.stack + engine_spare_stack + SIGNAL_STACK + MARGIN;
}

static void *run_thread(void *arg)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    struct job *j = arg;
    stack_t own = {.ss_sp = (void *)((here - (whole_stack(j) - MARGIN)) & ~UINT64_C(15)), .ss_size = SIGNAL_STACK},
            before;
    const bool has_own = sigaltstack(&own, &before) == 0;

    do_measured(j);
    if (has_own)
        sigaltstack(&before, NULL);
    return NULL;
}

/* On a thread of its own: the process's first thread has the stack that the shell's limits gave it. */
static int do_aside(struct job *j)
{
    pthread_attr_t attr;
    pthread_t thread;
    int r;

    pthread_attr_init(&attr);
    r = pthread_attr_setstacksize(&attr, whole_stack(j));
    if (r == 0)
        r = pthread_create(&thread, &attr, run_thread, j);
    pthread_attr_destroy(&attr);
    if (r != 0) {
        err_set(&j->err, ERR_SETUP, "cannot start a thread with a stack of %llu KiB: %s",
                (unsigned long long)j->limits.stack >> 10, strerror(r));
        return err_hint(&j->err, "give a smaller stack (--max-wasm-stack), or raise the limit of memory (ulimit -v)");
    }
    pthread_join(thread, NULL);
    return j->status;
}

int job_do(struct job *j, int (*what)(struct job *j))
{
    j->what = what;
    /* A native guest has a stack that is not its thread's. */
    if (!j->program->native)
        return do_aside(j);
    do_measured(j);
    return j->status;
}

/* ---- before and after ---- */

/* Without a limit of its own, processor time ends this much after the deadline: a guest that never waits has used as
 * much of it as has passed, and what ended the guest must be the deadline and not whichever clock was read first. */
enum { DEFAULT_DEADLINE_MS = 30000, CPU_AFTER_DEADLINE_MS = 100 };

void job_set_time(struct limits *l, uint64_t deadline_ms, uint64_t cpu_ms)
{
    l->deadline_ms = deadline_ms == WLPY_UNLIMITED ? 0 : deadline_ms;
    l->cpu_ms = cpu_ms == WLPY_UNLIMITED ? 0 : cpu_ms;
    if (!cpu_ms && l->deadline_ms)
        l->cpu_ms = l->deadline_ms + CPU_AFTER_DEADLINE_MS;
    /* (One thread takes no more processor time than time passes.) */
    if (!l->threads && l->deadline_ms && l->cpu_ms >= l->deadline_ms)
        l->cpu_ms = 0;
}

/* Puts the defaults in place of zeros. (That of processor time is the deadline, which an evaluation may change.) */
static void complete(struct wlpy_limits *l, bool stoppable)
{
    static const struct wlpy_limits defaults = {.memory = 256 << 20,
                                                .output = 1 << 20,
                                                .descriptors = 256,
                                                .file_bytes = 64 << 20,
                                                .files = 10000,
                                                .sockets = 32,
                                                .received = 64 << 20,
                                                .sent = 64 << 20,
                                                .host_calls = 10000,
                                                .grace_ms = LIMITS_DEFAULT_GRACE_MS};
    const uint64_t *from = &defaults.memory, *end = &defaults.threads;
    uint64_t *to = &l->memory;

    for (; from < end; from++, to++)
        if (!*to)
            *to = *from;
    if (!l->listening)
        l->listening = 8;
    if (!l->lookups)
        l->lookups = l->processes ? WLPY_UNLIMITED : 1000;
    if (!l->deadline_ms)
        l->deadline_ms = stoppable ? DEFAULT_DEADLINE_MS : WLPY_UNLIMITED;
}

static bool needs_control(const struct limits *l)
{
    return l->deadline_ms || l->cpu_ms || l->threads || l->processes;
}

static void set_limits(struct job *j)
{
    const struct wlpy_engine_config *e = &j->program->engine->config;
    struct wlpy_limits *l = &j->given;

    complete(l, j->program->native || !e->unstoppable);
    j->limits = (struct limits)LIMITS_DEFAULTS;
    j->limits.stack = e->stack ? e->stack : j->program->native ? LIMITS_DEFAULT_NATIVE_STACK : LIMITS_DEFAULT_STACK;
    j->limits.threads = l->threads;
    job_set_time(&j->limits, l->deadline_ms, l->cpu_ms);
    j->limits.grace_ms = l->grace_ms;
    j->limits.memory = l->memory == WLPY_UNLIMITED ? LIMITS_DEFAULT_MEMORY : l->memory;
    j->limits.output = l->output;
    j->limits.processes = l->processes;
    if (j->config.child)
        family_limits(j->config.child->start, &j->limits);
    j->wasi.output_left = j->limits.output;
    j->wasi.most_fds = l->descriptors == WLPY_UNLIMITED ? 0 : (size_t)l->descriptors;
    j->quota = (struct wasi_quota){l->file_bytes, l->files};
    j->wasi.quota = &j->quota;
    control_init(&j->own);
    j->run.control = j->config.control ? &j->config.control->control : needs_control(&j->limits) ? &j->own : NULL;
}

int job_prepare(struct job *j, struct wlpy_program *program, const struct wlpy_run_config *config,
                const struct wlpy_result *result)
{
    const struct wlpy_run_config *c = &j->config;
    struct wlpy_fixed fixed;

    j->program = program;
    if (result && api_take(&j->result, sizeof j->result, result, "wlpy_result", &j->err) < 0)
        return -ERR_SETUP;
    memset(&j->result, 0, sizeof j->result);
    if (api_take_config(&j->config, config, &j->err) < 0 ||
        (c->limits && api_take(&j->given, sizeof j->given, c->limits, "wlpy_limits", &j->err) < 0) ||
        (c->fixed && api_take(&fixed, sizeof fixed, c->fixed, "wlpy_fixed", &j->err) < 0))
        return -ERR_SETUP;
    j->own_argv[0] = program->name;
    j->wasi = (struct wasi){.args = c->argc ? c->argv : j->own_argv,
                            .args_n = c->argc ? c->argc : 1,
                            .environ = c->env,
                            .environ_n = c->envc,
                            .clock_ns = c->clock_ns};
    if (c->child) {
        j->wasi.args = family_args(c->child->start, &j->wasi.args_n);
        j->wasi.environ = family_environ(c->child->start, &j->wasi.environ_n);
    }
    if (c->fixed) {
        j->fixed = (struct wasi_fixed){fixed.time_ns, fixed.time_ns, fixed.seed};
        j->wasi.fixed = &j->fixed;
    }
    j->arguments[0] = &j->wasi;
    j->run = (struct engine_run){.name = program->name,
                                 .limits = &j->limits,
                                 .wasi = &j->wasi,
                                 .arguments = j->arguments,
                                 .backtrace = c->backtrace};
    set_limits(j);
    return 0;
}

enum wlpy_end job_end(const struct job *j)
{
    static const enum wlpy_end kinds[] = {
        [END_EXITED] = WLPY_EXITED,     [END_TRAPPED] = WLPY_TRAPPED,     [END_OUTPUT] = WLPY_OUTPUT,
        [END_DEADLINE] = WLPY_DEADLINE, [END_CANCELLED] = WLPY_CANCELLED, [END_CPU] = WLPY_CPU};

    return kinds[j->end.kind];
}

static void tell(struct job *j)
{
    struct wlpy_result *r = &j->result;

    r->end = job_end(j);
    r->status = j->end.status;
    r->returned = j->end.kind == END_EXITED && !j->end.left;
    r->interrupts = j->end.interrupts;
    r->memory = j->end.memory;
    memcpy(r->text, j->end.text, sizeof r->text);
    memcpy(r->hint, j->end.hint, sizeof r->hint);
}

/* What a caller's older struct has no room for is freed: it would not know of it. */
static void give_result(struct job *j, struct wlpy_result *result)
{
    size_t size = result->size;

    j->result.size = size;
    memcpy(result, &j->result, size < sizeof j->result ? size : sizeof j->result);
}

static int run_job(struct job *j)
{
    int r = job_grant(j);

    if (r == 0)
        r = job_do(j, run_once);
    job_release(j);
    j->result.backtrace = j->run.trace;
    j->result.out = (char *)j->out.at;
    j->result.out_size = j->out.n;
    j->result.err = (char *)j->err_out.at;
    j->result.err_size = j->err_out.n;
    if (r == 0)
        tell(j);
    return r;
}

/* The members up to here exist since the first version. */
static bool has_room(const struct wlpy_result *result)
{
    return result->size >= offsetof(struct wlpy_result, wall_ns);
}

static int run(struct wlpy_program *program, const struct wlpy_run_config *config, struct wlpy_result *result,
               const struct engine_run *snapshot, struct wlpy_err *err)
{
    struct job j = {0};
    int r;

    if (!program || !result)
        return api_null(program ? "a wlpy_result" : "a program", err);
    r = job_prepare(&j, program, config, result);

    if (r == 0 && !has_room(result))
        r = err_set(&j.err, ERR_SETUP, "cannot use a wlpy_result whose size is %zu", result->size);
    if (r < 0)
        return api_err(&j.err, err);
    if (snapshot) {
        j.run.entry = snapshot->entry;
        j.run.snapshot = snapshot->snapshot;
        j.run.bytes = snapshot->bytes;
        /* (It writes the file before it is known that the time had passed.) */
        j.limits.grace_ms = 0;
        j.limits.processes = 0;
    }
    r = run_job(&j);
    give_result(&j, result);
    return r < 0 ? api_err(&j.err, err) : 0;
}

int wlpy_run(struct wlpy_program *program, const struct wlpy_run_config *config, struct wlpy_result *result,
             struct wlpy_err *err)
{
    return run(program, config, result, NULL, err);
}

int wlpy_snapshot(struct wlpy_engine *engine, const char *file, const char *entry, const char *out,
                  const struct wlpy_run_config *config, struct wlpy_result *result, struct wlpy_err *err)
{
    struct engine_run snapshot = {.entry = entry, .snapshot = out};
    struct wlpy_program *program;
    int r;

    if (!entry || !out)
        return api_null("an entry or the file for a snapshot", err);
    r = api_load(engine, file, NULL, 0, true, &program, err);
    if (r < 0)
        return r;
    snapshot.bytes = &program->program.bytes;
    r = run(program, config, result, &snapshot, err);
    wlpy_program_free(program);
    return r;
}

void wlpy_result_free(struct wlpy_result *result)
{
    if (!result)
        return;
    free(result->backtrace);
    free(result->out);
    free(result->err);
    result->backtrace = result->out = result->err = NULL;
}
