#include "engine/wasmtime/trailer.h"

#include "core/wasm.h"

#include <string.h>

enum { MOST_PAGES = 65536 };

static const char magic[8] = "wl-code"; /* and its zero byte */

void trailer_make(struct trailer *t, const struct needs *needs, uint64_t code_size, uint64_t image_from,
                  uint64_t image_size)
{
    *t = (struct trailer){.needs = *needs,
                          .image_at = (code_size + WASM_PAGE - 1) / WASM_PAGE * WASM_PAGE,
                          .image_from = image_from,
                          .image_size = image_size};
    memcpy(t->magic, magic, sizeof t->magic);
}

/* What the others of core/needs.h rely on after needs_read(). */
static bool are_needs(const struct needs *n)
{
    if (n->unknown || n->throws > 1 || n->memories > 1 || n->tables > NEEDS_MAX_TABLES ||
        n->pages > (n->memories ? MOST_PAGES : 0))
        return false;
    for (uint32_t i = 0; i < n->tables; i++)
        if (n->table[i].max < n->table[i].min)
            return false;
    return true;
}

bool trailer_is_valid(const struct trailer *t, uint64_t file_size)
{
    const uint64_t memory = (uint64_t)t->needs.pages * WASM_PAGE;

    return memcmp(t->magic, magic, sizeof t->magic) == 0 && are_needs(&t->needs) && file_size >= sizeof *t &&
           t->image_at <= file_size - sizeof *t && t->image_size == file_size - sizeof *t - t->image_at &&
           t->image_at % WASM_PAGE == 0 && t->image_from % WASM_PAGE == 0 && t->image_from <= memory &&
           t->image_size <= memory - t->image_from;
}
