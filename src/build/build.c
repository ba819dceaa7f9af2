#include "build.h"

#include "box.h"
#include "clock.h"
#include "extensions.h"
#include "fs.h"
#include "jobs.h"
#include "patch.h"
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_LINES = 15, MAX_FETCHES = 4 };

static void emit(const struct build_options *o, struct event e)
{
    if (o->events)
        o->events->emit(o->events->data, &e);
}

/* Puts the port's name before the text of an error. */
static void add_port(const char *port, struct wl_err *err)
{
    char *text = xasprintf("%s: %s", port, err->text);

    free(err->text);
    err->text = text;
}

/* --- fetching --- */

static void fetch_progress(void *data, const char *url, unsigned long long done, unsigned long long total)
{
    emit(data, (struct event){.kind = EVENT_FETCH, .text = url, .done = done, .total = total});
}

static void fetch_note(void *data, const char *line)
{
    emit(data, (struct event){.kind = EVENT_NOTE, .text = line});
}

static struct fetch_options fetch_options(const struct build_options *o)
{
    return (struct fetch_options){.cache = o->store->sources,
                                  .offline = o->offline,
                                  .cancel = o->cancel,
                                  .on_progress = fetch_progress,
                                  .on_note = fetch_note,
                                  .installer = o->installer,
                                  .data = (void *)o};
}

struct fetch_job {
    const struct recipe *recipe;
    size_t source;
};

struct fetch_queue {
    const struct build_options *o;
    const struct fetch_options *f;
    struct fetch_job *jobs;
    size_t n, next;
    pthread_mutex_t lock;
    struct wl_err err; /* of the first that failed */
    int result;
};

static int fetch_one(struct fetch_queue *q, const struct fetch_job *job, struct wl_err *err)
{
    const struct source *s = &job->recipe->sources[job->source].source;
    WL_CLEANUP_FREE char *path = NULL;
    double start = clock_seconds();
    struct stat st;
    size_t index;
    int r = source_fetch(s, q->f, &path, &index, err);

    if (r == 0 && stat(path, &st) == 0)
        emit(q->o, (struct event){.kind = EVENT_FETCHED,
                                  .text = path_base(path),
                                  .done = (unsigned long long)st.st_size,
                                  .seconds = clock_seconds() - start});
    if (r < 0)
        add_port(job->recipe->name, err);
    return r;
}

static void *fetch_worker(void *data)
{
    struct fetch_queue *q = data;

    for (;;) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        struct fetch_job job;
        bool stop;
        int r;

        pthread_mutex_lock(&q->lock);
        stop = q->next == q->n || (q->result < 0 && !q->o->keep_going);
        if (!stop)
            job = q->jobs[q->next++];
        pthread_mutex_unlock(&q->lock);
        if (stop)
            return NULL;
        r = fetch_one(q, &job, &err);
        pthread_mutex_lock(&q->lock);
        if (r < 0 && q->result == 0) {
            q->result = r;
            q->err = err;
            err = (struct wl_err)WL_ERR_INIT;
        }
        pthread_mutex_unlock(&q->lock);
    }
}

/* Two ports may want the same bytes: they are fetched once. */
static bool queued(const struct fetch_queue *q, const struct source *s)
{
    for (size_t i = 0; i < q->n; i++)
        if (!strcmp(q->jobs[i].recipe->sources[q->jobs[i].source].source.archives[0].sha256, s->archives[0].sha256))
            return true;
    return false;
}

