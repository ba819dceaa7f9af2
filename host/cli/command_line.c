/* A command line with the runner's options, and --help. */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* wizer's name, so that modules made for it work here as well. */
#define SNAPSHOT_ENTRY "wizer.initialize"

char *run_options_help(enum run_options_of of)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (!f)
        return NULL;
    for (const struct run_option *r = run_options; r < run_options + run_options_n; r++) {
        const char letter[] = {'-', r->letter, ',', ' ', '\0'};
        char head[64];

        if (!(r->of & of))
            continue;
        snprintf(head, sizeof head, "%s--%s%s%s%s", r->letter ? letter : "", r->name,
                 r->optional   ? "[="
                 : r->argument ? " "
                               : "",
                 r->argument ? r->argument : "", r->optional ? "]" : "");
        fprintf(f, "  %-26s %s\n", head, r->help);
    }
    return fclose(f) == 0 ? text : NULL;
}

static int read_option(struct run_options *o, char **argv, int *i, struct err *err)
{
    const char *arg = argv[*i], *equals = !strncmp(arg, "--", 2) ? strchr(arg, '=') : NULL, *value = NULL;
    size_t size = equals ? (size_t)(equals - arg) : strlen(arg);
    const struct run_option *option = arg[1] == '-' ? run_options_find(o->of, arg + 2, size - 2)
                                      : size == 2   ? run_options_letter(o->of, arg[1])
                                                    : NULL;

    if (!option) {
        err_set(err, ERR_SETUP, "there is no option %.*s", (int)(size < 200 ? size : 200), arg);
        return err_hint(err, "see --help; the program's own options go behind %s",
                        o->of == OF_WL_RUN ? "the module" : "--");
    }
    if (option->optional) {
        value = equals ? equals + 1 : NULL;
    } else if (option->argument) {
        value = equals ? equals + 1 : argv[*i + 1];
        if (!value) {
            err_set(err, ERR_SETUP, "%s needs a value", arg);
            return err_hint(err, "the form is --%s %s", option->name, option->argument);
        }
        *i += !equals;
    } else if (equals) {
        err_set(err, ERR_SETUP, "--%s takes no value", option->name);
        return err_hint(err, "see --help");
    }
    return run_options_set(o, option, value, err);
}

/* What goes together, and what is left out. */
static int complete(struct run_options *o, const char *name, struct err *err)
{
    if (o->snapshot && !o->entry)
        o->entry = SNAPSHOT_ENTRY;
    if (o->entry && !o->snapshot) {
        err_set(err, ERR_SETUP, "--entry goes with --snapshot");
        return err_hint(err, "see --help");
    }
    if (o->of == OF_WL_RUN && !o->module) {
        err_set(err, ERR_SETUP, "no module is named");
        return err_hint(err, "the form is wl-run [OPTION]... MODULE.wasm [ARGUMENT]...");
    }
    if (o->module) {
        const char *slash = strrchr(o->module, '/');

        name = slash ? slash + 1 : o->module;
    }
    o->args[0] = o->argv0 ? o->argv0 : name;
    return 0;
}

int run_options_parse(struct run_options *o, const char *name, int argc, char **argv, struct err *err)
{
    int i = 1, r = 0;

    o->args = calloc((size_t)argc + 2, sizeof *o->args);
    if (!o->args)
        return err_set(err, ERR_SETUP, "out of memory");
    if (o->of == OF_WL_RUN)
        r = run_options_default_cache(o, err);
    for (; r == 0 && i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (!strcmp(argv[i], "--")) {
            i++;
            break;
        }
        r = read_option(o, argv, &i, err);
    }
    if (r < 0 || o->help || o->version)
        return r;
    if (o->of == OF_WL_RUN && i < argc) {
        o->module = argv[i++];
        if (i < argc && !strcmp(argv[i], "--"))
            i++;
    }
    o->words = i;
    for (o->args_n = 1; i < argc; i++)
        o->args[o->args_n++] = argv[i];
    return complete(o, name, err);
}
