#include "engine/processor.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

void processor_describe(char *out, size_t size)
{
    unsigned r[4] = {0}, all[12] = {0};

    /* What the code generator asks the processor: the feature words of leaves 1, 7 and 0x80000001. */
    if (__get_cpuid(1, &r[0], &r[1], &r[2], &r[3]))
        memcpy(all, r, sizeof r);
    all[1] = 0; /* the number of the core that this runs on */
    if (__get_cpuid_count(7, 0, &r[0], &r[1], &r[2], &r[3]))
        memcpy(all + 4, r, sizeof r);
    if (__get_cpuid(0x80000001, &r[0], &r[1], &r[2], &r[3]))
        memcpy(all + 8, r, sizeof r);
    all[9] = 0;
    snprintf(out, size, "x86_64 %x %x %x %x %x %x %x %x", all[0], all[2], all[3], all[5], all[6], all[7], all[10],
             all[11]);
}
