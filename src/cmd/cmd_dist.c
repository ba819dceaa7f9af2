/* wl-make dist: writes the files that people download, with their hashes. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"
#include "util/hash.h"

#include <string.h>

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

/* What is written: a port's module, as a file in the directory. */
struct wanted {
    struct strv ports, names;
};

/* Adds the files of the Python that a word names. */
static int add_python(struct app *a, const char *word, struct wanted *w, struct wl_err *err)
{
    WL_CLEANUP_FREE char *python = NULL;
    int r = ports_resolve(&a->roots, word, &python, err);

    if (r == 0 && !python_is(python)) {
        wl_err_set(err, WL_E_USAGE, "%s is not a Python", python);
        r = wl_err_hint(err, "dist takes a Python, for example python/v3.13.5");
    }
    for (size_t i = 0; r == 0 && i < FILES; i++) {
        WL_CLEANUP_FREE char *port = NULL;
        WL_CLEANUP_FREE char *name = xasprintf("python-%s%s.wasm", python_version(python), files[i].suffix);

        r = ports_flavour(&a->roots, python, files[i].flavour, &port, err);
        if (r == 0) {
            strv_add(&w->ports, port);
            strv_add(&w->names, name);
        }
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

static int make(struct app *a, const struct wanted *w, const char *dir, struct wl_err *err)
{
    struct make_options o;
    struct plan p = {0};
    int r;

    app_build_options(a, &o, false);
    r = app_build(a, &o, &w->ports, &p, err);
    if (r == 0)
        r = make_dirs(dir, err);
    for (size_t i = 0; r == 0 && i < w->ports.n; i++) {
        WL_CLEANUP_FREE char *module = app_module(a, &p, w->ports.v[i]), *file = path_join(dir, w->names.v[i]);

        r = module ? write_module(a, module, file, err)
                   : wl_err_set(err, WL_E_FAILED, "the artifact of %s has no program (bin/*.wasm)", w->ports.v[i]);
    }
    plan_free(&p);
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct dist_options *own = a->options.own;
    struct wanted w = {0};
    int r = a->options.args.n ? 0 : add_python(a, DEFAULT_PYTHON_PORT, &w, err);

    for (size_t i = 0; r == 0 && i < a->options.args.n; i++)
        r = add_python(a, a->options.args.v[i], &w, err);
    if (r == 0)
        r = make(a, &w, own->dir ? own->dir : "dist", err);
    strv_free(&w.ports);
    strv_free(&w.names);
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
