/* wl-make app: packs a program with its packages and data into one module that starts at once. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/dist.h"
#include "cmd/packages.h"
#include "pack/licenses.h"
#include "pack/pack.h"
#include "pack/site.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct app_options {
    char *file, *licenses, *python, *module, *entry_point, *requirements, *lock, *hash_seed;
    struct strv imports, include_data, without_native;
    bool update, strip_source, no_imports;
};

#define AT(m) .member = offsetof(struct app_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the app to FILE (default: the program's name and .wasm)", "FILE", OPTION_TEXT, AT(file)},
    {0, "licenses", "also write the licenses of everything in the app to FILE", "FILE", OPTION_TEXT, AT(licenses)},
    {'r', "requirement", "the packages that it needs, as pip's requirements", "FILE", OPTION_TEXT, AT(requirements)},
    {0, "lock", "the file that pins their versions and hashes (default: beside them, ending in .lock)", "FILE",
     OPTION_TEXT, AT(lock)},
    {0, "without-native", "packages that work without their compiled modules", "NAME,...", OPTION_LIST,
     AT(without_native)},
    {0, "update", "resolve the requirements again", NULL, OPTION_FLAG, AT(update)},
    {'m', "module", "run the module NAME, as python -m does", "NAME", OPTION_TEXT, AT(module)},
    {0, "entry-point", "run the console script NAME of a requirement", "NAME", OPTION_TEXT, AT(entry_point)},
    {0, "import", "also import these modules before the snapshot is taken", "MODULE,...", OPTION_LIST, AT(imports)},
    {0, "no-imports", "import only the modules that --import lists", NULL, OPTION_FLAG, AT(no_imports)},
    {0, "include-data", "put a file or directory into the app's directory", "PATH[:PLACE]", OPTION_LIST,
     AT(include_data)},
    {0, "strip-source", "leave out the source: only byte code", NULL, OPTION_FLAG, AT(strip_source)},
    {0, "hash-seed", "the seed of the hashes of str: a number, or random", "N", OPTION_TEXT, AT(hash_seed)},
    {0, "python", "use this Python (default: " DEFAULT_PYTHON_PORT ")", "PORT", OPTION_TEXT, AT(python)},
    {0},
};

static int check_options(const struct app_options *o, const struct strv *args, struct wl_err *err)
{
    if (args->n > 1) {
        wl_err_set(err, WL_E_USAGE, "app takes one program, not %zu", args->n);
        return wl_err_hint(err, "name its directory, or add the other files with --include-data");
    }
    if (!args->n && !o->module && !o->entry_point) {
        wl_err_set(err, WL_E_USAGE, "no program is named");
        return wl_err_hint(err, "name a script, a directory with __main__.py, --module NAME or --entry-point NAME");
    }
    if (o->module && o->entry_point) {
        wl_err_set(err, WL_E_USAGE, "--module and --entry-point exclude each other");
        return wl_err_hint(err, "give only one of them");
    }
    if (o->entry_point && !o->requirements) {
        wl_err_set(err, WL_E_USAGE, "--entry-point names a script of a requirement, but there are no requirements");
        return wl_err_hint(err, "name the file that lists them with -r");
    }
    if ((o->lock || o->update) && !o->requirements) {
        wl_err_set(err, WL_E_USAGE, "--lock and --update need requirements, but there are none");
        return wl_err_hint(err, "name the file that lists them with -r");
    }
    if (o->hash_seed && strcmp(o->hash_seed, "random") != 0 &&
        (strspn(o->hash_seed, "0123456789") != strlen(o->hash_seed) || strlen(o->hash_seed) > 10 ||
         strtoull(o->hash_seed, NULL, 10) > 0xffffffffu)) {
        wl_err_set(err, WL_E_USAGE, "--hash-seed takes a number from 0 to 4294967295, or random, not '%s'",
                   o->hash_seed);
        return wl_err_hint(err, "0 turns off the randomization of hashes");
    }
    return 0;
}

/* Splits lists of names at commas and spaces. */
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

