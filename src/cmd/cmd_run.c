/* wl-make run: builds a Python if needed and runs it in the project's own runner (host/), which replaces this process:
 * from then on streams, terminal, signals and exit status are the guest's. What was started is recorded, and the next
 * run does not get here (launch/launch.h). */
#include "aot/aot.h"
#include "cli/options.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "launch/launch.h"
#include "launch/record.h"
#include "plan/inputs.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "store/compose.h"
#include "util/fs.h"
#include "util/version.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum engine { ENGINE_NOT_GIVEN, ENGINE_WASMTIME, ENGINE_NATIVE };
static const char *const engines[] = {"wasmtime", "native", NULL};

struct start_options {
    int engine; /* enum engine */
    bool sources;
    struct strv given; /* the runner's options */
};

#define AT(m) .member = offsetof(struct start_options, m)
static const struct option_spec options[] = {
    {0, "engine", "wasmtime or native (default: native if aot has compiled the module, else wasmtime)", "NAME",
     OPTION_CHOICE, AT(engine), .choices = engines},
    {0, "with-sources", "show the sources of Python's library to the guest: for tracebacks, inspect, pdb", NULL,
     OPTION_FLAG, AT(sources)},
    {0},
};

/* ---- the runner's options ---- */

static int check_dirs(const struct run_options *o, struct wl_err *err)
{
    for (size_t i = 0; i < o->folders_n; i++) {
        const struct folder *f = &o->folders[i];
        int fd = open(f->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0) {
            wl_err_errno(err, WL_E_USAGE, "cannot give the guest the directory %s as %s", f->host, f->guest);
            return wl_err_hint(err, "name a directory that exists and that you can read");
        }
        close(fd);
    }
    return 0;
}

