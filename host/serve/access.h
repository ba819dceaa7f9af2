/* Who may use the service. */
#ifndef WL_SERVE_ACCESS_H
#define WL_SERVE_ACCESS_H

#include "http.h"

struct MHD_Connection;

enum access {
    ACCESS_GIVEN,
    ACCESS_NO_TOKEN, /* the server has a token, and the request does not bring it */
    ACCESS_FOREIGN   /* the server has none, and a browser seems to ask for a page of somebody else's */
};

/* From a request's headers. */
enum access access_of(struct MHD_Connection *connection, const struct http_config *config);

#endif
