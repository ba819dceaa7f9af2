/* wl-make list: every port, its version, and what it is. */
#include "cmd/app.h"
#include "store/compose.h"
#include "util/fs.h"

#include <string.h>

int cmd_list(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    const char *bold = ui_color(&a->options, stdout, UI_BOLD), *reset = ui_color(&a->options, stdout, UI_RESET);
    size_t width = 0;
    int r = ports_list(&a->roots, a->options.list_all, &names, err), broken = 0;

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
        /* A flavour is a port, but a person names the port that it is a flavour of. */
        if (recipe->flavour && !a->options.list_all)
            continue;
        dir = compose_dir(a->output, recipe);
        ui_print(stdout, "%s%-*s%s  %-10.10s %-6s %s\n", bold, (int)width, names.v[i], reset, recipe->version,
                 compose_made(dir, recipe->flavour) ? "built" : "", recipe->summary);
    }
    if (r == 0 && broken)
        return wl_err_set(err, WL_E_RECIPE, "%d recipes cannot be read (above)", broken);
    return r;
}
