/* The requirements of an app, installed and compiled: an artifact by its lock file. Several apps may have the same. */
#ifndef WL_SITE_H
#define WL_SITE_H

#include "pack/pack.h"
#include "util/hash.h"

struct site {
    char key[HASH_HEX_SIZE];
};

/* Pins what the requirements ask for, and makes the artifact of what is pinned unless it is there. scratch is a
 * directory for downloads. */
int site_make(const struct pack *k, const char *scratch, struct site *s, struct wl_err *err);

/* Its directory of packages in the store; the caller frees it. */
char *site_packages(const struct store *s, const struct site *site);

#endif
