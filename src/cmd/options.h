/* The command line: every option of every command stands in one table (options.c), which also makes --help. */
#ifndef WL_OPTIONS_H
#define WL_OPTIONS_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdio.h>

/* Commands as bits, so that an option can say which of them know it. */
enum command_bit {
    CMD_BUILD = 1 << 0,
    CMD_RUN = 1 << 1,
    CMD_LIST = 1 << 2,
    CMD_INFO = 1 << 3,
    CMD_FETCH = 1 << 4,
    CMD_TEST = 1 << 5,
    CMD_CHECK = 1 << 6,
    CMD_CLEAN = 1 << 7,
    CMD_DOCTOR = 1 << 8,
    CMD_HELP = 1 << 9,
    CMD_OUTDATED = 1 << 10,
    CMD_APP = 1 << 11,
    CMD_AOT = 1 << 12,
    CMD_PROFILE = 1 << 13,
    CMD_ALL = (1 << 14) - 1
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
    char *source, *profile, *output, *cache_dir, *flavour, *engine, *runtime; /* NULL: not given */
    struct strv ports;                                                        /* further folders of recipes */
    int jobs;                                                                 /* 0: one a processor */
    enum color_when color;
    bool verbose, quiet, offline, keep_going, dry_run, debug, keep_build, no_sandbox, help, version;
    bool clean_all, clean_sources, clean_store, list_all, modules, json;
    char *file; /* of app and aot: what is written */
    /* Of aot. */
    bool library;
    char *native_profile, *target_cpu, *max_compile_memory;
    int max_compile_time; /* seconds; 0: not given */
    bool native;          /* of profile */
    /* Of app. */
    char *python, *module, *entry_point, *requirements, *lock, *hash_seed;
    struct strv imports, include_data, without_native;
    bool update, strip_source, no_imports;
    /* Of test. */
    char *json_file, *junit_file;
    int deadline; /* seconds; 0: not given */
    bool own;
    struct strv suites;
    struct strv runner; /* options for the runner, as given */
    struct strv args;   /* what is not an option: ports, names of tests */
    struct strv guest;  /* of run: what stands behind the port or "--" */
};

/* Reads argv (without the program's and the command's name) for one command. What it does not know is WL_E_USAGE. */
int options_parse(struct options *o, enum command_bit command, int argc, char **argv, struct wl_err *err);
/* The index of the first word that is neither an option nor an option's value, so that options may stand before the
 * command; argc if there is none. command_of: the command that a word names, or 0. */
int options_first_word(int argc, char **argv, enum command_bit (*command_of)(const char *word));
void options_free(struct options *o);

/* Prints the options that a command knows. */
void options_help(FILE *to, enum command_bit command);

#endif
