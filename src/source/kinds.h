/* What the kinds of addresses share among themselves; nothing outside of this folder needs it. */
#ifndef WL_SOURCE_KINDS_H
#define WL_SOURCE_KINDS_H

#include "source/offers.h"
#include "source/source.h"

extern const struct source_kind source_https, source_http, source_file, source_path, source_git, source_git_file,
    source_debian, source_pypi, source_npm, source_crate;

/* "host:port", lower case, told once per run to be dead; why is what it was found to be. */
void dead_hosts_add(struct dead_hosts *d, const char *host, const char *why);
/* Why it is dead (the caller frees it), or NULL. */
char *dead_hosts_find(struct dead_hosts *d, const char *host);

/* Far more than any source has: a server that never stops sending must not fill the disk. */
#define MOST_BYTES (4LL << 30)

/* One download. */
struct transfer {
    const char *url;
    bool page;         /* a web page is welcome, too */
    long long most;    /* bytes that are taken; 0: MOST_BYTES */
    bool any_http;     /* plain http: to any host, for what is signed or pinned otherwise; else to this machine only */
    const char *proxy; /* NULL: what the environment says; "": none */
    const char *ca;    /* file of CA certificates; NULL: what the environment says */
    const char *login; /* "user:password" for the host of url, and no other; NULL: none */
    bool netrc;        /* without a login the user's .netrc is asked for one */
    char **from;       /* gets the address that served in the end, to be freed; NULL: nobody asks */
};

int transfer_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct wl_err *err);
/* Only connects (with TLS), to learn in seconds whether a client that has no such limit can be let loose. */
int transfer_probe(const char *url, const struct fetch_options *o, struct wl_err *err);

/* Where the host begins in "SCHEME://HOST...", or NULL. */
const char *web_host(const char *url);
/* Whether an address of the web is on this machine: of those only such may lead to others. */
bool web_address_is_here(const char *url);
/* Whether an address of the web is encrypted or on this machine. */
bool web_address_is_safe(const char *url);
/* What a link on the page at base leads to, without the part behind '#'; the caller frees it. NULL: nowhere. */
char *web_address_join(const char *base, const char *link);
/* Takes "user:password" out of an address: NULL if there is none. *bare is the rest. The caller frees both. */
char *web_address_login(const char *url, char **bare);
/* "host:port" of an address of the web, in lower case; the caller frees it. NULL: it is none. */
char *web_address_host(const char *url);

/* The form of an https: or, when http is set, http: address. */
int check_web_address(const char *url, bool http, struct wl_err *err);

/* A registry's own client, run in a folder of its own. */
struct client {
    const char
        *package; /* what to install when it is missing: one that wl-make.sh --install knows, if it is to do so */
    char *const *argv;
    struct strv *env;  /* NULL: the tool's own environment */
    const char *input; /* text for its stdin; NULL: none */
    const char *cwd;
    const struct fetch_options *o;
    int timeout_s; /* 0: ten minutes */
    /* The module of python3 that is to be run, and is named where it is missing; NULL: argv[0] is the program itself.
     */
    const char *module;
    char **said; /* gets all it printed if it fails, to be freed; NULL: its reason in the error is enough */
};

/* Runs it, after installing it where it is missing and may be installed; a failure is WL_E_FETCH with the line of its
 * output that says why. output (may be NULL) gets all of it. */
int client_run(const struct client *c, char **output, struct wl_err *err);

/* The tool's environment without the names given (NULL-ended), to be added to. */
void client_env(struct strv *env, const char *const *without);

/* A client that is only asked what there is gets no more than this. */
enum { ASK_TIMEOUT_S = 100 };

/* --- what versions there are (offers.h) --- */

/* Fills names; part is a file that may be made, and part + ".tmp" a folder, both removed afterwards. */
typedef int offers_ask(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err);

/* The list of that key: asked for once a run, however many want it. *names stays o's. */
int offers_list(struct offers *o, const char *key, offers_ask *ask, const void *data, const struct strv **names,
                struct wl_err *err);
const struct fetch_options *offers_fetch(const struct offers *o);
const char *offers_work(const struct offers *o);
/* Whether a version is newer than the query's, of its series, and no pre-release unless that is one. */
bool offer_is_wanted(const struct offer_query *q, const char *version);

/* A file in folders that can be listed. */
struct listing {
    const char *root;  /* above the first part, with '/' at its end */
    struct strv parts; /* folders and the file, with the version in one or more of them */
    int (*list)(struct offers *o, const char *folder, const struct strv **names, struct wl_err *err);
};

int listing_versions(struct offers *o, const struct listing *l, const struct offer_query *q, struct strv *versions,
                     struct wl_err *err);
/* Gets a page and adds the names that its links end in. */
int listing_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct strv *names,
                struct wl_err *err);
void listing_parse(const char *page, struct strv *names);
/* The next link of a page behind *at, which moves on behind it: where it begins, and its length in *n. NULL: no more.
 */
const char *listing_next(const char **at, size_t *n);
/* The last part of what a link leads to, decoded and without '/' behind; the caller frees it. */
char *listing_name(const char *link, size_t n);

/* The versions among tags that are called like the one given, or (NULL) like the one that has the query's version. */
int tags_versions(const struct strv *tags, const char *like, const struct offer_query *q, struct strv *versions,
                  struct wl_err *err);
/* The tags of a git repository. */
int git_tags(struct offers *o, const char *repo, const struct strv **tags, struct wl_err *err);

/* Makes the empty folder part + ".tmp"; the caller frees the name. */
int scratch_folder(const char *part, char **folder, struct wl_err *err);

/* Puts a fetched file in the place of part. */
int take_file(const char *file, const char *part, struct wl_err *err);
/* The same for a file that stays where it is. */
int copy_file(const char *file, const char *part, struct wl_err *err);

int stall_seconds(const struct fetch_options *o);
int connect_seconds(const struct fetch_options *o);

/* Whether s is not empty and has only letters, digits and the characters in extra. */
bool plain_text(const char *s, const char *extra);

#endif
