#include "sandbox.h"

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sandbox_session {
    struct sandbox *sandbox;
    char *name; /* NULL: a fresh one */
    struct wlpy_session *session;
    struct wlpy_control *control;
    unsigned waiting; /* threads that want it */
    bool used, dropped, ended;
    atomic_bool cancelled; /* it takes effect on the next evaluation, if it comes too late for this one */
    uint64_t left_ms;      /* when it was used last */
    /* For one evaluation: */
    const struct sandbox_code *code;
    struct sandbox_result *result;
    struct sandbox_session *next;
};

struct sandbox {
    struct sandbox_config config;
    struct wlpy_engine *engine;
    struct wlpy_program *program;
    struct wlpy_files *files, *data; /* of the warm session: empty */
    struct wlpy_session *warm;
    pthread_mutex_t lock;      /* of the list, and of what its sessions say */
    pthread_mutex_t warm_lock; /* a session is copied by one thread at a time */
    pthread_cond_t left;
    struct sandbox_session *list;
    size_t n;
    void (*on_wait)(void *arg, bool begins);
    void *on_wait_arg;
    unsigned long long names; /* that were made up */
    atomic_ullong evaluations, failures, deadlines, started;
};

static int fails(struct wlpy_err *err, const char *text, const char *hint)
{
    err->code = WLPY_E_SETUP;
    snprintf(err->text, sizeof err->text, "%s", text);
    snprintf(err->hint, sizeof err->hint, "%s", hint);
    return -WLPY_E_SETUP;
}

/* ---- the warm session ---- */

static bool is_native(const char *file)
{
    size_t n = strlen(file);

    return n < 5 || strcmp(file + n - 5, ".wasm") != 0;
}

static int load(struct sandbox *s, struct wlpy_err *err)
{
    const struct wlpy_engine_config config = {.size = sizeof config, .cache_dir = s->config.cache_dir};
    int r = wlpy_engine_new(&config, &s->engine, err);

    if (r < 0)
        return r;
    return is_native(s->config.program) ? wlpy_program_load_native(s->engine, s->config.program, &s->program, err)
                                        : wlpy_program_load(s->engine, s->config.program, &s->program, err);
}

static int warm_up(struct sandbox *s, struct wlpy_err *err)
{
    static const char *const argv[] = {"python"}, *const env[] = {"HOME=" SANDBOX_FILES, "MPLBACKEND=agg"};
    static const char code[] = "import os; os.chdir('" SANDBOX_FILES "'); del os";
    const struct wlpy_dir dirs[] = {{.guest = SANDBOX_FILES, .files = s->files},
                                    {.guest = SANDBOX_DATA, .files = s->data}};
    /* (What its files have at any time is limited by their directories.) */
    const struct wlpy_limits limits = {.size = sizeof limits,
                                       .memory = s->config.memory,
                                       .output = s->config.output,
                                       .file_bytes = WLPY_UNLIMITED,
                                       .files = WLPY_UNLIMITED,
                                       .lookups = 10000,
                                       .received = 1 << 30,
                                       .sent = 1 << 30};
    const struct wlpy_run_config config = {.size = sizeof config,
                                           .argv = argv,
                                           .argc = 1,
                                           .env = env,
                                           .envc = 2,
                                           .dirs = dirs,
                                           .dir_count = 2,
                                           .out = {.kind = WLPY_MEMORY},
                                           .err = {.kind = WLPY_MEMORY},
                                           .net = s->config.net,
                                           .net_count = s->config.net_count,
                                           .limits = &limits};
    const struct wlpy_eval eval = {.size = sizeof eval, .code = code, .code_size = sizeof code - 1, .name = "<start>"};
    struct wlpy_value value = {.size = sizeof value};
    int r = wlpy_session_new(s->program, &config, &s->warm, err);

    if (r == 0)
        r = wlpy_session_eval(s->warm, &eval, &value, err);
    if (r == 0 && (!value.alive || value.type))
        r = fails(err, value.type ? value.message : value.text, "");
    wlpy_value_free(&value);
    return r;
}

int sandbox_new(const struct sandbox_config *config, struct sandbox **sandbox, struct wlpy_err *err)
{
    struct sandbox *s = calloc(1, sizeof *s);
    int r;

    *sandbox = NULL;
    if (!s)
        return fails(err, "out of memory", "");
    s->config = *config;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->warm_lock, NULL);
    pthread_cond_init(&s->left, NULL);
    s->files = wlpy_files_new(config->files, 0);
    s->data = wlpy_files_new(config->files, 0);
    r = s->files && s->data ? load(s, err) : fails(err, "out of memory", "");
    if (r == 0)
        r = warm_up(s, err);
    if (r < 0) {
        sandbox_free(s);
        return r;
    }
    *sandbox = s;
    return 0;
}

/* ---- sessions ---- */

static void free_session(struct sandbox_session *x)
{
    wlpy_session_free(x->session);
    wlpy_control_free(x->control);
    free(x->name);
    free(x);
}

