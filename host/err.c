#include "err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct wlpy_err *err, enum wlpy_code code, const char *fmt, ...)
{
    va_list args;

    err->code = code;
    err->hint[0] = '\0';
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    return -(int)code;
}

int err_hint(struct wlpy_err *err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
    return -(int)err->code;
}

void one_line(char *to, size_t size, const char *text, size_t n)
{
    size_t used = 0;
    bool blank = true; /* none at the start */

    for (size_t i = 0; i < n && text[i] && used + 1 < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c <= ' ' || c == 0x7f) {
            if (!blank)
                to[used++] = ' ';
            blank = true;
        } else {
            to[used++] = (char)c;
            blank = false;
        }
    }
    while (used > 0 && to[used - 1] == ' ')
        used--;
    to[used] = '\0';
}
