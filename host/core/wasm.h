/* Reading a module's bytes: numbers and parts of sections
 * (https://webassembly.github.io/spec/core/binary/modules.html). */
#ifndef WL_WASM_H
#define WL_WASM_H

#include <stdbool.h>
#include <stdint.h>

enum { WASM_PAGE = 65536, WASM_HEADER = 8 };

enum wasm_section {
    WASM_CUSTOM = 0,
    WASM_TYPE = 1,
    WASM_IMPORT = 2,
    WASM_FUNCTION = 3,
    WASM_TABLE = 4,
    WASM_MEMORY = 5,
    WASM_GLOBAL = 6,
    WASM_EXPORT = 7,
    WASM_START = 8,
    WASM_ELEMENT = 9,
    WASM_CODE = 10,
    WASM_DATA = 11,
    WASM_DATA_COUNT = 12,
    WASM_TAG = 13,
};

/* A number in a guest's memory, which is little-endian. */
static inline uint32_t wasm_load32(const void *p)
{
    const uint8_t *b = p;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* The bytes that remain to be read. Reading past their end gives 0 and sets `bad`. */
struct wasm_reader {
    const uint8_t *at, *end;
    bool bad;
};

static inline uint8_t wasm_byte(struct wasm_reader *r)
{
    if (r->at < r->end)
        return *r->at++;
    r->bad = true;
    return 0;
}

/* An unsigned number in LEB128. */
static inline uint64_t wasm_number(struct wasm_reader *r)
{
    uint64_t n = 0;

    for (unsigned shift = 0; shift < 64 && !r->bad; shift += 7) {
        uint8_t b = wasm_byte(r);

        n |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80)
            return n;
    }
    r->bad = true;
    return 0;
}

/* A signed number in LEB128. */
static inline int64_t wasm_signed(struct wasm_reader *r)
{
    uint64_t n = 0;

    for (unsigned shift = 0; shift < 64 && !r->bad;) {
        uint8_t b = wasm_byte(r);

        n |= (uint64_t)(b & 0x7f) << shift;
        shift += 7;
        if (b < 0x80)
            return (int64_t)(shift < 64 && (b & 0x40) ? n | UINT64_MAX << shift : n);
    }
    r->bad = true;
    return 0;
}

/* The next n bytes as a separate reader. */
static inline struct wasm_reader wasm_part(struct wasm_reader *r, uint64_t n)
{
    struct wasm_reader part = {r->at, r->at, false};

    if (n > (uint64_t)(r->end - r->at)) {
        r->bad = part.bad = true;
        return part;
    }
    r->at += n;
    part.end = r->at;
    return part;
}

#endif
