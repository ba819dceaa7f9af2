/* Downloads over https: and http:, by libcurl: resumed, retried, limited in size and time, ended at once on cancel. */
#ifndef WL_SOURCE_TRANSFER_H
#define WL_SOURCE_TRANSFER_H

#include "source/source.h"

/* The limit of a transfer that names none. No source is as large; a server that never stops sending must not fill the
 * disk. */
#define MAX_TRANSFER_BYTES (4LL << 30)

/* One download. */
struct transfer {
    const char *url;
    bool page;           /* an HTML page is what is wanted; otherwise one is an error */
    long long max_bytes; /* 0: MAX_TRANSFER_BYTES */
    bool any_http;       /* plain http: to any host, for files that are signed or pinned; else to this machine only */
    const char *proxy;   /* NULL: as the environment says; "": none */
    const char *ca;      /* file of CA certificates; NULL: as the environment says */
    const char *login;   /* "user:password", sent to the host of url only; NULL: none */
    bool netrc;          /* without a login, look for one in the user's .netrc */
    char **final_url;    /* gets the URL after all redirects, which the caller frees; NULL: not wanted */
};

/* Downloads into the file part and resumes what it holds already. The text of err is the reason alone. */
int transfer_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct wl_err *err);

/* Only connects, with TLS. Clients without a limit for connecting are started only after this succeeds. */
int transfer_probe(const char *url, const struct fetch_options *o, struct wl_err *err);

/* Remembers a host ("host:port", lower case) that did not answer, and why. */
void dead_hosts_add(struct dead_hosts *d, const char *host, const char *why);
/* Why a host is dead (the caller frees it), or NULL. */
char *dead_hosts_find(struct dead_hosts *d, const char *host);

#endif
