/* Writes a module again with the memory that it has after some of it has run, so that its next start begins there. */
#ifndef WL_SNAPSHOT_H
#define WL_SNAPSHOT_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes the module `wasm` (`wasm_size` bytes; `module` is its name for messages) to the file `out`, with `memory`
 * (`size` bytes) in place of its data, and without the export `entry`. What a guest keeps elsewhere is lost: so a
 * module may have one mutable global, the stack pointer, and no data of its own to be copied later; and who runs it
 * checks that the global and the tables are as they were. Binary format:
 * https://webassembly.github.io/spec/core/binary/. 0, or -code with err; then there is no file `out`. */
int snapshot_write(const char *module, const uint8_t *wasm, size_t wasm_size, const char *entry, const uint8_t *memory,
                   size_t size, const char *out, struct err *err);

/* Whether tables and the global have changed can be seen from outside only where they are exported. This copies a
 * module and exports its tables, too, under the names that snapshot_table_name gives, and the global. The caller frees
 * *bytes. 0, or -code with err. */
int snapshot_prepare(const uint8_t *wasm, size_t size, uint8_t **bytes, size_t *prepared, struct err *err);

#define SNAPSHOT_VARIABLE_NAME "wl-run variable"
enum { SNAPSHOT_TABLE_NAME = 32 };
void snapshot_table_name(unsigned i, char name[SNAPSHOT_TABLE_NAME]);

#endif
