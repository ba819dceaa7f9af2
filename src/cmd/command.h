/* A command. Each one is a file cmd_NAME.c that defines command_NAME; src/meson.build lists the names. */
#ifndef WL_COMMAND_H
#define WL_COMMAND_H

#include "cmd/options.h"

struct app;

struct command {
    const char *name;
    const char *usage;                 /* what follows "wl-make" */
    const char *summary;               /* for the list of commands */
    const char *description;           /* lines of at most 100 characters */
    const struct option_spec *options; /* the command's own, ended by one without a name; NULL: none */
    size_t options_size;               /* of the struct that these are parsed into */
    unsigned shared;                   /* enum shared_option */
    /* Describes the i-th of more options, which another table has; false: there are not so many. NULL: there are none.
     */
    bool (*more_options)(size_t i, struct option_spec *spec);
    /* It starts a program, which gets all words after "--", or from the second word that is not an option. */
    bool has_guest;
    /* It looks at nothing: neither the checkout nor the cache has to exist. */
    bool standalone;
    int (*run)(struct app *a, struct wl_err *err);
};

/* All commands in the order of the help, ended by NULL. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);
/* Prints the help of a command, or that of the tool if it is NULL. */
void help_print(const struct command *c, FILE *to);

#endif
