/* Forms with files (multipart/form-data). */
#ifndef WL_SERVE_FORM_H
#define WL_SERVE_FORM_H

#include "request.h"

struct form_file {
    const char *name; /* that the client gives it */
    const void *bytes;
    size_t n;
};

/* Calls `each` with each file of the form that the body is. False: it is none, or there is no memory. */
bool form_files(const struct http_request *r, void (*each)(void *arg, const struct form_file *file), void *arg);

#endif
