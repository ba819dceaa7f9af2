/* A module's sections. All code reads them with these functions, which never read past the end. */
#include "aot.h"

#include <string.h>

bool is_text(struct wasm_reader r, const char *text)
{
    return (size_t)(r.end - r.at) == strlen(text) && memcmp(r.at, text, strlen(text)) == 0;
}

void module_check(const struct module *m, const struct wasm_reader *r)
{
    if (r->bad)
        refuse("%s is not a valid module, or uses a proposal that wasm2c lacks", m->name);
}

struct wasm_reader module_part(const struct module *m, struct wasm_reader *r)
{
    struct wasm_reader part = wasm_part(r, wasm_number(r));

    module_check(m, r);
    return part;
}

bool section_next(struct wasm_reader *r, struct section *s)
{
    if (r->bad || r->at == r->end)
        return false;
    s->start = r->at;
    s->id = wasm_byte(r);
    s->content = wasm_part(r, wasm_number(r));
    return !r->bad;
}

void module_read(struct module *m, const char *name, const uint8_t *bytes, size_t n)
{
    struct wasm_reader r = {bytes + WASM_HEADER, bytes + n, false};
    struct section s;

    *m = (struct module){.name = name, .bytes = bytes, .n = n};
    if (n < WASM_HEADER || memcmp(bytes, "\0asm", 4) != 0)
        refuse("%s is not a WebAssembly module", name);
    while (section_next(&r, &s)) {
        if (s.id == WASM_CUSTOM || s.id >= SECTIONS)
            continue;
        if (m->section[s.id].at)
            refuse("%s is not a valid module: it has a section twice", name);
        m->section[s.id] = s.content;
    }
    module_check(m, &r);
}
