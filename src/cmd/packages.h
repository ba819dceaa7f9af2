/* A Python with packages: of the options --with and --requirement, or of an app. */
#ifndef WL_CMD_PACKAGES_H
#define WL_CMD_PACKAGES_H

#include "cmd/app.h"

/* Finds the port of a Python with the packages that the command line names, which it makes known to the other functions
 * of app.h. Resolving them uses the network unless a lock file belongs to them. The caller frees *port. */
int app_packages(struct app *a, const char *python, char **port, struct wl_err *err);

/* Finds the ports of the wheels of packages, which it makes known to the other functions of app.h. A package that has
 * no native code is WL_E_USAGE. */
int app_wheels(struct app *a, const struct strv *wanted, const char *python, struct strv *ports, struct wl_err *err);

/* What an app requires. */
struct required {
    const char *requirements, *lock;   /* files; lock: where the packages are pinned */
    const char *title;                 /* what messages call them; NULL: the file's name */
    const struct strv *without_native; /* packages that work without their compiled modules; may be NULL */
    bool update;                       /* resolve again */
    bool cached;                       /* the lock file belongs to the cache */
};

/* Pins the packages, and finds the port of a Python that has those of them that have native code; NULL: none has. The
 * caller frees *port. */
int app_native_packages(struct app *a, const struct required *q, const char *python, char **port, struct wl_err *err);

#endif