int build_fetch(const struct build_options *o, struct plan *p, bool only_needed, struct wl_err *err)
{
    struct fetch_options f = fetch_options(o);
    struct fetch_queue q = {.o = o, .f = &f, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[MAX_FETCHES];
    int started = 0;

    f.dead = dead_hosts_new();
    for (size_t i = 0; i < p->n; i++) {
        const struct node *n = &p->nodes[i];

        for (size_t s = 0; s < n->recipe->sources_n; s++) {
            if ((only_needed && !n->build) || n->sources[s].path || n->sources[s].unwanted ||
                queued(&q, &n->recipe->sources[s].source))
                continue;
            /* Whether it is wanted is only known when it is known which archive the first source comes from. */
            if (n->recipe->sources[s].only_with && !n->sources[0].path)
                continue;
            q.jobs = xreallocarray(q.jobs, q.n + 1, sizeof *q.jobs);
            q.jobs[q.n++] = (struct fetch_job){n->recipe, s};
        }
    }
    while (started < MAX_FETCHES && (size_t)started < q.n &&
           pthread_create(&threads[started], NULL, fetch_worker, &q) == 0)
        started++;
    if (!started)
        fetch_worker(&q);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(q.jobs);
    dead_hosts_free(f.dead);
    if (q.result < 0) {
        wl_err_free(err);
        *err = q.err;
    }
    return q.result;
}

/* --- what is to be done --- */

static bool has(void *data, const char *key)
{
    return store_has(data, key);
}

/* Adds what is read of a node: by its own build, or as what was asked for. */
static void add_read(const struct plan *p, size_t node, bool asked, bool *reads)
{
    const struct node *n = &p->nodes[node];
    bool *linked = xcalloc(p->n, sizeof *linked);

    plan_link_closure(p, node, linked);
    linked[node] = true;
    for (size_t k = 0; k < n->needs_n; k++)
        if (n->needs[k].kind == NEED_TEST ? asked : n->build)
            linked[n->needs[k].node] = true;
    for (size_t i = 0; i < p->n; i++)
        reads[i] |= linked[i];
    free(linked);
}

/* The artifacts that this run reads: what the ports to be built need, and the roots with what they link. */
static void find_read(const struct build_options *o, struct plan *p, bool *reads)
{
    for (size_t i = 0; i < p->n; i++) {
        struct node *n = &p->nodes[i];

        n->current = n->root && o->is_current && o->is_current(o->data, p, i);
        if (n->build || (n->root && !n->current))
            add_read(p, i, n->root && !n->current, reads);
    }
}

static void tell_damage(const struct build_options *o, const char *name, const char *what)
{
    WL_CLEANUP_FREE char *text = xasprintf("the stored artifact of %s is damaged (%s); making it again", name, what);

    emit(o, (struct event){.kind = EVENT_NOTE, .text = text});
}

/* Compares what is read with its manifest; *damaged counts what is not in the store any more. */
static int check_read(const struct build_options *o, struct plan *p, size_t *damaged, struct wl_err *err)
{
    bool *reads = xcalloc(p->n, sizeof *reads);
    int r = 0;

    find_read(o, p, reads);
    for (size_t i = 0; r >= 0 && i < p->n; i++) {
        struct node *n = &p->nodes[i];
        WL_CLEANUP_FREE char *damage = NULL;

        if (!reads[i] || !n->stored || n->whole)
            continue;
        r = store_check(o->store, n->key, &damage, err);
        n->whole = r == 1;
        *damaged += r == 0;
        if (damage)
            tell_damage(o, n->recipe->name, damage);
    }
    free(reads);
    return r < 0 ? r : 0;
}

/* Hashes what is unpacked in this run: the cache may have been damaged since it was fetched. What is not the pinned
 * bytes is then missing. */
static int check_sources(const struct build_options *o, struct plan *p, struct wl_err *err)
{
    struct fetch_options f = fetch_options(o);
    int r = 1;

    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; r >= 0 && p->nodes[i].build && k < p->nodes[i].recipe->sources_n; k++) {
            struct node_source *s = &p->nodes[i].sources[k];
            WL_CLEANUP_FREE char *text = NULL;

            if (!s->path || s->given || s->unwanted || s->whole)
                continue;
            r = source_check(s->path, s->sha256, &f, err);
            s->whole = r == 1;
            if (r != 0)
                continue;
            text = xasprintf("the fetched file %s is damaged; fetching it again", s->path);
            emit(o, (struct event){.kind = EVENT_NOTE, .text = text});
            free_charp(&s->path);
        }
    return r < 0 ? r : 0;
}

