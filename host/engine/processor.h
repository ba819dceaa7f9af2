/* What compiled code depends on of the processor. */
#ifndef WL_PROCESSOR_H
#define WL_PROCESSOR_H

#include <stddef.h>

/* As text, one word list on one line: code that was compiled where it is the same can run here. */
void processor_describe(char *out, size_t size);

#endif
