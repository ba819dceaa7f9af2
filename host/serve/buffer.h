/* Bytes that become more. */
#ifndef WL_SERVE_BUFFER_H
#define WL_SERVE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zero to begin with; `at` is to be given to free(). */
struct buffer {
    char *at;
    size_t n, room;
};

/* False: there is no memory, and nothing was added. */
bool buffer_add(struct buffer *b, const void *bytes, size_t n);
bool buffer_print(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
