/* One port: unpack, patch, steps, checks, into the store; and its tests. */
#include "make/port_job.h"

#include "make/box.h"
#include "make/extensions.h"
#include "make/patch.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/unpack.h"

#include <string.h>

enum { TAIL_LINES = 15 };

/* The last lines of a log, for the error: *n bytes, of any value, which the caller frees. */
static char *tail(const char *file, size_t *n)
{
    enum { MOST = 1 << 14 };
    WL_CLEANUP_FREE char *text = file_tail(file, MOST, n);
    const char *last = text ? last_lines(text, *n, TAIL_LINES) : NULL;

    *n = last ? *n - (size_t)(last - text) : 0;
    return last ? memcpy(xcalloc(*n + 1, 1), last, *n) : NULL;
}

static void step_output(void *data, const char *text, size_t n)
{
    const struct port_job *j = data;

    make_emit(j->o, (struct event){
                        .kind = EVENT_OUTPUT, .port = j->p->nodes[j->node].recipe->name, .text = text, .length = n});
}

static void phase(const struct port_job *j, const char *name)
{
    make_emit(j->o, (struct event){.kind = EVENT_PHASE, .port = j->p->nodes[j->node].recipe->name, .text = name});
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
            make_emit(j->o, (struct event){.kind = EVENT_UNBOXED, .text = j->o->no_sandbox});
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
        make_emit(j->o, (struct event){.kind = EVENT_FAILED, .port = port, .text = last, .length = length});
        make_add_port(port, err);
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

    make_emit(j->o, (struct event){.kind = EVENT_WAIT, .port = j->p->nodes[j->node].recipe->name});
}

static void damaged(void *data, const char *what)
{
    const struct port_job *j = data;

    make_tell_damage(j->o, j->p->nodes[j->node].recipe->name, what);
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
            make_add_port(n->recipe->name, &j->err);
    }
    box_free(&box);
    return r;
}

int port_build(struct port_job *j)
{
    const struct node *n = &j->p->nodes[j->node];
    const struct make_options *o = j->o;
    const struct store_calls calls = {.cancel = o->cancel, .on_wait = waiting, .on_damage = damaged, .data = j};
    double start;
    struct store_work w;
    /* 1: another process has built it while this one waited. */
    int r = store_begin(&w, o->store, n->key, &calls, &j->err);

    start = clock_seconds();
    if (r >= 0)
        make_emit(o,
                  (struct event){.kind = EVENT_START, .port = n->recipe->name, .index = j->index, .count = j->count});
    if (r == 0)
        r = make_artifact(j, &w);
    work_end(&w, r < 0 ? is_kept(&w, &j->err) : o->keep_build);
    if (r >= 0)
        make_emit(o, (struct event){.kind = EVENT_DONE,
                                    .port = n->recipe->name,
                                    .index = j->index,
                                    .count = j->count,
                                    .seconds = clock_seconds() - start});
    return r < 0 ? r : 0;
}

/* --- a port's own tests --- */

int make_test(const struct make_options *o, const struct plan *p, size_t node, size_t *passed, struct wl_err *err)
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
