/* Writes a module with the memory that it has after part of it has run, so that its next start begins there. */
#ifndef WL_SNAPSHOT_H
#define WL_SNAPSHOT_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes the module `wasm` (`wasm_size` bytes; `module` is its name for messages) to the file `out`, with `memory`
 * (`size` bytes) in place of its data, and without the export `entry`, if that is not NULL. State outside the memory is
 * lost. So the module may have only a few mutable globals (the stack pointer, and wl_thrown of packages with C++,
 * docs/bundles.md) and no data segments that it copies later, and the caller checks that the globals and the tables
 * have not changed. Binary format: https://webassembly.github.io/spec/core/binary/. 0, or -code with err; then there is
 * no file `out`. */
int snapshot_write(const char *module, const uint8_t *wasm, size_t wasm_size, const char *entry, const uint8_t *memory,
                   size_t size, const char *out, struct err *err);

/* The host can see whether tables and globals have changed only if they are exported. This copies a module and adds
 * exports for its tables and its mutable globals, under the names of snapshot_table_name and snapshot_variable_name.
 * The caller frees *bytes. 0, or -code with err. */
int snapshot_prepare(const uint8_t *wasm, size_t size, uint8_t **bytes, size_t *prepared, struct err *err);

/* How many mutable globals a module may have, and the size of the names. */
enum { SNAPSHOT_VARIABLES = 8, SNAPSHOT_NAME = 32 };
void snapshot_table_name(unsigned i, char name[SNAPSHOT_NAME]);
void snapshot_variable_name(unsigned i, char name[SNAPSHOT_NAME]);

#endif
