/* Runs other programs. Nothing else in the tool starts a process.
 *
 * Each command gets its own session, and so no terminal that it could read from or type into, and an explicit
 * environment. While it runs, the cancel descriptor is polled: on cancel its whole process group gets SIGTERM, and
 * SIGKILL after two seconds. Processes that a command leaves running in its group are killed when it ends. */
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
    const int *keep_fds;         /* descriptors it inherits under the same numbers, ended by -1; NULL: none */
    const struct cancel *cancel; /* NULL: cannot be cancelled */
    int timeout_ms;              /* 0: none; after it the group is killed */
    size_t max_output;           /* for run_capture: bytes kept; 0 means 16 MiB */

    /* Called with each piece of output (stdout and stderr together) as it arrives. If it returns a negative value, the
     * command is killed and run_command returns that value. NULL: the command has the tool's own stdout and stderr. */
    int (*on_output)(void *data, const char *text, size_t n, struct wl_err *err);
    /* Another descriptor that is read while the command runs: the caller's end of a pipe whose other end the command
     * has. NULL: none. */
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
