#include "sbom/note.h"

#include <string.h>

enum { MOST_NOTE = 4 << 20 };

json_t *sbom_note(const struct wasm_info *w)
{
    const struct wasm_section_place *s = NULL;
    json_t *note;

    for (size_t i = 0; i < w->sections_n; i++)
        if (w->sections[i].id == 0 && !strcmp(w->sections[i].name, WASM_NOTE))
            s = &w->sections[i];
    if (!s || s->size > MOST_NOTE)
        return NULL;
    note = json_loadb((const char *)s->at, s->size, JSON_REJECT_DUPLICATES, NULL);
    if (json_integer_value(json_object_get(note, "wl-make")) == 1)
        return note;
    json_decref(note);
    return NULL;
}
