/* Which versions there are at the address of a source: the newer ones, for `wl-make outdated`.
 *
 * Each kind of address looks them up in its own way: in the listing of a web server's directory, in the tags of a git
 * repository, through a registry's client. Nothing that is learned here decides what is built. */
#ifndef WL_OFFERS_H
#define WL_OFFERS_H

#include "source/source.h"

/* What was learned in one run, so that nothing is looked up twice. For all threads. */
struct offers;
/* Scratch files, and what is kept for a day, are in the directory work, which is made if it does not exist. */
struct offers *offers_new(const struct fetch_options *f, const char *work);
void offers_free(struct offers *o);

struct offer_query {
    const char *url;     /* as in the recipe, with the version filled in */
    const char *version; /* the recipe's */
    const char *series;  /* only versions of it (version_in_series); NULL: all */
};

/* Looks up one address. *newest is the newest version there that is newer than the recipe's, or NULL if there is none;
 * the caller frees it. Pre-releases count only if the recipe's version is one. WL_E_FETCH: nothing answers;
 * WL_E_USAGE: the address tells nothing about versions. The text of err is the reason alone. */
int offers_newest(struct offers *o, const struct offer_query *q, char **newest, struct wl_err *err);

/* The short name of an address: "www.python.org", "debian:zlib", "pypi:wasmtime". The caller frees it. */
char *offers_place(const char *url);

/* --- for the kinds of addresses --- */

/* Fills names; part is a file that may be made, and part + ".tmp" a directory. Both are removed afterwards. */
typedef int offers_lookup(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err);

/* The list of that key: looked up once a run, by the first thread that wants it. *names stays o's. */
int offers_list(struct offers *o, const char *key, offers_lookup *lookup, const void *data, const struct strv **names,
                struct wl_err *err);
const struct fetch_options *offers_fetch(const struct offers *o);
const char *offers_work(const struct offers *o);
/* Whether a version is newer than the query's, of its series, and not a pre-release unless the query's is one. */
bool offer_is_wanted(const struct offer_query *q, const char *version);

#endif
