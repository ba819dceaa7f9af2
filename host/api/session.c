/* Sessions. */
#include "api/session.h"

#include "api/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TEXT = 1 << 20, ROOM = 1 << 16, MOST_REQUEST = 1 << 30 };

/* ---- calling it ---- */

int session_call(struct wlpy_session *s, enum session_what what, uint32_t size)
{
    struct job *j = &s->job;
    int r;

    s->call = (struct session_call){.what = what, .size = size};
    r = s->native ? runtime_call(s->native, &s->call, &j->end, &j->err)
                  : api_ops->call_session(s->instance, &j->end, &j->err);
    s->alive = r == 0 && j->end.kind == END_EXITED && !j->end.left;
    return r;
}

static int start(struct job *j)
{
    return session_call(session_of(j), SESSION_START, 0);
}

bool session_enter(struct wlpy_session *s, struct wlpy_err *err)
{
    struct err why;

    if (!atomic_exchange(&s->busy, true))
        return true;
    /* (What job.err says belongs to the thread that uses it.) */
    err_set(&why, ERR_SETUP, "cannot use the session: it is evaluating something");
    api_err(&why, err);
    return false;
}

void session_leave(struct wlpy_session *s)
{
    atomic_store(&s->busy, false);
}

/* ---- beginning and end ---- */

struct wlpy_session *session_new(const struct wlpy_run_config *config)
{
    struct wlpy_session *s = calloc(1, sizeof *s);

    if (s)
        kept_take(&s->kept, config, &s->job.err);
    return s;
}

int session_prepare(struct wlpy_session *s, struct wlpy_program *program)
{
    struct job *j = &s->job;
    int r = job_prepare(j, program, &s->kept.config, NULL);

    if (r < 0)
        return r;
    if (!j->run.control)
        j->run.control = &j->own;
    j->run.session = &s->call;
    s->deadline_ms = j->given.deadline_ms;
    s->cpu_ms = j->given.cpu_ms;
    s->grace_ms = j->limits.grace_ms;
    /* (Python cannot survive an interrupt at its start.) */
    j->limits.grace_ms = 0;
    j->limits.processes = 0;
    s->runtime = (struct runtime){
        .name = program->name, .limits = &j->limits, .wasi = &j->wasi, .control = j->run.control, .stoppable = true};
    return 0;
}

int session_deliver(int r, struct wlpy_session *s, struct wlpy_session **session, struct wlpy_err *err)
{
    *session = NULL;
    if (!s)
        return api_out_of_memory(err);
    if (r < 0) {
        api_err(&s->job.err, err);
        wlpy_session_free(s);
        return r;
    }
    *session = s;
    return 0;
}

static int open_it(struct wlpy_session *s)
{
    struct job *j = &s->job;
    struct wlpy_program *p = j->program;

    if (p->native)
        s->native = runtime_open(p->native, &s->runtime, &j->err);
    else
        s->instance = api_ops->open_session(p->engine->engine, p->program.code, &j->run, &j->err);
    return s->native || s->instance ? 0 : -(int)j->err.code;
}

const char *session_last_line(const struct wlpy_session *s, int *n)
{
    const char *text = (const char *)s->job.err_out.at;
    size_t end = s->job.err_out.n, from;

    while (end && text[end - 1] == '\n')
        end--;
    for (from = end; from && text[from - 1] != '\n';)
        from--;
    *n = (int)(end - from);
    return end ? text + from : "";
}

/* Why there is no interpreter. */
static int tell_no_start(struct wlpy_session *s)
{
    struct job *j = &s->job;
    int n;
    const char *line = session_last_line(s, &n);

    if (j->end.kind != END_EXITED)
        return err_set(&j->err, ERR_SETUP, "cannot start a session of %s: %s", j->program->name, j->end.text);
    return err_set(&j->err, ERR_SETUP, "cannot start a session of %s: it ended with status %d%s%.*s", j->program->name,
                   j->end.left ? j->end.status : (int)s->call.answer, n ? ": " : "", n, line);
}

