/* wl-make app: a program with its packages and data as one module that starts at once. */
#include "cmd/app.h"
#include "pack/pack.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_options(const struct options *o, struct wl_err *err)
{
    if (o->args.n > 1) {
        wl_err_set(err, WL_E_USAGE, "app takes one program, not %zu", o->args.n);
        return wl_err_hint(err, "name its folder, or add the other files with --include-data");
    }
    if (!o->args.n && !o->module && !o->entry_point) {
        wl_err_set(err, WL_E_USAGE, "name a program");
        return wl_err_hint(err, "a script, a folder with __main__.py, --module NAME or --entry-point NAME");
    }
    if (o->module && o->entry_point) {
        wl_err_set(err, WL_E_USAGE, "--module and --entry-point each say what the app runs");
        return wl_err_hint(err, "give one of them");
    }
    if (o->entry_point && !o->requirements) {
        wl_err_set(err, WL_E_USAGE, "--entry-point names a script of a requirement, but there are no requirements");
        return wl_err_hint(err, "give the file that lists them with -r");
    }
    if ((o->lock || o->update) && !o->requirements) {
        wl_err_set(err, WL_E_USAGE, "--lock and --update are about requirements, but there are none");
        return wl_err_hint(err, "give the file that lists them with -r");
    }
    if (o->hash_seed && strcmp(o->hash_seed, "random") != 0 &&
        (strspn(o->hash_seed, "0123456789") != strlen(o->hash_seed) || strlen(o->hash_seed) > 10 ||
         strtoull(o->hash_seed, NULL, 10) > 0xffffffffu)) {
        wl_err_set(err, WL_E_USAGE, "--hash-seed takes a number from 0 to 4294967295, or random, not '%s'",
                   o->hash_seed);
        return wl_err_hint(err, "0 turns the randomisation of hashes off");
    }
    return 0;
}

/* The names in lists with commas. */
static void split_names(const struct strv *given, struct strv *imports)
{
    for (size_t i = 0; i < given->n; i++)
        for (const char *p = given->v[i]; *p;) {
            size_t n = strcspn(p, ", ");

            if (n)
                strv_take(imports, xstrndup(p, n));
            p += n + (p[n] != '\0');
        }
}

/* "SOURCE[:PLACE]" as collect.py takes it. */
static int split_data(const struct strv *given, struct strv *data, struct wl_err *err)
{
    for (size_t i = 0; i < given->n; i++) {
        const char *colon = strrchr(given->v[i], ':');
        WL_CLEANUP_FREE char *source = colon && !path_exists(given->v[i])
                                           ? xstrndup(given->v[i], (size_t)(colon - given->v[i]))
                                           : xstrdup(given->v[i]);

        if (!path_exists(source)) {
            wl_err_errno(err, WL_E_USAGE, "--include-data %s", given->v[i]);
            return wl_err_hint(err, "it takes a file or folder, and behind a colon its place in the app");
        }
        strv_addf(data, "%s=%s", source, strlen(source) < strlen(given->v[i]) ? colon + 1 : "");
    }
    return 0;
}

static int check_program(const char *program, struct wl_err *err)
{
    struct stat st;

    if (stat(program, &st) < 0) {
        wl_err_unreadable(err, WL_E_USAGE, "cannot read the program %s", program);
        return wl_err_hint(err, "name a script, or a folder with __main__.py");
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        wl_err_set(err, WL_E_USAGE, "%s is neither a script nor a folder", program);
        return wl_err_hint(err, "name a script, or a folder with __main__.py");
    }
    return 0;
}

/* Where the app goes unless --output says it: NAME.wasm in the working folder. */
static char *default_output(const struct options *o)
{
    WL_CLEANUP_FREE char *whole = o->args.n ? path_absolute(o->args.v[0]) : NULL;
    const char *name = o->entry_point ? o->entry_point : o->module ? o->module : NULL;
    size_t n;

    if (!name) {
        for (n = strlen(whole); n > 1 && (whole[n - 1] == '/' || ends_with(whole, "/.")); n--)
            whole[n - 1] = '\0';
        name = path_base(whole);
    }
    n = strlen(name);
    if (!o->module && !o->entry_point && ends_with(name, ".py"))
        n -= 3;
    return xasprintf("%.*s.wasm", (int)n, name);
}

