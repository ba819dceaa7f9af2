/* Newer versions of a file, from the listings of the directories that it is in: as a web server shows them, or as they
 * are on this machine. */
#ifndef WL_SOURCE_LISTING_H
#define WL_SOURCE_LISTING_H

#include "source/offers.h"
#include "source/transfer.h"

/* A file in directories that can be listed. */
struct listing {
    const char *root;  /* above the first part, with '/' at its end */
    struct strv parts; /* directories and the file; the version is in one or more of them */
    int (*list)(struct offers *o, const char *dir, const struct strv **names, struct wl_err *err);
};

/* Adds the versions of a file that are newer. Where a directory above it has the version in its name, too
 * (3.13.5/Python-3.13.5.tar.xz), or the series (v2.41/util-linux-2.41.5.tar.xz), that directory is searched first. A
 * name without the version is WL_E_USAGE. */
int listing_versions(struct offers *o, const struct listing *l, const struct offer_query *q, struct strv *versions,
                     struct wl_err *err);

/* Adds the versions among tags that are named like the tag given or, if that is NULL, like the one that has the query's
 * version. */
int tags_versions(const struct strv *tags, const char *like, const struct offer_query *q, struct strv *versions,
                  struct wl_err *err);

/* Downloads a page and adds the names that its links end in. */
int listing_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct strv *names,
                struct wl_err *err);
/* Adds the names that a page's links end in. */
void listing_parse(const char *page, struct strv *names);
/* The next link of a page after *at, which moves behind it: where it begins, and its length in *n. NULL: no more. */
const char *listing_next(const char **at, size_t *n);
/* The last part of a link's path, decoded and without '/' at its end; the caller frees it. */
char *listing_name(const char *link, size_t n);

#endif
