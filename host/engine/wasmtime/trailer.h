/* What stands behind the compiled code and the image of the memory in a file of the cache (core/cache.h). A file may be
 * damaged, or of another version. */
#ifndef WL_WASMTIME_TRAILER_H
#define WL_WASMTIME_TRAILER_H

#include "core/needs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trailer {
    char magic[8];
    struct needs needs;
    uint32_t spare;                            /* 0, so that each byte of the file is known */
    uint64_t image_at, image_from, image_size; /* the image: where in the file, and of which part of the memory */
};

/* The trailer of a file whose code has code_size bytes; image_at is the next page behind the code. */
void trailer_make(struct trailer *t, const struct needs *needs, uint64_t code_size, uint64_t image_from,
                  uint64_t image_size);

/* Whether it is the trailer of a whole file of this size: everything in it is in bounds, and the needs are those of a
 * module that can be run. */
bool trailer_is_valid(const struct trailer *t, uint64_t file_size);

#endif
