/* wl-make run: builds a Python if needed and runs it in the project's own runner (host/), which takes this process
 * over: streams, terminal, signals and exit status are the guest's from then on. */
#include "aot/aot.h"
#include "cli/options.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "plan/inputs.h"
#include "plan/memo.h"
#include "recipe/known_ports.h"
#include "store/compose.h"
#include "util/fs.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum engine { ENGINE_NOT_GIVEN, ENGINE_WASMTIME, ENGINE_NATIVE };
static const char *const engines[] = {"wasmtime", "native", NULL};

struct start_options {
    int engine;        /* enum engine */
    struct strv given; /* the runner's options */
};

#define AT(m) .member = offsetof(struct start_options, m)
static const struct option_spec options[] = {
    {0, "engine", "wasmtime or native (default: native if aot has compiled the module, else wasmtime)", "NAME",
     OPTION_CHOICE, AT(engine), .choices = engines},
    {0},
};

/* ---- the runner's options ---- */

static int check_dirs(const struct run_options *o, struct wl_err *err)
{
    for (size_t i = 0; i < o->folders_n; i++) {
        const struct run_folder *f = &o->folders[i];
        int fd = open(f->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0) {
            wl_err_errno(err, WL_E_USAGE, "cannot give the guest the directory %s as %s", f->host, f->guest);
            return wl_err_hint(err, "name a directory that exists and that you can read");
        }
        close(fd);
    }
    return 0;
}

/* Checks a value before anything is built, by the runner's own code. */
static int check_runner_option(const struct option_spec *s, const char *value, struct wl_err *err)
{
    const struct run_option *option = run_options_find(OF_MAKE_RUN, s->name, strlen(s->name));
    struct run_options o;
    struct err why = {0};
    int r = 0;

    run_options_init(&o, OF_MAKE_RUN, environ);
    if (run_options_set(&o, option, s->argument ? value : NULL, &why) == 0) {
        r = check_dirs(&o, err);
    } else {
        r = wl_err_set(err, WL_E_USAGE, "%s", why.text);
        if (*why.hint)
            wl_err_hint(err, "%s", why.hint);
    }
    run_options_free(&o);
    return r;
}

static bool runner_option(size_t i, struct option_spec *spec)
{
    for (const struct run_option *o = run_options; o < run_options + run_options_n; o++)
        if (o->of & OF_MAKE_RUN && i-- == 0) {
            *spec = (struct option_spec){
                o->letter, o->name, o->help, o->argument, OPTION_FORWARD, AT(given), .check = check_runner_option};
            return true;
        }
    return false;
}

/* Adds those of the given options ("--NAME=VALUE") that the program takes. */
static void add_runner_options(struct strv *argv, const struct strv *given, enum run_options_of program)
{
    for (size_t i = 0; i < given->n; i++) {
        const char *name = given->v[i] + strlen("--");

        if (run_options_find(program, name, strcspn(name, "=")))
            strv_add(argv, given->v[i]);
    }
}

/* ---- what is started ---- */

static void restore_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What a run starts. */
struct start {
    char *runner;  /* the program wl-run */
    char *dir;     /* the port's folder in the output */
    char *flavour; /* which of the programs in it; "" for the port's own */
    char *native;  /* where the native program of it is, if it has been made */
};

static void start_free(struct start *s)
{
    free(s->runner);
    free(s->dir);
    free(s->flavour);
    free(s->native);
}

static const char *flavour_of(const struct start *s)
{
    return *s->flavour ? s->flavour : NULL;
}

static int find_program(const struct start *s, const char *port, char **program, struct wl_err *err)
{
    *program = compose_program(s->dir, flavour_of(s));
    if (*program)
        return 0;
    wl_err_set(err, WL_E_USAGE, "%s has no bin/*.wasm that could be run", port);
    return wl_err_hint(err, "run takes a port that is a program, for example python/v3.11.2");
}

struct wanted {
    const struct app *a;
    const char *port;
};

/* The guest runs from the output folder; the runner and the compilers from the store. */
static bool is_current(void *data, const struct plan *p, size_t node)
{
    const struct wanted *w = data;

    return !strcmp(p->nodes[node].recipe->name, w->port) && compose_current(p, node, w->a->output);
}

