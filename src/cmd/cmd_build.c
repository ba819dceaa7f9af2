/* wl-make build: builds ports and puts them into the output directory. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "store/compose.h"
#include "util/fs.h"

struct build_options {
    bool share;
};

static const struct option_spec options[] = {
    {0, "share", "write what was built earlier to the remote store, too", NULL, OPTION_FLAG,
     .member = offsetof(struct build_options, share)},
    {0},
};

static bool is_current(void *data, const struct plan *p, size_t node)
{
    const struct app *a = data;

    return compose_current(p, node, a->output);
}

/* Where the result of a port is, and whether it changed. */
static void print_result(const struct app *a, const struct recipe *r, bool changed)
{
    WL_CLEANUP_FREE char *dir = compose_dir(a->output, r);
    WL_CLEANUP_FREE char *program = r->flavour ? compose_program(dir, r->flavour) : NULL;
    const char *result = program ? program : dir;

    if (changed) {
        WL_CLEANUP_FREE char *size = human_size(tree_size(result));

        ui_print(stdout, "%s: %s (%s)\n", r->name, result, size);
    } else {
        ui_print(stdout, "%s: nothing to do, %s is up to date\n", r->name, result);
    }
    fflush(stdout);
}

/* Composes the ports that were named. After a failure with --keep-going, those that could be built. */
static int compose_roots(struct app *a, const struct plan *p, int result, struct wl_err *err)
{
    for (size_t i = 0; i < p->n && (result == 0 || a->options.keep_going); i++) {
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
        bool changed;
        int r;

        if (!p->nodes[i].root || !p->nodes[i].stored)
            continue;
        r = app_compose(a, p, i, &changed, &why);
        if (r == 0 && !a->options.quiet)
            print_result(a, p->nodes[i].recipe, changed);
        if (r < 0 && result == 0) {
            result = r;
            *err = why;
            why = (struct wl_err)WL_ERR_INIT;
        }
    }
    return result;
}

static int run(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options o;
    struct plan p = {0};
    int r = app_ports(a, &names, err);

    if (r < 0)
        return r;
    app_build_options(a, &o, false);
    o.is_current = is_current;
    o.data = a;
    r = app_build(a, &o, &names, &p, err);
    if (r == 0 && ((const struct build_options *)a->options.own)->share)
        make_share(&o, &p);
    if (!a->options.dry_run)
        r = compose_roots(a, &p, r, err);
    plan_free(&p);
    return r;
}

const struct command command_build = {
    .name = "build",
    .usage = "[build] PORT...",
    .summary = "build ports and what they need",
    .description =
        "Builds each port and puts it into build-output/PORT/. The word build may be left out. A port is not built\n"
        "again if its recipe, sources and toolchain are unchanged.",
    .options = options,
    .options_size = sizeof(struct build_options),
    .shared = SHARED_BUILDING | SHARED_VARIANT | SHARED_DRY_RUN | SHARED_KEEP_GOING | SHARED_KEEP_BUILD |
              SHARED_FLAVOUR | SHARED_PACKAGES | SHARED_OUTPUT,
    .run = run,
};
