/* Which wheels an app gets: the newest of pure Python, or those with native code that work without it. */
#ifndef WL_PACK_WHEEL_CHOICE_H
#define WL_PACK_WHEEL_CHOICE_H

#include "pack/wheels.h"

/* The resolving of one requirements file. */
struct resolution {
    const struct wheels *w;
    const struct fetch_options *o;
    const char *requirements; /* the file's text */
};

/* Downloads the wheels into dir, which does not exist yet. notes gets a line for each package that is older than it
 * might be, and why. */
int wheels_choose(const struct resolution *s, const char *dir, struct strv *notes, struct wl_err *err);

#endif
