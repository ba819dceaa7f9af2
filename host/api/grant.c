/* What a run's configuration gives to its guest. */
#include "api/run.h"

#include "core/grant.h"
#include "door/door.h"
#include "wasi/lock.h"
#include "wasi/space.h"
#include "wasi/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    default:
        return err_set(&j->err, ERR_SETUP, "cannot give a standard stream of the unknown kind %d", (int)s->kind);
    }
    if (wasi_give_stream(&j->wasi, &stream) >= 0)
        return 0;
    return err_set(&j->err, ERR_SETUP, "cannot give a standard stream: %s", strerror(errno));
}

/* A directory in memory is for one run at a time. */
static int take_files(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;

    for (; j->files_taken < c->dir_count; j->files_taken++) {
        struct wlpy_files *f = c->dirs[j->files_taken].files;

        if (f && atomic_exchange(&f->used, true))
            return err_set(&j->err, ERR_SETUP, "cannot grant files in memory as %s: another run has them",
                           c->dirs[j->files_taken].guest);
        if (f) {
            f->tree->clock = j->wasi.fixed ? &j->wasi.fixed->now : NULL;
            f->tree->clock_ns = j->wasi.clock_ns;
        }
    }
    return 0;
}

static void leave_files(struct job *j)
{
    while (j->files_taken > 0) {
        struct wlpy_files *f = j->config.dirs[--j->files_taken].files;

        if (f) {
            f->tree->clock = NULL;
            f->tree->clock_ns = 0;
            atomic_store(&f->used, false);
        }
    }
}

static bool is_hidden(const struct wlpy_dir *folders, size_t n, size_t i)
{
    for (size_t k = i + 1; k < n; k++)
        if (!strcmp(folders[i].guest, folders[k].guest))
            return true;
    return false;
}

static int give_folders(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;
    int r = take_files(j);

    for (size_t i = 0; r == 0 && i < c->dir_count; i++) {
        const struct wlpy_dir *f = &c->dirs[i];
        const struct folder one = {f->host, f->guest, f->read_only};

        if (is_hidden(c->dirs, c->dir_count, i))
            continue;
        if (!f->files)
            r = grant_folders(&j->wasi, &one, 1, &j->err);
        else if (wasi_give_tree(&j->wasi, f->files->tree, f->guest, f->read_only) < 0)
            r = err_set(&j->err, ERR_SETUP, "cannot grant files in memory as %s: %s", f->guest, strerror(errno));
    }
    return r;
}

struct refusal {
    const struct wlpy_run_config *config;
    const char *line;
};

static void tell_refusal(void *arg)
{
    const struct refusal *r = arg;

    r->config->on_refusal(r->config->on_refusal_arg, r->line);
}

static void refused(void *arg, const char *line)
{
    const struct job *j = arg;
    struct refusal r = {&j->config, line};

    wasi_aside(&j->wasi, tell_refusal, &r);
}

static bool is_set_by(const char *variable, const char *const *others, size_t n)
{
    const size_t name = strcspn(variable, "=");

    for (size_t i = 0; i < n; i++)
        if (!strncmp(variable, others[i], name) && others[i][name] == '=')
            return true;
    return false;
}

/* The guest's variables: the caller's, and those of the secrets. */
static int give_variables(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;
    size_t n, given = 0;
    const char *const *secrets = doors_variables(j->doors, &n);

    j->environ = calloc(c->envc + n, sizeof *j->environ);
    if (!j->environ)
        return err_set(&j->err, ERR_SETUP, "out of memory");
    for (size_t i = 0; i < c->envc; i++)
        if (!is_set_by(c->env[i], secrets, n))
            j->environ[given++] = c->env[i];
    for (size_t i = 0; i < n; i++)
        j->environ[given++] = secrets[i];
    j->wasi.environ = j->environ;
    j->wasi.environ_n = given;
    return 0;
}

static int open_doors(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;
    struct net_secret *secrets = calloc(c->secret_count, sizeof *secrets);
    const char *at = (const char *)c->secrets;
    struct wlpy_secret one;
    int r = 0;

    if (!secrets)
        return err_set(&j->err, ERR_SETUP, "out of memory");
    for (size_t i = 0; r == 0 && i < c->secret_count; i++) {
        r = api_take(&one, sizeof one, at, "wlpy_secret", &j->err);
        if (r == 0 && (!one.name || !one.value || !one.host))
            r = err_set(&j->err, ERR_SETUP, "cannot use a wlpy_secret without a name, a value or a host");
        if (r == 0)
            secrets[i] = (struct net_secret){one.name, one.value, one.host};
        if (r == 0)
            at += ((const struct wlpy_secret *)(const void *)at)->size;
    }
    if (r == 0 && !(j->doors = doors_new(secrets, c->secret_count, c->certificates, &j->err)))
        r = -ERR_SETUP;
    free(secrets);
    return r < 0 ? r : give_variables(j);
}

static int give_network(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;
    int r = c->secret_count && !c->child ? open_doors(j) : 0;
    const struct net_config config = {
        .connect = c->net,
        .connect_n = c->net_count,
        .listen = c->net_listen,
        .listen_n = c->net_listen_count,
        .limits = {.sockets = j->given.sockets == WLPY_UNLIMITED ? 0 : j->given.sockets,
                   .listening = j->given.listening == WLPY_UNLIMITED ? 0 : j->given.listening,
                   .lookups = j->given.lookups,
                   .received = j->given.received,
                   .sent = j->given.sent},
        .gate = j->doors ? doors_gate(j->doors) : NULL,
        .refused = c->on_refusal ? refused : NULL,
        .arg = j};

    if (r < 0 || (!c->net_count && !c->net_listen_count && !j->doors))
        return r;
    j->net = calloc(1, sizeof *j->net);
    return j->net ? net_grant(j->net, &j->wasi, &config, &j->err) : err_set(&j->err, ERR_SETUP, "out of memory");
}

