#include "core/content.h"

#include "core/needs.h"
#include "core/wasm.h"

#include <stdlib.h>
#include <string.h>

enum { ACTIVE = 0, I32_CONST = 0x41, END = 0x0b, FEW_BYTES = 1 << 20 };

struct segment {
    uint64_t at;
    struct wasm_reader bytes;
};

static uint64_t length(const struct segment *s)
{
    return (uint64_t)(s->bytes.end - s->bytes.at);
}

/* The next one, if it is of the kind that is understood. */
static bool next_segment(struct wasm_reader *r, struct segment *s)
{
    bool plain = wasm_number(r) == ACTIVE && wasm_byte(r) == I32_CONST;
    int64_t at = wasm_signed(r);

    plain = plain && at == (int32_t)at && wasm_byte(r) == END;
    s->at = (uint32_t)at;
    s->bytes = wasm_part(r, wasm_number(r));
    return plain && !r->bad;
}

/* Where the data lies. False: it stays in the module. */
static bool measure(struct content *c, struct wasm_reader r, uint64_t memory)
{
    uint64_t n = wasm_number(&r), low = UINT64_MAX, high = 0, sum = 0;
    struct segment s;

    for (uint64_t i = 0; i < n; i++) {
        if (!next_segment(&r, &s) || s.at + length(&s) > memory)
            return false;
        if (!length(&s))
            continue;
        low = s.at < low ? s.at : low;
        high = s.at + length(&s) > high ? s.at + length(&s) : high;
        sum += length(&s);
    }
    if (r.bad || r.at != r.end || !sum)
        return false;
    c->from = low / WASM_PAGE * WASM_PAGE;
    c->size = (high - c->from + WASM_PAGE - 1) / WASM_PAGE * WASM_PAGE;
    return c->size <= 2 * sum + FEW_BYTES;
}

/* (Later segments lie over earlier ones.) */
static void lay_out(struct content *c, struct wasm_reader r)
{
    uint64_t n = wasm_number(&r);
    struct segment s;

    for (uint64_t i = 0; i < n && next_segment(&r, &s); i++)
        if (length(&s))
            memcpy(c->bytes + (s.at - c->from), s.bytes.at, length(&s));
}

/* Copies all sections but the two of data; *data is the content of the one with the bytes. */
static bool copy_sections(struct content *c, const uint8_t *wasm, size_t size, struct wasm_reader *data)
{
    struct wasm_reader r = {wasm, wasm + size, false};
    bool found = false;

    wasm_part(&r, WASM_HEADER);
    if (!r.bad)
        memcpy(c->module, wasm, WASM_HEADER);
    c->module_size = WASM_HEADER;
    while (!r.bad && r.at < r.end) {
        const uint8_t *from = r.at;
        uint8_t id = wasm_byte(&r);
        struct wasm_reader part = wasm_part(&r, wasm_number(&r));

        if (r.bad || (id == WASM_DATA && found))
            return false;
        if (id == WASM_DATA) {
            *data = part;
            found = true;
        } else if (id != WASM_DATA_COUNT) {
            memcpy(c->module + c->module_size, from, (size_t)(r.at - from));
            c->module_size += (size_t)(r.at - from);
        }
    }
    return !r.bad && found;
}

bool content_take(struct content *c, const uint8_t *wasm, size_t size)
{
    struct wasm_reader data;
    struct needs needs;

    *c = (struct content){0};
    needs_read(&needs, wasm, size);
    if (needs.unknown || needs.memories != 1)
        return false;
    c->module = malloc(size);
    if (c->module && copy_sections(c, wasm, size, &data) && measure(c, data, (uint64_t)needs.pages * WASM_PAGE))
        c->bytes = calloc(1, c->size);
    if (c->bytes) {
        lay_out(c, data);
        return true;
    }
    content_free(c);
    return false;
}

void content_free(struct content *c)
{
    free(c->module);
    free(c->bytes);
    *c = (struct content){0};
}