static size_t missing_sources(const struct plan *p)
{
    size_t missing = 0;

    for (size_t i = 0; i < p->n; i++)
        for (size_t s = 0; p->nodes[i].build && s < p->nodes[i].recipe->sources_n; s++)
            missing += !p->nodes[i].sources[s].path && !p->nodes[i].sources[s].unwanted;
    return missing;
}

int build_prepare(const struct build_options *o, struct plan *p, bool dry_run, struct wl_err *err)
{
    struct fetch_options f = fetch_options(o);
    int r = plan_find_toolchains(&o->plan, p, err);

    /* A source may come from its second archive, whose other hash gives other keys: then more may have to be fetched.
     * Each round fetches all that is missing, so there are few. */
    while (r == 0) {
        size_t damaged = 0;

        r = plan_keys(&o->plan, &f, p, err);
        if (r < 0)
            break;
        plan_mark(p, has, (void *)o->store);
        if (!dry_run)
            r = check_read(o, p, &damaged, err);
        if (r < 0)
            break;
        if (damaged)
            continue;
        if (!dry_run)
            r = check_sources(o, p, err);
        if (r < 0)
            break;
        if (dry_run || !missing_sources(p))
            break;
        r = build_fetch(o, p, true, err);
    }
    return r;
}

/* --- building one port --- */

/* The last lines of a log, for the error: *n bytes, of any value, which the caller frees. */
static char *tail(const char *file, size_t *n)
{
    enum { MOST = 1 << 14 };
    WL_CLEANUP_FREE char *text = file_tail(file, MOST, n);
    const char *last = text ? last_lines(text, *n, TAIL_LINES) : NULL;

    *n = last ? *n - (size_t)(last - text) : 0;
    return last ? memcpy(xcalloc(*n + 1, 1), last, *n) : NULL;
}

struct port_job {
    const struct build_options *o;
    const struct plan *p;
    struct jobs *jobs;
    size_t node, index, count;
    int done_fd; /* eventfd written at the end */
    pthread_t thread;
    atomic_bool ended; /* set by the thread as its last word */
    bool started, finished, failed, took_job;
    int result;
    struct wl_err err;
};

static void step_output(void *data, const char *text, size_t n)
{
    const struct port_job *j = data;

    emit(j->o,
         (struct event){.kind = EVENT_OUTPUT, .port = j->p->nodes[j->node].recipe->name, .text = text, .length = n});
}

static void phase(const struct port_job *j, const char *name)
{
    emit(j->o, (struct event){.kind = EVENT_PHASE, .port = j->p->nodes[j->node].recipe->name, .text = name});
}

static int place_source(const struct port_job *j, const struct box *b, size_t i, struct wl_err *err)
{
    const struct node *n = &j->p->nodes[j->node];
    const struct recipe_source *s = &n->recipe->sources[i];
    WL_CLEANUP_FREE char *to = s->into ? xasprintf("%s/src/%s", b->dir, s->into) : path_join(b->dir, "src");
    int r = make_dirs(to, err);

    if (r < 0)
        return r;
    if (!s->unpack) {
        WL_CLEANUP_FREE char *name = source_file_name(s->source.archives[0].urls.v[0]), *file = path_join(to, name);

        return copy_tree(n->sources[i].path, file, err);
    }
    return archive_unpack(n->sources[i].path, to, s->strip, j->o->cancel, err);
}

static int prepare_tree(const struct port_job *j, const struct box *b, struct wl_err *err)
{
    const struct node *n = &j->p->nodes[j->node];
    WL_CLEANUP_FREE char *src = path_join(b->dir, "src");
    int r = 0;

    if (n->recipe->sources_n)
        phase(j, "unpack");
    for (size_t i = 0; r == 0 && i < n->recipe->sources_n; i++)
        r = n->sources[i].unwanted ? 0 : place_source(j, b, i, err);
    if (r == 0 && n->recipe->patches.n)
        phase(j, "patch");
    for (size_t i = 0; r == 0 && i < n->recipe->patches.n; i++)
        r = patch_apply(n->recipe->patches.v[i], src, j->o->cancel, err);
    return r < 0 ? r : extensions_check(n->recipe, b->dir, err);
}

