/* What `info FILE.wasm` prints. */
#ifndef WL_CMD_MODULE_INFO_H
#define WL_CMD_MODULE_INFO_H

#include "cmd/app.h"

/* Whether an argument means a file, and not a port. */
bool module_info_is_file(const char *argument);

/* Prints what a module is: its memory, imports, exports, features and sections, and, if an artifact in the store has
 * the same bytes, what it was made from; with `modules` each module of a Python's library. A file that is no module is
 * WL_E_VERIFY. */
int module_info_print(const struct app *a, const char *file, bool modules, struct wl_err *err);

#endif
