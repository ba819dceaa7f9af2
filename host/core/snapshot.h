/* Writes a module with the memory that it has after part of it has run, so that its next start begins there. */
#ifndef WL_SNAPSHOT_H
#define WL_SNAPSHOT_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes the module `wasm` (`wasm_size` bytes; `module` is its name for messages) to the file `out`, with `memory`
 * (`size` bytes) in place of its data, and without the export `entry`, if that is not NULL. State outside the memory is
 * lost. So the module may have only one mutable global, the stack pointer, and no data segments that it copies later,
 * and the caller checks that the global and the tables have not changed. Binary format:
 * https://webassembly.github.io/spec/core/binary/. 0, or -code with err; then there is no file `out`. */
int snapshot_write(const char *module, const uint8_t *wasm, size_t wasm_size, const char *entry, const uint8_t *memory,
                   size_t size, const char *out, struct err *err);

/* The host can see whether tables and the global have changed only if they are exported. This copies a module and adds
 * exports for its tables, under the names of snapshot_table_name, and for the global. The caller frees *bytes. 0, or
 * -code with err. */
int snapshot_prepare(const uint8_t *wasm, size_t size, uint8_t **bytes, size_t *prepared, struct err *err);

#define SNAPSHOT_VARIABLE_NAME "wl-run variable"
enum { SNAPSHOT_TABLE_NAME = 32 };
void snapshot_table_name(unsigned i, char name[SNAPSHOT_TABLE_NAME]);

#endif
