/* wl-make dist: writes the files that people download, with their hashes. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"
#include "util/hash.h"

#include <string.h>

#define DEFAULT_DIR "dist"

/* The flavours that are one file, and what their files are called. */
static const struct {
    const char *flavour, *suffix;
} files[] = {{SINGLE_FLAVOUR, ""}, {"snapshot", "-snapshot"}};

enum { FILES = sizeof files / sizeof *files };

struct dist_options {
    char *dir;
};

#define AT(m) .member = offsetof(struct dist_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the files to DIR (default: dist)", "DIR", OPTION_TEXT, AT(dir)},
    {0},
};

/* The Pythons to be written: those that the user names, or the default. */
static int pythons(struct app *a, struct strv *names, struct wl_err *err)
{
    int r = 0;

    if (!a->options.args.n)
        strv_add(names, DEFAULT_PYTHON_PORT);
    for (size_t i = 0; r == 0 && i < a->options.args.n; i++) {
        WL_CLEANUP_FREE char *name = NULL;

        r = ports_resolve(&a->roots, a->options.args.v[i], &name, err);
        if (r == 0 && !python_is(name)) {
            wl_err_set(err, WL_E_USAGE, "%s is not a Python", name);
            r = wl_err_hint(err, "dist takes a Python, for example python/v3.13.5");
        }
        if (r == 0)
            strv_add(names, name);
    }
    return r;
}

/* Copies a module to `file`, and writes its hash beside it in the form that sha256sum --check reads. */
static int write_module(const struct app *a, const char *module, const char *file, struct wl_err *err)
{
    WL_CLEANUP_FREE char *beside = xasprintf("%s.sha256", file);
    WL_CLEANUP_FREE char *line = NULL;
    char hex[HASH_HEX_SIZE];
    int r = file_copy(module, file, 0644, err);

    if (r == 0)
        r = hash_file(file, hex, err);
    if (r < 0)
        return r;
    line = xasprintf("%s  %s\n", hex, path_base(file));
    r = file_write(beside, line, strlen(line), err);
    if (r == 0 && !a->options.quiet) {
        WL_CLEANUP_FREE char *size = human_size(tree_size(file));

        ui_print(stdout, "%s (%s)\n", file, size);
    }
    return r;
}

static int write_python(const struct app *a, const struct plan *p, const char *dir, const char *python,
                        struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < FILES; i++) {
        WL_CLEANUP_FREE char *port = NULL, *module = NULL;
        WL_CLEANUP_FREE char *file = xasprintf("%s/python-%s%s.wasm", dir, python_version(python), files[i].suffix);

        r = ports_flavour(&a->roots, python, files[i].flavour, &port, err);
        if (r < 0)
            return r;
        module = app_module(a, p, port);
        r = module ? write_module(a, module, file, err)
                   : wl_err_set(err, WL_E_FAILED, "the artifact of %s has no program (bin/*.wasm)", port);
    }
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0}, ports = {0};
    const struct dist_options *own = a->options.own;
    const char *dir = own->dir ? own->dir : DEFAULT_DIR;
    struct make_options o;
    struct plan p = {0};
    int r = pythons(a, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++)
        for (size_t f = 0; r == 0 && f < FILES; f++) {
            WL_CLEANUP_FREE char *port = NULL;

            r = ports_flavour(&a->roots, names.v[i], files[f].flavour, &port, err);
            if (r == 0)
                strv_add(&ports, port);
        }
    if (r < 0)
        return r;
    app_build_options(a, &o, false);
    r = app_build(a, &o, &ports, &p, err);
    if (r == 0)
        r = make_dirs(dir, err);
    for (size_t i = 0; r == 0 && i < names.n; i++)
        r = write_python(a, &p, dir, names.v[i], err);
    plan_free(&p);
    return r;
}

const struct command command_dist = {
    .name = "dist",
    .usage = "dist [OPTION...] [PYTHON...]",
    .summary = "write the files that people download",
    .description =
        "Builds a Python (default: " DEFAULT_PYTHON_PORT ") in the flavours that are one file, and writes them to\n"
        "a directory: python-VERSION.wasm (single) and python-VERSION-snapshot.wasm. Each has its hash beside it,\n"
        "in a file that sha256sum --check reads.",
    .options = options,
    .options_size = sizeof(struct dist_options),
    .shared = SHARED_BUILDING | SHARED_VARIANT,
    .run = run,
};
