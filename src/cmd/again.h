/* Commands that a command starts, as a user starts them: by the checkout's wl-make.sh, which installs what each needs.
 */
#ifndef WL_CMD_AGAIN_H
#define WL_CMD_AGAIN_H

#include "cmd/app.h"
#include "cmd/command.h"

/* Those that are started so. (Looking them up by name would make a circle: the list has those that start them, too.) */
extern const struct command command_audit, command_build, command_check, command_dist, command_test, command_verify;

/* Adds those options of this call that `takes` has (enum shared_option) and that say how a command works, not what it
 * makes: --ports, --quiet, --verbose, --offline. */
void again_options(const struct options *o, unsigned takes, struct strv *argv);

/* Begins a command line: the command, and those of this call's options that it takes. The caller adds the rest. */
void again_begin(const struct app *a, const struct command *command, struct strv *argv);

/* Runs it to its end. It writes where this process does, or, if output is not NULL, to *output, standard output and
 * standard error together, which the caller frees; then it gives up after seconds. *status is as in run_command(). */
int again_run(const struct app *a, const struct strv *argv, int seconds, char **output, int *status,
              struct wl_err *err);

#endif
