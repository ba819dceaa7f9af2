/* The service's interfaces. */
#ifndef WL_SERVE_API_H
#define WL_SERVE_API_H

#include "request.h"

/* api.c, its own; false: the path is none of it. */
bool api_serve(struct http_request *r);
/* Whether a request evaluates code, and so waits in the queue. */
bool api_evaluates(const struct http_request *r);

/* e2b.c: what clients of E2B's code interpreter ask. */
bool e2b_serve(struct http_request *r);
bool e2b_evaluates(const struct http_request *r);

/* librechat.c: what LibreChat asks. */
bool librechat_serve(struct http_request *r);
bool librechat_evaluates(const struct http_request *r);

#endif
