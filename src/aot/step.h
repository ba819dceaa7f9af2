/* Runs the program aot (tools/aot/) in a box: what it says of its progress becomes events, and why it fails an error.
 */
#ifndef WL_AOT_STEP_H
#define WL_AOT_STEP_H

#include "make/artifact.h"

struct aot_step {
    const struct make_options *o;
    const struct box *box;
    const struct jobs *jobs;
    const char *of;    /* the program's name */
    const char *title; /* of the step, for a person */
    const char *run;   /* as in a recipe */
    const char *log;   /* file */
    int lock_fd;
};

/* A module that cannot be translated is WL_E_USAGE, a full disk WL_E_IO, every other failure WL_E_FAILED. */
int aot_step(const struct aot_step *s, struct wl_err *err);

#endif
