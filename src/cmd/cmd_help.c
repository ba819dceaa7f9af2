/* wl-make help: the commands, or one command's help. */
#include "cmd/app.h"

#include <string.h>

int cmd_help(struct app *a, struct wl_err *err)
{
    const struct command *c;

    if (!a->options.args.n) {
        command_help(NULL, stdout);
        return 0;
    }
    c = command_find(a->options.args.v[0]);
    if (!c) {
        wl_err_set(err, WL_E_USAGE, "there is no command '%s'", a->options.args.v[0]);
        return wl_err_hint(err, "wl-make help lists them");
    }
    command_help(c, stdout);
    return 0;
}
