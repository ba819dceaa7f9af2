/* Runs ports in parallel, under one jobserver. */
#include "make/port_job.h"

#include "make/shared.h"

#include "util/fs.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void *port_worker(void *data)
{
    struct port_job *j = data;
    uint64_t one = 1;

    j->result = port_build(j);
    atomic_store(&j->ended, true);
    while (write(j->done_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
    return NULL;
}

struct schedule {
    const struct make_options *o;
    struct plan *p;
    struct jobs jobs;
    struct port_job *work; /* one for every node; only those with node.build are used */
    int done_fd;
    size_t running;
    bool stop; /* start nothing more */
    int result;
};

enum readiness { READY, WAITS, HOPELESS };

/* A port reads what it needs and the libraries that those link, down to the last: one of these may have to be built
 * although the artifact between them is in the store. */
static enum readiness readiness(const struct schedule *s, size_t i)
{
    bool *reads = xcalloc(s->p->n, sizeof *reads);
    enum readiness worst = READY;

    plan_reads(s->p, i, ~(1u << NEED_TEST), reads);
    for (size_t k = 0; k < s->p->n && worst != HOPELESS; k++) {
        if (!reads[k] || !s->p->nodes[k].build)
            continue;
        if (s->work[k].failed)
            worst = HOPELESS;
        else if (!s->work[k].finished)
            worst = WAITS;
    }
    free(reads);
    return worst;
}

/* Takes over the result of a port. */
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
            make_emit(s->o, (struct event){.kind = EVENT_NOTE,
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
    /* The first port runs on the job of the tool itself. If it ends before a later one, that one gives its byte back
     * and continues on the tool's job, so that the count stays right. */
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

int make_run(const struct make_options *o, struct plan *p, struct wl_err *err)
{
    struct schedule s = {.o = o, .p = p, .done_fd = -1};
    size_t count = 0, index = 0;
    int r;

    store_sweep(o->store);
    for (size_t i = 0; i < p->n; i++)
        count += p->nodes[i].build;
    for (size_t i = 0; i < p->n; i++)
        p->nodes[i].current &= count == 0;
    make_emit(o, (struct event){.kind = EVENT_PLANNED, .count = count});
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
    if (o->remote) {
        shared_offer_sources(o, p);
        remote_finish(o->remote);
    }
    free(s.work);
    jobs_free(&s.jobs);
    close_fdp(&s.done_fd);
    return s.result;
}
