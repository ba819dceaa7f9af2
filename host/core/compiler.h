/* Compiling in a separate process, for which limits of memory and processor time hold.
 *
 * The process is the command, started again: standard input is the module, standard output takes the compiled one, both
 * files in memory; errors go to standard error. (A library cannot fork without executing, because the process around it
 * may have threads.) The started command's part is cli/compile_aside.c. */
#ifndef WL_COMPILER_H
#define WL_COMPILER_H

#include "core/err.h"
#include "core/limits.h"
#include "core/module.h"

struct compiler {
    const char *path; /* of the command */
    const char *name; /* the module's, for messages */
    const struct limits *limits;
    bool quick, stoppable;
};

/* *fd: the compiled module, a file in memory. 0, or -code with err. */
int compiler_run(const struct compiler *c, const struct module_bytes *wasm, int *fd, struct err *err);

/* The arguments after argv[0]: COMPILER_ASKED, the settings as letters ("q" quick, "s" stoppable), bytes of memory,
 * seconds, the caller's PID, the module's name. The last byte of standard error says whether the module was
 * compiled. A refusal is the number, text and hint of a struct err, one per line, before that byte. */
#define COMPILER_ASKED "--compile-for"
enum { COMPILER_ARGUMENTS = 7 };
enum { COMPILER_DONE = '+', COMPILER_REFUSED = '-' };

#endif
