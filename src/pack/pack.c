#include "pack/pack.h"

#include "make/artifact.h"
#include "pack/app_note.h"
#include "pack/site.h"
#include "pack/tool.h"
#include "recipe/known_ports.h"
#include "util/fs.h"
#include "util/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* The project's own secret of hashes: the same for all, so that everybody gets the same bytes (docs/snapshot.md). */
#define HASH_SEED "20261123"

/* With these statuses it is wl-run that has failed (host/wlpy.h). */
enum { RUNNER_FAILED = 125, RUNNER_MISSING = 127 };

/* In the artifact: the app, and what the program printed while it was made. */
#define APP "app.wasm"
#define PRINTED "printed"

enum { MOST_PRINTED = 16 << 20 };

/* What is known of an app before it is made. */
struct app {
    const struct pack *k;
    const char *gathered; /* the directory of its files, which becomes part of the box */
    struct site site;     /* its requirements; key "": none */
    char *seed;
    char key[HASH_HEX_SIZE];
};

/* --- the key --- */

static char *hash_seed(const struct pack *k)
{
    unsigned int seed = 0;

    if (!k->hash_seed)
        return xstrdup(HASH_SEED);
    if (strcmp(k->hash_seed, "random") != 0)
        return xstrdup(k->hash_seed);
    while (seed == 0)
        if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
            seed = 0;
    return xasprintf("%u", seed);
}

/* What runs as the program: a file of it, unless a module or an entry point does. */
static const char *script_of(const struct pack *k)
{
    if (k->module || k->entry || !k->program)
        return NULL;
    return path_is_dir(k->program) ? "__main__.py" : path_base(k->program);
}

static int find_key(struct app *a, struct wl_err *err)
{
    const struct pack *k = a->k;
    char files[HASH_HEX_SIZE], collect[HASH_HEX_SIZE];
    int r = hash_tree(a->gathered, files, err);
    struct hash *h;

    if (r == 0)
        r = hash_file(k->collect, collect, err);
    if (r < 0)
        return r;
    h = hash_new();
    hash_field(h, "app", "1");
    hash_field(h, "files", files);
    hash_field(h, "site", a->site.key);
    hash_field(h, "collect", collect);
    hash_field(h, "script", script_of(k));
    hash_field(h, "module", k->module);
    hash_field(h, "entry", k->entry);
    hash_field(h, "seed", a->seed);
    hash_field(h, "strip", k->strip_source ? "yes" : "no");
    hash_field(h, "imports", k->no_imports ? "no" : "yes");
    hash_fields(h, "import", k->imports);
    hash_field(h, "python", k->python.key);
    hash_field(h, "build-python", k->build_python.key);
    hash_field(h, "rofs-pack", k->rofs_pack.key);
    hash_field(h, "wl-run", k->wl_run.key);
    hash_end(h, a->key);
    return 0;
}

/* --- the steps --- */

/* The program, as collect.py reports it. */
struct program {
    const struct pack *k;
    char *kind, *target;
    struct strv imports;
};

static void program_free(struct program *p)
{
    free(p->kind);
    free(p->target);
    strv_free(&p->imports);
}

static void on_line(void *data, const char *line)
{
    struct program *p = data;
    const char *rest = strchr(line, ' '), *target;

    if (!rest)
        return;
    rest++;
    if (starts_with(line, "target ") && !p->kind) {
        target = strchr(rest, ' ');
        if (!target)
            return;
        p->kind = xstrndup(rest, (size_t)(target - rest));
        p->target = xstrdup(target + 1);
    } else if (starts_with(line, "import ") && !p->k->no_imports) {
        strv_add_once(&p->imports, rest);
    } else if (starts_with(line, "warning ")) {
        events_note(p->k->o->events, rest);
    }
}

static int compile(const struct app *a, struct tool_step *t, const char *collect, const char *python,
                   const char *packages, struct program *p, struct wl_err *err)
{
    const struct pack *k = a->k;
    WL_CLEANUP_STRV struct strv argv = {0};
    int r;

    tool_collect(python, collect, "app", "../src/app", k->strip_source, &argv);
    if (packages)
        strv_addf(&argv, "--site=%s", packages);
    if (k->module)
        strv_addf(&argv, "--module=%s", k->module);
    if (k->entry)
        strv_addf(&argv, "--entry=%s", k->entry);
    if (script_of(k))
        strv_addf(&argv, "--script=%s", script_of(k));
    t->on_line = on_line;
    t->data = p;
    r = tool_run(t, "compile", &argv, err);
    t->on_line = NULL;
    return r < 0 || p->kind ? r : wl_err_set(err, WL_E_FAILED, "%s reported no program", k->collect);
}