/* Runs steps (what: or checks) one after the other. A failed one leaves its last lines with the events and the way back
 * in the hint. */
static int run_steps(const struct port_job *j, const struct box *b, const char *what, const struct recipe_step *steps,
                     size_t n, const char *log_dir, int lock_fd, size_t *passed, struct wl_err *err)
{
    const char *port = j->p->nodes[j->node].recipe->name;

    for (size_t i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *log = xasprintf("%s/%02zu-%s.log", log_dir, i + 1, steps[i].name), *last = NULL,
                             *enter = NULL;
        size_t length;
        int r;

        if (j->o->no_sandbox)
            emit(j->o, (struct event){.kind = EVENT_UNBOXED, .text = j->o->no_sandbox});
        phase(j, steps[i].name);
        r = box_run(b,
                    &(struct box_step){.what = what,
                                       .name = steps[i].name,
                                       .run = steps[i].run,
                                       .log = log,
                                       .lock_fd = lock_fd,
                                       .cancel = j->o->cancel,
                                       .jobs = j->jobs,
                                       .on_output = step_output,
                                       .data = (void *)j},
                    err);
        if (r == 0) {
            if (passed)
                ++*passed;
            continue;
        }
        if (r != -WL_E_FAILED)
            return r;
        last = tail(log, &length);
        emit(j->o, (struct event){.kind = EVENT_FAILED, .port = port, .text = last, .length = length});
        add_port(port, err);
        enter = xasprintf("%s/enter.sh", b->dir);
        {
            WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
            WL_CLEANUP_FREE char *quoted = shell_quote(enter);

            if (box_write_enter(b, &ignored) == 0)
                wl_err_hint(err, "the whole log is %s; to look around in the build folder: sh %s", log, quoted);
            else
                wl_err_hint(err, "the whole log is %s", log);
        }
        return r;
    }
    return 0;
}

static int check_contents(const struct recipe *r, const struct box *b, struct wl_err *err)
{
    for (size_t i = 0; i < r->contains.n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/stage/%s", b->dir, r->contains.v[i]);

        if (!path_exists(path)) {
            wl_err_set(err, WL_E_FAILED, "%s: its steps ended well but left no %s", r->name, r->contains.v[i]);
            return wl_err_hint(err, "'contains' in %s says that it belongs to the artifact", r->file);
        }
    }
    return 0;
}

/* Runs the checks on what the steps have left in stage. Where no sandbox keeps them from changing that, what stage
 * holds tells: a changed artifact would be one that no key stands for. */
static int run_checks(const struct port_job *j, struct box *b, const struct box_options *o, const char *log_dir,
                      int lock_fd, struct wl_err *err)
{
    const struct recipe *recipe = j->p->nodes[j->node].recipe;
    WL_CLEANUP_FREE char *stage = path_join(b->dir, "stage"), *dir = path_join(log_dir, "checks");
    char before[HASH_HEX_SIZE] = "", after[HASH_HEX_SIZE] = "";
    int r;

    if (!recipe->checks_n)
        return 0;
    r = box_for_checks(b, o, err);
    if (r == 0 && !b->sandboxed)
        r = hash_tree(stage, before, err);
    if (r == 0)
        r = run_steps(j, b, "check", recipe->checks, recipe->checks_n, dir, lock_fd, NULL, err);
    if (r == 0 && !b->sandboxed)
        r = hash_tree(stage, after, err);
    if (r == 0 && strcmp(before, after) != 0) {
        wl_err_set(err, WL_E_FAILED, "%s: its checks changed what is in $STAGE", recipe->name);
        return wl_err_hint(err, "'checks' in %s may only read there; $BUILD and $TMPDIR can be written", recipe->file);
    }
    return r;
}