/* Turns "SOURCE[:PLACE]" into the form of collect.py. */
static int split_data(const struct strv *given, struct strv *data, struct wl_err *err)
{
    for (size_t i = 0; i < given->n; i++) {
        const char *colon = path_exists(given->v[i]) ? NULL : strrchr(given->v[i], ':');
        WL_CLEANUP_FREE char *source =
            colon ? xstrndup(given->v[i], (size_t)(colon - given->v[i])) : xstrdup(given->v[i]);

        if (!path_exists(source)) {
            wl_err_errno(err, WL_E_USAGE, "--include-data %s", given->v[i]);
            return wl_err_hint(err,
                               "the value is a file or directory, optionally with a colon and its place in the app");
        }
        strv_addf(data, "%s=%s", source, colon ? colon + 1 : "");
    }
    return 0;
}

static int check_program(const char *program, struct wl_err *err)
{
    struct stat st;

    if (stat(program, &st) < 0) {
        wl_err_unreadable(err, WL_E_USAGE, "cannot read the program %s", program);
        return wl_err_hint(err, "name a script, or a directory with __main__.py");
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        wl_err_set(err, WL_E_USAGE, "%s is neither a script nor a directory", program);
        return wl_err_hint(err, "name a script, or a directory with __main__.py");
    }
    return 0;
}

/* The default of --output: NAME.wasm in the working directory. */
static char *default_output(const struct app_options *o, const char *program)
{
    WL_CLEANUP_FREE char *whole = NULL;
    const char *name;
    size_t n;

    if (o->entry_point || o->module)
        return xasprintf("%s.wasm", o->entry_point ? o->entry_point : o->module);
    whole = path_absolute(program);
    for (n = strlen(whole); n > 1 && (whole[n - 1] == '/' || ends_with(whole, "/.")); n--)
        whole[n - 1] = '\0';
    name = path_base(whole);
    n = strlen(name) - (ends_with(name, ".py") ? 3 : 0);
    return xasprintf("%.*s.wasm", (int)n, name);
}

/* Checks, before anything is built, that the app and its licences can be written. */
static int check_output(const char *what, const char *option, const char *out, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_dir(out);

    if (path_is_dir(out)) {
        wl_err_set(err, WL_E_USAGE, "cannot write the %s %s: it is a directory", what, out);
        return wl_err_hint(err, "give %s the name of a file", option);
    }
    if (access(dir, W_OK | X_OK) < 0) {
        wl_err_errno(err, WL_E_USAGE, "cannot write the %s %s: its directory %s", what, out, dir);
        return wl_err_hint(err, "give %s a file in a directory that exists and that you can write to", option);
    }
    return 0;
}

/* Writes the licences of the Python and its libraries, and of the packages: native ones are in the Python. */
static int write_licenses(struct app *a, const struct make_options *b, struct plan *p, const char *single,
                          const char *python, const char *site, struct wl_err *err)
{
    const struct app_options *o = a->options.own;
    WL_CLEANUP_FREE char *series = python_series(python), *artifact = app_artifact(a, p, python, "usr/local/lib"),
                         *packages = xasprintf("%s/python%s/site-packages", artifact, series), *text = NULL;
    WL_CLEANUP_STRV struct strv content = {0};
    struct parcel licenses = {0};
    int r;

    strv_add(&content, single);
    r = dist_licenses(b, p, &content, &licenses, err);
    if (r == 0)
        r = licenses_add_packages(packages, &licenses, err);
    if (r == 0 && site)
        r = licenses_add_packages(site, &licenses, err);
    if (r == 0)
        r = licenses_text(&licenses, &text, err);
    if (r == 0)
        r = file_write(o->licenses, text, strlen(text), err);
    parcel_free(&licenses);
    return r;
}

static int make(struct app *a, const struct plan *p, const char *single, const char *build_python, struct pack *k,
                struct wl_err *err)
{
    WL_CLEANUP_FREE char *python = app_artifact(a, p, single, NULL);
    WL_CLEANUP_FREE char *build = app_artifact(a, p, build_python, NULL);
    WL_CLEANUP_FREE char *rofs_pack = app_artifact(a, p, ROFS_PACK_PORT, NULL);
    WL_CLEANUP_FREE char *wl_run = app_artifact(a, p, RUNNER_PORT, NULL);
    WL_CLEANUP_FREE char *collect = path_join(a->roots.repo, "src/pack/collect.py");
    WL_CLEANUP_FREE char *ask_pip = path_join(a->roots.repo, "src/pack/ask_pip.py");