static int archive(const struct box *b, struct tool_step *t, const char *rofs_pack, const char *packages,
                   struct wl_err *err)
{
    WL_CLEANUP_FREE char *link = path_join(b->dir, "src/app/site-packages");
    WL_CLEANUP_STRV struct strv argv = {0};

    if (packages && symlink(packages, link) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot make the link %s", link);
    strv_addf(&argv, "%s/bin/rofs-pack", rofs_pack);
    strv_add_all(&argv, "--compress", "../src/app", "archive", NULL);
    return tool_run(t, "archive", &argv, err);
}

/* Shows what the program has printed. */
static void tell_printed(const struct pack *k, const char *text)
{
    if (*text)
        k->o->events->emit(k->o->events->data, &(struct event){.kind = EVENT_PRINTED, .text = text});
}

static int snapshot(const struct app *a, struct tool_step *t, const char *wl_run, const char *python,
                    const char *compiled, const struct program *p, struct wl_err *err)
{
    const struct pack *k = a->k;
    WL_CLEANUP_STRV struct strv argv = {0};
    const char *printed;
    int r;

    strv_addf(&argv, "%s/bin/wl-run", wl_run);
    strv_add(&argv, "--quick");
    strv_addf(&argv, "--cache-dir=%s", compiled);
    strv_add(&argv, "--dir=.::/app::ro");
    strv_addf(&argv, "--env=PYTHONHASHSEED=%s", a->seed);
    strv_add_all(&argv, "--argv0=python", "--snapshot=../stage/" APP, NULL);
    strv_addf(&argv, "%s/" SINGLE_MODULE, python);
    strv_add_all(&argv, "--app", "/app/archive", p->kind, p->target, NULL);
    strv_addv(&argv, &p->imports);
    strv_addv(&argv, k->imports);
    r = tool_run(t, "start Python with the program, to save it as it is then", &argv, err);
    printed = t->output.s ? t->output.s : "";
    if (r == 0) {
        WL_CLEANUP_FREE char *file = path_join(t->box->dir, "stage/" PRINTED);

        return file_write(file, printed, strlen(printed), err);
    }
    if (r != -WL_E_FAILED)
        return r;
    if (t->status >= RUNNER_FAILED && t->status <= RUNNER_MISSING) {
        WL_CLEANUP_FREE char *line = last_line(printed);

        return wl_err_set(err, WL_E_FAILED, "%s could not be made: %s", k->out, line);
    }
    tell_printed(k, printed);
    wl_err_set(err, WL_E_FAILED, "%s could not be made: importing what the program needs failed, see above", k->out);
    return wl_err_hint(err, "--no-imports leaves the program's own imports to its start");
}

static void describe(const struct app *a, struct manifest *made)
{
    const struct pack *k = a->k;
    char files[HASH_HEX_SIZE];
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    made->kind = xstrdup("app");
    made->name = xstrdup(path_base(k->out));
    if (k->program && !path_is_dir(k->program) && hash_file(k->program, files, &ignored) == 0)
        manifest_add_source(made, path_base(k->program), files, NULL);
    if (*a->site.key)
        manifest_add_need(made, "site-packages", a->site.key, "link");
    manifest_add_need(made, "python", k->python.key, "link");
    manifest_add_need(made, "build-python", k->build_python.key, "build");
    manifest_add_need(made, ROFS_PACK_PORT, k->rofs_pack.key, "build");
    manifest_add_need(made, RUNNER_PORT, k->wl_run.key, "build");
}

/* The things of this machine that the steps see, as they see them. */
struct seen {
    char *python, *build_python, *rofs_pack, *wl_run, *packages, *compiled, *collect;
};

static void seen_free(struct seen *s)
{
    free(s->python);
    free(s->build_python);
    free(s->rofs_pack);
    free(s->wl_run);
    free(s->packages);
    free(s->compiled);
    free(s->collect);
}

static int show(const struct app *a, struct box *b, struct seen *s, struct wl_err *err)
{
    const struct pack *k = a->k;
    const struct {
        const char *dir, *name;
        char **seen;
    } tools[] = {{k->python.dir, "needs/python", &s->python},
                 {k->build_python.dir, "needs/build-python", &s->build_python},
                 {k->rofs_pack.dir, "needs/rofs-pack", &s->rofs_pack},
                 {k->wl_run.dir, "needs/wl-run", &s->wl_run}};
    WL_CLEANUP_FREE char *compiled = path_join(k->o->store->cache, "compiled"), *app = path_join(b->dir, "src/app");
    int r = make_dirs(compiled, err);

    for (size_t i = 0; r == 0 && i < sizeof tools / sizeof *tools; i++)
        r = box_show(b, tools[i].dir, tools[i].name, tools[i].seen, err);
    if (r == 0 && *a->site.key) {
        WL_CLEANUP_FREE char *folder = site_packages(k->o->store, &a->site);

        r = box_show(b, folder, "needs/site-packages", &s->packages, err);
    }
    /* What is compiled here runs for a second, but the next app needs the same. */
    if (r == 0)
        r = box_share(b, compiled, "needs/compiled", &s->compiled, err);
    if (r == 0)
        r = box_take(b, k->collect, NULL, "files/collect.py", &s->collect, err);
    return r < 0 ? r : path_replace(a->gathered, app, err);
}

static int fill(void *data, struct store_work *w, struct manifest *made, struct wl_err *err)
{
    const struct app *a = data;
    const struct make_options *o = a->k->o;
    WL_CLEANUP_FREE char *of = xasprintf("app/%s", path_base(a->k->out)), *logs = store_log_dir(o->store, of, a->key);
    __attribute__((cleanup(program_free))) struct program p = {.k = a->k};
    __attribute__((cleanup(seen_free))) struct seen s = {0};
    struct box b = {0};
    struct tool_step t = {
        .o = o, .box = &b, .of = path_base(a->k->out), .logs = logs, .lock_fd = w->lock, .most_output = MOST_PRINTED};
    int r = box_init(&b, w->dir, o->plan.sandboxed, err);

    if (r == 0)
        r = show(a, &b, &s, err);
    if (r == 0)
        r = compile(a, &t, s.collect, s.build_python, s.packages, &p, err);
    if (r == 0)
        r = archive(&b, &t, s.rofs_pack, s.packages, err);
    if (r == 0)
        r = snapshot(a, &t, s.wl_run, s.python, s.compiled, &p, err);
    if (r == 0) {
        WL_CLEANUP_FREE char *module = path_join(w->dir, "stage/" APP),
                             *packages = *a->site.key ? site_packages(o->store, &a->site) : NULL;

        r = app_note(module, packages, err);
    }
    if (r == 0)
        describe(a, made);
    str_free(&t.output);
    box_free(&b);
    return r;
}

/* --- around them --- */

/* Copies the program and its data, as they will be in the app, into a directory that does not exist yet. */
static int gather(const struct pack *k, const char *folder, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    int r = make_dirs(folder, err);

    tool_collect(k->build_python.dir, k->collect, "gather", folder, false, &argv);
    if (k->program)
        strv_addf(&argv, "--program=%s", k->program);
    if (k->module || k->entry)
        strv_add(&argv, "--no-main");
    for (size_t i = 0; i < k->data->n; i++)
        strv_addf(&argv, "--data=%s", k->data->v[i]);
    return r < 0 ? r : tool_run_outside(k->o, &argv, err);
}

/* Copies the app to where it is wanted, and shows what its program printed while it was made. */
static int deliver(const struct app *a, struct wl_err *err)
{
    const struct pack *k = a->k;
    WL_CLEANUP_FREE char *artifact = store_path(k->o->store, a->key), *app = path_join(artifact, APP),
                         *file = path_join(artifact, PRINTED), *printed = NULL;
    int r = file_copy(app, k->out, 0644, err);

    if (r == 0)
        r = file_read(file, MOST_PRINTED + 1, &printed, NULL, err);
    if (r == 0)
        tell_printed(k, printed);
    return r;
}

static int pack_in(const struct pack *k, const char *scratch, struct wl_err *err)
{
    WL_CLEANUP_FREE char *folder = path_join(scratch, "app");
    struct app a = {.k = k, .gathered = folder};
    int r = gather(k, folder, err);

    if (r == 0 && k->requirements)
        r = site_make(k, scratch, &a.site, err);
    a.seed = hash_seed(k);
    if (r == 0)
        r = find_key(&a, err);
    if (r == 0)
        r = artifact_check(k->o, path_base(k->out), a.key, err);
    if (r == 0)
        r = tool_make(k->o, path_base(k->out), a.key, fill, &a, err);
    if (r >= 0)
        r = deliver(&a, err);
    if (r >= 0 && *a.site.key && k->site)
        *k->site = site_packages(k->o->store, &a.site);
    free(a.seed);
    return r;
}

static void tell_wait(void *data)
{
    const struct pack *k = data;

    events_note(k->o->events, "another wl-make is making the same app; waiting for it");
}

int pack(const struct pack *k, struct wl_err *err)
{
    const struct store_calls calls = {.cancel = k->o->cancel, .on_wait = tell_wait, .data = (void *)k};
    WL_CLEANUP_FREE char *out = path_absolute(k->out);
    struct hash *h = hash_new();
    char key[HASH_HEX_SIZE];
    struct store_work w;
    int r;

    /* A scratch directory for each output. One that a killed run has left is swept away like any other. */
    hash_field(h, "app at", out);
    hash_end(h, key);
    r = work_begin(&w, k->o->store, key, &calls, err);
    if (r == 0)
        r = pack_in(k, w.dir, err);
    work_end(&w, false);
    return r;
}
