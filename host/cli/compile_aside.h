/* What wl-run does where it was started to compile a module (core/compiler.h). */
#ifndef WL_CLI_COMPILE_ASIDE_H
#define WL_CLI_COMPILE_ASIDE_H

#include <stdbool.h>

/* Whether these arguments say so. */
bool compile_aside_is_asked(int argc, char **argv);

/* Limits this process and compiles the module that is standard input to standard output. Returns the status to exit
 * with. */
int compile_aside(char **argv);

#endif
