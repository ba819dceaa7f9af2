/* The files in memory, as bytes that another process begins with. */
#ifndef WL_MEMORY_COPY_H
#define WL_MEMORY_COPY_H

#include <stdbool.h>
#include <stddef.h>

struct memory_node;

/* Bytes that grow. */
struct memory_bytes {
    unsigned char *at;
    size_t n, room;
    bool failed; /* out of memory */
};
void memory_bytes_add(struct memory_bytes *b, const void *bytes, size_t n);

/* Adds everything below a root. */
void memory_copy_out(struct memory_bytes *b, int root);
/* Creates it again, as far as there is room. False: the bytes are not what memory_copy_out() has written. */
bool memory_copy_in(const unsigned char *at, size_t n);

#endif
