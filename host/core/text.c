#include "core/text.h"

#include <stdbool.h>
#include <string.h>

/* The code point of the character at `text`, and in *size how many bytes it has; -1: not UTF-8, one byte. */
static long decode(const unsigned char *text, size_t n, size_t *size)
{
    static const long least[] = {0, 0x80, 0x800, 0x10000};
    size_t more = *text < 0x80 ? 0 : *text >= 0xf0 ? 3 : *text >= 0xe0 ? 2 : 1;
    long c = more ? *text & (0x3f >> more) : *text;

    *size = 1;
    if ((*text >= 0x80 && *text < 0xc2) || *text >= 0xf5 || more >= n)
        return -1;
    for (size_t i = 1; i <= more; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (text[i] & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return -1;
    *size = more + 1;
    return c;
}

size_t text_printable(const char *text, size_t n, size_t *size)
{
    long c = decode((const unsigned char *)text, n, size);
    /* Both sets of control characters, line separators, and characters that change the direction of writing. */
    bool control = c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);

    return control ? 0 : *size;
}

void text_one_line(char *to, size_t size, const char *text, size_t n)
{
    size_t used = 0, length;
    bool blank = true; /* none at the start */

    n = strnlen(text, n);
    for (size_t i = 0; i < n; i += length) {
        size_t taken = text_printable(text + i, n - i, &length);

        if (used + (taken ? taken : 1) >= size)
            break;
        if (!taken || text[i] == ' ') {
            if (!blank)
                to[used++] = ' ';
            blank = true;
        } else {
            memcpy(to + used, text + i, taken);
            used += taken;
            blank = false;
        }
    }
    while (used > 0 && to[used - 1] == ' ')
        used--;
    to[used] = '\0';
}