    k->python = (struct pack_tool){python, plan_find(p, single)->key};
    k->build_python = (struct pack_tool){build, plan_find(p, build_python)->key};
    k->rofs_pack = (struct pack_tool){rofs_pack, plan_find(p, ROFS_PACK_PORT)->key};
    k->wl_run = (struct pack_tool){wl_run, plan_find(p, RUNNER_PORT)->key};
    k->collect = collect;
    k->ask_pip = ask_pip;
    return pack(k, err);
}

static int report(const struct app *a, const char *out, struct wl_err *err)
{
    struct stat st;

    if (stat(out, &st) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot find the app %s, which was just written", out);
    if (!a->options.quiet) {
        WL_CLEANUP_FREE char *size = human_size((unsigned long long)st.st_size);

        ui_print(stdout, "%s (%s)\n", out, size);
    }
    return 0;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct app_options *o = a->options.own;
    const char *program = a->options.args.n ? a->options.args.v[0] : NULL;
    WL_CLEANUP_FREE char *port = NULL, *single = NULL, *build_python = NULL, *series = NULL, *lock = NULL, *with = NULL,
                         *site = NULL;
    WL_CLEANUP_FREE char *out = o->file ? xstrdup(o->file) : NULL;
    WL_CLEANUP_STRV struct strv names = {0}, imports = {0}, data = {0}, without_native = {0};
    struct fetch_options fetch = {
        .cache = a->store.sources, .offline = a->options.offline, .cancel = &a->cancel, .installer = a->installer};
    struct make_options b;
    struct plan p = {0};
    struct pack k;
    int r = check_options(o, &a->options.args, err);

    if (r == 0 && program)
        r = check_program(program, err);
    if (r == 0)
        r = split_data(&o->include_data, &data, err);
    if (r == 0)
        r = ports_resolve(&a->roots, o->python ? o->python : DEFAULT_PYTHON_PORT, &port, err);
    if (r == 0 && !python_is(port)) {
        wl_err_set(err, WL_E_USAGE, "--python %s: this port is not a Python", o->python);
        r = wl_err_hint(err, "for example --python 3.13.5");
    }
    if (r < 0)
        return r;
    build_python = python_build(port);
    series = python_series(port);
    split_names(&o->imports, &imports);
    split_names(&o->without_native, &without_native);
    if (!out)
        out = default_output(o, program);
    r = check_output("app", "--output", out, err);
    if (r == 0 && o->licenses)
        r = check_output("licenses", "--licenses", o->licenses, err);
    if (r == 0 && o->requirements) {
        lock = o->lock ? xstrdup(o->lock) : lock_file_of(o->requirements);
        r = app_native_packages(
            a,
            &(struct required){
                .requirements = o->requirements, .lock = lock, .without_native = &without_native, .update = o->update},
            port, &with, err);
    }
    if (r == 0)
        r = ports_flavour(&a->roots, with ? with : port, SINGLE_FLAVOUR, &single, err);
    if (r < 0)
        return r;
    strv_add(&names, single);
    strv_add(&names, RUNNER_PORT);
    strv_add(&names, ROFS_PACK_PORT);
    strv_add(&names, build_python);
    if (o->licenses)
        strv_add(&names, SYSROOT_PORT);
    app_build_options(a, &b, false);
    k = (struct pack){.program = program,
                      .module = o->module,
                      .entry = o->entry_point,
                      .requirements = o->requirements,
                      .lock = lock,
                      .imports = &imports,
                      .data = &data,
                      .without_native = &without_native,
                      .hash_seed = o->hash_seed,
                      .strip_source = o->strip_source,
                      .no_imports = o->no_imports,
                      .out = out,
                      .site = &site,
                      .series = series,
                      .version = python_version(port),
                      .o = &b,
                      .fetch = &fetch};
    r = app_build(a, &b, &names, &p, err);
    if (r == 0)
        r = make(a, &p, single, build_python, &k, err);
    if (r >= 0 && o->licenses)
        r = write_licenses(a, &b, &p, single, with ? with : port, site, err);
    plan_free(&p);
    return r < 0 ? r : report(a, out, err);
}

const struct command command_app = {
    .name = "app",
    .usage = "app [PROGRAM]",
    .summary = "pack a program and its packages into one module",
    .description =
        "Makes one module of a script, or of a directory with __main__.py, its pure-Python packages and its data,\n"
        "with a Python inside that has already imported them. Any WASI runtime can run it.",
    .options = options,
    .options_size = sizeof(struct app_options),
    .shared = SHARED_BUILDING | SHARED_NO_SANDBOX,
    .run = run,
};
