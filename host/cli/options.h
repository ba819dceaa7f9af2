/* The runner's options: one table for wl-run, for native programs, and for `wl-make run`, which hands them on to
 * either.
 *
 * Nothing here prints, exits, or opens a file: an error names the option and what is wrong with it. wl-make compiles
 * cli/options.c, cli/values.c, cli/hint.c, cli/secrets.c, core/err.c, net/policy.c and net/secret.c too, so they use
 * nothing of host/ but each other and headers of core/. */
#ifndef WL_CLI_OPTIONS_H
#define WL_CLI_OPTIONS_H

#include "cli/secrets.h"
#include "core/err.h"
#include "core/folder.h"
#include "core/limits.h"
#include "net/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose options. */
enum run_options_of {
    OF_WL_RUN = 1,
    OF_NATIVE = 2,
    OF_MAKE_RUN = 4,
};

struct run_options {
    enum run_options_of of;
    char **environment; /* the host's, for --env NAME and the cache directory; borrowed */
    struct limits limits;
    struct folder *folders; /* of two with the same guest name the later one counts */
    size_t folders_n;
    int *fds; /* numbers from 3 on; whether they are open has not been checked */
    size_t fds_n;
    const char **env; /* "NAME=VALUE", each name once */
    size_t env_n;
    const char *module; /* of wl-run; NULL for the others */
    const char **args;  /* the guest's; the first is its own name. Set by run_options_parse. */
    size_t args_n;
    int words;             /* of the command line, up to the guest's arguments */
    const char *argv0;     /* its name, if an option gave one, or NULL */
    const char *cache_dir; /* NULL: no cache */
    const char *snapshot, *entry;
    const char **net, **net_listen; /* rules (net/policy.h), which were checked; none: no network */
    size_t net_n, net_listen_n;
    struct run_secret *secrets;
    size_t secrets_n;
    struct net_limits net_limits;
    const char *net_log; /* a file, "-" for stderr, or NULL */
    bool no_terminal;    /* it may not change the terminal's settings */
    bool quick, verbose, help, version;
    struct kept_text *texts; /* made while parsing */
};

struct run_option {
    const char *name;     /* without dashes */
    char letter;          /* its short form, or 0 */
    const char *argument; /* the form of its value; NULL: it takes none */
    const char *help;     /* one line */
    unsigned of;          /* enum run_options_of: which commands have it */
    /* Checks the value and stores it. 0, or -ERR_SETUP with err. */
    int (*set)(struct run_options *o, const struct run_option *option, const char *value, struct err *err);
    size_t at; /* where in struct run_options, for what several options share */
    uint64_t min, max;
    bool optional; /* a value follows "=" or is left out */
};

/* The table, in the order of --help; run_options_find goes over it. */
extern const struct run_option run_options[];
extern const size_t run_options_n;

/* The defaults. environment: as in struct run_options. run_options_free releases what later calls add. */
void run_options_init(struct run_options *o, enum run_options_of of, char **environment);
void run_options_free(struct run_options *o);

/* The option of that name ("dir", without dashes; `size` bytes), if that command has it; else NULL. */
const struct run_option *run_options_find(enum run_options_of of, const char *name, size_t size);

/* The same by its letter. */
const struct run_option *run_options_letter(enum run_options_of of, char letter);

/* Checks one value (NULL for an option that takes none) and stores it; o keeps pointers into value. 0, or -ERR_SETUP
 * with err. */
int run_options_set(struct run_options *o, const struct run_option *option, const char *value, struct err *err);

/* Sets the cache directory by the host's variables. 0, or -ERR_SETUP with err. */
int run_options_default_cache(struct run_options *o, struct err *err);

/* command_line.c: reads a command line, argv[0] being the command's own name. Options end at "--" or at the first word
 * that is not one. Then comes wl-run's module, and what follows is the guest's. name: the guest's own name where no
 * option and no module gives one. 0, or -ERR_SETUP with err; o is to be freed in either case. */
int run_options_parse(struct run_options *o, const char *name, int argc, char **argv, struct err *err);

/* Passes on what programs on a terminal read, where the host has it and no option has set it: TERM and COLORTERM. 0, or
 * -ERR_SETUP with err. */
int run_options_pass_terminal(struct run_options *o, struct err *err);

/* command_line.c: --help's lines about the options of a command, to be given to free(); NULL: out of memory. */
char *run_options_help(enum run_options_of of);

#endif
