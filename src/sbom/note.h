/* Reads what a module says is in it (make/note.h). The module may be a stranger's. */
#ifndef WL_SBOM_NOTE_H
#define WL_SBOM_NOTE_H

#include "wasm/info.h"

#include <jansson.h>

/* The note, an object whose members may be anything or missing; the caller calls json_decref. NULL: the module has none
 * that can be read. */
json_t *sbom_note(const struct wasm_info *w);

#endif
