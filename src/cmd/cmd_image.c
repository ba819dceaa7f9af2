/* wl-make image: writes an OCI image of `wlpy serve`. */
#include "aot/aot.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/dist.h"
#include "pack/image.h"
#include "pack/licenses.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"

#include <string.h>

#define DEFAULT_OUTPUT "wlpy-image"

struct image_options {
    char *output;
};

#define AT(m) .member = offsetof(struct image_options, m)
static const struct option_spec options[] = {
    {'o', "output",
     "write the image to this directory as an OCI image layout, or to FILE.tar as an archive of one "
     "(default: " DEFAULT_OUTPUT ")",
     "DIR|FILE.tar", OPTION_TEXT, AT(output)},
    {0},
};

static bool is_archive(const char *output)
{
    return ends_with(output, ".tar");
}

/* A directory that is something else is not replaced. */
static int check_output(const char *output, struct wl_err *err)
{
    WL_CLEANUP_FREE char *layout = path_join(output, "oci-layout");
    WL_CLEANUP_STRV struct strv names = {0};
    int r;

    if (is_archive(output) || !path_exists(output) || path_exists(layout))
        return 0;
    r = dir_list(output, &names, err);
    if (r < 0 || !names.n)
        return r;
    wl_err_set(err, WL_E_USAGE, "%s exists and is not an image that could be replaced", output);
    return wl_err_hint(err, "name another directory with --output");
}

static int write_archive(const struct image *im, const char *layout, const char *output, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_dir(output), *file = NULL;
    WL_CLEANUP_TEMP_DIR struct temp_dir temp = {.fd = -1};
    struct parcel b = {0};
    int r = make_dirs(dir, err);

    if (r == 0)
        r = temp_dir_make(&temp, dir, path_base(output), err);
    if (r == 0)
        r = parcel_tree(&b, "", layout, err);
    if (r == 0)
        r = parcel_sort(&b, err);
    if (r == 0) {
        file = path_join(temp.path, "image");
        r = parcel_write_tar(&b, &(struct parcel_tar){.prefix = "", .time = image_time(im), .cancel = im->o->cancel},
                             file, err);
    }
    parcel_free(&b);
    return r < 0 ? r : path_replace(file, output, err);
}

static int write_directory(const char *layout, const char *output, struct wl_err *err)
{
    WL_CLEANUP_FREE char *whole = path_absolute(output), *dir = path_dir(whole), *to = NULL;
    WL_CLEANUP_TEMP_DIR struct temp_dir temp = {.fd = -1};
    int r = make_dirs(dir, err);

    if (r == 0)
        r = temp_dir_make(&temp, dir, path_base(whole), err);
    if (r < 0)
        return r;
    to = path_join(temp.path, "image");
    r = copy_tree(layout, to, err);
    return r < 0 ? r : path_replace(to, whole, err);
}

static int deliver(struct app *a, const struct image *im, const char *output, struct wl_err *err)
{
    WL_CLEANUP_FREE char *layout = NULL;
    int r = image_make(im, &layout, err);

    if (r == 0)
        r = is_archive(output) ? write_archive(im, layout, output, err) : write_directory(layout, output, err);
    if (r == 0 && !a->options.quiet) {
        WL_CLEANUP_FREE char *size = human_size(tree_size(output));

        ui_print(stdout, "%s (%s)\n", output, size);
    }
    return r;
}

static int make(struct app *a, const char *python, const char *output, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv ports = {0}, content = {0};
    WL_CLEANUP_FREE char *program = NULL, *expression = NULL;
    struct parcel licenses = {0};
    struct make_options o;
    struct plan p = {0};
    int r = aot_find_compiler(err);

    if (r == 0)
        r = dist_native_ports(a, python, &ports, &content, err);
    strv_add(&content, WLPY_PORTABLE_PORT);
    app_build_options(a, &o, false);
    if (r == 0)
        r = dist_build(a, &o, &ports, &content, &p, err);
    if (r == 0 && !a->options.dry_run)
        r = dist_native(a, &p, python, &program, err);
    if (r == 0 && !a->options.dry_run)
        r = dist_licenses(&o, &p, &content, &licenses, err);
    if (r == 0 && !a->options.dry_run) {
        expression = dist_expression(&p, &content);
        r = deliver(a,
                    &(struct image){.o = &o,
                                    .plan = &p,
                                    .python = python_version(python),
                                    .program = program,
                                    .licenses_expression = expression,
                                    .licenses = &licenses},
                    output, err);
    }
    parcel_free(&licenses);
    plan_free(&p);
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct image_options *own = a->options.own;
    const char *output = own->output ? own->output : DEFAULT_OUTPUT;
    WL_CLEANUP_FREE char *python = NULL;
    int r;

    if (a->options.args.n > 1) {
        wl_err_set(err, WL_E_USAGE, "image takes one Python, and %zu are named", a->options.args.n);
        return wl_err_hint(err, "for example: wl-make image python/v3.13.5");
    }
    r = dist_python(a, a->options.args.n ? a->options.args.v[0] : DEFAULT_PYTHON_PORT, err, &python);
    if (r == 0)
        r = check_output(output, err);
    return r < 0 ? r : make(a, python, output, err);
}

const struct command command_image = {
    .name = "image",
    .usage = "image [OPTION...] [PYTHON]",
    .summary = "write a container image of wlpy serve",
    .description =
        "Writes an image for containers (OCI) from scratch: the program wlpy, its C library, and a Python "
        "(default:\n" DEFAULT_PYTHON_PORT
        ") as native code, with all licences. It runs as a user without rights, and needs no\n"
        "directory that can be written to. Compiling the Python takes minutes, once. The same sources give the same\n"
        "bytes.",
    .options = options,
    .options_size = sizeof(struct image_options),
    .shared = SHARED_BUILDING | SHARED_VARIANT | SHARED_DRY_RUN,
    .run = run,
};
