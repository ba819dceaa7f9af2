/* Runs other programs: the only place of the tool that starts a process.
 *
 * Each command gets a session of its own, and so no terminal that it could read from or type into, and an environment
 * that is given, never inherited by accident. Its end is waited for together with the cancel descriptor: on cancel its
 * whole process group is asked to end (SIGTERM), and after two seconds made to (SIGKILL). What a command leaves running
 * in its group when it ends is killed too. */
#ifndef WL_RUN_H
#define WL_RUN_H

#include "util/cancel.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

struct run {
    char *const *argv;           /* NULL-terminated; argv[0] is looked up in the tool's PATH */
    char *const *env;            /* NULL-terminated "NAME=value"; NULL: the tool's own environment */
    const char *cwd;             /* NULL: the tool's own */
    const char *input;           /* text for its stdin; NULL: /dev/null */
    const int *keep_fds;         /* descriptors it inherits under their own numbers, ended by -1; NULL: none */
    const struct cancel *cancel; /* NULL: cannot be cancelled */
    int timeout_ms;              /* 0: none; when over, the group is killed */
    size_t max_output;           /* for run_capture: bytes kept; 0 means 16 MiB */

    /* Called with each piece of output (stdout and stderr together) as it comes; a negative return kills the command
     * and is what run_command returns. NULL: output goes where the tool's own goes. */
    int (*on_output)(void *data, const char *text, size_t n, struct wl_err *err);
    /* A descriptor that is read as well while the command runs, the caller's end of a pipe that the command has; NULL:
     * none. */
    const int *also_read;
    void (*on_also)(void *data, const char *text, size_t n);
    void *data;
};

/* Runs it to its end. *status: the exit status, or 128 + the signal that ended it. A program that cannot be started is
 * WL_E_TOOLCHAIN; cancel is WL_E_INTERRUPTED. */
int run_command(const struct run *r, int *status, struct wl_err *err);

/* Runs it and gives all its output (stdout and stderr together; the caller frees it). on_output must be NULL. */
int run_capture(const struct run *r, int *status, char **output, struct wl_err *err);

/* Where a program would be found in PATH; the caller frees it. NULL: nowhere. */
char *run_which(const char *name);

/* The argv as a person would type it; the caller frees it. */
char *run_text(char *const *argv);

#endif