static void waiting(void *data)
{
    const struct port_job *j = data;

    emit(j->o, (struct event){.kind = EVENT_WAIT, .port = j->p->nodes[j->node].recipe->name});
}

static void damaged(void *data, const char *what)
{
    const struct port_job *j = data;

    tell_damage(j->o, j->p->nodes[j->node].recipe->name, what);
}

/* Whether the folder of failed work stays for a person to look at. A full disk is not helped by keeping what filled
 * it. */
static bool is_kept(const struct store_work *w, const struct wl_err *err)
{
    WL_CLEANUP_FREE char *enter = w->dir ? path_join(w->dir, "enter.sh") : NULL;

    return enter && path_exists(enter) && err->cls != WL_E_IO;
}

/* What the artifact of a node is made from. */
static void describe(const struct plan *p, const struct node *n, struct manifest *m)
{
    const struct toolchain *t = plan_toolchain(p, n);

    m->kind = xstrdup("port");
    m->name = xstrdup(n->recipe->name);
    m->version = xstrdup(n->recipe->version);
    m->license = xstrdup(n->recipe->license);
    m->toolchain = t ? xstrdup(t->identity) : NULL;
    for (size_t i = 0; i < n->recipe->sources_n; i++) {
        WL_CLEANUP_FREE char *from = NULL;

        if (n->sources[i].unwanted || !n->sources[i].path)
            continue;
        if (!n->sources[i].given)
            from = source_served_by(n->sources[i].path);
        manifest_add_source(m, path_base(n->sources[i].path), n->sources[i].sha256, from);
    }
    for (size_t i = 0; i < n->needs_n; i++) {
        const struct node *need = &p->nodes[n->needs[i].node];

        if (n->needs[i].kind == NEED_LINK || n->needs[i].kind == NEED_BUILD)
            manifest_add_need(m, need->recipe->name, need->key, n->needs[i].kind == NEED_LINK ? "link" : "build");
    }
}

/* From an empty folder to an artifact in the store. */
static int make_artifact(struct port_job *j, struct store_work *w)
{
    const struct node *n = &j->p->nodes[j->node];
    const struct box_options options = {.plan = j->p,
                                        .node = j->node,
                                        .store = j->o->store,
                                        .jobs = j->jobs,
                                        .sandboxed = j->o->plan.sandboxed,
                                        .debug = j->o->plan.debug};
    WL_CLEANUP_FREE char *log_dir = store_log_dir(j->o->store, n->recipe->name, n->key);
    WL_CLEANUP_MANIFEST struct manifest made = {0};
    struct box box = {0};
    int r = box_make(&box, w->dir, &options, &j->err);

    if (r == 0)
        r = prepare_tree(j, &box, &j->err);
    if (r == 0)
        r = run_steps(j, &box, "step", n->recipe->steps, n->recipe->steps_n, log_dir, w->lock, NULL, &j->err);
    if (r == 0)
        r = check_contents(n->recipe, &box, &j->err);
    if (r == 0)
        r = run_checks(j, &box, &options, log_dir, w->lock, &j->err);
    if (r == 0) {
        describe(j->p, n, &made);
        r = store_commit(w, &made, &j->err);
        if (r < 0)
            add_port(n->recipe->name, &j->err);
    }
    box_free(&box);
    return r;
}

static int build_port(struct port_job *j)
{
    const struct node *n = &j->p->nodes[j->node];
    const struct build_options *o = j->o;
    const struct store_calls calls = {.cancel = o->cancel, .on_wait = waiting, .on_damage = damaged, .data = j};
    double start;
    struct store_work w;
    /* 1: another process has built it while this one waited. */
    int r = store_begin(&w, o->store, n->key, &calls, &j->err);

    start = clock_seconds();
    if (r >= 0)
        emit(o, (struct event){.kind = EVENT_START, .port = n->recipe->name, .index = j->index, .count = j->count});
    if (r == 0)
        r = make_artifact(j, &w);
    work_end(&w, r < 0 ? is_kept(&w, &j->err) : o->keep_build);
    if (r >= 0)
        emit(o, (struct event){.kind = EVENT_DONE,
                               .port = n->recipe->name,
                               .index = j->index,
                               .count = j->count,
                               .seconds = clock_seconds() - start});
    return r < 0 ? r : 0;
}

