/* The public interface over the rooms below. */
#include "wlpy.h"

#include "core/grant.h"
#include "core/program.h"
#include "core/snapshot.h"
#include "engine/engines.h"
#include "net/net.h"
#include "wasi/stream.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct engine_ops *const ops = &engine_wasmtime;

struct wlpy_engine {
    struct wlpy_engine_config config;
    struct limits limits; /* of compiling */
    struct loader loader;
    struct engine *engine;
    struct cache *cache;
};

struct wlpy_program {
    struct wlpy_engine *engine;
    char *name;
    struct program program;
};

struct wlpy_control {
    struct control control;
};

const char *wlpy_engine_name(void)
{
    return ops->name;
}

/* ---- errors ---- */

static int hand_over(const struct err *from, struct wlpy_err *to)
{
    to->code = (enum wlpy_code)from->code;
    memcpy(to->text, from->text, sizeof to->text);
    memcpy(to->hint, from->hint, sizeof to->hint);
    return -(int)to->code;
}

static int out_of_memory(struct wlpy_err *err)
{
    struct err e;

    err_set(&e, ERR_SETUP, "out of memory");
    return hand_over(&e, err);
}

/* ---- engines ---- */

/* Opening the cache is never a reason not to run. */
static void open_cache(struct wlpy_engine *e)
{
    char identity[512];
    struct err why;

    if (!e->config.cache_dir)
        return;
    ops->identity(&e->loader.settings, identity, sizeof identity);
    if (cache_open(e->config.cache_dir, identity, &e->cache, &why) < 0 && e->config.on_note)
        e->config.on_note(e->config.on_note_arg, why.text);
}

static int open_engine(struct wlpy_engine *e, struct err *err)
{
    /* All that can be called; the argument of each is the run's struct wasi (run_it). */
    static const struct host_calls *const calls = &wasi_calls;
    const struct wlpy_engine_config *c = &e->config;
    uint64_t stack = c->stack ? c->stack : LIMITS_DEFAULT_STACK;
    int r;

    if (stack < LIMITS_MIN_STACK || stack > LIMITS_MAX_STACK) {
        err_set(err, ERR_SETUP, "cannot give a stack of %zu bytes", c->stack);
        return err_hint(err, "it can be from 64K to 4G");
    }
    e->limits = (struct limits)LIMITS_DEFAULTS;
    if (c->compile_memory)
        e->limits.compile_memory = c->compile_memory;
    if (c->compile_seconds)
        e->limits.compile_seconds = c->compile_seconds;
    e->loader = (struct loader){.ops = ops,
                                .settings = {.quick = c->quick, .stoppable = c->stoppable, .stack = stack},
                                .compiler = c->compiler,
                                .limits = &e->limits,
                                .calls = calls,
                                .calls_n = 1,
                                .on_compile = c->on_compile,
                                .on_compile_arg = c->on_compile_arg,
                                .on_note = c->on_note,
                                .on_note_arg = c->on_note_arg};
    r = ops->open(&e->loader.settings, &e->engine, err);
    if (r < 0)
        return r;
    open_cache(e);
    e->loader.engine = e->engine;
    e->loader.cache = e->cache;
    return 0;
}

int wlpy_engine_new(const struct wlpy_engine_config *config, struct wlpy_engine **engine, struct wlpy_err *err)
{
    struct wlpy_engine *e = calloc(1, sizeof *e);
    struct err why;

    *engine = NULL;
    if (!e)
        return out_of_memory(err);
    e->config = *config;
    if (open_engine(e, &why) < 0) {
        wlpy_engine_free(e);
        return hand_over(&why, err);
    }
    *engine = e;
    return 0;
}

void wlpy_engine_free(struct wlpy_engine *e)
{
    if (!e)
        return;
    cache_close(e->cache);
    ops->close(e->engine);
    free(e);
}

int wlpy_compile(struct wlpy_engine *engine, const char *name, const void *wasm, size_t size, void **code,
                 size_t *code_size, struct wlpy_err *err)
{
    struct code *compiled = NULL;
    uint8_t *bytes = NULL;
    struct err why;
    int r = ops->compile(engine->engine, name, wasm, size, &compiled, &why);

    if (r == 0)
        r = ops->save(compiled, &bytes, code_size, &why);
    ops->free_code(compiled);
    *code = bytes;
    return r < 0 ? hand_over(&why, err) : 0;
}

/* ---- programs ---- */

static int load(struct wlpy_engine *engine, const char *file, bool for_snapshot, struct wlpy_program **program,
                struct wlpy_err *err)
{
    struct wlpy_program *p = calloc(1, sizeof *p);
    struct err why;

