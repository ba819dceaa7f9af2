/* One port: unpack, patch, steps, checks, into the store; and its tests. */
#include "make/port_job.h"

#include "make/artifact.h"
#include "make/extensions.h"
#include "make/note.h"
#include "make/patch.h"
#include "make/port_box.h"
#include "util/fs.h"
#include "util/unpack.h"

#include <string.h>

static void phase(const struct port_job *j, const char *name)
{
    make_emit(j->o, (struct event){.kind = EVENT_PHASE, .port = j->p->nodes[j->node].recipe->name, .text = name});
}

static int place_source(const struct make_options *o, const struct node *n, size_t i, const char *dir,
                        struct wl_err *err)
{
    const struct recipe_source *s = &n->recipe->sources[i];
    WL_CLEANUP_FREE char *to = s->into ? path_join(dir, s->into) : xstrdup(dir);
    int r = make_dirs(to, err);

    if (r < 0)
        return r;
    if (!s->unpack) {
        WL_CLEANUP_FREE char *name = source_file_name(s->source.archives[0].urls.v[0]), *file = path_join(to, name);

        return copy_tree(n->sources[i].path, file, err);
    }
    return archive_unpack(n->sources[i].path, to, s->strip, o->cancel, err);
}

int make_unpack(const struct make_options *o, const struct node *n, const char *dir, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n->recipe->sources_n; i++)
        r = n->sources[i].unwanted ? 0 : place_source(o, n, i, dir, err);
    return r;
}

static int prepare_tree(const struct port_job *j, const struct box *b, struct wl_err *err)
{
    const struct node *n = &j->p->nodes[j->node];
    WL_CLEANUP_FREE char *src = path_join(b->dir, "src");
    int r;

    if (n->recipe->sources_n)
        phase(j, "unpack");
    r = make_unpack(j->o, n, src, err);
    if (r == 0 && n->recipe->patches.n)
        phase(j, "patch");
    for (size_t i = 0; r == 0 && i < n->recipe->patches.n; i++)
        r = patch_apply(n->recipe->patches.v[i], src, j->o->cancel, err);
    /* Patches are applied and files copied now. */
    if (r == 0)
        r = plan_check_key(&j->o->plan, j->p, j->node, false, err);
    return r < 0 ? r : extensions_check(n->recipe, b->dir, err);
}

/* Runs steps (or checks, as `what` says) one after the other; *passed (may be NULL) counts those that succeeded. */
static int run_steps(const struct port_job *j, const struct box *b, const char *what, const struct recipe_step *steps,
                     size_t n, const char *log_dir, int lock_fd, size_t *passed, struct wl_err *err)
{
    const char *port = j->p->nodes[j->node].recipe->name;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        WL_CLEANUP_FREE char *log = xasprintf("%s/%02zu-%s.log", log_dir, i + 1, steps[i].name);
        const struct artifact_step step = {.of = port,
                                           .what = what,
                                           .name = steps[i].name,
                                           .run = steps[i].run,
                                           .log = log,
                                           .lock_fd = lock_fd,
                                           .jobs = j->jobs};

        r = artifact_step(j->o, b, &step, err);
        if (r == 0 && passed)
            ++*passed;
        if (r == -WL_E_FAILED) {
            make_add_port(port, err);
            artifact_step_failed(j->o, b, &step, err);
        }
    }
    return r;
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

/* Runs the checks on the content of stage. Without a sandbox they could change it, so it is hashed before and after:
 * the key does not stand for a changed artifact. */
static int run_checks(const struct port_job *j, struct box *b, const struct port_box *o, const char *log_dir,
                      int lock_fd, struct wl_err *err)
{
    const struct recipe *recipe = j->p->nodes[j->node].recipe;
    WL_CLEANUP_FREE char *stage = path_join(b->dir, "stage"), *dir = path_join(log_dir, "checks");
    char before[HASH_HEX_SIZE] = "", after[HASH_HEX_SIZE] = "";
    int r;

    if (!recipe->checks_n)
        return 0;
    r = port_box_for_checks(b, o, err);
    if (r == 0)
        r = plan_check_key(&j->o->plan, j->p, j->node, true, err);
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

/* From an empty directory to what becomes the artifact. */
static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    const struct port_job *j = data;
    const struct node *n = &j->p->nodes[j->node];
    const struct port_box options = {.plan = j->p,
                                     .node = j->node,
                                     .store = j->o->store,
                                     .jobs = j->jobs,
                                     .sandboxed = j->o->plan.sandboxed,
                                     .debug = j->o->plan.debug,
                                     .launcher = j->o->launcher,
                                     .vary = j->o->vary};
    WL_CLEANUP_FREE char *log_dir = store_log_dir(j->o->store, n->recipe->name, n->key);
    struct box box = {0};
    int r = port_box_make(&box, w->dir, &options, err);

    if (r == 0)
        r = prepare_tree(j, &box, err);
    if (r == 0)
        r = run_steps(j, &box, "step", n->recipe->steps, n->recipe->steps_n, log_dir, w->lock, NULL, err);
    if (r == 0)
        r = check_contents(n->recipe, &box, err);
    if (r == 0) {
        WL_CLEANUP_FREE char *stage = path_join(box.dir, "stage");

        r = note_modules(j->o, j->p, n, stage, err);
    }
    if (r == 0)
        r = run_checks(j, &box, &options, log_dir, w->lock, err);
    if (r == 0)
        describe(j->p, n, made);
    box_free(&box);
    return r;
}

int port_build(struct port_job *j)
{
    const struct node *n = &j->p->nodes[j->node];

    return artifact_make(&(struct artifact){.o = j->o,
                                            .key = n->key,
                                            .name = n->recipe->name,
                                            .index = j->index,
                                            .count = j->count,
                                            .keep = j->o->keep_build,
                                            .asked = true,
                                            .fill = fill,
                                            .data = j},
                         &j->err);
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
        r = port_box_make(&box, w.dir,
                          &(struct port_box){.plan = p,
                                             .node = node,
                                             .store = o->store,
                                             .jobs = &jobs,
                                             .sandboxed = o->plan.sandboxed,
                                             .debug = o->plan.debug,
                                             .for_tests = true},
                          err);
    if (r == 0)
        r = run_steps(&j, &box, "step", n->recipe->tests, n->recipe->tests_n, log_dir, w.lock, passed, err);
    work_end(&w, r < 0 && artifact_is_kept(&w, err));
    box_free(&box);
    jobs_free(&jobs);
    return r;
}
