/* A request over HTTP, and the answer to it. */
#ifndef WL_SERVE_REQUEST_H
#define WL_SERVE_REQUEST_H

#include "events.h"
#include "storage.h"

#include <jansson.h>

struct MHD_Connection;

struct http_request {
    struct sandbox *sandbox;
    struct storage *storage;
    struct MHD_Connection *connection; /* for form.c */
    const char *method, *path;         /* decoded */
    const char *body;
    size_t size;
    json_t *json;          /* the body, if it is JSON and was read; else NULL */
    struct events *events; /* where the answer to code may go while it runs, in place of what is below; or NULL */
    /* The answer: */
    int status;
    const char *type;
    char *text; /* owned */
    size_t text_size;
    char *filename; /* for a client that saves it; owned, or NULL */
};

/* Whether that is its method. */
bool http_is(const struct http_request *r, const char *method);

/* Reads the body, if it is JSON. */
void http_read_json(struct http_request *r);

/* Sets the answer. The JSON is taken. */
void http_answer(struct http_request *r, int status, json_t *json);
void http_answer_bytes(struct http_request *r, int status, const char *type, const void *bytes, size_t n);
void http_refuse(struct http_request *r, int status, const char *text);

#endif
