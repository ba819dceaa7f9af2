#include "pack/pack.h"

#include "pack/wheels.h"
#include "util/fs.h"
#include "util/hash.h"
#include "util/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* The project's own secret of hashes: the same for all, so that everybody gets the same bytes (docs/snapshot.md). */
#define HASH_SEED "20261123"

enum { MAX_LOCK = 4 << 20 };

/* Of these statuses it is wl-run that has failed (host/wlpy.h). */
enum { RUNNER_FAILED = 125, RUNNER_MISSING = 127 };

/* What collect.py tells of the program. */
struct program {
    char *kind, *target;
    struct strv imports;
};

static void program_free(struct program *p)
{
    free(p->kind);
    free(p->target);
    strv_free(&p->imports);
}

/* Runs a program of the project's own; what it printed is `output`, also when it fails. */
static int run_any(const struct pack *k, const struct strv *argv, int *status, char **output, struct wl_err *err)
{
    struct run run = {.argv = argv->v, .cancel = k->cancel};

    return run_capture(&run, status, output, err);
}

/* Runs collect.py or rofs-pack: where they fail, their last line says why. */
static int run_tool(const struct pack *k, const struct strv *argv, char **output, struct wl_err *err)
{
    WL_CLEANUP_FREE char *line = NULL;
    int status = 0, r = run_any(k, argv, &status, output, err);

    if (r < 0 || status == 0)
        return r;
    line = last_line(*output);
    wl_err_set(err, WL_E_FAILED, "%s", line);
    return wl_err_hint(err, "nothing was written");
}

/* ---- requirements ---- */

static char *lock_file(const struct pack *k)
{
    size_t n = strlen(k->requirements);

    if (k->lock)
        return xstrdup(k->lock);
    return xasprintf("%.*s.lock", (int)(ends_with(k->requirements, ".txt") ? n - 4 : n), k->requirements);
}

/* The words that start collect.py for `what`, on `folder`. */
static void add_collect(const struct pack *k, const char *what, const char *folder, struct strv *argv)
{
    strv_take(argv, path_join(k->build_python, "bin/python3"));
    /* Without -B it would write byte code into the artifact that it is run from. */
    strv_add_all(argv, "-I", "-B", k->collect, what, folder, NULL);
    if (k->strip_source)
        strv_add(argv, "--strip-source");
}

static void site_waits(void *data)
{
    const struct pack *k = data;

    events_note(k->events, "another wl-make is installing the same requirements; waiting for it");
}

static void site_damaged(void *data, const char *what)
{
    const struct pack *k = data;
    WL_CLEANUP_FREE char *text = xasprintf("the installed requirements are damaged (%s); installing them again", what);

    events_note(k->events, text);
}

/* Installs what the lock file pins into the stage of w, and puts it into the store. */
static int make_site(const struct pack *k, const struct wheels *wheels, const char *pinned, struct store_work *w,
                     struct wl_err *err)
{
    char hex[HASH_HEX_SIZE];
    struct hash *h = hash_new();
    WL_CLEANUP_FREE char *stage = store_stage(w), *folder = path_join(stage, "site-packages"), *output = NULL;
    WL_CLEANUP_MANIFEST struct manifest made = {.kind = xstrdup("site"), .name = xstrdup("site-packages")};
    WL_CLEANUP_STRV struct strv argv = {0};
    int r;

    events_note(k->events, "installing the requirements");
    hash_add(h, pinned, strlen(pinned));
    hash_end(h, hex);
    manifest_add_source(&made, path_base(wheels->lock), hex, NULL);
    manifest_add_need(&made, "build-python", k->build_python_key, "build");
    r = make_dirs(stage, err);
    if (r == 0)
        r = wheels_install(wheels, pinned, folder, k->fetch, err);
    add_collect(k, "site", folder, &argv);
    if (r == 0)
        r = run_tool(k, &argv, &output, err);
    return r < 0 ? r : store_commit(w, &made, err);
}

/* The folder of what a lock file pins, compiled, in the store. Several apps may have the same. */
static int find_site(const struct pack *k, const char *scratch, char **site, struct wl_err *err)
{
    WL_CLEANUP_FREE char *lock = lock_file(k), *pinned = NULL, *artifact = NULL;
    WL_CLEANUP_STRV struct strv notes = {0};
    struct store_calls calls = {
        .cancel = k->cancel, .on_wait = site_waits, .on_damage = site_damaged, .data = (void *)k};
    struct wheels wheels = {.requirements = k->requirements,
                            .lock = lock,
                            .series = k->series,
                            .version = k->version,
                            .ask_pip = k->ask_pip,
                            .scratch = scratch,
                            .without_native = k->without_native,
                            .update = k->update};
    char key[HASH_HEX_SIZE];
    struct hash *h;
    struct store_work w;
    int r;

    r = wheels_lock(&wheels, k->fetch, &notes, err);
    for (size_t i = 0; r == 0 && i < notes.n; i++)
        events_note(k->events, notes.v[i]);
    if (r == 0)
        r = file_read(lock, MAX_LOCK, &pinned, NULL, err);
    if (r < 0)
        return r;
    h = hash_new();
    hash_field(h, "site", "1");
    hash_field(h, "lock", pinned);
    hash_field(h, "python", k->build_python_key);
    hash_field(h, "strip", k->strip_source ? "yes" : "no");
    hash_end(h, key);
    artifact = store_path(k->store, key);
    *site = path_join(artifact, "site-packages");
    r = store_begin(&w, k->store, key, &calls, err);
    if (r == 0)
        r = make_site(k, &wheels, pinned, &w, err);
    work_end(&w, false);
    return r < 0 ? r : 0;
}

/* ---- the program ---- */