/* What tells whether a program of the store is still the one that was looked at; "" for one that is not there. */
static char *identity(const char *program)
{
    char *known = *program ? memo_file_identity(program) : NULL;

    return known ? known : xstrdup("");
}

/* Everything but files that decides what a run starts; NULL where that is more than can be told cheaply. */
static char *question(struct app *a, const struct make_options *o, const char *port)
{
    WL_CLEANUP_FREE char *self = memo_file_identity("/proc/self/exe");
    struct toolchain wasi = {0}, native = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STR struct str roots = {0};
    char *text = NULL;

    if (a->options.source || a->options.profile || a->options.dry_run || a->sdk_root || !self)
        return NULL;
    for (size_t i = 0; i < a->roots.ports.n; i++)
        str_addf(&roots, " %s", a->roots.ports.v[i]);
    if (toolchain_find_wasi(NULL, a->store.cache, &wasi, &ignored) == 0 &&
        toolchain_find_native(a->store.cache, &native, &ignored) == 0)
        text = xasprintf("run %s\n%s\n%s\n%s\n%s\n%d %d\n%s\n%s", port, self, roots.s, a->output, a->store.cache,
                         o->plan.debug, o->plan.sandboxed, wasi.identity, native.identity);
    toolchain_free(&wasi);
    toolchain_free(&native);
    return text;
}

/* Takes a line off the text; NULL: there is none. */
static char *take_line(char **text)
{
    char *line = *text, *end = line ? strchr(line, '\n') : NULL;

    *text = end ? end + 1 : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    return line;
}

/* Making a plan takes longer than starting a Python. So what an earlier run found out is used as long as no file that
 * went into it has changed: the answer is the runner, the output folder and its key, the programs as they were when
 * they were compared with the store's manifests, and those files. */
static bool known_start(const char *cache, const char *asked, struct start *s)
{
    WL_CLEANUP_FREE char *answer = asked ? memo_get(cache, asked) : NULL;
    char *rest = answer, *runner = take_line(&rest), *dir = take_line(&rest), *flavour = take_line(&rest);
    char *key = take_line(&rest), *native = take_line(&rest);
    char *runner_was = take_line(&rest), *native_was = take_line(&rest);
    WL_CLEANUP_FREE char *runner_is = NULL, *native_is = NULL;

    if (!native_was || !rest || access(runner, X_OK) < 0 || !inputs_unchanged(rest) ||
        !compose_is_current(dir, *flavour ? flavour : NULL, key))
        return false;
    runner_is = identity(runner);
    native_is = identity(native);
    if (strcmp(runner_is, runner_was) != 0 || strcmp(native_is, native_was) != 0)
        return false;
    *s = (struct start){xstrdup(runner), xstrdup(dir), xstrdup(flavour), xstrdup(native)};
    return true;
}