static int check_fds(const struct run_options *o, struct wl_err *err)
{
    for (size_t i = 0; i < o->fds_n; i++)
        if (fcntl(o->fds[i], F_GETFD) < 0) {
            wl_err_set(err, WL_E_USAGE, "--fd %d: this descriptor is not open", o->fds[i]);
            return wl_err_hint(err, "the caller opens it, for example in a shell: wl-make run --fd %d ... %d<file",
                               o->fds[i], o->fds[i]);
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
        if (r == 0)
            r = check_fds(&o, err);
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
            *spec = (struct option_spec){.letter = o->letter,
                                         .name = o->name,
                                         .help = o->help,
                                         .argument = o->argument,
                                         .optional = o->optional,
                                         .kind = OPTION_FORWARD,
                                         AT(given),
                                         .check = check_runner_option};
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

/* Lets the program inherit the descriptors that it is given: main() has kept all from being inherited. */
static void pass_descriptors(const struct strv *given)
{
    for (size_t i = 0; i < given->n; i++)
        if (starts_with(given->v[i], LAUNCH_FD_OPTION))
            fcntl(atoi(given->v[i] + strlen(LAUNCH_FD_OPTION)), F_SETFD, 0);
}

/* ---- what is started ---- */

struct start {
    char *runner;       /* the program wl-run */
    char *dir;          /* the port's directory in the output */
    char *flavour;      /* NULL: the plain one */
    char *program;      /* the module */
    char *native;       /* its native program; NULL: unknown, or not wanted */
    bool has_native;    /* that program exists */
    char *sources;      /* the directory of the library's sources; NULL: not wanted */
    char *series;       /* of their Python */
    struct strv inputs; /* the files that decide all of these */
};

static void start_free(struct start *s)
{
    free(s->runner);
    free(s->dir);
    free(s->flavour);
    free(s->program);
    free(s->native);
    free(s->sources);
    free(s->series);
    strv_free(&s->inputs);
}

static bool wants_sources(const struct app *a)
{
    const struct start_options *o = a->options.own;

    return o->sources;
}

static enum engine engine_of(const struct app *a)
{
    const struct start_options *o = a->options.own;

    return (enum engine)o->engine;
}

struct wanted {
    const struct app *a;
    const char *port;
};

/* The guest runs from the output directory; the runner and the compilers run from the store. */
static bool is_current(void *data, const struct plan *p, size_t node)
{
    const struct wanted *w = data;

    return !strcmp(p->nodes[node].recipe->name, w->port) && compose_current(p, node, w->a->output);
}

/* Finds the keys of the ports that native programs are made with. */
static int plan_native_ports(const struct make_options *o, struct plan *p, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r;

    aot_ports(NULL, &names);
    r = plan_make(&o->plan, &names, p, err);
    return r < 0 ? r : make_prepare(o, p, true, err);
}

/* Finds the native program, and with --engine native makes it; without that option only if the module was translated
 * before. Then it is not an error if this machine cannot make any, because a compiler or one of those ports is missing.
 */
static int find_native(struct app *a, const struct make_options *o, struct start *s, struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    bool required = engine_of(a) == ENGINE_NATIVE;
    struct wl_err *why = required ? err : &ignored;
    char sha256[HASH_HEX_SIZE];
    const struct native_request wanted = {.module = s->program, .sha256 = sha256};
    struct plan p = {0};
    int r;

    if (engine_of(a) == ENGINE_WASMTIME)
        return 0;
    r = plan_native_ports(o, &p, why);
    /* (It is a file of the output, so the manifest of the store does not say what is in it now.) */
    if (r == 0)
        r = hash_file(s->program, sha256, why);
    if (r == 0)
        r = required ? app_native(a, &p, &wanted, &s->native, why)
                     : app_native_at_hand(a, &p, &wanted, &s->native, why);
    s->has_native = s->native && access(s->native, X_OK) == 0;
    if (s->has_native)
        inputs_add(&p, &a->roots, &s->inputs);
    plan_free(&p);
    if (r == -WL_E_INTERRUPTED)
        return cancel_error(err);
    return required ? r : 0;
}

/* Builds what is missing, and finds what is to be started. */
static int prepare_start(struct app *a, const char *port, struct start *s, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options o;
    struct plan p = {0};
    WL_CLEANUP_FREE char *sources = wants_sources(a) ? python_sources(port) : NULL;
    const struct node *n;
    bool changed;
    int r;

    if (wants_sources(a) && !sources) {
        wl_err_set(err, WL_E_USAGE, "%s is not a Python, so --with-sources has nothing to show", port);
        return wl_err_hint(err, "leave the option out");
    }
    app_build_options(a, &o, false);
    o.is_current = is_current;
    o.data = &(struct wanted){a, port};
    strv_add(&names, port);
    strv_add_once(&names, RUNNER_PORT);
    if (sources)
        strv_add(&names, sources);
    if (engine_of(a) == ENGINE_NATIVE)
        aot_ports(NULL, &names);
    r = app_build(a, &o, &names, &p, err);
    if (r == 0) {
        n = plan_find(&p, port);
        s->runner = app_artifact(a, &p, RUNNER_PORT, RUNNER_PROGRAM);
        s->dir = compose_dir(a->output, n->recipe);
        s->flavour = n->recipe->flavour ? xstrdup(n->recipe->flavour) : NULL;
        if (sources) {
            s->series = version_series(n->recipe->version);
            s->sources = app_artifact(a, &p, sources, NULL);
        }
        inputs_add(&p, &a->roots, &s->inputs);
        r = app_compose(a, &p, (size_t)(n - p.nodes), &changed, err);
    }
    if (r == 0)
        s->program = compose_program(s->dir, s->flavour);
    if (r == 0 && !s->program) {
        wl_err_set(err, WL_E_USAGE, "%s has no program (bin/*.wasm) that could be run", port);
        r = wl_err_hint(err, "run takes a port that is a program, for example python/v3.11.2");
    }
    if (r == 0)
        r = find_native(a, &o, s, err);
    plan_free(&p);
    return r;
}

/* The program that runs the module, and its arguments before the guest's. */
static void make_command(const struct app *a, const struct start *s, struct strv *argv)
{
    const struct start_options *o = a->options.own;

    strv_add(argv, s->has_native ? s->native : s->runner);
    if (!s->flavour)
        app_add_library(argv, s->dir);
    if (s->sources)
        strv_addf(argv, "--dir=%s/lib/python%s::/usr/local/lib/python%s::ro", s->sources, s->series, s->series);
    if (s->has_native) {
        strv_addf(argv, "--argv0=%s", path_base(s->program));
        add_runner_options(argv, &o->given, OF_NATIVE);
    } else {
        strv_addf(argv, "--cache-dir=%s/compiled", a->store.cache);
        add_runner_options(argv, &o->given, OF_WL_RUN);
        strv_add(argv, s->program);
    }
    /* The runner removes one "--" after the module, so the guest's own ones stay. */
    strv_add(argv, "--");
}

/* ---- the record for the next run ---- */

/* The tool itself. wl-make.sh builds it again when one of its sources has changed, so these count if it was started by
 * the script. */
static void add_tool(const struct app *a, struct strv *inputs)
{
    char *self = realpath("/proc/self/exe", NULL);
    static const char *const sources[] = {"src", "host/cli", "host/core", "meson.build", "wl-make.sh"};

    if (self)
        strv_take(inputs, self);
    for (size_t i = 0; a->by_script && i < sizeof sources / sizeof *sources; i++) {
        WL_CLEANUP_FREE char *path = path_join(a->roots.repo, sources[i]);

        inputs_add_tree(path, inputs);
    }
}

/* The compilers, and the directories in which others could be found first. False: a directory of PATH is relative. */
static bool add_path(struct strv *inputs)
{
    const char *path = getenv("PATH");
    bool absolute = true;

    toolchain_programs(inputs);
    for (const char *p = path ? path : ""; *p; p += strspn(p, ":")) {
        size_t n = strcspn(p, ":");

        absolute &= *p == '/';
        strv_take(inputs, xstrndup(p, n));
        p += n;
    }
    return absolute;
}

static bool is_relative(const char *path)
{
    return path && *path != '/';
}

/* Whether what the words mean depends on the working directory. */
static bool uses_directory(const struct app *a)
{
    bool relative = is_relative(a->options.output) || is_relative(a->options.cache_dir) ||
                    is_relative(getenv("WL_MAKE_ROOT")) || is_relative(a->options.requirement);

    for (size_t i = 0; i < a->options.ports.n; i++)
        relative |= is_relative(a->options.ports.v[i]);
    return relative;
}

/* What this run may have made. Of the output only what the guest uses. */
static void add_results(const struct app *a, const struct start *s, struct strv *results)
{
    WL_CLEANUP_STRV struct strv files = {0};
    WL_CLEANUP_FREE char *include = path_join(s->dir, "include/"), *lib = path_join(s->dir, "lib/");

    strv_add(results, s->runner);
    if (s->sources)
        strv_addf(results, "%s/lib/python%s/os.py", s->sources, s->series);
    /* Where no native program exists, one can only appear when an artifact is added to the store. */
    if (s->has_native)
        strv_add(results, s->native);
    else if (engine_of(a) != ENGINE_WASMTIME)
        strv_take(results, store_artifacts(&a->store));
    compose_files(s->dir, s->flavour, &files);
    for (size_t i = 0; i < files.n; i++)
        if (!starts_with(files.v[i], include) && !starts_with(files.v[i], lib))
            strv_add(results, files.v[i]);
}

/* Records the command, unless files that the options name decide what is built. */
static void record(const struct app *a, struct start *s, const struct strv *command)
{
    WL_CLEANUP_STRV struct strv results = {0};
    WL_CLEANUP_FREE char *directory = NULL;
    bool absolute;

    if (a->options.source || a->options.profile || a->options.update || a->sdk_root)
        return;
    strv_addv(&s->inputs, &a->inputs);
    add_tool(a, &s->inputs);
    absolute = add_path(&s->inputs);
    if (!absolute || uses_directory(a))
        directory = getcwd(NULL, 0);
    add_results(a, s, &results);
    launch_record(&(struct launch_record){.cache = a->store.cache,
                                          .by_script = a->by_script,
                                          .words = a->words.v,
                                          .words_n = a->words.n - a->options.guest.n,
                                          .directory = directory,
                                          .command = command,
                                          .base = a->roots.repo,
                                          .inputs = &s->inputs,
                                          .results = &results,
                                          .started = a->started});
}

/* ---- the command ---- */

/* The tool blocks the signals that cancel it. */
static void restore_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int run(struct app *a, struct wl_err *err)
{
    const struct start_options *o = a->options.own;
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_FREE char *port = NULL;
    __attribute__((cleanup(start_free))) struct start s = {0};
    int r;

    if (a->options.args.n != 1) {
        wl_err_set(err, WL_E_USAGE, "run takes one port, then the guest's arguments");
        return wl_err_hint(err, "for example: wl-make run python/v3.11.2 -- -c 'print(1)'");
    }
    r = app_port(a, a->options.args.v[0], &port, err);
    if (r == 0)
        r = prepare_start(a, port, &s, err);
    if (r < 0)
        return r;
    make_command(a, &s, &argv);
    record(a, &s, &argv);
    strv_addv(&argv, &a->options.guest);
    ui_free(a->ui);
    a->ui = NULL;
    fflush(NULL);
    restore_signals();
    pass_descriptors(&o->given);
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
    .shared = SHARED_BUILDING | SHARED_VARIANT | SHARED_FLAVOUR | SHARED_PACKAGES | SHARED_OUTPUT,
    .has_guest = true,
    .run = run,
};