static void *port_worker(void *data)
{
    struct port_job *j = data;
    uint64_t one = 1;

    j->result = build_port(j);
    atomic_store(&j->ended, true);
    while (write(j->done_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
    return NULL;
}

/* --- building side by side --- */

struct schedule {
    const struct build_options *o;
    struct plan *p;
    struct jobs jobs;
    struct port_job *work; /* one for every node; only those with node.build are used */
    int done_fd;
    size_t running;
    bool stop; /* start nothing more */
    int result;
};

enum readiness { READY, WAITS, HOPELESS };

static enum readiness readiness(const struct schedule *s, size_t i)
{
    const struct node *n = &s->p->nodes[i];
    enum readiness worst = READY;

    for (size_t k = 0; k < n->needs_n; k++) {
        const struct port_job *need = &s->work[n->needs[k].node];

        if (n->needs[k].kind == NEED_TEST || !s->p->nodes[n->needs[k].node].build)
            continue;
        if (need->failed)
            return HOPELESS;
        if (!need->finished)
            worst = WAITS;
    }
    return worst;
}

/* Takes over how a port ended. */
static void finish_port(struct schedule *s, struct port_job *j, struct wl_err *err)
{
    j->finished = true;
    j->failed = j->result < 0;
    if (j->took_job)
        jobs_give(&s->jobs);
    if (j->result == 0)
        return;
    /* An interruption says more than the failures it causes. */
    if (s->result == 0 || (j->result == -WL_E_INTERRUPTED && s->result != -WL_E_INTERRUPTED)) {
        wl_err_free(err);
        *err = j->err;
        j->err = (struct wl_err)WL_ERR_INIT;
        s->result = j->result;
    }
    s->stop |= !s->o->keep_going || j->result == -WL_E_INTERRUPTED;
}

static void start_port(struct schedule *s, size_t i, bool took_job, struct wl_err *err)
{
    struct port_job *j = &s->work[i];
    int why;

    j->took_job = took_job;
    j->started = true;
    why = pthread_create(&j->thread, NULL, port_worker, j);
    if (why == 0) {
        s->running++;
        return;
    }
    errno = why;
    wl_err_errno(&j->err, WL_E_FAILED, "%s: cannot start a thread", s->p->nodes[i].recipe->name);
    j->result = wl_err_hint(&j->err, "more processes must be allowed (ulimit -u, or the container's limit)");
    finish_port(s, j, err);
}

/* Starts what can be started. The first port runs on the job that the tool itself is; each further one takes a byte of
 * the jobserver. Returns whether some port is ready but found none. */
static bool start_ready(struct schedule *s, struct wl_err *err)
{
    for (size_t i = 0; i < s->p->n && !s->stop; i++) {
        struct port_job *j = &s->work[i];
        bool took = false;
        enum readiness ready;

        if (!s->p->nodes[i].build || j->started)
            continue;
        ready = readiness(s, i);
        if (ready == HOPELESS) {
            j->started = j->finished = j->failed = true;
            emit(s->o, (struct event){.kind = EVENT_NOTE,
                                      .text = "left out, as something it needs failed",
                                      .port = s->p->nodes[i].recipe->name});
            i = (size_t)-1; /* others may have become hopeless by it */
            continue;
        }
        if (ready == WAITS)
            continue;
        if (s->running > 0) {
            took = jobs_try_take(&s->jobs);
            if (!took)
                return true;
        }
        start_port(s, i, took, err);
    }
    return false;
}

static void collect(struct schedule *s, struct wl_err *err)
{
    uint64_t count;

    if (read(s->done_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        s->stop = true;
    for (size_t i = 0; i < s->p->n; i++) {
        struct port_job *j = &s->work[i];

        if (!j->started || j->finished || !atomic_load(&j->ended))
            continue;
        pthread_join(j->thread, NULL);
        s->running--;
        finish_port(s, j, err);
    }
    /* The job that the tool itself is went with the first port; when that ends before a later one, the later one has a
     * byte too many: it becomes the tool's own, so that the count stays right. */
    if (s->running > 0) {
        bool own = false;

        for (size_t i = 0; i < s->p->n; i++)
            own |= s->work[i].started && !s->work[i].finished && !s->work[i].took_job;
        for (size_t i = 0; i < s->p->n && !own; i++)
            if (s->work[i].started && !s->work[i].finished) {
                s->work[i].took_job = false;
                jobs_give(&s->jobs);
                own = true;
            }
    }
}

int build_run(const struct build_options *o, struct plan *p, struct wl_err *err)
{
    struct schedule s = {.o = o, .p = p, .done_fd = -1};
    size_t count = 0, index = 0;
    int r;

    store_sweep(o->store);
    for (size_t i = 0; i < p->n; i++)
        count += p->nodes[i].build;
    for (size_t i = 0; i < p->n; i++)
        p->nodes[i].current &= count == 0;
    emit(o, (struct event){.kind = EVENT_PLANNED, .count = count});
    if (!count)
        return 0;
    r = jobs_init(&s.jobs, o->jobs, err);
    if (r < 0)
        return r;
    s.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s.done_fd < 0) {
        r = wl_err_errno(err, WL_E_IO, "cannot make an eventfd");
        jobs_free(&s.jobs);
        return r;
    }
    s.work = xcalloc(p->n, sizeof *s.work);
    for (size_t i = 0; i < p->n; i++)
        s.work[i] = (struct port_job){.o = o,
                                      .p = p,
                                      .jobs = &s.jobs,
                                      .node = i,
                                      .count = count,
                                      .done_fd = s.done_fd,
                                      .index = p->nodes[i].build ? ++index : 0};
    for (;;) {
        bool wants_job = start_ready(&s, err);
        struct pollfd fds[2] = {{.fd = s.done_fd, .events = POLLIN},
                                {.fd = wants_job ? s.jobs.take_fd : -1, .events = POLLIN}};

        if (!s.running)
            break;
        poll(fds, 2, 1000);
        collect(&s, err);
    }
    for (size_t i = 0; i < p->n; i++) {
        if (p->nodes[i].build && s.work[i].finished && !s.work[i].failed) {
            p->nodes[i].stored = p->nodes[i].whole = true;
            p->nodes[i].build = false;
        }
        wl_err_free(&s.work[i].err);
    }
    free(s.work);
    jobs_free(&s.jobs);
    close_fdp(&s.done_fd);
    return s.result;
}

/* --- a port's own tests --- */

int build_test(const struct build_options *o, const struct plan *p, size_t node, size_t *passed, struct wl_err *err)
{
    const struct node *n = &p->nodes[node];
    WL_CLEANUP_FREE char *name = xasprintf("test-%.32s", n->key), *log_dir = NULL, *base = NULL;
    struct port_job j = {.o = o, .p = p, .node = node};
    struct jobs jobs;
    struct box box = {0};
    struct store_work w;
    int r = jobs_init(&jobs, o->jobs, err);

    if (r < 0)
        return r;
    j.jobs = &jobs;
    base = store_log_dir(o->store, n->recipe->name, n->key);
    log_dir = path_join(base, "tests");
    r = work_begin_any(&w, o->store, name, err);
    if (r == 0)
        r = box_make(&box, w.dir,
                     &(struct box_options){.plan = p,
                                           .node = node,
                                           .store = o->store,
                                           .jobs = &jobs,
                                           .sandboxed = o->plan.sandboxed,
                                           .debug = o->plan.debug,
                                           .for_tests = true},
                     err);
    if (r == 0)
        r = run_steps(&j, &box, "step", n->recipe->tests, n->recipe->tests_n, log_dir, w.lock, passed, err);
    work_end(&w, r < 0 && is_kept(&w, err));
    box_free(&box);
    jobs_free(&jobs);
    return r;
}
