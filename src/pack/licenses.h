/* The licences of everything that is in what is given away: the files that `license-files` of each recipe names, taken
 * from the sources that the port was built from. */
#ifndef WL_PACK_LICENSES_H
#define WL_PACK_LICENSES_H

#include "make/make.h"
#include "pack/parcel.h"
#include "plan/plan.h"
#include "util/err.h"

/* Adds the names of the ports whose content is in what is made from the roots: these, all that they link, and what they
 * are built with unless it is a tool. Sorted. Wheels of packages are left out: licenses_add_packages finds their
 * licences where they are installed. A port without `license-files` is WL_E_RECIPE. */
int licenses_ports(const struct plan *p, const struct strv *roots, struct strv *ports, struct wl_err *err);

/* Adds their licences to a parcel, in a directory PORT each, with a table of the ports in a file README. What was not
 * collected before is fetched and unpacked now. */
int licenses_add(const struct make_options *o, struct plan *p, const struct strv *ports, struct parcel *b,
                 struct wl_err *err);

/* Adds the licences of installed packages, from their directories NAME.dist-info in `site`, below "packages". What a
 * package gives no file of, its METADATA says; then that is added. A directory that does not exist has none. */
int licenses_add_packages(const char *site, struct parcel *b, struct wl_err *err);

/* The same as one text, for a file without a directory. The caller frees *text. */
int licenses_text(const struct parcel *licenses, char **text, struct wl_err *err);

#endif
