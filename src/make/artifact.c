#include "make/artifact.h"

#include "make/port_job.h"
#include "util/clock.h"
#include "util/fs.h"

#include <string.h>

enum { TAIL_LINES = 15, TAIL_MOST = 1 << 14 };

static void waiting(void *data)
{
    const struct artifact *a = data;

    make_emit(a->o, (struct event){.kind = EVENT_WAIT, .port = a->name});
}

static void damaged(const struct make_options *o, const char *name, const char *what)
{
    WL_CLEANUP_FREE char *text = xasprintf("the stored artifact of %s is damaged (%s); making it again", name, what);

    make_emit(o, (struct event){.kind = EVENT_NOTE, .text = text});
}

static void on_damage(void *data, const char *what)
{
    const struct artifact *a = data;

    damaged(a->o, a->name, what);
}

int artifact_check(const struct make_options *o, const char *name, const char *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *damage = NULL;
    int r = store_check(o->store, key, &damage, err);

    if (damage)
        damaged(o, name, damage);
    return r;
}

bool artifact_is_kept(const struct store_work *w, const struct wl_err *err)
{
    WL_CLEANUP_FREE char *enter = w->dir ? path_join(w->dir, "enter.sh") : NULL;

    return enter && path_exists(enter) && err->cls != WL_E_IO;
}

static void tell(const struct artifact *a, enum event_kind kind, double seconds)
{
    make_emit(a->o,
              (struct event){.kind = kind, .port = a->name, .index = a->index, .count = a->count, .seconds = seconds});
}

int artifact_make(const struct artifact *a, struct wl_err *err)
{
    const struct store_calls calls = {
        .cancel = a->o->cancel, .on_wait = waiting, .on_damage = on_damage, .data = (void *)a};
    WL_CLEANUP_MANIFEST struct manifest made = {0};
    struct store_work w;
    double start;
    /* 1: another process has made it while this one waited. */
    int r = store_begin(&w, a->o->store, a->key, &calls, err);

    start = clock_seconds();
    if (r >= 0)
        tell(a, EVENT_START, 0);
    if (r == 0 && a->o->remote && !a->asked)
        r = remote_take(a->o->remote, &w, a->name, err);
    if (r == 0) {
        r = a->fill(a->data, &w, &made, err);
        if (r == 0) {
            r = store_commit(&w, &made, err);
            if (r < 0)
                make_add_port(a->name, err);
        }
        if (r == 0 && a->o->remote)
            remote_offer(a->o->remote, a->key, a->name);
    }
    work_end(&w, r < 0 ? artifact_is_kept(&w, err) : a->keep);
    if (a->o->remote && !a->asked)
        remote_finish(a->o->remote);
    tell(a, r < 0 ? EVENT_FAILED : EVENT_DONE, clock_seconds() - start);
    return r < 0 ? r : 0;
}

/* --- steps --- */

struct listener {
    const struct make_options *o;
    const struct artifact_step *s;
};

static void on_output(void *data, const char *text, size_t n)
{
    const struct listener *l = data;

    if (l->s->on_output)
        l->s->on_output(l->s->data, text, n);
    else
        make_emit(l->o, (struct event){.kind = EVENT_OUTPUT, .port = l->s->of, .text = text, .length = n});
}

static void on_status(void *data, const char *line)
{
    const struct listener *l = data;

    l->s->on_status(l->s->data, line);
}

int artifact_step(const struct make_options *o, const struct box *b, const struct artifact_step *s, struct wl_err *err)
{
    struct listener l = {o, s};

    if (o->no_sandbox)
        make_emit(o, (struct event){.kind = EVENT_UNBOXED, .text = o->no_sandbox});
    make_emit(o, (struct event){.kind = EVENT_PHASE, .port = s->of, .text = s->name});
    return box_run(b,
                   &(struct box_step){.what = s->what,
                                      .name = s->name,
                                      .run = s->run,
                                      .log = s->log,
                                      .lock_fd = s->lock_fd,
                                      .cancel = o->cancel,
                                      .jobs = s->jobs,
                                      .on_output = on_output,
                                      .on_status = s->on_status ? on_status : NULL,
                                      .data = &l,
                                      .status = s->status},
                   err);
}

void artifact_step_failed(const struct make_options *o, const struct box *b, const struct artifact_step *s,
                          struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL, *enter = xasprintf("%s/enter.sh", b->dir), *quoted = shell_quote(enter);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    const char *last;
    size_t n = 0;

    text = file_tail(s->log, TAIL_MOST, &n);
    last = text ? last_lines(text, n, TAIL_LINES) : NULL;
    make_emit(o,
              (struct event){
                  .kind = EVENT_FAILED, .port = s->of, .text = last, .length = last ? n - (size_t)(last - text) : 0});
    if (box_write_enter(b, &ignored) == 0)
        wl_err_hint(err, "the whole log is %s; to look around in the build directory: sh %s", s->log, quoted);
    else
        wl_err_hint(err, "the whole log is %s", s->log);
}