/* Before all the work: whether the app can be written where it is wanted. */
static int check_output(const char *out, struct wl_err *err)
{
    WL_CLEANUP_FREE char *folder = path_dir(out);

    if (path_is_dir(out)) {
        wl_err_set(err, WL_E_USAGE, "cannot write the app %s: it is a folder", out);
        return wl_err_hint(err, "give --output the name of a file");
    }
    if (access(folder, W_OK | X_OK) < 0) {
        wl_err_errno(err, WL_E_USAGE, "cannot write the app %s: its folder %s", out, folder);
        return wl_err_hint(err, "give --output a file in a folder that exists and that you may write to");
    }
    return 0;
}

static int make(struct app *a, const struct plan *p, const char *single, const char *build_python, struct pack *k,
                struct wl_err *err)
{
    WL_CLEANUP_FREE char *wasm = app_artifact(a, p, single, SINGLE_MODULE);
    WL_CLEANUP_FREE char *python = app_artifact(a, p, build_python, NULL);
    WL_CLEANUP_FREE char *rofs_pack = app_artifact(a, p, ROFS_PACK_PORT, "bin/rofs-pack");
    WL_CLEANUP_FREE char *wl_run = app_artifact(a, p, RUNNER_PORT, RUNNER_PROGRAM);
    WL_CLEANUP_FREE char *collect = path_join(a->roots.repo, "src/pack/collect.py");
    WL_CLEANUP_FREE char *ask_pip = path_join(a->roots.repo, "src/source/ask_pip.py");

    k->python = wasm;
    k->build_python = python;
    k->build_python_key = plan_find(p, build_python)->key;
    k->rofs_pack = rofs_pack;
    k->wl_run = wl_run;
    k->collect = collect;
    k->ask_pip = ask_pip;
    return pack(k, err);
}

static int report(const struct app *a, const char *out, struct wl_err *err)
{
    struct stat st;

    if (stat(out, &st) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot find %s again", out);
    if (!a->options.quiet) {
        WL_CLEANUP_FREE char *size = human_size((unsigned long long)st.st_size);

        ui_print(stdout, "%s (%s)\n", out, size);
    }
    return 0;
}

int cmd_app(struct app *a, struct wl_err *err)
{
    const struct options *o = &a->options;
    WL_CLEANUP_FREE char *port = NULL, *single = NULL, *build_python = NULL, *series = NULL;
    WL_CLEANUP_FREE char *out = o->file ? xstrdup(o->file) : NULL;
    WL_CLEANUP_STRV struct strv names = {0}, imports = {0}, data = {0}, without_native = {0};
    struct fetch_options fetch = {
        .cache = a->store.sources, .offline = o->offline, .cancel = &a->cancel, .installer = a->installer};
    struct make_options b;
    struct plan p = {0};
    struct pack k;
    int r = check_options(o, err);

    if (r == 0 && o->args.n)
        r = check_program(o->args.v[0], err);
    if (r == 0)
        r = split_data(&o->include_data, &data, err);
    if (r == 0)
        r = ports_resolve(&a->roots, o->python ? o->python : DEFAULT_PYTHON_PORT, &port, err);
    if (r == 0 && !python_is(port)) {
        wl_err_set(err, WL_E_USAGE, "--python %s: this port is no Python", o->python);
        r = wl_err_hint(err, "for example --python 3.13.5");
    }
    if (r == 0)
        r = ports_flavour(&a->roots, port, SINGLE_FLAVOUR, &single, err);
    if (r < 0)
        return r;
    build_python = python_build(port);
    series = python_series(port);
    split_names(&o->imports, &imports);
    split_names(&o->without_native, &without_native);
    if (!out)
        out = default_output(o);
    r = check_output(out, err);
    if (r < 0)
        return r;
    strv_add(&names, single);
    strv_add(&names, RUNNER_PORT);
    strv_add(&names, ROFS_PACK_PORT);
    strv_add(&names, build_python);
    app_build_options(a, &b, false);
    k = (struct pack){.program = o->args.n ? o->args.v[0] : NULL,
                      .module = o->module,
                      .entry = o->entry_point,
                      .requirements = o->requirements,
                      .lock = o->lock,
                      .imports = &imports,
                      .data = &data,
                      .without_native = &without_native,
                      .hash_seed = o->hash_seed,
                      .update = o->update,
                      .strip_source = o->strip_source,
                      .no_imports = o->no_imports,
                      .out = out,
                      .series = series,
                      .version = python_version(port),
                      .store = &a->store,
                      .fetch = &fetch,
                      .cancel = &a->cancel,
                      .events = &a->events};
    r = app_build(a, &b, &names, &p, err);
    if (r == 0)
        r = make(a, &p, single, build_python, &k, err);
    plan_free(&p);
    return r < 0 ? r : report(a, out, err);
}
