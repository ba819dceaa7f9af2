/* Wheels, through the machine's pip: what a requirements file asks for, pinned in a lock file, and installed into a
 * directory. */
#ifndef WL_WHEELS_H
#define WL_WHEELS_H

#include "recipe/recipe.h"
#include "source/source.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

struct wheels {
    const char *requirements;         /* the requirements file */
    const char *title;                /* what messages call it; NULL: its name */
    const char *lock;                 /* the lock file: versions and hashes, in pip's own format */
    const char *series;               /* the Python that they are for: "3.13" */
    const char *version;              /* its full version: "3.13.5" */
    const char *ask_pip;              /* the file ask_pip.py */
    const char *scratch;              /* a directory for downloads, which the caller removes */
    const struct recipe_roots *roots; /* for the recipes of packages that are built (ports/pypi) */
    /* Packages that work without their compiled modules, in addition to a built-in list: a wheel with such modules is
     * good enough. May be NULL. */
    const struct strv *without_native;
    bool update; /* resolve again even if the lock file belongs to these requirements */
    bool cached; /* the lock file belongs to the cache: it is written again if recipes of its packages have changed */
};

/* What messages call the requirements. */
static inline const char *wheels_title(const struct wheels *w)
{
    return w->title ? w->title : w->requirements;
}

/* Writes the lock file, unless it belongs to these requirements and this series. If the recipes of its packages
 * (ports/pypi) have changed what they want since it was written, a lock file of the cache is written again, and notes
 * gets a line about any other, whose versions people rely on. A package with native code is to be
 * built from its source (lock.h). WL_E_FETCH names the requirement that can neither be built nor has a pure-Python
 * wheel (or only one of an older major version), that contradicts another one, or that is source. notes gets a line for
 * each package that is older than it might be. */
int wheels_lock(const struct wheels *w, const struct fetch_options *o, struct strv *notes, struct wl_err *err);

/* Installs the wheels that a text pins (lock_wheels) into a directory that does not exist yet. */
int wheels_install(const struct wheels *w, const char *pinned, const char *dir, const struct fetch_options *o,
                   struct wl_err *err);

#endif
