/* The service over HTTP/1.1: routes, authorization, a queue with a bound, figures, a log. */
#ifndef WL_SERVE_HTTP_H
#define WL_SERVE_HTTP_H

#include "sandbox.h"

struct http_config {
    const char *listen;       /* "ADDRESS:PORT", or the path of a Unix socket, which begins with "/" */
    const char *const *hosts; /* names by which browsers may call it, besides addresses and localhost */
    size_t host_count;
    char *token;      /* what requests must bring as a bearer token; NULL: none */
    unsigned workers; /* evaluations at once */
    unsigned queue;   /* requests that wait for one; more are refused with 429 */
    uint64_t stored;  /* the most bytes of files that outlive their sandboxes */
    bool names;       /* code may connect to hosts by name */
    bool log;         /* a line of JSON for each request, on standard error */
    uint64_t deadline_ms;
};

/* Serves until SIGTERM or SIGINT comes, and then completes the requests that it has. Returns the exit status. */
int http_serve(struct sandbox *s, const struct http_config *config);

#endif
