/* How pip is configured on this machine: which index it uses and how it reaches it. Read from pip's own files and
 * variables, so that pip need not be installed if they name an index. */
#ifndef WL_SOURCE_PIP_CONFIG_H
#define WL_SOURCE_PIP_CONFIG_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

struct pip_config {
    struct strv links;   /* find-links: directories of this machine, and pages */
    struct strv indexes; /* index-url and extra-index-url without '/' at their end; none with no-index */
    bool uses_default;   /* neither index-url nor no-index: pip's default index, which only pip knows, comes before
                            indexes */
    char *proxy, *cert;  /* NULL: not set */
};

/* Reads the variables PIP_... and the files that pip would read. As for pip, a file that does not exist or cannot be
 * read counts as empty. The caller frees it with pip_config_free, whatever the result. */
int pip_config_read(struct pip_config *c, struct wl_err *err);
void pip_config_free(struct pip_config *c);
#define WL_CLEANUP_PIP_CONFIG __attribute__((cleanup(pip_config_free)))

#endif
