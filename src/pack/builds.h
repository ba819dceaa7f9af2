/* Packages that are built from their sources: where the source is, and what its build requires. */
#ifndef WL_PACK_BUILDS_H
#define WL_PACK_BUILDS_H

#include "pack/lock.h"
#include "pack/wheel_choice.h"

/* Whether packages can be built for a series of Python ("3.13"). Before 3.12, Python does not find built-in modules in
 * packages. */
bool builds_possible(const char *series);

/* Whether the recipe of a package wants its native code, although there is a wheel without (vars: native). Without
 * recipes (wheels.roots), none does. Negative on an error. */
int builds_native(const struct wheels *w, const char *name, bool *wanted, struct wl_err *err);

/* Adds a line with what the recipe of a package says that decides how the package is resolved; nothing if it says
 * nothing. A lock file was written for certain lines. */
int builds_add_said(const struct wheels *w, const char *name, struct str *text, struct wl_err *err);

/* Adds to found, for each of pins ("NAME==VERSION"), the source archive, and the wheels that its build requires on this
 * machine. A package that cannot be built is not added; reasons gets "NAME==VERSION" and why, one after the other. The
 * archives are fetched, to read what their builds require; nothing in them is run. */
int builds_find(const struct resolution *s, const struct strv *pins, struct packages *found, struct strv *reasons,
                struct wl_err *err);

#endif
