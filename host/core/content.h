/* What a module's memory begins with, taken out of the module: an engine can then map it from a file into each memory,
 * and put back only what a guest has written to. */
#ifndef WL_CONTENT_H
#define WL_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct content {
    uint8_t *module; /* the module without its data */
    size_t module_size;
    uint8_t *bytes;      /* what its memory has at `from`; zeros are everywhere else */
    uint64_t from, size; /* multiples of WASM_PAGE, inside of the memory */
};

/* False, and nothing is to be freed: the module has no data, is malformed, or has data of another kind: of a memory
 * that is not its only one, at places that are known at its start only, copied while it runs, outside of its memory, or
 * scattered so that most of the bytes between would be zeros. (The module without data is refused by an engine if its
 * code names segments.) */
bool content_take(struct content *c, const uint8_t *wasm, size_t size);
void content_free(struct content *c);

#endif
