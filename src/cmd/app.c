#include "cmd/app.h"

#include "aot/aot.h"
#include "cmd/packages.h"
#include "cmd/shared_store.h"
#include "make/sandbox.h"
#include "store/compose.h"
#include "util/fs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The checkout: the nearest directory above the program that contains wl-make.sh. */
static char *root_above_program(void)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n <= 0)
        return NULL;
    self[n] = '\0';
    for (char *slash; (slash = strrchr(self, '/'));) {
        WL_CLEANUP_FREE char *script = NULL;

        *slash = '\0';
        script = path_join(*self ? self : "/", "wl-make.sh");
        if (path_exists(script))
            return xstrdup(self);
    }
    return NULL;
}

static char *default_cache(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (cache && *cache == '/')
        return path_join(cache, "wl-make");
    return home && *home == '/' ? path_join(home, ".cache/wl-make") : NULL;
}

int app_find_roots(struct app *a, struct wl_err *err)
{
    const char *root = getenv("WL_MAKE_ROOT");

    a->roots.repo = root && *root ? path_absolute(root) : root_above_program();
    if (!a->roots.repo) {
        wl_err_set(err, WL_E_USAGE, "cannot find the checkout, which contains ports/");
        return wl_err_hint(err, "start the tool with wl-make.sh, or set WL_MAKE_ROOT to the checkout");
    }
    for (size_t i = 0; i < a->options.ports.n; i++) {
        if (!path_is_dir(a->options.ports.v[i])) {
            wl_err_set(err, WL_E_USAGE, "--ports %s: there is no such directory", a->options.ports.v[i]);
            return wl_err_hint(err, "name a directory that contains KIND/NAME/recipe.yaml");
        }
        strv_take(&a->roots.ports, path_absolute(a->options.ports.v[i]));
    }
    strv_take(&a->roots.ports, path_join(a->roots.repo, "ports"));
    return 0;
}

int app_init(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_FREE char *cache = a->options.cache_dir ? xstrdup(a->options.cache_dir) : default_cache();
    const char *sdk = getenv("WASI_SDK_ROOT");
    int r = app_find_roots(a, err);

    if (r < 0)
        return r;
    if (!cache) {
        wl_err_set(err, WL_E_USAGE, "there is no directory for the cache: neither HOME nor XDG_CACHE_HOME is set");
        return wl_err_hint(err, "name one with --cache-dir");
    }
    a->output = a->options.output ? path_absolute(a->options.output) : path_join(a->roots.repo, "build-output");
    a->installer = path_join(a->roots.repo, "wl-make.sh");
    a->sdk_root = sdk && *sdk ? sdk : NULL;
    r = config_read(&a->config, err);
    a->launcher = (struct launcher){.program = a->config.launcher,
                                    .env = &a->config.launcher_env,
                                    .dirs = &a->config.launcher_dirs,
                                    .network = a->config.launcher_network};
    if (r == 0)
        r = store_open(&a->store, cache, err);
    return r < 0 ? r : shared_store_open(a, err);
}

void app_free(struct app *a)
{
    shared_store_close(a);
    ui_free(a->ui);
    config_free(&a->config);
    recipe_roots_free(&a->roots);
    store_close(&a->store);
    options_free(&a->options);
    strv_free(&a->words);
    strv_free(&a->inputs);
    free(a->output);
    free(a->installer);
    free(a->no_sandbox);
}

static int jobs_of(const struct app *a)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return a->options.jobs ? a->options.jobs : processors > 0 ? (int)processors : 1;
}

/* What `verify` wants to be different in this build. */
static struct make_vary variation(void)
{
    const char *preload = getenv(MAKE_VARY_PRELOAD), *user = getenv(MAKE_VARY_USER);

    return (struct make_vary){.preload = preload && *preload == '/' ? preload : NULL,
                              .user = user ? (int)strtol(user, NULL, 10) : 0};
}

void app_build_options(struct app *a, struct make_options *o, bool with_tests)
{
    WL_CLEANUP_FREE char *why = NULL;
    bool sandboxed = !a->options.no_sandbox && sandbox_works(a->store.cache, &why);

    if (why && !a->no_sandbox) {
        a->no_sandbox = why;
        why = NULL;
    }
    *o = (struct make_options){
        .plan = {.roots = &a->roots,
                 .sdk_root = a->sdk_root,
                 .with_tests = with_tests,
                 .debug = a->options.debug,
                 .sandboxed = sandboxed,
                 .cache = a->store.cache},
        .store = &a->store,
        .cancel = &a->cancel,
        .events = &a->events,
        .jobs = jobs_of(a),
        .offline = a->options.offline,
        .keep_going = a->options.keep_going,
        .keep_build = a->options.keep_build,
        .no_sandbox = sandboxed || a->options.no_sandbox ? NULL : a->no_sandbox,
        .installer = a->installer,
        .remote = a->remote,
        .launcher = a->config.launcher ? &a->launcher : NULL,
        .vary = variation(),
    };
}