static void keep_start(struct app *a, const char *asked, const struct plan *p, const struct plan *tools, size_t port,
                       const struct start *s)
{
    WL_CLEANUP_FREE char *runner = identity(s->runner), *native = identity(s->native);
    WL_CLEANUP_STR struct str answer = {0};
    char key[HASH_HEX_SIZE];

    compose_key(p, port, key);
    str_addf(&answer, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n", s->runner, s->dir, s->flavour, key, s->native, runner, native);
    inputs_add(p, &a->roots, &answer);
    inputs_add(tools, &a->roots, &answer);
    memo_put(a->store.cache, asked, answer.s);
}

static enum engine engine_of(const struct app *a)
{
    const struct start_options *o = a->options.own;

    return (enum engine)o->engine;
}

static bool wants_native(const struct app *a)
{
    return engine_of(a) == ENGINE_NATIVE;
}

/* What native programs are made with, where the plan does not have it because none is asked for: keys alone. */
static int plan_tools(const struct make_options *o, struct plan *p, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r;

    aot_ports(&names);
    r = plan_make(&o->plan, &names, p, err);
    return r < 0 ? r : make_prepare(o, p, true, err);
}

/* Finds out where the native program is, and makes it if it is asked for. Where none is, a machine that cannot make one
 * (no compiler, or no port of its tools) has none. */
static int find_native(struct app *a, const struct make_options *o, struct plan *tools, const char *key,
                       struct start *s, struct wl_err *err)
{
    WL_CLEANUP_FREE char *module = compose_program(s->dir, flavour_of(s));
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    bool wanted = wants_native(a);
    struct wl_err *why = wanted ? err : &ignored;
    int r = plan_tools(o, tools, why);

    if (r == 0 && module)
        r = app_native(a, tools, &(struct native_request){.module = module, .key = key}, wanted, &s->native, why);
    if (r == -WL_E_INTERRUPTED)
        return cancel_error(err);

    if (!s->native)
        s->native = xstrdup("");
    return wanted ? r : 0;
}

/* Builds what is not built yet, and tells what is to be started. */
static int prepare_start(struct app *a, const char *port, struct start *s, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *asked = NULL;
    struct make_options o;
    struct plan p = {0}, tools = {0};
    const struct node *n = NULL;
    bool changed;
    int r;

    app_build_options(a, &o, false);
    o.is_current = is_current;
    o.data = &(struct wanted){a, port};
    asked = question(a, &o, port);
    if (known_start(a->store.cache, asked, s) && (!wants_native(a) || access(s->native, X_OK) == 0))
        return 0;
    start_free(s);
    *s = (struct start){0};
    strv_add(&names, port);
    strv_add_once(&names, RUNNER_PORT);
    if (wants_native(a))
        aot_ports(&names);
    r = app_build(a, &o, &names, &p, err);
    if (r == 0) {
        n = plan_find(&p, port);
        s->runner = app_artifact(a, &p, RUNNER_PORT, RUNNER_PROGRAM);
        s->dir = compose_dir(a->output, n->recipe);
        s->flavour = xstrdup(n->recipe->flavour ? n->recipe->flavour : "");
        r = app_compose(a, &p, (size_t)(n - p.nodes), &changed, err);
    }
    if (r == 0)
        r = find_native(a, &o, &tools, n->key, s, err);
    if (r == 0 && asked)
        keep_start(a, asked, &p, &tools, (size_t)(n - p.nodes), s);
    plan_free(&tools);
    plan_free(&p);
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct start_options *o = a->options.own;
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_FREE char *port = NULL, *program = NULL;
    __attribute__((cleanup(start_free))) struct start s = {0};
    bool native;
    int r;

    if (a->options.args.n != 1) {
        wl_err_set(err, WL_E_USAGE, "run takes one port, then the guest's arguments");
        return wl_err_hint(err, "for example: wl-make run python/v3.11.2 -- -c 'print(1)'");
    }
    r = app_port(a, a->options.args.v[0], &port, err);
    if (r == 0)
        r = prepare_start(a, port, &s, err);
    if (r == 0)
        r = find_program(&s, port, &program, err);
    if (r < 0)
        return r;
    native = engine_of(a) != ENGINE_WASMTIME && access(s.native, X_OK) == 0;
    strv_add(&argv, native ? s.native : s.runner);
    if (!flavour_of(&s))
        app_add_library(&argv, s.dir);
    if (native) {
        strv_addf(&argv, "--argv0=%s", path_base(program));
        add_runner_options(&argv, &o->given, OF_NATIVE);
    } else {
        strv_addf(&argv, "--cache-dir=%s/compiled", a->store.cache);
        add_runner_options(&argv, &o->given, OF_WL_RUN);
        strv_add(&argv, program);
    }
    /* The runner removes one "--" after the module, so the guest's own ones stay. */
    strv_add(&argv, "--");
    strv_addv(&argv, &a->options.guest);
    ui_free(a->ui);
    a->ui = NULL;
    fflush(NULL);
    restore_signals();
    execv(argv.v[0], argv.v);
    return wl_err_errno(err, WL_E_TOOLCHAIN, "cannot start the runner %s", argv.v[0]);
}

const struct command command_run = {
    .name = "run",
    .usage = "run PORT [--] [ARGUMENT...]",
    .summary = "run a built Python in its sandbox",
    .description =
        "Runs the port's program with the arguments, in the project's own runner, and builds first what is missing.\n"
        "The guest sees its standard library and nothing else of this machine but what --dir and --env give it.",
    .options = options,
    .options_size = sizeof(struct start_options),
    .more_options = runner_option,
    .shared = SHARED_BUILDING | SHARED_VARIANT | SHARED_FLAVOUR | SHARED_OUTPUT,
    .has_guest = true,
    .run = run,
};
