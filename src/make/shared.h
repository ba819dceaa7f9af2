/* What a build takes from a remote store and gives to it. */
#ifndef WL_MAKE_SHARED_H
#define WL_MAKE_SHARED_H

#include "make/make.h"

/* What this run has asked for so far. */
struct shared {
    char (*asked)[HASH_HEX_SIZE]; /* for each node the key that the remote store was asked for */
    bool *hinted;                 /* for each root: also for its sources */
};

void shared_init(struct shared *s, const struct plan *p);
void shared_free(struct shared *s);

/* Marks the plan (plan_mark). If there is a remote store, and fetch is set, what is wanted and not in the store is
 * fetched before, beginning with the roots: what is only needed to build something is asked for when the remote store
 * does not have that. 1: the keys have to be computed again, because other archives are expected. */
int shared_mark(struct shared *s, const struct make_options *o, struct plan *p, bool fetch, struct wl_err *err);

/* Tells others which archives this plan was built from, if they are not the first of their sources. */
void shared_offer_sources(const struct make_options *o, const struct plan *p);

#endif