void sandbox_free(struct sandbox *s)
{
    if (!s)
        return;
    while (s->list) {
        struct sandbox_session *x = s->list;

        s->list = x->next;
        free_session(x);
    }
    wlpy_session_free(s->warm);
    wlpy_program_free(s->program);
    wlpy_engine_free(s->engine);
    wlpy_files_free(s->files);
    wlpy_files_free(s->data);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->warm_lock);
    pthread_cond_destroy(&s->left);
    free(s);
}

static ssize_t take_output(const struct sandbox_session *x, bool to_stderr, const void *bytes, size_t n)
{
    struct sandbox_result *r = x->result;

    if (!buffer_add(to_stderr ? &r->err : &r->out, bytes, n)) {
        errno = ENOMEM;
        return -1;
    }
    if (x->code->on_output)
        x->code->on_output(x->code->on_output_arg, to_stderr, bytes, n);
    return (ssize_t)n;
}

static ssize_t take_out(void *session, const void *bytes, size_t n)
{
    return take_output(session, false, bytes, n);
}

static ssize_t take_err(void *session, const void *bytes, size_t n)
{
    return take_output(session, true, bytes, n);
}

static struct sandbox_session *new_session(struct sandbox *s, const char *name, struct wlpy_err *err)
{
    struct sandbox_session *x = calloc(1, sizeof *x);
    struct wlpy_run_config config = {.size = sizeof config,
                                     .out = {.kind = WLPY_CALL, .write = take_out, .arg = x},
                                     .err = {.kind = WLPY_CALL, .write = take_err, .arg = x}};
    int r = -1;

    if (x) {
        x->sandbox = s;
        x->control = wlpy_control_new();
        x->name = name ? strdup(name) : NULL;
    }
    if (!x || !x->control || (name && !x->name)) {
        fails(err, "out of memory", "");
    } else {
        config.control = x->control;
        pthread_mutex_lock(&s->warm_lock);
        r = wlpy_session_fork(s->warm, &config, &x->session, err);
        pthread_mutex_unlock(&s->warm_lock);
    }
    if (r == 0) {
        atomic_fetch_add(&s->started, 1);
        return x;
    }
    if (x)
        free_session(x);
    return NULL;
}

static void unlink_session(struct sandbox *s, const struct sandbox_session *x)
{
    struct sandbox_session **at = &s->list;

    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
    s->n--;
}

static struct sandbox_session *find(struct sandbox *s, const char *name)
{
    struct sandbox_session *x = s->list;

    while (x && (x->dropped || strcmp(x->name, name) != 0))
        x = x->next;
    return x;
}

/* Ends the one that nobody has used for the longest time, if that is long enough. The lock is held. */
static bool make_room(struct sandbox *s)
{
    struct sandbox_session *oldest = NULL;
    uint64_t now = clock_ms();

    for (struct sandbox_session *x = s->list; x; x = x->next)
        if (!x->used && !x->waiting && (!oldest || x->left_ms < oldest->left_ms))
            oldest = x;
    if (!oldest || !s->config.idle_ms || now - oldest->left_ms < s->config.idle_ms)
        return false;
    unlink_session(s, oldest);
    free_session(oldest);
    return true;
}

/* The lock is held, also while it starts: it is copied in a fraction of a millisecond. */
static struct sandbox_session *add(struct sandbox *s, const char *name, struct wlpy_err *err)
{
    struct sandbox_session *x;

    if (s->n >= s->config.sessions && !make_room(s)) {
        fails(err, "there are too many sessions",
              "end one that is not needed, or wait until one has not been used for some time");
        return NULL;
    }
    x = new_session(s, name, err);
    if (!x)
        return NULL;
    x->left_ms = clock_ms();
    x->next = s->list;
    s->list = x;
    s->n++;
    return x;
}

static bool is_name(const char *name, struct wlpy_err *err)
{
    if (*name && strlen(name) < SANDBOX_NAME)
        return true;
    fails(err, "a session's name has from 1 to 100 bytes", "");
    return false;
}

enum sandbox_start sandbox_start(struct sandbox *s, const char *name, char made[SANDBOX_NAME], struct wlpy_err *err)
{
    enum sandbox_start result = SANDBOX_TAKEN;

    if (name && !is_name(name, err))
        return SANDBOX_BAD_NAME;
    pthread_mutex_lock(&s->lock);
    do
        snprintf(made, SANDBOX_NAME, "session-%llu", name ? 0 : ++s->names);
    while (!name && find(s, made));
    if (name)
        strcpy(made, name);
    if (find(s, made))
        fails(err, "there is a session of that name", "use another name, or none");
    else
        result = add(s, made, err) ? SANDBOX_STARTED : SANDBOX_FULL;
    pthread_mutex_unlock(&s->lock);
    return result;
}

void sandbox_on_wait(struct sandbox *s, void (*on_wait)(void *arg, bool begins), void *arg)
{
    s->on_wait = on_wait;
    s->on_wait_arg = arg;
}

