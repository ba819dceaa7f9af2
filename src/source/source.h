/* Sources: where the bytes of a recipe come from.
 *
 * A source is what a recipe wants (one file, pinned by SHA-256, or a git commit), with every address it may be had
 * from. Kinds of addresses (https:, file:, git+https:, debian:, pypi:, npm:, crate:) are one table entry each, in a
 * file of their own; each only knows how to bring the bytes of one address into a file. Verification, the cache and
 * the order of trying are here, once, for all. */
#ifndef WL_SOURCE_H
#define WL_SOURCE_H

#include "util/cancel.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/str.h"

#include <stdbool.h>

/* One archive: bytes with a hash and the addresses that serve exactly them. */
struct source_archive {
    char *sha256;     /* owned, 64 hexadecimal digits */
    struct strv urls; /* in the order they are tried */
};

/* What a recipe wants: the first of these archives that can be had. */
struct source {
    struct source_archive *archives; /* owned */
    size_t n;
};

void source_free(struct source *s);

/* To be called once before the first thread starts, and once at the end. */
int source_init(void);
void source_exit(void);

/* The hosts that did not answer, so that each costs its seconds once a run and not once a file. For all threads. */
struct dead_hosts;
struct dead_hosts *dead_hosts_new(void);
void dead_hosts_free(struct dead_hosts *d);

/* How the fetching of one run goes about it. */
struct fetch_options {
    const char *cache;           /* the folder of fetched files (CACHE/sources): <sha256>/<file name> in it */
    bool offline;                /* only what is in the cache (and file: addresses) */
    const struct cancel *cancel; /* NULL: none */
    int connect_timeout_s;       /* a host that does not answer is given up after this; 0: 8 */
    int stall_timeout_s;         /* a transfer that brings nothing is given up after this; 0: 20 */
    struct dead_hosts *dead;     /* NULL: nothing is remembered */
    const char *installer;       /* wl-make.sh, which installs a registry's client that is missing; NULL: nobody does */
    /* Progress: bytes so far and in all (0: unknown). May be NULL. Called from the fetching thread. */
    void (*on_progress)(void *data, const char *url, unsigned long long done, unsigned long long total);
    /* A line worth telling: an address that was given up and why. May be NULL. */
    void (*on_note)(void *data, const char *line);
    void *data;
};

/* The archive already in the cache, verified at the time it was put there: the first of s->archives that is there.
 * *path is the file (the caller frees it), *index which archive. Returns 1 if none is. */
int source_cached(const struct source *s, const struct fetch_options *o, char **path, size_t *index);

/* Has the source in the cache when it returns 0, fetching it if needed. Each address of each archive is tried in order;
 * a hash mismatch keeps the file aside (CACHE/sources/rejected/) and is WL_E_VERIFY with both hashes named, unless a
 * later address serves; nothing found is WL_E_FETCH naming each address and why. Safe for several processes and
 * threads at once. */
int source_fetch(const struct source *s, const struct fetch_options *o, char **path, size_t *index, struct wl_err *err);

/* Whether a file of the cache (a path that source_cached or source_fetch gave) still has its bytes: 1 yes; 0 no, and it
 * was removed, so that it is fetched again. */
int source_check(const char *path, const char *sha256, const struct fetch_options *o, struct wl_err *err);

/* The address that served a file of the cache (a path that source_cached or source_fetch gave); NULL: it is not known.
 * The caller frees it. */
char *source_served_by(const char *path);

struct offers;
struct offer_query;

/* One kind of address. */
struct source_kind {
    const char *scheme; /* with the colon: "debian:" */
    bool needs_network;
    /* Says whether the address is well formed; the text of what is not goes to err (WL_E_RECIPE). */
    int (*check)(const char *url, struct wl_err *err);
    /* Brings the bytes into the file part, which may hold the beginning of an earlier broken transfer (resume it or
     * start again). Failure leaves part as it is. The text of err is the reason alone, without the address. sha256 is
     * what the bytes should have, for a client that has several; the caller verifies them in any case.
     * The folder part + ".tmp" is free to be used; the caller removes it. */
    int (*get)(const char *url, const char *sha256, const char *part, const struct fetch_options *o,
               struct wl_err *err);
    /* Adds the versions that are at the address's place (offers.h), those that nobody wants may be missing. *own is the
     * version the address itself names where it need not be the recipe's. The text of err is the reason alone. */
    int (*versions)(struct offers *o, const struct offer_query *q, struct strv *versions, char **own,
                    struct wl_err *err);
};

/* The kind of an address, or NULL with err (WL_E_RECIPE) naming the kinds there are. */
const struct source_kind *source_kind_of(const char *url, struct wl_err *err);

/* Checks an address's form. */
int source_check_url(const char *url, struct wl_err *err);

/* The file name an address ends in, for people and for telling archive kinds; the caller frees it. */
char *source_file_name(const char *url);

#endif
