/* Names of files. */
#ifndef WL_WASI_NAME_H
#define WL_WASI_NAME_H

#include <stdbool.h>

/* Whether a name is UTF-8. WASI's are, but those of Linux are bytes, so the host's directories have others, too. */
bool wasi_is_text(const char *name);

#endif
