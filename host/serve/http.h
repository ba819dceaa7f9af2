/* The service over HTTP/1.1: routes, authorization, a queue with a bound, figures, a log. */
#ifndef WL_SERVE_HTTP_H
#define WL_SERVE_HTTP_H

#include "sandbox.h"

#include <jansson.h>

struct http_config {
    const char *listen; /* "ADDRESS:PORT", or the path of a Unix socket, which begins with "/" */
    char *token;        /* what requests must bring as a bearer token; NULL: none */
    unsigned workers;   /* evaluations at once */
    unsigned queue;     /* requests that wait for one; more are refused with 429 */
    bool names;         /* code may connect to hosts by name */
    bool log;           /* a line of JSON for each request, on standard error */
    uint64_t deadline_ms;
};

/* Serves until SIGTERM or SIGINT comes, and then completes the requests that it has. Returns the exit status. */
int http_serve(struct sandbox *s, const struct http_config *config);

/* A request, for the functions that answer one. */
struct http_request {
    struct sandbox *sandbox;
    const char *method, *path; /* decoded */
    const char *body;
    size_t size;
    json_t *json; /* the body, if it is JSON; else NULL */
    /* The answer: */
    int status;
    const char *type;
    char *text; /* owned */
    size_t text_size;
};

/* Sets the answer. The JSON is taken. */
void http_answer(struct http_request *r, int status, json_t *json);
void http_answer_bytes(struct http_request *r, int status, const char *type, const void *bytes, size_t n);
void http_refuse(struct http_request *r, int status, const char *text);

/* api.c, the service's own interface; false: the path is none of it. */
bool api_serve(struct http_request *r);
/* e2b.c: what clients of E2B's code interpreter ask. */
bool e2b_serve(struct http_request *r);
/* Whether a request evaluates code, and so waits in the queue. */
bool http_evaluates(const struct http_request *r);

#endif