    *program = NULL;
    if (p)
        p->name = strdup(file);
    if (!p || !p->name) {
        free(p);
        return out_of_memory(err);
    }
    p->engine = engine;
    if (program_load(&p->program, &engine->loader, file, for_snapshot, &why) < 0) {
        free(p->name);
        free(p);
        return hand_over(&why, err);
    }
    *program = p;
    return 0;
}

int wlpy_program_load(struct wlpy_engine *engine, const char *file, struct wlpy_program **program, struct wlpy_err *err)
{
    return load(engine, file, false, program, err);
}

void wlpy_program_free(struct wlpy_program *p)
{
    if (!p)
        return;
    program_free(&p->program, ops);
    free(p->name);
    free(p);
}

/* ---- runs ---- */

/* One run, while it is prepared and done. */
struct job {
    struct wlpy_program *program;
    const struct wlpy_run_config *config;
    struct wlpy_result *result;
    struct limits limits;
    struct wasi wasi;
    struct net net;
    void *arguments[1]; /* for open_engine's tables of calls */
    struct engine_run run;
    struct control own; /* where the caller gives none */
    struct wasi_bytes in;
    struct wasi_buffer out, err_out;
    struct end end;
    struct err err;
    int status;
};

/* out: where it is collected; NULL: it is standard input. */
static int give_stream(struct job *j, const struct wlpy_stream *s, struct wasi_buffer *out)
{
    struct wasi_stream stream = {0};

    switch (s->kind) {
    case WLPY_FD:
        return grant_fd(&j->wasi, s->fd, true, &j->err);
    case WLPY_MEMORY:
        if (!out)
            j->in = (struct wasi_bytes){s->bytes, s->size};
        stream = out ? wasi_write_to(out) : wasi_read_from(&j->in);
        break;
    case WLPY_CALL:
        stream = (struct wasi_stream){out ? NULL : s->read, out ? s->write : NULL, s->arg};
        break;
    case WLPY_NOTHING:
        stream = out ? wasi_write_nothing() : wasi_read_nothing();
        break;
    }
    return wasi_give_stream(&j->wasi, &stream) < 0
               ? err_set(&j->err, ERR_SETUP, "cannot give a standard stream: %s", strerror(errno))
               : 0;
}

static int give_folders(struct job *j)
{
    const struct wlpy_run_config *c = j->config;
    struct folder *folders = calloc(c->folder_count + 1, sizeof *folders);
    int r;

    if (!folders)
        return err_set(&j->err, ERR_SETUP, "out of memory");
    for (size_t i = 0; i < c->folder_count; i++)
        folders[i] = (struct folder){c->folders[i].host, c->folders[i].guest, c->folders[i].read_only};
    r = grant_folders(&j->wasi, folders, c->folder_count, &j->err);
    free(folders);
    return r;
}

static int give_network(struct job *j)
{
    const struct wlpy_run_config *c = j->config;
    const struct net_config config = {
        .connect = c->net,
        .connect_n = c->net_count,
        .listen = c->net_listen,
        .listen_n = c->net_listen_count,
        .limits = {.sockets = c->limits.sockets, .received = c->limits.received, .sent = c->limits.sent},
        .refused = c->on_refusal,
        .arg = c->on_refusal_arg};

    return net_grant(&j->net, &j->wasi, &config, &j->err);
}

/* The directories come first: libc looks for them from descriptor 3 on, up to the first that is not one. */
static int grant(struct job *j)
{
    const struct wlpy_run_config *c = j->config;
    int r = give_stream(j, &c->in, NULL);

    if (r == 0)
        r = give_stream(j, &c->out, &j->out);
    if (r == 0)
        r = give_stream(j, &c->err, &j->err_out);
    if (r == 0)
        r = give_folders(j);
    if (r == 0)
        r = give_network(j);
    for (size_t i = 0; r == 0 && i < c->fd_count; i++)
        r = grant_fd(&j->wasi, c->fds[i], false, &j->err);
    return r;
}

static void *run_thread(void *arg)
{
    struct job *j = arg;

    j->status = ops->run(j->program->engine->engine, j->program->program.code, &j->run, &j->end, &j->err);
    return NULL;
}

/* On a thread of its own: the process's first thread has the stack that the shell's limits gave it. */
static int run_it(struct job *j)
{
    uint64_t stack = j->program->engine->loader.settings.stack;
    pthread_attr_t attr;
    pthread_t thread;
    int r;

    j->arguments[0] = &j->wasi;
    pthread_attr_init(&attr);
    r = pthread_attr_setstacksize(&attr, (size_t)stack + engine_spare_stack);
    if (r == 0)
        r = pthread_create(&thread, &attr, run_thread, j);
    pthread_attr_destroy(&attr);
    if (r != 0) {
        err_set(&j->err, ERR_SETUP, "cannot start a thread with a stack of %llu KiB: %s",
                (unsigned long long)stack >> 10, strerror(r));
        return err_hint(&j->err, "give a smaller --max-wasm-stack, or raise the limit of memory (ulimit -v)");
    }
    pthread_join(thread, NULL);
    return j->status;
}

