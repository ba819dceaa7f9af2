/* The head of a guest's request (RFC 9112), which is hostile, and what is done with its headers. */
#ifndef WL_DOOR_HEAD_H
#define WL_DOOR_HEAD_H

#include "door/filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAD_MOST_LINES = 100, HEAD_METHOD_SIZE = 24, HEAD_MOST_SIZE = 64 << 10 };

struct head {
    char method[HEAD_METHOD_SIZE];
    char *target; /* begins with a slash */
    bool old;     /* HTTP/1.0 */
    bool keep;    /* the connection may be used again */
    bool chunked, expects;
    int64_t length; /* of the body; -1: it has none, or it is chunked */
    struct {
        char *name, *value;
    } lines[HEAD_MOST_LINES];
    size_t n;
};

/* Reads a head of n bytes up to its empty line, included, which it changes; h points into it. 0, or the status of HTTP
 * that refuses it. */
int head_parse(char *text, size_t n, struct head *h);

/* Whether a header goes on to the server as the guest gives it: not those of the connection, those that the door
 * decides, and those that ask for a part of an answer, in which a secret could not be found. */
bool head_goes_on(const char *name);

/* Whether secrets are put into a header: it carries credentials, which servers do not show to others. */
bool head_has_credentials(const char *name);

/* Puts secrets into the value of such a header, in place; also into the name and password of Basic (RFC 7617), whose
 * text is then added to `answers`, so that its return is noticed. -1: no memory. */
int head_put_secrets(char *value, const struct filter *secrets, struct filter *answers);

#endif
