/* The options --secret and --secret-file. wl-make compiles this file with cli/options.c; what reads files is in
 * cli/secret_files.c. */
#ifndef WL_CLI_SECRETS_H
#define WL_CLI_SECRETS_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/* One of value and file is set. The texts are in the same block, which free() releases by `name`. */
struct run_secret {
    char *name, *value, *file, *host;
};

/* Reads NAME[=VALUE]@HOST[:PORT]; without a value, `variable` is "NAME=VALUE" of the environment, or NULL. With of_file
 * it is NAME=FILE@HOST[:PORT]. The host is what follows the last @. 0, or -ERR_SETUP with err, which shows no value. */
int secret_parse(struct run_secret *s, const char *text, bool of_file, const char *variable, struct err *err);

/* The value of a secret that is in a file: its text up to a line break at its end. Replaces s->file. As secret_parse().
 */
int secret_read_file(struct run_secret *s, struct err *err);

#endif
