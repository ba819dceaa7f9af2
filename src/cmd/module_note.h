/* What a module says about itself (make/note.h). */
#ifndef WL_CMD_MODULE_NOTE_H
#define WL_CMD_MODULE_NOTE_H

#include "wasm/info.h"

#include <stdbool.h>

/* Prints the note of a module, if it has one; with all_modules each module of the standard library in a line of its
 * own. A note says what the maker of the file claims: it is neither signed nor checked. */
void module_note_print(const struct wasm_info *w, bool all_modules);

#endif
