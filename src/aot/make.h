/* Makes the artifacts of a native program, each in a box. */
#ifndef WL_AOT_MAKE_H
#define WL_AOT_MAKE_H

#include "aot/aot.h"

struct making {
    const struct aot *a;
    const struct aot_program *p;
};

/* Where the program or library is in its artifact. */
const char *aot_place(const struct aot *a);

/* Each makes one, unless it exists: number `index` of the `count` that this run makes. */
int making_translation(const struct making *m, size_t index, size_t count, struct wl_err *err);
/* The translation exists, and was compared with its manifest. */
int making_program(const struct making *m, size_t index, size_t count, struct wl_err *err);

#endif
