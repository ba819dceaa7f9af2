/* What a module says about itself: a custom section "wl-make" with one object of JSON.
 *
 *     {"wl-make": 1,
 *      "name": "python/v3.13.5", "flavour": "single", "version": "3.13.5", "license": "PSF-2.0",
 *      "contains": [{"name": "libs/zlib", "version": "1.3.1", "license": "Zlib"}, ...],
 *      "modules": ["_asyncio", ...]}
 *
 * It has no hashes and no addresses: it must be the same for everybody who builds the same. */
#ifndef WL_MAKE_NOTE_H
#define WL_MAKE_NOTE_H

#include "make/make.h"

/* Writes the section into the modules of a node's stage that its recipe's `contains` names. */
int note_modules(const struct make_options *o, const struct plan *p, const struct node *n, const char *stage,
                 struct wl_err *err);

/* Writes a section into a module. */
int note_write(const char *file, const char *text, struct wl_err *err);

#endif
