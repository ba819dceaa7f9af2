/* The tarball and the Debian package of wlpy: what the port toolchain/wlpy-tree has, with a Python and all licences. */
#ifndef WL_PACK_KIT_H
#define WL_PACK_KIT_H

#include "make/make.h"
#include "pack/parcel.h"
#include "plan/plan.h"
#include "util/err.h"

/* A directory of the parcel that has the Pythons, and the name of the native one in it (host/serve/options.c). */
#define KIT_PYTHONS "lib/wlpy/"
#define KIT_NATIVE KIT_PYTHONS "python-sandbox.so"

struct kit {
    const struct make_options *o;
    const struct plan *plan;      /* has the port */
    const struct parcel *pythons; /* the Pythons, with their paths */
    const struct parcel *licenses;
};

/* Each makes it, unless the store has it; *file is its path there, which the caller frees. */
int kit_tarball(const struct kit *k, char **file, struct wl_err *err);
int kit_debian(const struct kit *k, char **file, struct wl_err *err);

#endif
