#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool buffer_add(struct buffer *b, const void *bytes, size_t n)
{
    if (n > b->room - b->n) {
        size_t room = 2 * b->room > b->n + n ? 2 * b->room : b->n + n;
        char *more = realloc(b->at, room);

        if (!more)
            return false;
        b->at = more;
        b->room = room;
    }
    if (n)
        memcpy(b->at + b->n, bytes, n);
    b->n += n;
    return true;
}

bool buffer_print(struct buffer *b, const char *format, ...)
{
    va_list args;
    char *text;
    bool well;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        return false;
    well = buffer_add(b, text, (size_t)n);
    free(text);
    return well;
}
