/* Finds out what has to be done (keys, missing and damaged artifacts and sources), and fetches. */
#include "make/artifact.h"
#include "make/port_job.h"
#include "make/shared.h"

#include "util/clock.h"
#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>

enum { MAX_FETCHES = 4 };

/* --- fetching --- */

static void fetch_progress(void *data, const char *url, unsigned long long done, unsigned long long total)
{
    make_emit(data, (struct event){.kind = EVENT_FETCH, .text = url, .done = done, .total = total});
}

static void fetch_note(void *data, const char *line)
{
    make_emit(data, (struct event){.kind = EVENT_NOTE, .text = line});
}

static struct fetch_options fetch_options(const struct make_options *o)
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
    const struct make_options *o;
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
        make_emit(q->o, (struct event){.kind = EVENT_FETCHED,
                                       .text = path_base(path),
                                       .done = (unsigned long long)st.st_size,
                                       .seconds = clock_seconds() - start});
    if (r < 0)
        make_add_port(job->recipe->name, err);
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

/* Two ports may need the same bytes: they are fetched once. */
static bool queued(const struct fetch_queue *q, const struct source *s)
{
    for (size_t i = 0; i < q->n; i++)
        if (!strcmp(q->jobs[i].recipe->sources[q->jobs[i].source].source.archives[0].sha256, s->archives[0].sha256))
            return true;
    return false;
}

int make_fetch(const struct make_options *o, struct plan *p, bool only_needed, struct wl_err *err)
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
            /* Whether this source is wanted depends on the archive that the first source comes from. */
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

/* Forgets a fetched file whose bytes have changed since. */
static int forget_damaged(const struct make_options *o, const struct fetch_options *f, struct node_source *s,
                          struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    int r;

    if (!s->path || s->given || s->unwanted || s->whole)
        return 0;
    r = source_check(s->path, s->sha256, f, err);
    s->whole = r == 1;
    if (r != 0)
        return r < 0 ? r : 0;
    text = xasprintf("the fetched file %s is damaged; fetching it again", s->path);
    make_emit(o, (struct event){.kind = EVENT_NOTE, .text = text});
    free_charp(&s->path);
    return 0;
}

int make_fetch_node(const struct make_options *o, struct node *n, struct wl_err *err)
{
    struct fetch_options f = fetch_options(o);
    struct fetch_queue q = {.o = o, .f = &f};
    int r = 0;

    f.dead = dead_hosts_new();
    for (size_t i = 0; r == 0 && i < n->recipe->sources_n; i++) {
        const struct recipe_source *s = &n->recipe->sources[i];
        struct node_source *own = &n->sources[i];
        size_t index = 0;

        own->unwanted = s->only_with && strcmp(s->only_with, n->sources[0].sha256) != 0;
        if (own->unwanted)
            continue;
        r = forget_damaged(o, &f, own, err);
        if (r < 0 || own->path)
            continue;
        r = fetch_one(&q, &(struct fetch_job){n->recipe, i}, err);
        if (r == 0 && source_cached(&s->source, &f, &own->path, &index) == 0)
            memcpy(own->sha256, s->source.archives[index].sha256, HASH_HEX_SIZE);
    }
    dead_hosts_free(f.dead);
    return r;
}

/* --- what is to be done --- */

/* Adds the artifacts that are read for a node: by its build, or because it was asked for. */
static void add_read(const struct plan *p, size_t node, bool asked, bool *reads)
{
    bool *own = xcalloc(p->n, sizeof *own);

    plan_reads(p, node, (asked ? 1u << NEED_TEST : 0) | (p->nodes[node].build ? ~(1u << NEED_TEST) : 0), own);
    own[node] = true;
    for (size_t i = 0; i < p->n; i++)
        reads[i] |= own[i];
    free(own);
}

/* Notes that a root and what it links were used, although they are up to date and not read: gc must not take them. */
static void note_used(const struct make_options *o, const struct plan *p, size_t root)
{
    bool *linked = xcalloc(p->n, sizeof *linked);

    plan_link_closure(p, root, linked);
    linked[root] = true;
    for (size_t i = 0; i < p->n; i++)
        if (linked[i] && p->nodes[i].stored)
            store_used(o->store, p->nodes[i].key);
    free(linked);
}

/* The artifacts that this run reads: what the ports to be built need, and the roots with what they link. */
static void find_read(const struct make_options *o, struct plan *p, bool *reads)
{
    for (size_t i = 0; i < p->n; i++) {
        struct node *n = &p->nodes[i];

        n->current = n->root && o->is_current && o->is_current(o->data, p, i);
        if (n->current)
            note_used(o, p, i);
        if (n->build || (n->root && !n->current))
            add_read(p, i, n->root && !n->current, reads);
    }
}

/* Compares the artifacts that are read with their manifests; *damaged counts those that are no longer in the store. */
static int check_read(const struct make_options *o, struct plan *p, size_t *damaged, struct wl_err *err)
{
    bool *reads = xcalloc(p->n, sizeof *reads);
    int r = 0;

    find_read(o, p, reads);
    for (size_t i = 0; r >= 0 && i < p->n; i++) {
        struct node *n = &p->nodes[i];
        if (!reads[i] || !n->stored || n->whole)
            continue;
        r = artifact_check(o, n->recipe->name, n->key, err);
        n->whole = r == 1;
        *damaged += r == 0;
    }
    free(reads);
    return r < 0 ? r : 0;
}

/* Hashes the files that this run unpacks: the cache may have been damaged since they were fetched. A file that differs
 * from its hash counts as missing. */
static int check_sources(const struct make_options *o, struct plan *p, struct wl_err *err)
{
    struct fetch_options f = fetch_options(o);
    int r = 0;

    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; r == 0 && p->nodes[i].build && k < p->nodes[i].recipe->sources_n; k++)
            r = forget_damaged(o, &f, &p->nodes[i].sources[k], err);
    return r;
}

static size_t missing_sources(const struct plan *p)
{
    size_t missing = 0;

    for (size_t i = 0; i < p->n; i++)
        for (size_t s = 0; p->nodes[i].build && s < p->nodes[i].recipe->sources_n; s++)
            missing += !p->nodes[i].sources[s].path && !p->nodes[i].sources[s].unwanted;
    return missing;
}

int make_prepare(const struct make_options *o, struct plan *p, bool dry_run, struct wl_err *err)
{
    struct fetch_options f = fetch_options(o);
    struct shared shared;
    int r = plan_find_toolchains(&o->plan, p, err);

    shared_init(&shared, p);

    /* A source may come from its second archive, whose other hash gives other keys: then more may have to be fetched.
     * Each round fetches all that is missing, so there are few. */
    while (r == 0) {
        size_t damaged = 0;

        r = plan_keys(&o->plan, &f, p, err);
        if (r < 0)
            break;
        r = shared_mark(&shared, o, p, !dry_run, err);
        if (r < 0)
            break;
        /* 1: other archives are expected. */
        if (r > 0) {
            r = 0;
            continue;
        }
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
        r = make_fetch(o, p, true, err);
    }
    shared_free(&shared);
    return r;
}
