/* Programs in files of their own, which `wl-make aot --library` makes. */
#ifndef WL_NATIVE_LOAD_H
#define WL_NATIVE_LOAD_H

#include "core/err.h"

#include <stdbool.h>

struct native_program;
struct native_guest;

/* Whether this library runs native programs. */
extern const bool native_exists;

/* From a file, whose code becomes part of this process and stays in it. 0, and *program is the caller's; or -code with
 * err. */
int native_load(const char *file, struct native_program **program, struct err *err);
/* One that is linked with the process. */
int native_take(const struct native_guest *guest, struct native_program **program, struct err *err);
void native_unload(struct native_program *program);

#endif
