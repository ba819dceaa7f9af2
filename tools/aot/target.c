/* The kind of machine that a program is made for. */
#include "aot.h"

#include <string.h>

bool is_for(const struct build *b, const char *processor)
{
    const char *target = b->target;

    if (!target)
#if defined __x86_64__
        target = "x86_64";
#elif defined __aarch64__
        target = "aarch64";
#else
        target = "";
#endif
    return strcspn(target, "-") == strlen(processor) && strncmp(target, processor, strlen(processor)) == 0;
}
