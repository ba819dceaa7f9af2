/* wl-make run: builds a Python if needed and runs it in the project's own runner (host/), which takes this process
 * over: streams, terminal, signals and exit status are the guest's from then on. */
#include "app.h"
#include "compose.h"
#include "fs.h"
#include "inputs.h"
#include "memo.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define RUNNER_PORT "toolchain/wl-run"

/* usr/local has the standard library and the data it looks for; it is all that the guest gets unasked, to read only. A
 * flavour has them inside. */
static void add_library(struct strv *argv, const char *dir)
{
    WL_CLEANUP_FREE char *library = path_join(dir, "usr/local");

    if (path_is_dir(library))
        strv_addf(argv, "--dir=%s::/usr/local::ro", library);
}

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
};

static void start_free(struct start *s)
{
    free(s->runner);
    free(s->dir);
    free(s->flavour);
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

/* Everything but files that decides what a run starts; NULL where that is more than can be told cheaply. */
static char *question(struct app *a, const struct build_options *o, const char *port)
{
    WL_CLEANUP_FREE char *self = memo_file_identity("/proc/self/exe");
    struct toolchain wasi = {0}, native = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STR struct str roots = {0};
    char *text = NULL;

    if (a->options.source || a->options.dry_run || a->sdk_root || !self)
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
 * went into it has changed: the answer is the runner, the output folder and its key, and those files. */
static bool known_start(const char *cache, const char *asked, struct start *s)
{
    WL_CLEANUP_FREE char *answer = asked ? memo_get(cache, asked) : NULL;
    char *rest = answer, *runner = take_line(&rest), *dir = take_line(&rest), *flavour = take_line(&rest);
    char *key = take_line(&rest);

    if (!key || !rest || access(runner, X_OK) < 0 || !inputs_unchanged(rest) ||
        !compose_is_current(dir, *flavour ? flavour : NULL, key))
        return false;
    *s = (struct start){xstrdup(runner), xstrdup(dir), xstrdup(flavour)};
    return true;
}

static void keep_start(struct app *a, const char *asked, const struct plan *p, size_t port, const struct start *s)
{
    WL_CLEANUP_STR struct str answer = {0};
    char key[HASH_HEX_SIZE];

    compose_key(p, port, key);
    str_addf(&answer, "%s\n%s\n%s\n%s\n", s->runner, s->dir, s->flavour, key);
    inputs_add(p, &a->roots, &answer);
    memo_put(a->store.cache, asked, answer.s);
}

/* Builds what is not built yet, and tells what is to be started. */
static int build_both(struct app *a, const char *port, struct start *s, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *asked = NULL;
    struct build_options o;
    struct plan p = {0};
    bool quiet = a->options.quiet;
    size_t at = 0;
    int r;

    app_build_options(a, &o, false);
    asked = question(a, &o, port);
    if (known_start(a->store.cache, asked, s))
        return 0;
    strv_add(&names, port);
    strv_add_once(&names, RUNNER_PORT);
    r = app_build(a, &o, &names, &p, err);
    /* Nothing but the guest's own words on stdout. */
    a->options.quiet = true;
    for (size_t i = 0; r == 0 && i < p.n; i++) {
        const struct recipe *recipe = p.nodes[i].recipe;

        if (!strcmp(recipe->name, RUNNER_PORT)) {
            WL_CLEANUP_FREE char *artifact = store_path(&a->store, p.nodes[i].key);

            s->runner = path_join(artifact, "bin/wl-run");
        }
        if (!strcmp(recipe->name, port)) {
            r = app_compose(a, &p, i, err);
            s->dir = compose_dir(a->output, recipe);
            s->flavour = xstrdup(recipe->flavour ? recipe->flavour : "");
            at = i;
        }
    }
    a->options.quiet = quiet;
    if (r == 0 && asked)
        keep_start(a, asked, &p, at, s);
    plan_free(&p);
    return r;
}

int cmd_run(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_FREE char *port = NULL, *program = NULL;
    __attribute__((cleanup(start_free))) struct start s = {0};
    int r;

    if (a->options.args.n != 1) {
        wl_err_set(err, WL_E_USAGE, "run takes one port, then the guest's arguments");
        return wl_err_hint(err, "for example: wl-make run python/v3.11.2 -- -c 'print(1)'");
    }
    r = app_port(a, a->options.args.v[0], &port, err);
    if (r < 0)
        return r;
    r = build_both(a, port, &s, err);
    if (r == 0)
        r = find_program(&s, port, &program, err);
    if (r < 0)
        return r;
    strv_add(&argv, s.runner);
    strv_addf(&argv, "--cache-dir=%s/compiled", a->store.cache);
    if (!flavour_of(&s))
        add_library(&argv, s.dir);
    strv_addv(&argv, &a->options.runner);
    strv_add(&argv, program);
    /* The runner takes one "--" behind the module away, so that a guest's own stays. */
    strv_add(&argv, "--");
    strv_addv(&argv, &a->options.guest);
    ui_free(a->ui);
    a->ui = NULL;
    fflush(NULL);
    restore_signals();
    execv(argv.v[0], argv.v);
    return wl_err_errno(err, WL_E_TOOLCHAIN, "cannot start the runner %s", argv.v[0]);
}
