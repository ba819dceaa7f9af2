/* What pip is told on this machine: where its index is and how it is reached. Read from pip's own files and variables,
 * so that no pip is needed where they name an index. */
#ifndef WL_SOURCE_PIP_CONFIG_H
#define WL_SOURCE_PIP_CONFIG_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

struct pip_config {
    struct strv links;   /* find-links: folders of this machine, and pages */
    struct strv indexes; /* index-url and extra-index-url without '/' at their end; none with no-index */
    bool asks_default;   /* no index-url and no no-index: pip's own default comes before indexes; only pip knows it */
    char *proxy, *cert;  /* NULL: not set */
};

/* Reads the variables PIP_... and the files that pip would read. A file that is not there or cannot be read counts as
 * empty, as with pip. The caller frees it with pip_config_free, whatever the result. */
int pip_config_read(struct pip_config *c, struct wl_err *err);
void pip_config_free(struct pip_config *c);
#define WL_CLEANUP_PIP_CONFIG __attribute__((cleanup(pip_config_free)))

#endif
