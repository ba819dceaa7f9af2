/* Reads any bytes as the end of a file of compiled code. What is accepted must lie in the file and in the memory, and
 * its needs must be ones that a limit can be divided among. The first byte says how much is as it should be, which no
 * fuzzer finds: 1: the first bytes, 2: the file's size. */
#include "core/wasm.h"
#include "engine/wasmtime/trailer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct needs *n, uint64_t limit)
{
    struct share s;
    uint64_t bytes = 0;

    if (needs_share(n, limit, &s) && (s.memory > limit || s.memory < (uint64_t)n->pages * WASM_PAGE))
        abort();
    if (needs_least(n) < (uint64_t)n->pages * WASM_PAGE)
        abort();
    if (needs_of_thread(n, &bytes) && bytes > NEEDS_MAX_TABLES * UINT64_C(8) * UINT32_MAX)
        abort();
}

/* One that is written again is the same. */
static void write_again(const struct trailer *t)
{
    struct trailer again;

    trailer_make(&again, &t->needs, t->image_at, t->image_from, t->image_size);
    if (memcmp(&again, t, sizeof again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trailer t, whole;
    uint64_t file_size;

    if (size < 1 + sizeof file_size + sizeof t)
        return 0;
    memcpy(&file_size, data + 1, sizeof file_size);
    memcpy(&t, data + 1 + sizeof file_size, sizeof t);
    t.spare = 0;
    if (data[0] & 1) {
        trailer_make(&whole, &t.needs, 0, 0, 0);
        memcpy(t.magic, whole.magic, sizeof t.magic);
    }
    if (data[0] & 2)
        file_size = t.image_at + t.image_size + sizeof t;
    needs_least(&t.needs);
    if (!trailer_is_valid(&t, file_size))
        return 0;
    if (t.image_at > file_size || t.image_size > file_size || t.image_at + t.image_size + sizeof t != file_size ||
        t.image_from + t.image_size > (uint64_t)t.needs.pages * WASM_PAGE || t.needs.pages > 65536)
        abort();
    use(&t.needs, UINT64_C(64) << 20);
    use(&t.needs, UINT64_C(4) << 30);
    use(&t.needs, file_size);
    write_again(&t);
    return 0;
}
