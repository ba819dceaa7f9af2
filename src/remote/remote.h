/* A store that machines share: a directory of an HTTP server, a bucket of S3, or a repository of an OCI registry
 * (docs/store.md).
 *
 * Whatever it does, it changes no result: an entry is used only if its manifest is signed by a key that the user trusts
 * and its bytes are those of the manifest, and everything that goes wrong costs a warning. A remote that cannot be
 * reached, is too slow, or refuses is not asked again in the same run. */
#ifndef WL_REMOTE_H
#define WL_REMOTE_H

#include "sign/sign.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

struct remote;

struct remote_options {
    const char *url;
    const struct sign_public *keys; /* those that are trusted */
    size_t keys_n;
    const struct sign_secret *secret; /* signs what is written; NULL: nothing is written */
    const struct store *store;
    const struct cancel *cancel;
    /* A line for the user. Called from several threads. */
    void (*on_note)(void *data, const char *line);
    void (*on_progress)(void *data, const char *name, unsigned long long done, unsigned long long total);
    void *data;
};

/* Opens it without asking it anything. The options, and what they point to, must stay until remote_close, which waits
 * for nothing. */
int remote_open(const struct remote_options *o, struct remote **r, struct wl_err *err);
void remote_close(struct remote *r);

/* An artifact that is wanted; name is for people. */
struct remote_wish {
    char key[HASH_HEX_SIZE];
    const char *name;
    bool got; /* it is in the store, whole */
    unsigned long long size;
    double seconds;
};

/* Fetches those that the remote has into the store, several at a time. Waits, as a build does, while another process
 * makes one of them (on_wait as in store.h). The only error is WL_E_INTERRUPTED. */
int remote_fetch(struct remote *r, struct remote_wish *wishes, size_t n, void (*on_wait)(void *data), void *data,
                 struct wl_err *err);

/* The same for one whose lock the caller holds (store_begin): 1: it is in the store now; 0: it is not. */
int remote_take(struct remote *r, struct store_work *w, const char *name, struct wl_err *err);

/* Writes an artifact of the store to the remote, or the hashes of archives that stand for a key, while the caller
 * continues. Nothing happens if the remote is not written to. */
void remote_offer(struct remote *r, const char *key, const char *name);
void remote_offer_sources(struct remote *r, const char *key, const struct strv *sha256);

/* The hashes of the archives that somebody has built with whose plan had this key before it fetched anything. Of a
 * source with several archives only a fetch shows which of them can be fetched, and the key depends on it. Returns
 * whether there are any; the only error is WL_E_INTERRUPTED. */
int remote_sources(struct remote *r, const char *key, struct strv *sha256, struct wl_err *err);

/* Waits until all that was offered is written. */
void remote_finish(struct remote *r);

#endif
