/* The kinds of remote stores. A kind only moves named things; what they mean and whether they are true is decided in
 * entry.c. */
#ifndef WL_REMOTE_KINDS_H
#define WL_REMOTE_KINDS_H

#include "source/transfer.h"
#include "util/hash.h"

#include <stdbool.h>

/* A thing that the store keeps under a name (at most 100 letters, digits and '-'): an entry or the list of sources of
 * one. It consists of files, of which the last one makes it complete. */
struct remote_file {
    const char *name;
    int fd; /* the bytes, from the beginning; -1: they are text */
    const char *text;
    unsigned long long size;
    char sha256[HASH_HEX_SIZE];
};

/* A connection of one thread. */
struct remote_link {
    const struct remote_place *place;
    struct fetch_options fetch;
    struct http_pool *pool;
    char *token;    /* of an OCI registry; NULL: none yet */
    char *manifest; /* of the thing that was asked for last, at an OCI registry */
    char *thing;    /* its name */
};

/* Where a store is. */
struct remote_place {
    const struct remote_kind *kind;
    char *shown;   /* for people: without a password */
    char *base;    /* what the URLs of all requests begin with */
    char *login;   /* "user:password"; NULL: that of ~/.netrc, if there is one */
    char *sigv4;   /* for S3; NULL: not signed */
    char *session; /* for S3: a header with a session's token; NULL: none */
};

struct remote_kind {
    const char *scheme; /* "https", "s3", "oci" */
    /* Takes the URL apart. */
    int (*open)(struct remote_place *p, const char *url, struct wl_err *err);
    /* Reads a small file of a thing into memory (the caller frees it): 1 if there is none. */
    int (*read)(struct remote_link *l, const char *thing, const char *file, size_t most, char **text, size_t *n,
                struct wl_err *err);
    /* Fetches a large one into the file `part`, and resumes what that has: 1 if there is none. */
    int (*get)(struct remote_link *l, const char *thing, const char *file, long long most, const char *part,
               struct wl_err *err);
    /* Whether there is a complete thing: 1 yes, 0 no. `last` is its last file. */
    int (*has)(struct remote_link *l, const char *thing, const char *last, struct wl_err *err);
    int (*put)(struct remote_link *l, const char *thing, const struct remote_file *files, size_t n, struct wl_err *err);
};

extern const struct remote_kind remote_https, remote_http, remote_s3, remote_oci, remote_oci_http;

/* The kind and the place of a URL. */
int remote_place_open(struct remote_place *p, const char *url, struct wl_err *err);
void remote_place_free(struct remote_place *p);

/* A request of this connection, without headers of its own. url: the caller's, for as long as the transfer. */
struct transfer remote_transfer(const struct remote_link *l, const char *url);

/* A status that is neither success nor "there is none". */
int remote_status_error(const char *what, long status, struct wl_err *err);

#endif
