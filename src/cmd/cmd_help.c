/* wl-make help: the commands, or the help of one. */
#include "cmd/app.h"
#include "cmd/command.h"

#include <string.h>

struct help_options {
    bool list, version;
};

#define AT(m) .member = offsetof(struct help_options, m)
static const struct option_spec options[] = {
    {0, "list", "print only names, one per line: of the commands, or of a command's options", NULL, OPTION_FLAG,
     AT(list)},
    {0, "version", "print the version of the tool", NULL, OPTION_FLAG, AT(version)},
    {0},
};

static void list_commands(FILE *to)
{
    for (const struct command *const *c = commands; *c; c++)
        fprintf(to, "%s\n", (*c)->name);
}

static int run(struct app *a, struct wl_err *err)
{
    const struct help_options *o = a->options.own;
    const char *name = a->options.args.n ? a->options.args.v[0] : NULL;
    const struct command *c = name ? command_find(name) : NULL;

    if (o->version) {
        puts("wl-make " WL_VERSION);
        return 0;
    }
    if (name && !c) {
        wl_err_set(err, WL_E_USAGE, "there is no command '%s'", name);
        return wl_err_hint(err, "wl-make help lists the commands");
    }
    if (!o->list)
        help_print(c, stdout);
    else if (c)
        options_list(stdout, c);
    else
        list_commands(stdout);
    return 0;
}

const struct command command_help = {
    .name = "help",
    .usage = "help [COMMAND]",
    .summary = "show help",
    .description = "Shows the commands, or the help of one of them.",
    .options = options,
    .options_size = sizeof(struct help_options),
    .standalone = true,
    .run = run,
};
