/* wl-make list: all ports, their versions, and what they are. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "store/compose.h"
#include "util/fs.h"

#include <string.h>

struct list_options {
    bool all;
};

static const struct option_spec options[] = {
    {0, "all", "also show flavours, and recipes that only others inherit from", NULL, OPTION_FLAG,
     .member = offsetof(struct list_options, all)},
    {0},
};

static int run(struct app *a, struct wl_err *err)
{
    const struct list_options *o = a->options.own;
    WL_CLEANUP_STRV struct strv names = {0};
    const char *bold = ui_color(&a->options, stdout, UI_BOLD), *reset = ui_color(&a->options, stdout, UI_RESET);
    size_t width = 0;
    int r = ports_list(&a->roots, o->all, &names, err), broken = 0;

    for (size_t i = 0; i < names.n; i++)
        width = strlen(names.v[i]) > width ? strlen(names.v[i]) : width;
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *dir = NULL;
        WL_CLEANUP_RECIPE struct recipe *recipe = NULL;
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;

        if (a->options.args.n && !strstr(names.v[i], a->options.args.v[0]))
            continue;
        if (recipe_load(&a->roots, names.v[i], &recipe, &why) < 0) {
            ui_print(stdout, "%-*s  %-10s %s\n", (int)width, names.v[i], "broken", why.text);
            broken++;
            continue;
        }
        /* A flavour is a port of its own, but a person names the port that it belongs to. */
        if (recipe->flavour && !o->all)
            continue;
        dir = compose_dir(a->output, recipe);
        ui_print(stdout, "%s%-*s%s  %-10.10s %-6s %s\n", bold, (int)width, names.v[i], reset, recipe->version,
                 compose_made(dir, recipe->flavour) ? "built" : "", recipe->summary);
    }
    if (r == 0 && broken)
        return wl_err_set(err, WL_E_RECIPE, "%d recipe%s cannot be read (see above)", broken, broken == 1 ? "" : "s");
    return r;
}

const struct command command_list = {
    .name = "list",
    .usage = "list [TEXT]",
    .summary = "show the ports",
    .description = "Shows the ports whose names contain TEXT, or all: the version, whether the port is in the output\n"
                   "directory, and what it is.",
    .options = options,
    .options_size = sizeof(struct list_options),
    .shared = SHARED_NO_SANDBOX | SHARED_OUTPUT,
    .run = run,
};