/* Waits for a session; false: it is over meanwhile. The lock is held. */
static bool wait_for(struct sandbox *s, struct sandbox_session *x)
{
    if (x->used && s->on_wait)
        s->on_wait(s->on_wait_arg, true);
    x->waiting++;
    while (x->used)
        pthread_cond_wait(&s->left, &s->lock);
    x->waiting--;
    x->used = !x->dropped;
    if (x->used || x->waiting)
        return x->used;
    unlink_session(s, x);
    free_session(x);
    return false;
}

static struct sandbox_session *enter_named(struct sandbox *s, bool create, const char *name, struct wlpy_err *err)
{
    struct sandbox_session *x;

    if (create && !is_name(name, err))
        return NULL;
    pthread_mutex_lock(&s->lock);
    do
        x = find(s, name);
    while (x && !wait_for(s, x));
    if (!x && create)
        x = add(s, name, err);
    else if (!x)
        fails(err, "there is no such session", "start it, or use a name that exists");
    if (x)
        x->used = true;
    pthread_mutex_unlock(&s->lock);
    if (s->on_wait)
        s->on_wait(s->on_wait_arg, false);
    return x;
}

struct sandbox_session *sandbox_enter(struct sandbox *s, enum sandbox_use use, const char *name, struct wlpy_err *err)
{
    return use == SANDBOX_FRESH ? new_session(s, NULL, err) : enter_named(s, use == SANDBOX_NAMED, name, err);
}

void sandbox_leave(struct sandbox *s, struct sandbox_session *x)
{
    bool last;

    if (!x->name) {
        free_session(x);
        return;
    }
    pthread_mutex_lock(&s->lock);
    x->used = false;
    x->left_ms = clock_ms();
    if (x->ended || atomic_load(&x->cancelled))
        x->dropped = true;
    last = x->dropped && !x->waiting;
    if (last)
        unlink_session(s, x);
    pthread_cond_broadcast(&s->left);
    pthread_mutex_unlock(&s->lock);
    if (last)
        free_session(x);
}

/* In ms; 0: none. */
static uint64_t deadline(const struct sandbox *s, double seconds)
{
    uint64_t most = s->config.deadline_ms;

    if (!(seconds > 0) || seconds > (most ? (double)most / 1000 : 1e9))
        return most;
    return (uint64_t)(seconds * 1000) + 1;
}

int sandbox_eval(struct sandbox_session *x, const struct sandbox_code *code, struct sandbox_result *result,
                 struct wlpy_err *err)
{
    struct sandbox *s = x->sandbox;
    const struct wlpy_eval eval = {.size = sizeof eval,
                                   .code = code->text,
                                   .code_size = code->size,
                                   .name = code->name,
                                   .deadline_ms = deadline(s, code->seconds)};
    struct wlpy_value *value = &result->value;
    int r;

    *result = (struct sandbox_result){.value = {.size = sizeof *value}};
    x->code = code;
    x->result = result;
    r = wlpy_session_eval(x->session, &eval, value, err);

    atomic_fetch_add(&s->evaluations, 1);
    x->ended = r < 0 || !value->alive;
    if (r < 0 || value->status != 0 || value->end != WLPY_EXITED)
        atomic_fetch_add(&s->failures, 1);
    if (r == 0 && value->end == WLPY_DEADLINE)
        atomic_fetch_add(&s->deadlines, 1);
    return r;
}

void sandbox_result_free(struct sandbox_result *result)
{
    wlpy_value_free(&result->value);
    free(result->out.at);
    free(result->err.at);
}

void sandbox_interrupt(struct sandbox_session *x)
{
    wlpy_interrupt(x->control);
}

void sandbox_cancel(struct sandbox_session *x)
{
    atomic_store(&x->cancelled, true);
    wlpy_cancel(x->control);
}

struct wlpy_files *sandbox_files(struct sandbox_session *x, const char *directory)
{
    return wlpy_session_files(x->session, directory);
}

bool sandbox_drop(struct sandbox *s, const char *name)
{
    struct sandbox_session *x;
    bool last = false, found;

    pthread_mutex_lock(&s->lock);
    x = find(s, name);
    found = x != NULL;
    if (x) {
        x->dropped = true;
        last = !x->used && !x->waiting;
        if (last)
            unlink_session(s, x);
    }
    pthread_mutex_unlock(&s->lock);
    if (last)
        free_session(x);
    return found;
}

void sandbox_list(struct sandbox *s, void (*each)(void *arg, const char *name), void *arg)
{
    pthread_mutex_lock(&s->lock);
    for (struct sandbox_session *x = s->list; x; x = x->next)
        if (!x->dropped)
            each(arg, x->name);
    pthread_mutex_unlock(&s->lock);
}

void sandbox_count(struct sandbox *s, struct sandbox_counts *counts)
{
    *counts = (struct sandbox_counts){.evaluations = atomic_load(&s->evaluations),
                                      .failures = atomic_load(&s->failures),
                                      .deadlines = atomic_load(&s->deadlines),
                                      .started = atomic_load(&s->started)};
    pthread_mutex_lock(&s->lock);
    counts->sessions = s->n;
    pthread_mutex_unlock(&s->lock);
}
