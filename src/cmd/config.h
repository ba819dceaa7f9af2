/* The user's configuration: a file of lines "NAME = VALUE" (man wl-make-config). */
#ifndef WL_CONFIG_H
#define WL_CONFIG_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

struct config {
    char *file; /* that was read; NULL: there is none */
    char *remote;
    bool remote_write;
    struct strv public_keys; /* files, or the keys themselves */
    char *secret_key;        /* a file */
    char *launcher;
    struct strv launcher_env, launcher_dirs;
    bool launcher_network;
};

/* Reads the file that WL_MAKE_CONFIG names, or else wl-make/config in $XDG_CONFIG_HOME or ~/.config, which need not
 * exist. A line that is wrong is WL_E_USAGE. */
int config_read(struct config *c, struct wl_err *err);
void config_free(struct config *c);

#endif
