/* The command line: how options are described, parsed and shown, and the options that several commands share. A
 * command's own options are a table in its file, cmd_NAME.c. */
#ifndef WL_OPTIONS_H
#define WL_OPTIONS_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct command;

/* What the member that an option sets is. */
enum option_kind {
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* char *; if it is given more than once, the last one counts */
    OPTION_LIST,    /* struct strv; every value is kept */
    OPTION_NUMBER,  /* int, from 1 to max; 0: not given */
    OPTION_CHOICE,  /* int: the place of the value among the choices, counted from 1; 0: not given */
    OPTION_FORWARD, /* struct strv: "--NAME=VALUE", for another program */
};

/* What a number is that was given as 0. */
enum { OPTION_NONE = -1 };

struct option_spec {
    char letter; /* 0: none */
    const char *name, *help;
    const char *argument; /* what --help calls the value; NULL: the option takes none */
    enum option_kind kind;
    size_t member; /* its offset in the struct */
    int max;
    const char *const *choices; /* ended by NULL */
    /* For OPTION_FORWARD: checks a value as the other program would; "" if the option takes none, NULL if an optional
     * one is left out. check NULL: no check. */
    int (*check)(const struct option_spec *s, const char *value, struct wl_err *err);
    bool optional; /* OPTION_FORWARD: the value follows "=" or is left out */
    bool or_none;  /* OPTION_NUMBER: 0 is one, too */
};

/* The shared options that a command takes. All take --cache-dir, --ports, --color and --help. */
enum shared_option {
    SHARED_JOBS = 1 << 0,
    SHARED_VERBOSE = 1 << 1,
    SHARED_QUIET = 1 << 2,
    SHARED_DRY_RUN = 1 << 3,
    SHARED_KEEP_GOING = 1 << 4,
    SHARED_OFFLINE = 1 << 5,
    SHARED_FLAVOUR = 1 << 6,
    SHARED_SOURCE = 1 << 7,
    SHARED_PROFILE = 1 << 8,
    SHARED_DEBUG = 1 << 9,
    SHARED_KEEP_BUILD = 1 << 10,
    SHARED_NO_SANDBOX = 1 << 11,
    SHARED_OUTPUT = 1 << 12,
    SHARED_PACKAGES = 1 << 13,
    /* What every command that builds takes, */
    SHARED_BUILDING = SHARED_JOBS | SHARED_VERBOSE | SHARED_QUIET | SHARED_OFFLINE,
    /* and the options that decide what is built. */
    SHARED_VARIANT = SHARED_SOURCE | SHARED_PROFILE | SHARED_DEBUG | SHARED_NO_SANDBOX,
};

enum color_when { COLOR_NOT_GIVEN, COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
    char *cache_dir, *output, *flavour, *source, *profile, *remote; /* NULL: not given */
    struct strv ports;                                              /* more directories of recipes */
    /* Packages for a Python: their names, or a file with them; and modules for its snapshot. */
    struct strv with, imports;
    char *requirement;
    bool update; /* resolve them again */
    int jobs;    /* 0: one for each processor */
    int color;   /* enum color_when */
    bool verbose, quiet, offline, keep_going, dry_run, debug, keep_build, no_sandbox, help;
    struct strv args;  /* the words that are not options: ports, names of tests */
    struct strv guest; /* of a command that starts a program: that program's arguments */
    /* The command's own options, in its own struct; its file knows which. */
    void *own;
    const struct command *command; /* whose they are; NULL: nothing was parsed */
};

/* Parses argv (without the names of the program and of the command) for one command. What it does not know is
 * WL_E_USAGE. The caller frees *o with options_free(), after an error as well. */
int options_parse(struct options *o, const struct command *command, int argc, char **argv, struct wl_err *err);
void options_free(struct options *o);

/* The index of the first word that is neither an option nor an option's value, since options may come before the
 * command; argc if there is none. Commands: all there are, ended by NULL. */
int options_first_word(int argc, char **argv, const struct command *const *commands);

/* Prints a command's options for a person. */
void options_help(FILE *to, const struct command *command);
/* Prints them for a program: a line for each spelling, with the name of the value and the choices, separated by tabs.
 */
void options_list(FILE *to, const struct command *command);

#endif
