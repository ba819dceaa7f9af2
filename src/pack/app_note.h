/* What an app says about itself: the note of its Python (make/note.h), and the packages in it. */
#ifndef WL_PACK_APP_NOTE_H
#define WL_PACK_APP_NOTE_H

#include "util/err.h"

/* Changes the note of an app's module, which has that of its Python. packages: the directory of the installed packages;
 * NULL: there are none. A Python without a note gives an app without one. */
int app_note(const char *module, const char *packages, struct wl_err *err);

#endif
