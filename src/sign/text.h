/* What the files behind sign.h share: binary values as lines of base64. */
#ifndef WL_SIGN_TEXT_H
#define WL_SIGN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What the algorithms are called in the formats. */
#define SIGN_ALGORITHM "Ed"
#define SIGN_ALGORITHM_HASHED "ED"

/* Takes the next line off a text of n bytes: its length; the end of line is left out. *rest and *n move behind it.
 * False: there is none. */
bool sign_next_line(const char **rest, size_t *n, const char **line, size_t *length);

/* Whether the line is the base64 of exactly size bytes. */
bool sign_decode(const char *line, size_t length, void *bytes, size_t size);

/* The base64 of the bytes; the caller frees it. */
char *sign_encode(const void *bytes, size_t size);

#endif
