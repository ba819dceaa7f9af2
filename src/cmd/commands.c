#include "cmd/command.h"

#include <string.h>

/* COMMANDS is COMMAND(build) COMMAND(run) ..., from the list in src/meson.build. */
#define COMMAND(name) extern const struct command command_##name;
COMMANDS
#undef COMMAND

#define COMMAND(name) &command_##name,
const struct command *const commands[] = {COMMANDS NULL};
#undef COMMAND

const struct command *command_find(const char *name)
{
    for (const struct command *const *c = commands; *c; c++)
        if (!strcmp((*c)->name, name))
            return *c;
    return NULL;
}

static void tool_help(FILE *to)
{
    fprintf(to,
            "Usage: wl-make [COMMAND] [OPTION...] [ARGUMENT...]\n\n"
            "Builds CPython and its libraries from source for WebAssembly (WASI), and runs the result.\n\nCommands:\n");
    for (const struct command *const *c = commands; *c; c++)
        fprintf(to, "  %-11s %s\n", (*c)->name, (*c)->summary);
    fprintf(to, "\nOptions:\n");
    options_help(to, command_find("help"));
    fprintf(to, "\nFor example:\n"
                "  wl-make python/v3.11.2                            build a Python\n"
                "  wl-make run python/v3.11.2 -- -c 'print(6 * 7)'   run it\n\n"
                "Exit status: 0 success; 1 a build or test failed; 2 wrong usage; 3 an error in a recipe; 4 a source\n"
                "cannot be fetched; 5 a wrong hash; 6 toolchain; 7 file system; 10 outdated; 11, 12 what\n"
                "fsck found; 13 vulnerable; 14 a license that is not allowed; 128+N ended by signal N.\n\n"
                "More: wl-make COMMAND --help, man wl-make\n");
}

void help_print(const struct command *c, FILE *to)
{
    if (!c) {
        tool_help(to);
        return;
    }
    fprintf(to, "Usage: wl-make %s\n\n%s\n\nOptions:\n", c->usage, c->description);
    options_help(to, c);
    fprintf(to, "\nMore: man wl-make-%s\n", c->name);
}
