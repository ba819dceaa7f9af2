/* Reads any bytes as a module: its needs, the division of a limit among them, the copy with its tables exported, and
 * the copy without its data. A limit must hold for the sum of all needs, and a module that starts with more must not
 * fit. */
#include "core/content.h"
#include "core/needs.h"
#include "core/snapshot.h"
#include "core/wasm.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void share(const struct needs *n, uint64_t limit)
{
    struct share s;
    uint64_t sum;

    if (!needs_share(n, limit, &s))
        return;
    if (n->unknown || n->memories > 1 || n->tables > NEEDS_MAX_TABLES || s.memory < (uint64_t)n->pages * WASM_PAGE)
        abort();
    sum = s.memory * (n->throws ? 2 : 1);
    for (uint32_t i = 0; i < n->tables; i++) {
        uint64_t most = n->table[i].max < s.elements ? n->table[i].max : s.elements;

        if (most < n->table[i].min)
            abort();
        sum += most * (n->table[i].max > n->table[i].min ? 16 : 8);
    }
    if (sum > limit)
        abort();
}

/* The data lies in the memory, and what is left needs the same. */
static void take_content(const struct needs *n, const uint8_t *wasm, size_t size)
{
    struct content c;
    struct needs left;

    if (!content_take(&c, wasm, size))
        return;
    if (!c.size || c.from % WASM_PAGE || c.size % WASM_PAGE || c.from + c.size > (uint64_t)n->pages * WASM_PAGE ||
        c.module_size >= size)
        abort();
    needs_read(&left, c.module, c.module_size);
    if (left.unknown || left.memories != 1 || left.pages != n->pages || left.tables != n->tables)
        abort();
    content_free(&c);
}

/* The first bytes are the limit; the rest is the module after its header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char header[] = "\0asm\1\0\0\0";
    struct err err;
    struct needs n, again;
    uint64_t limit = 0;
    uint8_t *wasm, *prepared;
    size_t used;

    if (size < sizeof limit)
        return 0;
    memcpy(&limit, data, sizeof limit);
    size -= sizeof limit;
    wasm = malloc(WASM_HEADER + size);
    memcpy(wasm, header, WASM_HEADER);
    memcpy(wasm + WASM_HEADER, data + sizeof limit, size);
    size += WASM_HEADER;
    needs_read(&n, wasm, size);
    share(&n, limit % (UINT64_C(1) << 40));
    share(&n, UINT64_C(4) << 30);
    share(&n, UINT64_C(64) << 20);
    take_content(&n, wasm, size);
    if (snapshot_prepare(wasm, size, &prepared, &used, &err) == 0) {
        /* Its needs are the same. */
        needs_read(&again, prepared, used);
        if (again.unknown != n.unknown || (!n.unknown && (again.tables != n.tables || again.memories != n.memories)))
            abort();
        free(prepared);
    }
    free(wasm);
    return 0;
}
