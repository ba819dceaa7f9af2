/* What wasi-libc's stdlib.h lacks: see guest/system/process.c. */
#ifndef WL_STDLIB_H
#define WL_STDLIB_H

#include_next <stdlib.h>

int system(const char *command);

#endif
