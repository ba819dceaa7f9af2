#include "api/parts.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct part {
    struct part *before;
    alignas(max_align_t) char bytes[];
};

void *parts_new(struct parts *p, size_t n, size_t size)
{
    struct part *part = n <= (SIZE_MAX - sizeof *part) / size ? calloc(1, sizeof *part + n * size) : NULL;

    if (!part)
        return NULL;
    part->before = p->last;
    p->last = part;
    return part->bytes;
}

bool parts_keep(struct parts *p, const char **text)
{
    const size_t size = *text ? strlen(*text) + 1 : 0;
    char *copy = size ? parts_new(p, size, 1) : NULL;

    *text = copy ? memcpy(copy, *text, size) : NULL;
    return copy || !size;
}

void parts_free(struct parts *p)
{
    while (p->last) {
        struct part *part = p->last;

        p->last = part->before;
        free(part);
    }
}
