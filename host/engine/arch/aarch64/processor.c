#include "engine/processor.h"

#include <stdio.h>
#include <sys/auxv.h>

void processor_describe(char *out, size_t size)
{
    snprintf(out, size, "aarch64 %lx %lx", getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
}
