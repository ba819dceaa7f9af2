/* Clients of registries, git and apt: run with a time limit, installed where they are missing, with the reason of a
 * failure found in what they print. */
#ifndef WL_SOURCE_CLIENT_H
#define WL_SOURCE_CLIENT_H

#include "source/source.h"

/* One command of a client. */
struct client {
    const char *package; /* what to install if it is missing; `wl-make.sh --install` must know it to install it */
    char *const *argv;
    const struct strv *env; /* NULL: the tool's own environment */
    const char *input;      /* text for its stdin; NULL: none */
    const char *cwd;
    const struct fetch_options *o;
    int timeout_s; /* 0: ten minutes */
    /* The module that argv's python3 runs; a missing one is reported under this name. NULL: argv[0] is the program. */
    const char *module;
    char **output_on_failure; /* gets all it printed if it fails, which the caller frees; NULL: not wanted */
};

/* The timeout of a client that only looks something up. */
enum { LOOKUP_TIMEOUT_S = 100 };

/* Runs it; installs it first if it is missing and wl-make.sh is there to do so. A failure is WL_E_FETCH with the line
 * of its output that says why. output (may be NULL) gets all it printed. */
int client_run(const struct client *c, char **output, struct wl_err *err);

/* Adds the tool's environment without the names given (NULL-ended). */
void client_env(struct strv *env, const char *const *without);

/* Makes the empty directory part + ".tmp", in which a client may work; the caller frees the name. */
int scratch_dir(const char *part, char **dir, struct wl_err *err);

/* Moves a file that a client has downloaded to part. */
int move_to_part(const char *file, const char *part, struct wl_err *err);
/* Copies a file of this machine to part. */
int copy_to_part(const char *file, const char *part, struct wl_err *err);

#endif
