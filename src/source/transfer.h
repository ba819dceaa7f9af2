/* Transfers over https: and http:, by libcurl: resumed, retried, limited in size and time, ended at once on cancel. */
#ifndef WL_SOURCE_TRANSFER_H
#define WL_SOURCE_TRANSFER_H

#include "source/source.h"

/* The limit of a transfer that names none. No source is as large; a server that never stops sending must not fill the
 * disk. */
#define MAX_TRANSFER_BYTES (4LL << 30)

/* Connections that stay open between the transfers of one thread. */
struct http_pool;
struct http_pool *http_pool_new(void);
void http_pool_free(struct http_pool *p);

struct curl_slist;

/* One transfer. */
struct transfer {
    const char *url;
    bool page;           /* an HTML page is what is wanted; otherwise one is an error */
    long long max_bytes; /* 0: MAX_TRANSFER_BYTES */
    bool any_http;       /* plain http: to any host, for files that are signed or pinned; else to this machine only */
    const char *proxy;   /* NULL: as the environment says; "": none */
    const char *ca;      /* file of CA certificates; NULL: as the environment says */
    const char *login;   /* "user:password", sent to the host of url only; NULL: none */
    bool netrc;          /* without a login, look for one in the user's .netrc */
    const char *sigv4;   /* signs with the login as AWS wants it, "aws:amz:REGION:s3"; to the host of url only */
    struct curl_slist *headers; /* sent to the host of url only; NULL: none */
    int min_rate;               /* fewer bytes a second than these for the stall timeout count as a stall; 0: one */
    struct http_pool *pool;     /* NULL: a connection of its own */
    long *status;               /* gets the status of the last answer; NULL: not wanted */
    char **final_url;           /* gets the URL after all redirects, which the caller frees; NULL: not wanted */
};

/* Downloads into the file part and resumes what it holds already. The text of err is the reason alone. */
int transfer_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct wl_err *err);

/* A request that is no download: a body is sent, and the answer, of whatever status, is read into memory. */
struct exchange {
    const char *method; /* "GET", "HEAD", "PUT", "POST" */
    const char *text;   /* the body, */
    size_t size;        /* and its size; or the size of the file */
    int fd;             /* that is the body, from its beginning; -1: the body is text; with text NULL there is none */
    size_t most;        /* of the answer's body; more is WL_E_FETCH */
};

struct http_answer {
    long status;
    char *body; /* n bytes and a NUL */
    size_t n;
    char *location;  /* of the header of this name, made absolute; NULL: none */
    char *challenge; /* of WWW-Authenticate; NULL: none */
};

/* Only GET and HEAD follow redirects. WL_E_FETCH: there was no whole answer. The caller frees the answer with
 * http_answer_free in any case. */
int http_exchange(const struct transfer *t, const struct exchange *x, struct http_answer *answer,
                  const struct fetch_options *o, struct wl_err *err);
void http_answer_free(struct http_answer *a);

/* Hands the body over: *body is the caller's to free. */
void http_answer_take(struct http_answer *a, char **body, size_t *n);

/* Only connects, with TLS. Clients without a limit for connecting are started only after this succeeds. */
int transfer_probe(const char *url, const struct fetch_options *o, struct wl_err *err);

/* Remembers a host ("host:port", lower case) that did not answer, and why. */
void dead_hosts_add(struct dead_hosts *d, const char *host, const char *why);
/* Why a host is dead (the caller frees it), or NULL. */
char *dead_hosts_find(struct dead_hosts *d, const char *host);

#endif
