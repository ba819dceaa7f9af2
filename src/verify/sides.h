/* The caches of the two builds that `verify` compares: each is a directory of its own, which borrows sources and, if
 * that is wanted, artifacts from the cache that everybody uses. */
#ifndef WL_VERIFY_SIDES_H
#define WL_VERIFY_SIDES_H

#include "store/store.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

/* Makes the directory of a cache, with links to the sources of `store` and, with borrow, to all its artifacts except
 * those with these keys. Hold both in the meantime. */
int side_make(const struct store *store, const char *cache, bool borrow, const struct strv *without,
              struct wl_err *err);

/* An artifact that was made in a side. */
struct side_artifact {
    struct manifest manifest;
    char *tree;
};

struct side_artifacts {
    struct side_artifact *v; /* sorted by the names of their ports */
    size_t n;
};

/* Finds the artifacts of ports that a side has made; those that it borrowed are left out. The caller frees the list,
 * after an error as well. */
int side_artifacts(const char *cache, struct side_artifacts *list, struct wl_err *err);
void side_artifacts_free(struct side_artifacts *list);
/* The artifact of a port, or NULL. */
const struct side_artifact *side_artifact_of(const struct side_artifacts *list, const char *port);

#endif