static void take_output(struct job *j, struct wlpy_value *v)
{
    if (v) {
        v->out = (char *)j->out.at;
        v->out_size = j->out.n;
        v->err = (char *)j->err_out.at;
        v->err_size = j->err_out.n;
    } else {
        free(j->out.at);
        free(j->err_out.at);
    }
    j->out = j->err_out = (struct wasi_buffer){0};
}

static int begin(struct wlpy_session *s, struct wlpy_program *program)
{
    struct job *j = &s->job;
    int r = -(int)j->err.code;

    if (r == 0)
        r = session_prepare(s, program);
    if (r == 0)
        r = job_grant(j);
    if (r == 0)
        r = open_it(s);
    if (r == 0)
        r = job_do(j, start);
    if (r == 0 && (!s->alive || s->call.answer != 0))
        r = tell_no_start(s);
    take_output(j, NULL);
    return r;
}

int wlpy_session_new(struct wlpy_program *program, const struct wlpy_run_config *config, struct wlpy_session **session,
                     struct wlpy_err *err)
{
    struct wlpy_session *s;

    if (!program || !session)
        return api_null(program ? "the place for a session" : "a program", err);
    s = session_new(config);
    return session_deliver(s ? begin(s, program) : 0, s, session, err);
}

void wlpy_session_free(struct wlpy_session *s)
{
    if (!s)
        return;
    runtime_close(s->native);
    if (s->instance)
        api_ops->close_session(s->instance);
    job_release(&s->job);
    free(s->job.run.trace);
    take_output(&s->job, NULL);
    for (size_t i = 0; i < s->own_files; i++)
        wlpy_files_free(s->kept.config.dirs[i].files);
    kept_free(&s->kept);
    free(s);
}

/* ---- an evaluation ---- */

/* Writes a part of the request; at NULL: only counts. */
static size_t put_part(uint8_t *at, char kind, const char *bytes, size_t n)
{
    if (at) {
        at[0] = (uint8_t)kind;
        for (int i = 0; i < 4; i++)
            at[1 + i] = (uint8_t)(n >> 8 * i);
        memcpy(at + 5, bytes, n);
    }
    return 5 + n;
}

struct request {
    const struct wlpy_eval *eval;
    char name[32], limit[24];
};

static size_t put_request(uint8_t *at, const struct request *q)
{
    const char *name = q->eval->name ? q->eval->name : q->name;
    size_t n = put_part(at, SESSION_NAME, name, strlen(name));

    n += put_part(at ? at + n : NULL, SESSION_LIMIT, q->limit, strlen(q->limit));
    return n + put_part(at ? at + n : NULL, SESSION_CODE, q->eval->code, q->eval->code_size);
}

/* For job_do(), which gives no argument. */
struct evaluation {
    struct request request;
    struct wlpy_value *value;
    size_t most_text, most_answer;
};

static int answer_is_wrong(struct job *j, const char *what)
{
    j->end.kind = END_TRAPPED;
    j->end.status = STATUS_TRAPPED;
    snprintf(j->end.text, sizeof j->end.text, "its answer %s", what);
    return 0;
}

static uint32_t load_word(struct guest_memory m, uint32_t at)
{
    return (uint32_t)wasi_load(m, at, 4);
}

static int read_answer(struct wlpy_session *s, struct evaluation *e)
{
    struct guest_memory m = wasi_memory(&s->job.wasi);
    uint32_t at = s->call.answer, size;

    s->alive = false;
    if (!wasi_inside(m, at, 8) || !wasi_inside(m, load_word(m, at), load_word(m, at + 4)))
        return answer_is_wrong(&s->job, "is not in its memory");
    size = load_word(m, at + 4);
    if (size > e->most_answer)
        return answer_is_wrong(&s->job, "is too large");
    if (!value_read(e->value, m.base + load_word(m, at), size, e->most_text))
        return answer_is_wrong(&s->job, "cannot be read");
    s->alive = true;
    return 0;
}

