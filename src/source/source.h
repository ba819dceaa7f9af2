/* Sources: where the bytes of a recipe come from.
 *
 * A source is one file, pinned by SHA-256 (or a git commit), with all addresses that serve it. The kinds of addresses
 * (https:, file:, git+https:, debian:, pypi:, npm:, crate:) have a file each in kinds/, which only knows how to
 * download from one address into a file. Verification, the cache and the order of the addresses are the same for all
 * and live here. */
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

/* What a recipe wants: the first of these archives that can be fetched. */
struct source {
    struct source_archive *archives; /* owned */
    size_t n;
};

void source_free(struct source *s);

/* Call source_init once before the first thread starts, and source_exit once at the end. */
int source_init(void);
void source_exit(void);

/* The hosts that did not answer, so that each is waited for once per run and not once per file. For all threads. */
struct dead_hosts;
struct dead_hosts *dead_hosts_new(void);
void dead_hosts_free(struct dead_hosts *d);

/* How sources are fetched in one run. */
struct fetch_options {
    const char *cache;           /* the directory of fetched files (CACHE/sources): <sha256>/<file name> in it */
    bool offline;                /* only what is in the cache (and file: addresses) */
    const struct cancel *cancel; /* NULL: none */
    int connect_timeout_s;       /* for a host to answer; 0: 8 */
    int stall_timeout_s;         /* for a transfer to receive something; 0: 20 */
    struct dead_hosts *dead;     /* NULL: hosts are tried again */
    const char *installer;       /* wl-make.sh, to install a client that is missing; NULL: it is not installed */
    /* Progress: bytes so far and in all (0: unknown). May be NULL. Called from the fetching thread. */
    void (*on_progress)(void *data, const char *url, unsigned long long done, unsigned long long total);
    /* A line for the user: an address that failed and why. May be NULL. */
    void (*on_note)(void *data, const char *line);
    void *data;
};

/* The timeouts in seconds, with their defaults filled in. */
static inline int fetch_connect_seconds(const struct fetch_options *o)
{
    return o->connect_timeout_s > 0 ? o->connect_timeout_s : 8;
}

static inline int fetch_stall_seconds(const struct fetch_options *o)
{
    return o->stall_timeout_s > 0 ? o->stall_timeout_s : 20;
}

/* Finds the first of s->archives that is in the cache; it was verified when it was stored. *path is the file (the
 * caller frees it), *index the archive. Returns 1 if there is none. */
int source_cached(const struct source *s, const struct fetch_options *o, char **path, size_t *index);

/* Fetches the source into the cache, unless it is there. The addresses of each archive are tried in order. A file with
 * another hash is kept in CACHE/sources/rejected/; if no later address serves, that is WL_E_VERIFY with both hashes. If
 * no address serves, WL_E_FETCH names each and why. Safe for several processes and threads at once. */
int source_fetch(const struct source *s, const struct fetch_options *o, char **path, size_t *index, struct wl_err *err);

/* Whether a cached file (a path from source_cached or source_fetch) still has its hash. 1: yes, and its directory says
 * that it was used (stamp_used); 0: no, and it was removed, so that it is fetched again. */
int source_check(const char *path, const char *sha256, const struct fetch_options *o, struct wl_err *err);

/* The address that served a cached file (a path from source_cached or source_fetch), or NULL if it is not known. The
 * caller frees it. */
char *source_served_by(const char *path);

/* The version of what an archive contains, by the name of the file at its address. A recipe can name archives of older
 * versions for when the newest cannot be fetched, and what was built is then not what the recipe's version says. If the
 * name tells nothing else, it is the recipe's version. The caller frees it. */
char *served_version(const char *version, const char *from);

struct offers;
struct offer_query;

/* One kind of address. */
struct source_kind {
    const char *scheme; /* with the colon: "debian:" */
    bool needs_network;
    /* Checks the form of an address; WL_E_RECIPE says what is wrong. */
    int (*check)(const char *url, struct wl_err *err);
    /* Downloads into the file part, which may hold the beginning from an earlier transfer (resume it or start again).
     * After a failure part is as it was. The text of err is the reason alone, without the address. sha256 is the hash
     * that is wanted, for clients that have to choose between files; the caller verifies it in any case. The directory
     * part + ".tmp" may be used; the caller removes it. */
    int (*get)(const char *url, const char *sha256, const char *part, const struct fetch_options *o,
               struct wl_err *err);
    /* Adds the versions that are offered where the address leads (offers.h); unwanted ones may be left out. *own gets
     * the version that the address itself names, if that may differ from the recipe's; the caller frees it. The text of
     * err is the reason alone. */
    int (*versions)(struct offers *o, const struct offer_query *q, struct strv *versions, char **own,
                    struct wl_err *err);
    /* The name of the file; NULL: what follows the last '/'. The caller frees the result. */
    char *(*file_name)(const char *url);
    /* The address without what is particular to the file, short enough for a table; NULL: all up to '#'. The caller
     * frees the result. */
    char *(*place)(const char *url);
};

/* The kind of an address, or NULL with WL_E_RECIPE and the known kinds. */
const struct source_kind *source_kind_of(const char *url, struct wl_err *err);

/* Checks the form of an address. */
int source_check_url(const char *url, struct wl_err *err);

/* The first n bytes of a package's name as indexes of PyPI write it, for example in the address of its page: in lower
 * case, with each run of - _ . replaced by one '-'. The caller frees it. */
char *pypi_name(const char *name, size_t n);

/* The name of the file at an address: one component of a path, with the extension that says what kind of archive it is.
 * The caller frees it. */
char *source_file_name(const char *url);

#endif
