#include "core/needs.h"

#include "core/wasm.h"

#include <string.h>

enum { FIXED_ELEMENT = 8, GROWING_ELEMENT = 16 };
enum { LIMIT_MAX = 1, LIMIT_64 = 4, WITH_INIT = 0x40, REF_NULL = 0x63, REF = 0x64 };

static uint32_t number32(struct wasm_reader *r)
{
    uint64_t n = wasm_number(r);

    r->bad |= n > UINT32_MAX;
    return (uint32_t)n;
}

/* A constant expression, up to its end. */
static void skip_constant(struct wasm_reader *r)
{
    while (!r->bad) {
        switch (wasm_byte(r)) {
        case 0x0b: /* end */
            return;
        case 0x23: /* global.get */
        case 0xd2: /* ref.func */
            wasm_number(r);
            break;
        case 0x41: /* i32.const */
        case 0x42: /* i64.const */
        case 0xd0: /* ref.null */
            wasm_signed(r);
            break;
        case 0x43: /* f32.const */
            wasm_part(r, 4);
            break;
        case 0x44: /* f64.const */
            wasm_part(r, 8);
            break;
        case 0x6a: /* i32.add, sub, mul; i64.add, sub, mul */
        case 0x6b:
        case 0x6c:
        case 0x7c:
        case 0x7d:
        case 0x7e:
            break;
        default:
            r->bad = true;
        }
    }
}

static void read_tables(struct needs *n, struct wasm_reader r)
{
    n->tables = number32(&r);
    for (uint32_t i = 0; i < n->tables && i < NEEDS_MAX_TABLES && !r.bad; i++) {
        uint8_t type = wasm_byte(&r), flags;
        bool init = type == WITH_INIT;

        if (init) {
            r.bad |= wasm_byte(&r) != 0;
            type = wasm_byte(&r);
        }
        if (type == REF_NULL || type == REF)
            wasm_signed(&r);
        flags = wasm_byte(&r);
        r.bad |= flags > LIMIT_MAX;
        n->table[i].min = number32(&r);
        n->table[i].max = flags & LIMIT_MAX ? number32(&r) : UINT32_MAX;
        r.bad |= n->table[i].max < n->table[i].min;
        if (init)
            skip_constant(&r);
    }
    n->unknown |= r.bad;
}

static void read_memories(struct needs *n, struct wasm_reader r)
{
    uint8_t flags;

    n->memories = number32(&r);
    if (n->memories) {
        flags = wasm_byte(&r);
        n->pages = number32(&r);
        r.bad |= flags > LIMIT_MAX || n->pages > 65536;
    }
    n->unknown |= r.bad;
}

void needs_read(struct needs *n, const uint8_t *wasm, size_t size)
{
    struct wasm_reader r = {wasm, wasm + size, false};

    memset(n, 0, sizeof *n);
    wasm_part(&r, WASM_HEADER);
    while (!r.bad && r.at < r.end) {
        uint8_t id = wasm_byte(&r);
        struct wasm_reader content = wasm_part(&r, wasm_number(&r));

        if (r.bad)
            break;
        if (id == WASM_TABLE)
            read_tables(n, content);
        else if (id == WASM_MEMORY)
            read_memories(n, content);
        else if (id == WASM_TAG)
            n->throws = 1;
    }
    n->unknown |= r.bad;
}

static bool can_grow(const struct needs *n, uint32_t i)
{
    return n->table[i].max > n->table[i].min;
}

/* What the tables that are listed take if each grows to its maximum, but at most to `elements`. */
static uint64_t tables_bytes(const struct needs *n, uint64_t elements)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n->tables && i < NEEDS_MAX_TABLES; i++) {
        uint64_t most = n->table[i].max < elements ? n->table[i].max : elements;

        sum += can_grow(n, i) ? most * GROWING_ELEMENT : most * FIXED_ELEMENT;
    }
    return sum;
}

bool needs_share(const struct needs *n, uint64_t limit, struct share *share)
{
    uint64_t start = (uint64_t)n->pages * WASM_PAGE, least = 0, low, high = 0, room, tables;

    if (n->memories > 1 || n->tables > NEEDS_MAX_TABLES || n->unknown)
        return false;
    for (uint32_t i = 0; i < n->tables; i++) {
        if (n->table[i].min > least)
            least = n->table[i].min;
        if (can_grow(n, i) && n->table[i].max > high)
            high = n->table[i].max;
    }
    /* The engine has one limit for all tables, so the largest table decides how far the others may grow. */
    tables = tables_bytes(n, least);
    if (tables > limit || limit - tables < start)
        return false;
    room = tables + (limit - tables - start) / 16;
    for (low = least; low < high;) {
        uint64_t middle = low + (high - low + 1) / 2;

        if (tables_bytes(n, middle) <= room)
            low = middle;
        else
            high = middle - 1;
    }
    share->elements = low;
    share->memory = (limit - tables_bytes(n, low)) / (n->throws ? 2 : 1);
    return share->memory >= start;
}

bool needs_of_thread(const struct needs *n, uint64_t *bytes)
{
    for (uint32_t i = 0; i < n->tables; i++)
        if (i == NEEDS_MAX_TABLES || can_grow(n, i))
            return false;
    *bytes = tables_bytes(n, UINT32_MAX);
    return !n->throws && !n->unknown;
}

uint64_t needs_least(const struct needs *n)
{
    uint64_t start = (uint64_t)n->pages * WASM_PAGE, most = 0;

    for (uint32_t i = 0; i < n->tables && i < NEEDS_MAX_TABLES; i++)
        if (n->table[i].min > most)
            most = n->table[i].min;
    return start * (n->throws ? 2 : 1) + tables_bytes(n, most);
}
