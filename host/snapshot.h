/* Writes a module anew with the memory that it has after some of it has run, so that its next start begins there. */
#ifndef WLPY_SNAPSHOT_H
#define WLPY_SNAPSHOT_H

#include "wlpy.h"

/* The export that is called where no other is named: wizer's name, so that modules made for it serve. */
#define SNAPSHOT_ENTRY "wizer.initialize"

/* Writes the module of the file `module` to the file `out`, with `memory` (`size` bytes) in place of its data, and
 * without the export `entry`. What a guest keeps elsewhere is lost: so a module may have one mutable global, the stack
 * pointer, which is back at its first value when the call has returned, and no data of its own to be copied later.
 * Binary format: https://webassembly.github.io/spec/core/binary/. 0, or -code with err; then there is no file `out`. */
int snapshot_write(const char *module, const char *entry, const uint8_t *memory, size_t size, const char *out,
                   struct wlpy_err *err);

#endif
