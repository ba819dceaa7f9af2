/* Adding a custom section to a module (info.h). */
#include "wasm/info.h"

#include "core/wasm.h"
#include "util/str.h"

#include <string.h>

static void add_number(struct str *out, size_t n)
{
    do {
        str_addc(out, (char)((n & 0x7f) | (n > 0x7f ? 0x80 : 0)));
        n >>= 7;
    } while (n);
}

/* Whether a section is the note. */
static bool is_note(uint8_t id, struct wasm_reader body)
{
    struct wasm_reader name = wasm_part(&body, wasm_number(&body));
    size_t n = (size_t)(name.end - name.at);

    return id == WASM_CUSTOM && !body.bad && n == strlen(WASM_NOTE) && !memcmp(name.at, WASM_NOTE, n);
}

char *wasm_with_note(const uint8_t *bytes, size_t n, const char *note, size_t *size)
{
    static const uint8_t version[] = {1, 0, 0, 0};
    struct wasm_reader r = {bytes, bytes + n, false};
    struct str out = {0}, section = {0};

    if (!wasm_is(bytes, n) || memcmp(bytes + 4, version, sizeof version) != 0)
        return NULL;
    r.at += WASM_HEADER;
    str_addn(&out, (const char *)bytes, WASM_HEADER);
    while (r.at < r.end && !r.bad) {
        const uint8_t *start = r.at;
        uint8_t id = wasm_byte(&r);
        struct wasm_reader body = wasm_part(&r, wasm_number(&r));

        if (!r.bad && !is_note(id, body))
            str_addn(&out, (const char *)start, (size_t)(r.at - start));
    }
    if (r.bad) {
        str_free(&out);
        return NULL;
    }
    add_number(&section, strlen(WASM_NOTE));
    str_add(&section, WASM_NOTE);
    str_add(&section, note);
    str_addc(&out, WASM_CUSTOM);
    add_number(&out, section.len);
    str_addn(&out, section.s, section.len);
    str_free(&section);
    *size = out.len;
    return str_take(&out);
}