static void fill_in(struct job *j)
{
    const struct wlpy_limits *l = &j->config->limits;

    j->limits = (struct limits)LIMITS_DEFAULTS;
    j->limits.deadline_ms = l->deadline_ms;
    if (l->memory)
        j->limits.memory = l->memory;
    if (l->output)
        j->limits.output = l->output;
    j->wasi.output_left = j->limits.output;
    control_init(&j->own);
    j->run.control = j->config->control ? &j->config->control->control : l->deadline_ms ? &j->own : NULL;
}

static void tell(const struct job *j)
{
    static const enum wlpy_end kinds[] = {[END_EXITED] = WLPY_EXITED,
                                          [END_TRAPPED] = WLPY_TRAPPED,
                                          [END_OUTPUT] = WLPY_OUTPUT,
                                          [END_DEADLINE] = WLPY_DEADLINE,
                                          [END_CANCELLED] = WLPY_CANCELLED};
    struct wlpy_result *r = j->result;

    r->end = kinds[j->end.kind];
    r->status = j->end.status;
    r->returned = j->end.kind == END_EXITED && !j->end.left;
    r->interrupts = j->end.interrupts;
    memcpy(r->text, j->end.text, sizeof r->text);
    memcpy(r->hint, j->end.hint, sizeof r->hint);
}

static int run_job(struct job *j, struct wlpy_err *err)
{
    int r;

    memset(j->result, 0, sizeof *j->result);
    fill_in(j);
    r = grant(j);
    if (r == 0)
        r = run_it(j);
    wasi_free(&j->wasi);
    net_free(&j->net);
    j->result->backtrace = j->run.trace;
    j->result->out = (char *)j->out.at;
    j->result->out_size = j->out.n;
    j->result->err = (char *)j->err_out.at;
    j->result->err_size = j->err_out.n;
    if (r < 0)
        return hand_over(&j->err, err);
    tell(j);
    return 0;
}

static void prepare(struct job *j, struct wlpy_program *program, const struct wlpy_run_config *config,
                    struct wlpy_result *result)
{
    *j = (struct job){
        .program = program,
        .config = config,
        .result = result,
        .wasi = {.args = config->argv, .args_n = config->argc, .environ = config->env, .environ_n = config->envc},
        .run = {.name = program->name, .backtrace = config->backtrace}};
    j->run.wasi = &j->wasi;
    j->run.limits = &j->limits;
    j->run.arguments = j->arguments;
}

int wlpy_run(struct wlpy_program *program, const struct wlpy_run_config *config, struct wlpy_result *result,
             struct wlpy_err *err)
{
    struct job j;

    prepare(&j, program, config, result);
    return run_job(&j, err);
}

int wlpy_snapshot(struct wlpy_engine *engine, const char *file, const char *entry, const char *out,
                  const struct wlpy_run_config *config, struct wlpy_result *result, struct wlpy_err *err)
{
    struct wlpy_program *program;
    struct job j;
    int r;

    memset(result, 0, sizeof *result);
    r = load(engine, file, true, &program, err);
    if (r < 0)
        return r;
    prepare(&j, program, config, result);
    j.run.entry = entry;
    j.run.snapshot = out;
    j.run.bytes = &program->program.bytes;
    r = run_job(&j, err);
    wlpy_program_free(program);
    return r;
}

void wlpy_result_free(struct wlpy_result *result)
{
    free(result->backtrace);
    free(result->out);
    free(result->err);
    result->backtrace = result->out = result->err = NULL;
}

/* ---- reaching a run from outside ---- */

struct wlpy_control *wlpy_control_new(void)
{
    struct wlpy_control *c = malloc(sizeof *c);

    if (c)
        control_init(&c->control);
    return c;
}

void wlpy_control_free(struct wlpy_control *control)
{
    free(control);
}

enum wlpy_answer wlpy_interrupt(struct wlpy_control *control)
{
    static const enum wlpy_answer answers[] = {
        [CONTROL_GIVEN] = WLPY_GIVEN, [CONTROL_NONE] = WLPY_NOBODY, [CONTROL_STUCK] = WLPY_UNHEEDED};

    return answers[control_interrupt(&control->control)];
}

void wlpy_cancel(struct wlpy_control *control)
{
    control_cancel(&control->control);
}