/* From here on the configuration has the copies. */
static int give_functions(struct job *j)
{
    struct wlpy_run_config *c = &j->config;
    int r = function_list_take(&j->list, c->functions, c->function_count, &j->err);

    if (r < 0)
        return r;
    c->functions = j->list.at;
    j->functions = functions_serve(&j->wasi, &j->list, j->given.host_calls, &j->err);
    return j->functions ? 0 : -ERR_SETUP;
}

/* Whether it has no limit but those that several processes can share. */
static bool shares_limits(const struct job *j)
{
    const struct wlpy_limits *l = &j->given;
    const uint64_t of_one[] = {l->descriptors, l->file_bytes, l->files, l->lookups, l->received, l->sent};

    for (size_t i = 0; i < sizeof of_one / sizeof *of_one; i++)
        if (of_one[i] != WLPY_UNLIMITED)
            return false;
    return !j->limits.cpu_ms && !j->wasi.fixed && !j->wasi.clock_ns;
}

/* Processes, where every limit can hold for all of them. */
static int serve_processes(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;
    struct family_config config = {.most = (unsigned)j->limits.processes,
                                   .command = c->child_command,
                                   .command_n = c->child_command_count,
                                   .fds = c->child_fds,
                                   .fds_n = c->child_fd_count < FAMILY_MOST_OWN ? c->child_fd_count : FAMILY_MOST_OWN,
                                   .limits = &j->limits,
                                   .takes = c->child_signals,
                                   .start = c->child ? c->child->start : NULL};

    if (!j->limits.processes || c->child_command_count < 2 || !shares_limits(j))
        return 0;
    if (!j->program->native) {
        j->code = program_code(&j->program->program, &j->program->engine->loader, &j->err);
        j->has_code = j->code >= 0;
        if (!j->has_code)
            return -ERR_SETUP;
    }
    config.code = j->has_code ? j->code : -1;
    return family_serve(&j->family, &j->wasi, &config) < 0
               ? err_set(&j->err, ERR_SETUP, "cannot serve processes: %s", strerror(errno))
               : 0;
}

/* What it asks for by the channel. */
static int serve(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;
    int r = give_network(j);

    if (r == 0 && ((c->terminal && tty_serve(&j->tty, &j->wasi, c->on_terminal, c->on_terminal_arg) < 0) ||
                   ((c->dir_count || c->child) && (wasi_lock_serve(&j->wasi) < 0 || wasi_space_serve(&j->wasi) < 0))))
        r = err_set(&j->err, ERR_SETUP, "cannot serve the terminal and files: %s", strerror(errno));
    if (r == 0 && j->limits.threads && wasi_threads_serve(&j->threads, &j->wasi, (unsigned)j->limits.threads) < 0)
        r = err_set(&j->err, ERR_SETUP, "cannot serve threads: %s", strerror(errno));
    /* (A session has a control for each evaluation, and no state of its own between them.) */
    if (r == 0 && c->control && !j->run.session && control_serve(&j->wasi) < 0)
        r = err_set(&j->err, ERR_SETUP, "cannot serve signals: %s", strerror(errno));
    if (r == 0)
        r = serve_processes(j);
    return r < 0 || !c->function_count ? r : give_functions(j);
}

static int give_streams(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;
    int r = give_stream(j, &c->in, NULL);

    if (r == 0)
        r = give_stream(j, &c->out, &j->out);
    if (r == 0)
        r = give_stream(j, &c->err, &j->err_out);
    return r;
}

/* The directories come first: libc looks for them from 3 on, up to what is not one. The channel comes last. */
int job_grant(struct job *j)
{
    const struct wlpy_run_config *c = &j->config;
    int r;

    if (c->child) {
        r = family_grant(c->child->start, &j->wasi, &j->err);
        if (r == 0)
            r = serve(j);
        return r < 0 ? r : grant_channel(&j->wasi, &j->err);
    }
    r = give_streams(j);
    if (r == 0)
        r = give_folders(j);
    if (r == 0)
        r = serve(j);
    for (size_t i = 0; r == 0 && i < c->fd_count; i++)
        r = grant_fd(&j->wasi, c->fds[i], false, &j->err);
    return r < 0 ? r : grant_channel(&j->wasi, &j->err);
}

int job_grant_copy(struct job *j, const struct wasi *from, struct tree *(*tree)(void *arg, const struct tree *of),
                   void *arg)
{
    const char *why;
    int r = give_streams(j);

    if (r == 0)
        r = take_files(j);
    if (r == 0)
        r = serve(j);
    if (r == 0 && wasi_copy(&j->wasi, from, tree, arg, &why) < 0)
        r = err_set(&j->err, ERR_SETUP, "cannot copy a session: %s", why);
    return r;
}

void job_release(struct job *j)
{
    family_finish(&j->family);
    if (j->has_code)
        close(j->code);
    j->has_code = false;
    tty_free(&j->tty);
    wasi_free(&j->wasi);
    leave_files(j);
    if (j->net)
        net_free(j->net);
    free(j->net);
    j->net = NULL;
    doors_free(j->doors);
    j->doors = NULL;
    free(j->environ);
    j->environ = NULL;
    functions_free(j->functions);
    j->functions = NULL;
    function_list_free(&j->list);
    j->list = (struct function_list){0};
}
