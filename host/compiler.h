/* Compiling in a process of its own, for which limits of memory and processor time hold.
 *
 * The process is wl-run, started again: standard input is the module, standard output takes the compiled one, both
 * files in memory; what went wrong is written to standard error. (To fork without executing would be no way for a
 * library: the process around it may have threads.) */
#ifndef WLPY_COMPILER_H
#define WLPY_COMPILER_H

#include "engine.h"

/* Compiles by the program config->compiler. *fd: the compiled module, a file in memory. 0, or -code with err. */
int compiler_start(const struct wlpy_config *config, const struct module_bytes *wasm, int *fd, struct err *err);

/* The other side: what the started program does. Returns the status to exit with. */
int compiler_main(const struct engine_ops *ops, int argc, char **argv);

/* Whether arguments are those that compiler_start gives. */
bool compiler_is_asked(int argc, char **argv);

#endif
