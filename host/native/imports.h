/* The calls of WASI under the names and types that wasm2c gives to a module's imports. These two files are the only
 * ones that know them. */
#ifndef WL_IMPORTS_H
#define WL_IMPORTS_H

#include "wasi/calls.h"

/* What wasm2c calls a struct wasi. */
struct w2c_wasi__snapshot__preview1;

/* The compiler compares their types with those that the module was translated with, where both are seen (glue.c). In
 * the list of calls, `wasi` stands for the struct. */
#define wasi w2c_wasi__snapshot__preview1
#define IMPORT(name, parameters, arguments) uint32_t w2c_wasi__snapshot__preview1_##name parameters;
WASI_CALLS(IMPORT)
#undef IMPORT
#undef wasi
void w2c_wasi__snapshot__preview1_proc_exit(struct w2c_wasi__snapshot__preview1 *w, uint32_t status);

#endif