int app_port(struct app *a, const char *given, char **name, struct wl_err *err)
{
    const struct options *o = &a->options;
    WL_CLEANUP_FREE char *port = NULL, *with = NULL;
    int r = ports_resolve(&a->roots, given, &port, err);

    *name = NULL;
    if (r == 0 && (o->with.n || o->requirement))
        r = app_packages(a, port, &with, err);
    else if (r == 0 && (o->imports.n || o->update)) {
        wl_err_set(err, WL_E_USAGE, "--%s, but no packages are named", o->imports.n ? "import" : "update");
        r = wl_err_hint(err, "name them by --with or --requirement");
    }
    return r < 0 ? r : ports_flavour(&a->roots, with ? with : port, o->flavour ? o->flavour : FLAVOUR_PLAIN, name, err);
}

int app_ports(struct app *a, struct strv *names, struct wl_err *err)
{
    if (!a->options.args.n) {
        wl_err_set(err, WL_E_USAGE, "no port is named");
        return wl_err_hint(err, "for example python/v3.11.2; wl-make list shows all ports");
    }
    for (size_t i = 0; i < a->options.args.n; i++) {
        WL_CLEANUP_FREE char *name = NULL;
        int r = app_port(a, a->options.args.v[i], &name, err);

        if (r < 0)
            return r;
        strv_add_once(names, name);
    }
    if ((a->options.source || a->options.profile) && names->n > 1) {
        wl_err_set(err, WL_E_USAGE, "--%s, but %zu ports are named",
                   a->options.source ? "source stands for one port's source" : "profile is for one port", names->n);
        return wl_err_hint(err, "build them one by one");
    }
    return 0;
}

/* Warns if the archive that --source names is not one that the recipe pins. */
static void note_given_source(struct app *a, const struct plan *p)
{
    /* From the end, since the port comes after the other ports that are made from the same source. */
    for (size_t i = p->n; i-- > 0;) {
        const struct node *n = &p->nodes[i];
        bool pinned = false;

        if (!n->recipe->sources_n || !n->sources[0].given)
            continue;
        for (size_t k = 0; k < n->recipe->sources[0].source.n; k++)
            pinned |= !strcmp(n->recipe->sources[0].source.archives[k].sha256, n->sources[0].sha256);
        if (!pinned) {
            WL_CLEANUP_FREE char *text =
                xasprintf("warning: the recipe of %s does not pin %s (SHA-256 %s); it is used because of --source",
                          n->recipe->name, a->options.source, n->sources[0].sha256);

            events_note(&a->events, text);
        }
        return;
    }
}

/* The plan with what --source and --profile say. */
static int plan_as_given(struct app *a, const struct make_options *o, const struct strv *names, struct plan *p,
                         struct wl_err *err)
{
    int r = plan_make(&o->plan, names, p, err);

    if (r == 0 && a->options.source)
        r = plan_use_source(p, names->v[0], a->options.source, err);
    if (r == 0 && a->options.profile)
        r = plan_use_profile(p, names->v[0], a->options.profile, err);
    return r;
}

int app_plan(struct app *a, const struct make_options *o, const struct strv *names, struct plan *p, struct wl_err *err)
{
    struct fetch_options cached = {.cache = a->store.sources};
    int r = plan_as_given(a, o, names, p, err);

    if (r == 0)
        r = plan_find_toolchains(&o->plan, p, err);
    return r < 0 ? r : plan_keys(&o->plan, &cached, p, err);
}

static void print_plan(const struct plan *p)
{
    size_t build = 0;

    for (size_t i = 0; i < p->n; i++)
        build += p->nodes[i].build;
    ui_print(stdout, "%zu of %zu ports would be built%s\n", build, p->n, build ? ":" : "");
    for (size_t i = 0; i < p->n; i++) {
        const struct node *n = &p->nodes[i];

        if (!n->build)
            continue;
        ui_print(stdout, "  %s %s\n", n->recipe->name, n->recipe->version);
        for (size_t s = 0; s < n->recipe->sources_n; s++)
            if (!n->sources[s].path && !n->sources[s].unwanted)
                ui_print(stdout, "    fetch %s\n", n->recipe->sources[s].source.archives[0].urls.v[0]);
        for (size_t s = 0; s < n->recipe->patches.n; s++)
            ui_print(stdout, "    patch %s\n", path_base(n->recipe->patches.v[s]));
        for (size_t s = 0; s < n->recipe->steps_n; s++)
            ui_print(stdout, "    step %s\n", n->recipe->steps[s].name);
        for (size_t s = 0; s < n->recipe->checks_n; s++)
            ui_print(stdout, "    check %s\n", n->recipe->checks[s].name);
    }
}

