/* Wheels of pure Python for an app, through the machine's pip: what a requirements file asks for, pinned in a lock
 * file, and installed into a folder. */
#ifndef WL_WHEELS_H
#define WL_WHEELS_H

#include "err.h"
#include "source.h"
#include "str.h"

#include <stdbool.h>

struct wheels {
    const char *requirements; /* the file that is given */
    const char *lock;         /* versions and hashes, in pip's own format */
    const char *series;       /* the Python they are for: "3.13" */
    const char *scratch;      /* a folder for what is brought, which the caller removes */
    /* Packages that work without their compiled modules: a wheel with those will do. There is a list of known ones
     * besides. May be NULL. */
    const struct strv *without_native;
    bool update; /* resolve again, even if the lock file is of these requirements */
};

/* Writes the lock file, unless it is of these requirements and this series. A requirement that has no wheel of pure
 * Python, or requirements that contradict each other, are WL_E_FETCH, by name. */
int wheels_lock(const struct wheels *w, const struct fetch_options *o, struct wl_err *err);

/* Installs what the lock file pins into a folder that is not there yet. */
int wheels_install(const struct wheels *w, const char *folder, const struct fetch_options *o, struct wl_err *err);

#endif
