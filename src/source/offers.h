/* Which versions there are at the place of an address: of a source that a recipe pins, the newer ones.
 *
 * Each kind of address asks in its own way: a web server for the listing of the folder, git for its tags, a registry
 * through its client. Nothing that is learned here decides what is built: it is for a person to read. */
#ifndef WL_OFFERS_H
#define WL_OFFERS_H

#include "source/source.h"

/* What was learned in one run, so that nobody is asked twice for the same. For all threads. */
struct offers;
/* Scratch files and what is kept for a day are in the folder work, which is made. */
struct offers *offers_new(const struct fetch_options *f, const char *work);
void offers_free(struct offers *o);

struct offer_query {
    const char *url;     /* as in the recipe, with the version filled in */
    const char *version; /* the recipe's */
    const char *series;  /* only versions of it (version_in_series); NULL: all */
};

/* Asks one address. *newest is the newest version there that is newer than the recipe's, or NULL if none is: the caller
 * frees it. Pre-releases count only where the recipe's version is one. Nobody to be had is WL_E_FETCH; an address
 * that says nothing of versions is WL_E_USAGE. The text of err is the reason alone. */
int offers_newest(struct offers *o, const struct offer_query *q, char **newest, struct wl_err *err);

/* What an address is called where one is short of room: "www.python.org", "debian:zlib", "pypi:wasmtime". The caller
 * frees it. */
char *offers_place(const char *url);

#endif