int app_build(struct app *a, const struct make_options *o, const struct strv *names, struct plan *p, struct wl_err *err)
{
    int r = store_hold(&a->store, &a->cancel, err);

    if (r == 0)
        r = store_hold_sources(&a->store, &a->cancel, err);
    if (r == 0)
        r = plan_as_given(a, o, names, p, err);
    if (r == 0 && a->options.source)
        note_given_source(a, p);
    if (r == 0)
        r = make_prepare(o, p, a->options.dry_run, err);
    if (r == 0 && a->options.dry_run)
        print_plan(p);
    return r < 0 || a->options.dry_run ? r : make_run(o, p, err);
}

int app_artifacts_alone(const struct app *a, char **path, int *fd, struct wl_err *err)
{
    int r = store_alone(&a->store, path, fd, err);

    if (r <= 0)
        return r;
    wl_err_set(err, WL_E_FAILED, "another wl-make is using the artifacts in %s; nothing was removed", a->store.cache);
    return wl_err_hint(err, "run the command again when the other one has ended");
}

static void tell_wait(void *data)
{
    const struct app *a = data;

    events_note(&a->events, "waiting for another wl-make that uses the sources");
}

int app_sources_alone(struct app *a, char **path, int *fd, struct wl_err *err)
{
    const struct store_calls calls = {.cancel = &a->cancel, .on_wait = tell_wait, .data = a};

    return store_sources_alone(&a->store, &calls, path, fd, err);
}

char *app_artifact(const struct app *a, const struct plan *p, const char *port, const char *file)
{
    const struct node *n = plan_find(p, port);
    WL_CLEANUP_FREE char *artifact = n ? store_path(&a->store, n->key) : NULL;

    return !artifact ? NULL : file ? path_join(artifact, file) : xstrdup(artifact);
}

char *app_module(const struct app *a, const struct plan *p, const char *port)
{
    WL_CLEANUP_FREE char *bin = app_artifact(a, p, port, "bin");
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};

    if (bin && dir_list(bin, &names, &ignored) == 0)
        for (size_t i = 0; i < names.n; i++)
            if (ends_with(names.v[i], ".wasm"))
                return path_join(bin, names.v[i]);
    return NULL;
}

int app_module_hash(const struct app *a, const struct plan *p, const char *port, const char *module,
                    char sha256[HASH_HEX_SIZE], struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = xasprintf("bin/%s", path_base(module));

    return store_file_hash(&a->store, plan_find(p, port)->key, file, sha256, err);
}

static struct aot native_of(const struct make_options *o, const struct plan *p, const struct native_request *wanted)
{
    return (struct aot){.o = o,
                        .plan = p,
                        .library = wanted->library,
                        .profile = wanted->profile,
                        .target = wanted->target,
                        .cpu = wanted->cpu,
                        .max_seconds = wanted->max_seconds,
                        .max_memory = wanted->max_memory,
                        .module = wanted->module,
                        .sha256 = wanted->sha256};
}

int app_native(struct app *a, const struct plan *p, const struct native_request *wanted, char **result,
               struct wl_err *err)
{
    struct make_options o = {0};
    const struct aot k = native_of(&o, p, wanted);
    struct aot_program program;
    int r;

    app_build_options(a, &o, false);
    r = aot_find(&k, &program, err);
    if (r == 0)
        r = aot_make(&k, &program, err);
    if (r == 0)
        *result = aot_result(&k, &program);
    aot_program_free(&program);
    return r;
}

int app_native_at_hand(struct app *a, struct plan *p, const struct native_request *wanted, char **result,
                       struct wl_err *err)
{
    struct make_options o = {0};
    const struct aot k = native_of(&o, p, wanted);
    struct aot_program program;
    bool exists = false;
    int r;

    *result = NULL;
    app_build_options(a, &o, false);
    r = aot_find(&k, &program, err);
    if (r == 0)
        r = aot_check(&k, &program, err);
    exists = r == 1;
    if (r == 0 && aot_is_translated(&k, &program)) {
        r = make_prepare(&o, p, false, err);
        if (r == 0)
            r = make_run(&o, p, err);
        /* Linking takes a moment, and nobody has asked for it: a run of a guest says nothing. */
        o.events = NULL;
        if (r == 0)
            r = aot_make(&k, &program, err);
        exists = r == 0;
    }
    if (exists)
        *result = aot_result(&k, &program);
    aot_program_free(&program);
    return r < 0 ? r : 0;
}

void app_add_library(struct strv *argv, const char *dir)
{
    WL_CLEANUP_FREE char *library = path_join(dir, "usr/local");

    if (path_is_dir(library))
        strv_addf(argv, "--dir=%s::/usr/local::ro", library);
}

int app_compose(struct app *a, const struct plan *p, size_t node, bool *changed, struct wl_err *err)
{
    *changed = false;
    return p->nodes[node].current ? 0 : compose(&a->store, p, node, a->output, changed, err);
}
