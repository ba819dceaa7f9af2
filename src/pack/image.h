/* An OCI image of `wlpy serve`: files of a layout as the OCI Image Format Specification 1.1 describes it. */
#ifndef WL_PACK_IMAGE_H
#define WL_PACK_IMAGE_H

#include "make/make.h"
#include "pack/parcel.h"
#include "plan/plan.h"
#include "util/err.h"

struct image {
    const struct make_options *o;
    const struct plan *plan;         /* has the port toolchain/wlpy-portable */
    const char *python;              /* the Python's version, for a person */
    const char *program;             /* that Python for libwlpy: a file in the store */
    const char *licenses_expression; /* of everything in it (SPDX) */
    const struct parcel *licenses;
};

/* Makes it, unless the store has it; *dir is the layout, a directory in the store, which the caller frees. */
int image_make(const struct image *im, char **dir, struct wl_err *err);

/* The time that its files have. */
long long image_time(const struct image *im);

#endif
