#include "sign/text.h"

#include "util/str.h"

#include <sodium.h>
#include <string.h>

bool sign_next_line(const char **rest, size_t *n, const char **line, size_t *length)
{
    const char *end = *n ? memchr(*rest, '\n', *n) : NULL;
    size_t all = end ? (size_t)(end - *rest) + 1 : *n;

    if (!*n)
        return false;
    *line = *rest;
    *length = end ? all - 1 : all;
    if (*length && (*line)[*length - 1] == '\r')
        --*length;
    *rest += all;
    *n -= all;
    return true;
}

bool sign_decode(const char *line, size_t length, void *bytes, size_t size)
{
    const char *end = NULL;
    size_t got = 0;

    return sodium_base642bin(bytes, size, line, length, NULL, &got, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
           got == size && end == line + length;
}

char *sign_encode(const void *bytes, size_t size)
{
    size_t n = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);

    return sodium_bin2base64(xmalloc(n), n, bytes, size, sodium_base64_VARIANT_ORIGINAL);
}
