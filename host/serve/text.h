/* Bytes as text. */
#ifndef WL_SERVE_TEXT_H
#define WL_SERVE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A JSON string of bytes that should be UTF-8; what is not becomes U+FFFD. NULL: out of memory. */
json_t *text_json(const char *bytes, size_t n);
/* Reads JSON of a stranger: it may not take much more memory than its text has bytes. NULL: it is none, or too large.
 */
json_t *text_parse(const char *bytes, size_t n, size_t flags);
/* Once, before there is any JSON. */
void text_init(void);
bool text_is_utf8(const void *bytes, size_t n);
/* How many of these bytes do not belong to a character that is cut off at their end. */
size_t text_whole(const void *bytes, size_t n);

/* The text that a JSON object has under that key; NULL: it has none. Borrowed from the object. */
const char *text_member(const json_t *object, const char *key);

/* An expression of Python with this value. To be given to free(); NULL: out of memory. */
char *text_python(const json_t *json);

/* Base64 (RFC 4648). The results are to be given to free(); NULL: out of memory, or it is not Base64. */
char *base64_encode(const void *bytes, size_t n);
void *base64_decode(const char *text, size_t *n);

#endif
