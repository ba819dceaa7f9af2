/* The requirements of an app, installed and compiled: an artifact by its lock file. Several apps may have the same. */
#ifndef WL_SITE_H
#define WL_SITE_H

#include "pack/pack.h"
#include "util/hash.h"

struct site {
    char key[HASH_HEX_SIZE];
};

/* Makes the artifact of the wheels that the lock file pins, unless it is there. scratch is a directory for downloads.
 */
int site_make(const struct pack *k, const char *scratch, struct site *s, struct wl_err *err);

/* The default name of a lock file: that of the requirements file with another ending. The caller frees it. */
char *lock_file_of(const char *requirements);

/* Its directory of packages in the store; the caller frees it. */
char *site_packages(const struct store *s, const struct site *site);

#endif
