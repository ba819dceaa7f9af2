/* Wheels of pure Python for an app, through the machine's pip: what a requirements file asks for, pinned in a lock
 * file, and installed into a folder. */
#ifndef WL_WHEELS_H
#define WL_WHEELS_H

#include "source/source.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

struct wheels {
    const char *requirements; /* the file that is given */
    const char *lock;         /* versions and hashes, in pip's own format */
    const char *series;       /* the Python they are for: "3.13" */
    const char *version;      /* the same in full: "3.13.5" */
    const char *ask_pip;      /* the file ask_pip.py */
    const char *scratch;      /* a folder for what is brought, which the caller removes */
    /* Packages that work without their compiled modules: a wheel with those will do. There is a list of known ones
     * besides. May be NULL. */
    const struct strv *without_native;
    bool update; /* resolve again, even if the lock file is of these requirements */
};

/* Writes the lock file, unless it is of these requirements and this series. A requirement that has no wheel of pure
 * Python, or only of an older major version, requirements that contradict each other, and what comes as source are
 * WL_E_FETCH, by name. notes gets a line for each package that is older than it would be with native code. */
int wheels_lock(const struct wheels *w, const struct fetch_options *o, struct strv *notes, struct wl_err *err);

/* Installs what the text of a lock file pins into a folder that is not there yet. */
int wheels_install(const struct wheels *w, const char *pinned, const char *folder, const struct fetch_options *o,
                   struct wl_err *err);

#endif
