/* wl-make wheel: builds the wheels of packages with native code. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/packages.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"

#include <string.h>

struct wheel_options {
    char *dir, *python;
};

#define AT(m) .member = offsetof(struct wheel_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the wheels to DIR (default: the working directory)", "DIR", OPTION_TEXT, AT(dir)},
    {0, "python", "for this Python (default: " DEFAULT_PYTHON_PORT ")", "PORT", OPTION_TEXT, AT(python)},
    {0},
};

/* Copies the wheel of a port into a directory. */
static int deliver(const struct app *a, const struct plan *p, const char *port, const char *dir, struct wl_err *err)
{
    WL_CLEANUP_FREE char *from = app_artifact(a, p, port, "wheel");
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(from, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *wheel = path_join(from, names.v[i]), *file = path_join(dir, names.v[i]);

        r = file_copy(wheel, file, 0644, err);
        if (r == 0 && !a->options.quiet) {
            WL_CLEANUP_FREE char *size = human_size(tree_size(file));

            ui_print(stdout, "%s (%s)\n", file, size);
        }
    }
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct wheel_options *own = a->options.own;
    const char *dir = own->dir ? own->dir : ".";
    WL_CLEANUP_FREE char *python = NULL;
    WL_CLEANUP_STRV struct strv ports = {0};
    struct make_options o;
    struct plan p = {0};
    int r;

    if (!a->options.args.n) {
        wl_err_set(err, WL_E_USAGE, "no package is named");
        return wl_err_hint(err, "for example: wl-make wheel numpy");
    }
    r = ports_resolve(&a->roots, own->python ? own->python : DEFAULT_PYTHON_PORT, &python, err);
    if (r == 0)
        r = app_wheels(a, &a->options.args, python, &ports, err);
    if (r < 0)
        return r;
    app_build_options(a, &o, false);
    r = app_build(a, &o, &ports, &p, err);
    if (r == 0)
        r = make_dirs(dir, err);
    for (size_t i = 0; r == 0 && i < ports.n; i++)
        r = deliver(a, &p, ports.v[i], dir, err);
    plan_free(&p);
    return r;
}

const struct command command_wheel = {
    .name = "wheel",
    .usage = "wheel PACKAGE...",
    .summary = "build the wheels of packages with native code",
    .description =
        "Builds packages of PyPI, named as for pip, from their source for WASI, and writes their wheels. They can be\n"
        "kept in a directory or in your own index. --with of build and -r of app build what they need themselves.",
    .options = options,
    .options_size = sizeof(struct wheel_options),
    .shared = SHARED_BUILDING | SHARED_NO_SANDBOX | SHARED_KEEP_BUILD,
    .run = run,
};
