/* Bundles: object files under the names of extension modules. */
#ifndef WL_BUNDLE_BUNDLE_H
#define WL_BUNDLE_BUNDLE_H

#include "driver.h"
#include "note.h"

/* Whether a file is WebAssembly, LLVM's bitcode, or an archive of such. */
bool is_for_wasm(const char *path);

/* If no object among the inputs has the function that starts a module, but an archive has one (as with rustc's static
 * libraries, or a CMake target that is linked as a whole): the path of an object that refers to it, so that the
 * linker takes it out of the archive. out: the output; if several are found, the one with its name is meant. NULL:
 * there is no need. */
char *start_in_archives(const struct words *inputs, const char *out);

/* The object of a file without exceptions of WebAssembly, in out, which must be freed in every case. 1; 0: it has none,
 * or is no object (as with -flto); or -1 and *e. */
int bundle_lower(const char *path, struct bytes *out, struct error *e);

/* Makes a bundle of an object file that the linker wrote. If it does not start a module, it is a library that other
 * bundles are linked from, and its symbols stay as they are. 0, or -1 and *e. */
int bundle_make(const char *linked, struct note *note, struct bytes *out, struct error *e);

#endif
