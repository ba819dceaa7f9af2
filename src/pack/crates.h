/* The crates of Rust that the build of a package requires, pinned: by the package's own Cargo.lock, or by cargo if it
 * has none. */
#ifndef WL_PACK_CRATES_H
#define WL_PACK_CRATES_H

#include "pack/lock.h"
#include "pack/wheel_choice.h"

/* Adds to p->crates what the Rust code in the source archive requires. cargo also downloads it, all at once, into its
 * own cache, where crate: addresses find it. cargo runs no code of the package: it gets nothing but manifests. If the
 * package cannot be built here, *why gets the reason, which the caller frees. Needs the network. */
int crates_find(const struct resolution *s, const char *archive, struct package *p, char **why, struct wl_err *err);

#endif