static int evaluate(struct job *j)
{
    struct wlpy_session *s = session_of(j);
    struct evaluation *e = j->what_arg;
    size_t n = put_request(NULL, &e->request);
    struct guest_memory m;
    int r;

    if (n > s->room_n) {
        r = session_call(s, SESSION_ROOM, (uint32_t)(n < ROOM ? ROOM : n));
        if (r < 0 || !s->alive)
            return r;
        if (!s->call.answer)
            return err_set(&j->err, ERR_SETUP, "cannot evaluate %zu bytes of code: the session has no memory for them",
                           e->request.eval->code_size);
        s->room = s->call.answer;
        s->room_n = (uint32_t)(n < ROOM ? ROOM : n);
    }
    m = wasi_memory(&j->wasi);
    if (!wasi_inside(m, s->room, n)) {
        s->alive = false;
        return answer_is_wrong(j, "is not in its memory");
    }
    put_request(m.base + s->room, &e->request);
    r = session_call(s, SESSION_EVAL, (uint32_t)n);
    return r < 0 || !s->alive ? r : read_answer(s, e);
}

static void set_time(struct wlpy_session *s, const struct wlpy_eval *e)
{
    struct job *j = &s->job;

    job_set_time(&j->limits, e->deadline_ms ? e->deadline_ms : s->deadline_ms, e->cpu_ms ? e->cpu_ms : s->cpu_ms);
    j->limits.grace_ms = e->grace_ms ? e->grace_ms : s->grace_ms;
    j->wasi.output_left = j->limits.output;
}

static void tell(const struct wlpy_session *s, struct wlpy_value *v)
{
    const struct job *j = &s->job;

    v->alive = s->alive;
    v->end = job_end(j);
    if (!s->alive)
        v->status = j->end.status;
    else if (j->run.control->graced && j->limits.deadline_ms)
        v->end = WLPY_DEADLINE;
    v->interrupts = j->end.interrupts;
    v->memory = j->end.memory;
    v->wall_ns = j->result.wall_ns;
    v->cpu_ns = j->result.cpu_ns;
    memcpy(v->text, j->end.text, sizeof v->text);
    memcpy(v->hint, j->end.hint, sizeof v->hint);
}

static int do_eval(struct wlpy_session *s, const struct wlpy_eval *eval, struct wlpy_value *v)
{
    size_t most = eval->most_text ? eval->most_text : DEFAULT_TEXT;
    struct evaluation e = {.request = {.eval = eval},
                           .value = v,
                           .most_text = most,
                           .most_answer = most > SIZE_MAX / 64 ? SIZE_MAX : 32 * most + (1 << 20)};
    struct job *j = &s->job;
    int r;

    if (!s->alive) {
        err_set(&j->err, ERR_SETUP, "cannot evaluate: the session has ended");
        return err_hint(&j->err, "start another one");
    }
    if (!eval->code || eval->code_size > MOST_REQUEST)
        return err_set(&j->err, ERR_SETUP, "cannot evaluate %zu bytes of code%s", eval->code_size,
                       eval->code ? "" : " at NULL");
    snprintf(e.request.name, sizeof e.request.name, "<cell %u>", s->cells += !eval->name);
    snprintf(e.request.limit, sizeof e.request.limit, "%zu", most);
    set_time(s, eval);
    j->what_arg = &e;
    r = job_do(j, evaluate);
    take_output(j, v);
    if (r == 0)
        tell(s, v);
    return r;
}

int wlpy_session_eval(struct wlpy_session *session, const struct wlpy_eval *eval, struct wlpy_value *value,
                      struct wlpy_err *err)
{
    struct wlpy_value own;
    struct wlpy_eval given;
    struct err *why;
    size_t size;
    int r;

    if (!session || !value)
        return api_null(session ? "a wlpy_value" : "a session", err);
    why = &session->job.err;
    size = value->size;
    if (!session_enter(session, err))
        return -WLPY_E_SETUP;
    r = api_take(&own, sizeof own, value, "wlpy_value", why);
    if (r == 0)
        r = api_take(&given, sizeof given, eval, "wlpy_eval", why);
    if (r == 0) {
        own = (struct wlpy_value){.size = size};
        r = do_eval(session, &given, &own);
        memcpy(value, &own, size < sizeof own ? size : sizeof own);
    }
    if (r < 0)
        api_err(why, err);
    session_leave(session);
    return r;
}
