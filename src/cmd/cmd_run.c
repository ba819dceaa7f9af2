/* wl-make run: builds a Python if needed and runs it in the project's own runner (host/), which takes this process
 * over: streams, terminal, signals and exit status are the guest's from then on. */
#include "app.h"
#include "compose.h"
#include "fs.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define RUNNER_PORT "toolchain/wl-run"

/* usr/local has the standard library and the data it looks for; it is all that the guest gets unasked, to read only. */
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

static int find_program(struct app *a, const char *port, char **program, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = compose_dir(a->output, port), *bin = path_join(dir, "bin");
    WL_CLEANUP_STRV struct strv names = {0};

    *program = NULL;
    if (path_is_dir(bin) && dir_list(bin, &names, err) < 0)
        return -(int)err->cls;
    for (size_t i = 0; i < names.n && !*program; i++)
        if (ends_with(names.v[i], ".wasm"))
            *program = path_join(bin, names.v[i]);
    if (*program)
        return 0;
    wl_err_set(err, WL_E_USAGE, "%s has no bin/*.wasm that could be run", port);
    return wl_err_hint(err, "run takes a port that is a program, for example python/v3.11.2");
}

static int build_both(struct app *a, const char *port, struct strv *argv, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *dir = compose_dir(a->output, port), *program = NULL;
    struct build_options o;
    struct plan p = {0};
    bool quiet = a->options.quiet;
    int r;

    strv_add(&names, port);
    strv_add_once(&names, RUNNER_PORT);
    app_build_options(a, &o, false);
    r = app_build(a, &o, &names, &p, err);
    /* Nothing but the guest's own words on stdout. */
    a->options.quiet = true;
    for (size_t i = 0; r == 0 && i < p.n; i++)
        if (!strcmp(p.nodes[i].recipe->name, RUNNER_PORT)) {
            WL_CLEANUP_FREE char *artifact = store_path(&a->store, p.nodes[i].key);

            strv_addf(argv, "%s/bin/wl-run", artifact);
        } else if (!strcmp(p.nodes[i].recipe->name, port)) {
            r = app_compose(a, &p, i, err);
        }
    a->options.quiet = quiet;
    plan_free(&p);
    if (r == 0)
        r = find_program(a, port, &program, err);
    if (r < 0)
        return r;
    strv_addf(argv, "--cache-dir=%s/compiled", a->store.cache);
    add_library(argv, dir);
    strv_addv(argv, &a->options.runner);
    strv_add(argv, program);
    /* The runner takes one "--" behind the module away, so that a guest's own stays. */
    strv_add(argv, "--");
    strv_addv(argv, &a->options.guest);
    return 0;
}

int cmd_run(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_FREE char *port = NULL;
    int r;

    if (a->options.args.n != 1) {
        wl_err_set(err, WL_E_USAGE, "run takes one port, then the guest's arguments");
        return wl_err_hint(err, "for example: wl-make run python/v3.11.2 -- -c 'print(1)'");
    }
    r = ports_resolve(&a->roots, a->options.args.v[0], &port, err);
    if (r == 0)
        r = build_both(a, port, &argv, err);
    if (r < 0)
        return r;
    ui_free(a->ui);
    a->ui = NULL;
    fflush(NULL);
    restore_signals();
    execv(argv.v[0], argv.v);
    return wl_err_errno(err, WL_E_TOOLCHAIN, "cannot start the runner %s", argv.v[0]);
}
