/* What the kinds of addresses share among themselves; nothing outside of this folder needs it. */
#ifndef WL_SOURCE_KINDS_H
#define WL_SOURCE_KINDS_H

#include "source.h"

extern const struct source_kind source_https, source_http, source_file, source_path, source_git, source_git_file,
    source_debian, source_pypi, source_npm, source_crate;

/* "host:port", lower case, told once per run to be dead; why is what it was found to be. */
void dead_hosts_add(struct dead_hosts *d, const char *host, const char *why);
/* Why it is dead (the caller frees it), or NULL. */
char *dead_hosts_find(struct dead_hosts *d, const char *host);

/* One download. */
struct transfer {
    const char *url;
    bool any_http;     /* plain http: to any host, for what is signed or pinned otherwise; else to this machine only */
    const char *proxy; /* NULL: what the environment says; "": none */
    const char *ca;    /* file of CA certificates; NULL: what the environment says */
};

int transfer_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct wl_err *err);
/* Only connects (with TLS), to learn in seconds whether a client that has no such limit can be let loose. */
int transfer_probe(const char *url, const struct fetch_options *o, struct wl_err *err);

/* The form of an https: or, when http is set, http: address. */
int check_web_address(const char *url, bool http, struct wl_err *err);

/* A registry's own client, run in a folder of its own. */
struct client {
    const char *package; /* what to install when it is missing */
    char *const *argv;
    struct strv *env; /* NULL: the tool's own environment */
    const char *cwd;
    const struct fetch_options *o;
};

/* Runs it; a failure is WL_E_FETCH with the line of its output that says why. output (may be NULL) gets all of it. */
int client_run(const struct client *c, char **output, struct wl_err *err);

/* The tool's environment without the names given (NULL-ended), to be added to. */
void client_env(struct strv *env, const char *const *without);

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
