/* The kinds of addresses, one file each (struct source_kind in source/source.h says what a kind does). */
#ifndef WL_SOURCE_KINDS_H
#define WL_SOURCE_KINDS_H

#include "source/offers.h"
#include "source/source.h"

extern const struct source_kind source_https, source_http, source_file, source_path, source_git, source_git_file,
    source_debian, source_pypi, source_npm, source_crate;

/* The tags of a git repository. *tags stays o's. */
int git_tags(struct offers *o, const char *repo, const struct strv **tags, struct wl_err *err);

/* For addresses SCHEME:NAME@VERSION of registries. The caller frees the results. */
char *package_file_name(const char *url, const char *extension); /* NAME-VERSION and the extension */
char *package_place(const char *url);                            /* SCHEME:NAME */

#endif
