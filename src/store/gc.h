/* Removes from the cache what was not used for long, or what makes it too large: artifacts, sources, compiled modules,
 * and the build directories of failed builds.
 *
 * When something was last used: the time of an artifact's entry and of a source's directory (stamp_used), the time of a
 * compiled module (wl-run sets it), and for what a record of `run` names (launch/launch.h) also the time at which the
 * record was last read, as far as the file system keeps that. These times are exact to a day. */
#ifndef WL_GC_H
#define WL_GC_H

#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum gc_kind { GC_ARTIFACT, GC_SOURCE, GC_COMPILED, GC_BUILD, GC_PART };

struct gc_item {
    enum gc_kind kind;
    char *path;
    char *what; /* the name of an artifact's port and its version, or of a source's file; "": not known */
    unsigned long long size;
    time_t used;
};

struct gc {
    const struct store *store;
    const struct cancel *cancel;
    bool dry_run;
    bool by_age, by_size;
    long long older_than; /* seconds: remove what was not used for longer */
    unsigned long long
        max_size; /* bytes: then remove what was not used for longest, until no more than these are left */
    time_t now;
    void (*on_remove)(void *data, const struct gc_item *item); /* before it is removed */
    void *data;
    /* Filled in: in all cases what was removed, with dry_run what would be. */
    size_t removed;
    unsigned long long freed, left;
};

/* Unless dry_run is set, the caller has the artifacts and the sources for itself (store_alone, store_sources_alone), so
 * nothing is removed that another process uses. Each thing is first moved away under one name: a gc that is killed
 * leaves whole entries, and a directory in build/ that the next sweep removes. */
int gc_run(struct gc *g, struct wl_err *err);

#endif
