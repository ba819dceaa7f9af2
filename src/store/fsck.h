/* Reads everything that the cache keeps by hash (artifacts, sources, compiled modules) and finds what is not as it
 * should be.
 *
 * A compiled module's name is the hash of what it was made from, so its bytes have nothing to be compared with: of
 * these only the form is checked. */
#ifndef WL_FSCK_H
#define WL_FSCK_H

#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>

enum fsck_class {
    FSCK_DAMAGED,    /* its bytes are not those that were stored */
    FSCK_INCOMPLETE, /* a part is missing, as after an interrupted transfer */
    FSCK_FOREIGN,    /* nothing that wl-make puts there */
    FSCK_CLASSES
};

struct fsck_finding {
    enum fsck_class cls;
    const char *path, *why;
    bool removed;
};

struct fsck {
    const struct store *store;
    const struct cancel *cancel;
    bool repair; /* remove what is found */
    void (*on_finding)(void *data, const struct fsck_finding *f);
    void *data;
    /* Filled in: how many were checked, and for each class how many were found, and how many of these remain. */
    size_t artifacts, sources, modules;
    unsigned long long bytes; /* the size of the files that were read */
    size_t found[FSCK_CLASSES], left[FSCK_CLASSES];
};

/* Checks the cache. Hold the artifacts and sources (store_hold, store_hold_sources). An entry that another process is
 * working on is left alone: it is not complete yet, and that process will check it. Removing is safe while others use
 * the cache: they find out as they do for an artifact that they see damaged. */
int fsck_run(struct fsck *f, struct wl_err *err);

#endif
