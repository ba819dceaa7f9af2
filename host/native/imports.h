/* The calls of WASI under the names and types that wasm2c gives to a module's imports. Only this
 * file and imports.c know them. */
#ifndef WL_IMPORTS_H
#define WL_IMPORTS_H

#include "wasi/calls.h"

/* What wasm2c calls a struct wasi. */
struct w2c_wasi__snapshot__preview1;

/* glue.c includes these declarations and the module's own, so that the compiler compares the types. In the list of
 * calls, `wasi` stands for the struct. */
#define wasi w2c_wasi__snapshot__preview1
#define IMPORT(name, parameters, arguments) uint32_t w2c_wasi__snapshot__preview1_##name parameters;
WASI_CALLS(IMPORT)
#undef IMPORT
#undef wasi
void w2c_wasi__snapshot__preview1_proc_exit(struct w2c_wasi__snapshot__preview1 *w, uint32_t status);

#endif