static void read_line(const struct pack *k, char *line, struct program *p)
{
    char *rest = strchr(line, ' ');

    if (!rest)
        return;
    *rest++ = '\0';
    if (!strcmp(line, "target")) {
        char *target = strchr(rest, ' ');

        if (!target)
            return;
        p->kind = xstrndup(rest, (size_t)(target - rest));
        p->target = xstrdup(target + 1);
    } else if (!strcmp(line, "import") && !k->no_imports) {
        strv_add_once(&p->imports, rest);
    } else if (!strcmp(line, "warning")) {
        events_note(k->events, rest);
    }
}

static int collect(const struct pack *k, const char *folder, const char *site, struct program *p, struct wl_err *err)
{
    WL_CLEANUP_FREE char *output = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    int r = make_dirs(folder, err);

    add_collect(k, "app", folder, &argv);
    if (k->program)
        strv_addf(&argv, "--program=%s", k->program);
    if (k->module)
        strv_addf(&argv, "--module=%s", k->module);
    if (k->entry)
        strv_addf(&argv, "--entry=%s", k->entry);
    if (site)
        strv_addf(&argv, "--site=%s", site);
    for (size_t i = 0; i < k->data->n; i++)
        strv_addf(&argv, "--data=%s", k->data->v[i]);
    if (r == 0)
        r = run_tool(k, &argv, &output, err);
    if (r < 0)
        return r;
    for (char *state, *line = strtok_r(output, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
        read_line(k, line, p);
    if (!p->kind)
        return wl_err_set(err, WL_E_FAILED, "%s told of no program", k->collect);
    return 0;
}

static int archive(const struct pack *k, const char *folder, const char *site, const char *file, struct wl_err *err)
{
    WL_CLEANUP_FREE char *link = path_join(folder, "site-packages"), *output = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};

    if (site && symlink(site, link) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot make the link %s", link);
    strv_add_all(&argv, k->rofs_pack, folder, file, NULL);
    return run_tool(k, &argv, &output, err);
}

static void hash_seed(const struct pack *k, struct str *to)
{
    unsigned int seed = 0;

    if (!k->hash_seed) {
        str_add(to, HASH_SEED);
    } else if (strcmp(k->hash_seed, "random") != 0) {
        str_add(to, k->hash_seed);
    } else {
        while (seed == 0)
            if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
                seed = 0;
        str_addf(to, "%u", seed);
    }
}

static int snapshot(const struct pack *k, const char *scratch, const struct program *p, struct wl_err *err)
{
    WL_CLEANUP_FREE char *output = NULL;
    WL_CLEANUP_STR struct str seed = {0};
    WL_CLEANUP_STRV struct strv argv = {0};
    int status = 0, r;

    hash_seed(k, &seed);
    /* What is compiled here runs for a second; but the next app needs the same. */
    strv_add_all(&argv, k->wl_run, "--quick", NULL);
    strv_addf(&argv, "--cache-dir=%s/compiled", k->store->cache);
    strv_addf(&argv, "--dir=%s::/app::ro", scratch);
    strv_addf(&argv, "--env=PYTHONHASHSEED=%s", seed.s);
    strv_add(&argv, "--argv0=python");
    strv_addf(&argv, "--snapshot=%s", k->out);
    strv_add_all(&argv, k->python, "--app", "/app/archive", p->kind, p->target, NULL);
    strv_addv(&argv, &p->imports);
    strv_addv(&argv, k->imports);
    events_note(k->events, "starting Python with the program, to save it as it is then");
    r = run_any(k, &argv, &status, &output, err);
    if (r < 0)
        return r;
    if (status == 0) {
        if (*output)
            k->events->emit(k->events->data, &(struct event){.kind = EVENT_PRINTED, .text = output});
        return 0;
    }
    if (status >= RUNNER_FAILED && status <= RUNNER_MISSING) {
        WL_CLEANUP_FREE char *line = last_line(output);

        return wl_err_set(err, WL_E_FAILED, "%s could not be made: %s", k->out, line);
    }
    if (*output)
        k->events->emit(k->events->data, &(struct event){.kind = EVENT_PRINTED, .text = output});
    wl_err_set(err, WL_E_FAILED, "%s could not be made: importing what the program needs failed, see above", k->out);
    return wl_err_hint(err, "--no-imports leaves the program's own imports to its start");
}

static int pack_in(const struct pack *k, const char *scratch, struct wl_err *err)
{
    WL_CLEANUP_FREE char *site = NULL, *folder = path_join(scratch, "app"), *file = path_join(scratch, "archive");
    __attribute__((cleanup(program_free))) struct program p = {0};
    int r = 0;

    if (k->requirements)
        r = find_site(k, scratch, &site, err);
    if (r == 0)
        r = collect(k, folder, site, &p, err);
    if (r == 0)
        r = archive(k, folder, site, file, err);
    return r < 0 ? r : snapshot(k, scratch, &p, err);
}

static void tell_wait(void *data)
{
    const struct pack *k = data;

    events_note(k->events, "another wl-make is making the same app; waiting for it");
}

int pack(const struct pack *k, struct wl_err *err)
{
    const struct store_calls calls = {.cancel = k->cancel, .on_wait = tell_wait, .data = (void *)k};
    WL_CLEANUP_FREE char *out = path_absolute(k->out);
    struct hash *h = hash_new();
    char key[HASH_HEX_SIZE];
    struct store_work w;
    int r;

    /* A scratch folder of its own for each output; one that a killed run has left is swept away like any other. */
    hash_field(h, "app", out);
    hash_end(h, key);
    r = work_begin(&w, k->store, key, &calls, err);
    if (r == 0)
        r = pack_in(k, w.dir, err);
    work_end(&w, false);
    return r;
}
