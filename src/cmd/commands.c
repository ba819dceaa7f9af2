/* The table of commands: adding one is a line here and a file cmd_NAME.c. */
#include "cmd/app.h"

#include <string.h>

const struct command commands[] = {
    {"build", CMD_BUILD, "[build] PORT...", "build ports, and what they need",
     "Builds each port and puts it into build-output/PORT/. A bare port name means build. What is built already, by "
     "the\n"
     "same recipe, sources and toolchain, is not built again.",
     cmd_build},
    {"run", CMD_RUN, "run PORT [--] [ARGUMENT...]", "run a built Python in its sandbox",
     "Runs the port's program with the arguments, in the project's own runner; builds what is missing first. The "
     "guest\n"
     "sees its standard library and nothing else of this machine but what --dir and --env give it.",
     cmd_run},
    {"app", CMD_APP, "app [PROGRAM]", "pack a program and its packages into one module",
     "Makes one module of a script, or a folder with __main__.py, of the pure-Python packages it requires, and of its\n"
     "data: with a Python inside that has imported them already. Any WASI runtime runs it.",
     cmd_app},
    {"aot", CMD_AOT, "aot PORT|FILE.wasm", "compile a module into a native program",
     "Translates a port's module, or any WASI module, to C and compiles that: one sandboxed executable for this\n"
     "machine that needs no engine.",
     cmd_aot},
    {"profile", CMD_PROFILE, "profile PORT", "measure where a Python spends its time",
     "Builds the same Python for this machine with counters in it, runs CPython's own training task, and writes a "
     "profile\n"
     "that --profile, or the recipe, gives to the compiler.",
     cmd_profile},
    {"list", CMD_LIST, "list [TEXT]", "show every port",
     "Shows every port whose name holds TEXT: version, whether it is in the output folder, and what it is.", cmd_list},
    {"info", CMD_INFO, "info PORT...", "show what a port is made of",
     "Shows sources, patches, needs, steps, key and places of a port, or the modules of a built Python.", cmd_info},
    {"fetch", CMD_FETCH, "fetch PORT...", "fetch sources, to build offline later",
     "Brings the sources of the ports, of what they need and of what their tests need into the cache: afterwards they\n"
     "build with --offline.",
     cmd_fetch},
    {"outdated", CMD_OUTDATED, "outdated [PORT...]", "show which recipes are behind their sources",
     "Asks the sources of the ports, or of all there are, which versions they have by now. Ends with status 10 when a\n"
     "newer one is offered than the recipe's, else with 0.",
     cmd_outdated},
    {"test", CMD_TEST, "test PORT... | test PYTHON [PATTERN...]", "run the tests of a port, or CPython's own",
     "Builds the ports and runs the tests of their recipes; of a Python then CPython's own test suite, inside the "
     "guest,\n"
     "or only the files of it that are named; with --suite those of other projects instead. Ends with 0 if all became\n"
     "of them that is expected.",
     cmd_test},
    {"check", CMD_CHECK, "check [TEST...]", "run the project's own tests",
     "Builds the tool under sanitizers and runs the unit and end-to-end tests and those of the documentation, or only "
     "the\n"
     "tests and groups named: unit, e2e, libs, python, docs, host.",
     cmd_check},
    {"clean", CMD_CLEAN, "clean [PORT...]", "remove what builds left",
     "Without a port: build folders and logs of earlier runs, and what the options name. With ports: their results,\n"
     "artifacts and logs.",
     cmd_clean},
    {"doctor", CMD_DOCTOR, "doctor", "look whether this machine can build",
     "Checks programs, toolchain, sandbox and folders, and says how to get what is missing.", cmd_doctor},
    {"help", CMD_HELP, "help [COMMAND]", "show help", "Shows the commands, or the help of one.", cmd_help},
    {0},
};

const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

void command_help(const struct command *c, FILE *to)
{
    if (c) {
        fprintf(to, "Usage: wl-make %s\n\n%s\n\nOptions:\n", c->usage, c->text);
        options_help(to, c->bit);
        fprintf(to, "\nMore: man wl-make-%s\n", c->name);
        return;
    }
    fprintf(to,
            "Usage: wl-make [COMMAND] [OPTION...] [ARGUMENT...]\n\n"
            "Builds CPython and its libraries from source for WebAssembly (WASI), and runs the result.\n\nCommands:\n");
    for (const struct command *i = commands; i->name; i++)
        fprintf(to, "  %-10s %s\n", i->name, i->summary);
    fprintf(to, "\nOptions:\n");
    options_help(to, CMD_HELP);
    fprintf(to, "\nFor example:\n"
                "  wl-make python/v3.11.2                            build it\n"
                "  wl-make run python/v3.11.2 -- -c 'print(6 * 7)'   run it\n\n"
                "Exit status: 0 done; 1 a build or test failed; 2 wrong use; 3 a recipe; 4 a source cannot be had;\n"
                "5 bytes that are not what they should be; 6 toolchain; 7 file system; 10 outdated; 128+n ended by\n"
                "signal n.\n\n"
                "More: wl-make COMMAND --help, man wl-make\n");
}
