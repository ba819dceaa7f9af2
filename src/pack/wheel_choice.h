/* Which wheels there are for requirements: the newest of pure Python, those with native code that work without it, and
 * packages that are built from their source instead. */
#ifndef WL_PACK_WHEEL_CHOICE_H
#define WL_PACK_WHEEL_CHOICE_H

#include "pack/lock.h"
#include "pack/wheels.h"

/* The resolving of one requirements file. */
struct resolution {
    const struct wheels *w;
    const struct fetch_options *o;
    const char *requirements; /* the file's text */
    struct packages *built;   /* gets the packages that are built from their source */
    struct strv *unbuilt;     /* gets those that cannot be, "NAME==VERSION", and why, one after the other */
};

/* Downloads the wheels into dir, which does not exist yet. notes gets a line for each package that is older than it
 * might be, and why. */
int wheels_choose(const struct resolution *s, const char *dir, struct strv *notes, struct wl_err *err);

#endif
