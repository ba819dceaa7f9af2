/* The command line of wl-run. */
#ifndef WLPY_OPTIONS_H
#define WLPY_OPTIONS_H

#include "wlpy.h"

struct options {
    struct wlpy_config config; /* points into what follows, and into argv */
    bool help, version, verbose;
    struct wlpy_mount *mounts;
    const char **env, **argv;
    char **owned; /* strings made while parsing */
    size_t owned_count;
};

/* Reads options up to the module's name; what follows is the guest's. `environment` is the host's, for --env NAME and
 * for the folder of the cache. On an error, whose code is WLPY_E_SETUP, the options are to be freed too. */
int options_parse(struct options *o, int argc, char **argv, char **environment, struct wlpy_err *err);
void options_free(struct options *o);

/* A number of bytes: 65536, 64K, 64KiB, 16M, 2G. */
bool parse_size(const char *text, uint64_t *bytes);

extern const char options_help[];

#endif
