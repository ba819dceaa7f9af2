/* Makes the wheel of the Python package wlpy: the port toolchain/wlpy-wheel has everything that it is made with, except
 * the Python that lies in it. */
#ifndef WL_PACK_WLPY_H
#define WL_PACK_WLPY_H

#include "make/make.h"
#include "pack/parcel.h"
#include "plan/plan.h"
#include "util/err.h"

struct wlpy_wheel {
    const struct make_options *o;
    const struct plan *plan;       /* has the port, and the Python */
    const char *python;            /* the Python's port, for its headers */
    const struct parcel *licenses; /* of everything in it */
    const char *expression;        /* the same as an SPDX expression */
    const char *program;           /* that Python for libwlpy, which wl-make aot has made: a file in the store */
};

/* Makes it, unless the store has it; *file is its path there, which the caller frees. */
int wlpy_wheel_make(const struct wlpy_wheel *w, char **file, struct wl_err *err);

#endif
