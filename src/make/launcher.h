/* A program that starts the compilers of the steps: ccache, distcc, icecream, sccache.
 *
 * The steps find scripts before the compilers in their PATH, so that CC and all that is made from it stay as they are:
 * the result and its key must not depend on how it was compiled. */
#ifndef WL_LAUNCHER_H
#define WL_LAUNCHER_H

#include "make/box.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

struct launcher {
    const char *program;     /* and arguments, as for a shell */
    const struct strv *env;  /* NAME=VALUE, for the launcher and the compiler only */
    const struct strv *dirs; /* of this machine, seen in the box under the same names, writable */
    bool network;            /* the steps share the machine's network */
};

/* Adds it to a box (NULL: there is none). A launcher that is not installed is WL_E_TOOLCHAIN. */
int launcher_add(struct box *b, const struct launcher *l, struct wl_err *err);

#endif
