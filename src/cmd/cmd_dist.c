/* wl-make dist: writes the files that people download, with their hashes. */
#include "aot/aot.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "pack/wlpy.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"
#include "util/hash.h"

#include <stdlib.h>
#include <string.h>

/* The flavours that are one file, and what their files are called. */
static const struct {
    const char *flavour, *suffix;
} files[] = {{SINGLE_FLAVOUR, ""}, {"snapshot", "-snapshot"}};

/* The one in the wheel, natively. */
#define WHEEL_FLAVOUR "snapshot"

enum { FILES = sizeof files / sizeof *files };

struct dist_options {
    char *dir;
    bool wheel;
};

#define AT(m) .member = offsetof(struct dist_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the files to DIR (default: dist)", "DIR", OPTION_TEXT, AT(dir)},
    {0, "wheel", "write the Python package wlpy, too, which contains the Python natively", NULL, OPTION_FLAG,
     AT(wheel)},
    {0},
};

/* What is written: a port's module, as a file in the directory. And the Python whose flavour lies in a wheel; or NULL.
 */
struct wanted {
    struct strv ports, names;
    char *wheel;
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

/* Copies one to `file`, and writes its hash beside it in the form that sha256sum --check reads. */
static int write_file(const struct app *a, const char *from, const char *file, struct wl_err *err)
{
    WL_CLEANUP_FREE char *beside = xasprintf("%s.sha256", file);
    WL_CLEANUP_FREE char *line = NULL;
    char hex[HASH_HEX_SIZE];
    int r = file_copy(from, file, 0644, err);

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

/* Compiles the Python for libwlpy, and puts it into a wheel. */
static int make_wheel(struct app *a, const struct make_options *o, const struct plan *p, const struct wanted *w,
                      const char *dir, struct wl_err *err)
{
    WL_CLEANUP_FREE char *port = NULL, *module = NULL, *program = NULL, *wheel = NULL, *file = NULL;
    struct native_request native = {.library = true};
    char sha256[HASH_HEX_SIZE];
    int r = ports_flavour(&a->roots, w->wheel, WHEEL_FLAVOUR, &port, err);

    if (r < 0)
        return r;
    module = app_module(a, p, port);
    native.module = module;
    native.sha256 = sha256;
    r = app_module_hash(a, p, port, module, sha256, err);
    if (r == 0)
        r = app_native(a, p, &native, &program, err);
    if (r == 0)
        r = wlpy_wheel_make(&(struct wlpy_wheel){.o = o, .plan = p, .python = w->wheel, .program = program}, &wheel,
                            err);
    if (r == 0) {
        file = path_join(dir, path_base(wheel));
        r = write_file(a, wheel, file, err);
    }
    return r;
}

static int make(struct app *a, const struct wanted *w, const char *dir, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv ports = {0};
    struct make_options o;
    struct plan p = {0};
    int r = w->wheel ? aot_find_compiler(err) : 0;

    if (r < 0)
        return r;
    for (size_t i = 0; i < w->ports.n; i++)
        strv_add(&ports, w->ports.v[i]);
    if (w->wheel) {
        aot_ports(&ports);
        strv_add(&ports, WLPY_WHEEL_PORT);
        strv_add_once(&ports, w->wheel);
    }
    app_build_options(a, &o, false);
    r = app_build(a, &o, &ports, &p, err);
    if (r == 0)
        r = make_dirs(dir, err);
    for (size_t i = 0; r == 0 && i < w->ports.n; i++) {
        WL_CLEANUP_FREE char *module = app_module(a, &p, w->ports.v[i]), *file = path_join(dir, w->names.v[i]);

        r = module ? write_file(a, module, file, err)
                   : wl_err_set(err, WL_E_FAILED, "the artifact of %s has no program (bin/*.wasm)", w->ports.v[i]);
    }
    if (r == 0 && w->wheel)
        r = make_wheel(a, &o, &p, w, dir, err);
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
    if (r == 0 && own->wheel && a->options.args.n > 1) {
        wl_err_set(err, WL_E_USAGE, "--wheel takes one Python, which lies in the package");
        r = wl_err_hint(err, "for example: wl-make dist --wheel python/v3.13.5");
    }
    if (r == 0 && own->wheel)
        r = ports_resolve(&a->roots, a->options.args.n ? a->options.args.v[0] : DEFAULT_PYTHON_PORT, &w.wheel, err);
    if (r == 0)
        r = make(a, &w, own->dir ? own->dir : "dist", err);
    strv_free(&w.ports);
    strv_free(&w.names);
    free(w.wheel);
    return r;
}

const struct command command_dist = {
    .name = "dist",
    .usage = "dist [OPTION...] [PYTHON...]",
    .summary = "write the files that people download",
    .description =
        "Builds a Python (default: " DEFAULT_PYTHON_PORT ") in the flavours that are one file, and writes them to\n"
        "a directory: python-VERSION.wasm (single) and python-VERSION-snapshot.wasm. Each has its hash beside it,\n"
        "in a file that sha256sum --check reads. With --wheel, the Python package wlpy is written, too: a wheel\n"
        "with the library and a native Python in it. Compiling that takes minutes, once.",
    .options = options,
    .options_size = sizeof(struct dist_options),
    .shared = SHARED_BUILDING | SHARED_VARIANT,
    .run = run,
};
