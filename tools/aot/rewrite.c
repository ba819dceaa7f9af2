/* Rewrites the module for wasm2c. Its data is taken out, so that a program can map the data that wasm2c would copy.
 * Only the exports that a program needs stay: the others would only cost time, and could collide with the new names
 * of functions. The functions get names in a section "name"
 * (https://webassembly.github.io/spec/core/appendix/custom.html), which wasm2c uses for the C functions. */
#include "aot.h"

#include <string.h>

/* The largest size of an image: a fixed part, and a part for each byte of the module. The image is a file, and a few
 * bytes of data that are far apart would make it as large as the memory. */
enum { IMAGE_LEAST = 64 << 20, IMAGE_PER_BYTE = 16 };

enum { LEB_MOST = 10 };

static size_t leb(uint8_t *to, uint64_t n)
{
    size_t i = 0;

    do {
        to[i++] = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
        n >>= 7;
    } while (n);
    return i;
}

/* --- data --- */

/* Goes through the data: first to find its range, then (if `to` is not NULL) to copy it. False: some data is not
 * simply in memory from the start. */
static bool walk_data(const struct module *m, struct image *i, uint64_t *until, uint8_t *to)
{
    enum { I32_CONST = 0x41, END = 0x0b };
    struct wasm_reader r = m->section[WASM_DATA];
    uint64_t count = r.at ? wasm_number(&r) : 0;

    for (uint64_t k = 0; k < count; k++) {
        struct wasm_reader bytes;
        uint64_t at, n;

        if (wasm_number(&r) != 0 || wasm_byte(&r) != I32_CONST)
            return false;
        at = (uint32_t)wasm_signed(&r);
        if (wasm_byte(&r) != END)
            return false;
        bytes = module_part(m, &r);
        n = (uint64_t)(bytes.end - bytes.at);
        if (!n)
            continue;
        if (to) {
            memcpy(to + (at - i->from), bytes.at, n);
            continue;
        }
        if (at < i->from)
            i->from = at;
        if (at + n > *until)
            *until = at + n;
    }
    return true;
}

/* The initial size of the memory in bytes; 0: it is not the only memory. */
static uint64_t memory_size(const struct module *m)
{
    struct wasm_reader r = m->section[WASM_MEMORY];
    uint64_t count = r.at ? wasm_number(&r) : 0, flags = wasm_number(&r);

    return count == 1 && flags <= 1 ? wasm_number(&r) * WASM_PAGE : 0;
}

static void take_image(const struct module *m, const struct functions *f, struct image *i)
{
    FILE *file = make_file("image");
    uint64_t until = 0;

    *i = (struct image){.from = UINT64_MAX};
    if (!f->uses_data && walk_data(m, i, &until, NULL) && until && until <= memory_size(m)) {
        i->from = i->from / WASM_PAGE * WASM_PAGE;
        i->taken = until - i->from <= IMAGE_LEAST + (uint64_t)m->n * IMAGE_PER_BYTE;
    }
    if (i->taken) {
        uint8_t *bytes = get(until - i->from, 1);

        walk_data(m, i, &until, bytes);
        put(file, bytes, until - i->from);
    } else {
        i->from = 0;
    }
    end_file(file, "image");
}

/* --- exports --- */

static void put_exports(const struct module *m, FILE *file)
{
    struct wasm_reader r = m->section[WASM_EXPORT];
    uint8_t *kept = get((uint64_t)(r.end - r.at), 1), head[2 + 2 * LEB_MOST], count[LEB_MOST];
    uint64_t n = wasm_number(&r), kept_n = 0, used = 0, head_n, count_n;

    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *start = r.at;
        struct wasm_reader field = module_part(m, &r);

        wasm_byte(&r);
        wasm_number(&r);
        module_check(m, &r);
        if (!is_text(field, "_start") && !is_text(field, "memory") && !is_text(field, "wl_interrupt_cells") &&
            !is_text(field, "wl_session") && !is_text(field, "wl_thread"))
            continue;
        memcpy(kept + used, start, (size_t)(r.at - start));
        used += (uint64_t)(r.at - start);
        kept_n++;
    }
    count_n = leb(count, kept_n);
    head[0] = WASM_EXPORT;
    head_n = 1 + leb(head + 1, count_n + used);
    put(file, head, head_n);
    put(file, count, count_n);
    put(file, kept, used);
}

/* --- names --- */

static void put_names(const struct functions *f, FILE *file)
{
    enum { MOST = 64 };
    uint64_t n = f->n - f->imported;
    uint8_t *names = get(n * MOST + LEB_MOST, 1), head[1 + LEB_MOST] = {WASM_CUSTOM}, start[6 + LEB_MOST];
    size_t used = leb(names, n), at, head_n;

    for (uint64_t i = 0; i < n; i++) {
        char name[MOST / 2];
        int length = snprintf(name, sizeof name, "s%016llx", (unsigned long long)f->shapes[i].hash);

        if (f->shapes[i].number)
            length += snprintf(name + length, sizeof name - (size_t)length, "_%u", f->shapes[i].number);
        used += leb(names + used, f->shapes[i].function);
        used += leb(names + used, (uint64_t)length);
        memcpy(names + used, name, (size_t)length);
        used += (size_t)length;
    }
    /* The section's name, then the part 1, functions. */
    memcpy(start, "\4name\1", 6);
    at = 6 + leb(start + 6, used);
    head_n = 1 + leb(head + 1, at + used);
    put(file, head, head_n);
    put(file, start, at);
    put(file, names, used);
}

void rewrite(const struct module *m, const struct functions *f, struct image *i)
{
    struct wasm_reader r = {m->bytes + WASM_HEADER, m->bytes + m->n, false};
    struct section s;
    FILE *file;

    take_image(m, f, i);
    i->is_all = !m->section[WASM_START].at && (i->taken || !m->section[WASM_DATA].at);
    file = make_file("guest.wasm");
    put(file, m->bytes, WASM_HEADER);
    while (section_next(&r, &s)) {
        bool data = s.id == WASM_DATA || s.id == WASM_DATA_COUNT;

        /* (Custom sections may name data that was removed, and name functions in another way.) */
        if (s.id == WASM_CUSTOM || (data && i->taken))
            continue;
        /* A reference to a function may need it to be exported. */
        if (s.id == WASM_EXPORT && !f->uses_references)
            put_exports(m, file);
        else
            put(file, s.start, (size_t)(r.at - s.start));
    }
    if (f->known)
        put_names(f, file);
    end_file(file, "guest.wasm");
}
