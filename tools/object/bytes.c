#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool span_same(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

bool span_is(struct span s, const char *text)
{
    return span_same(s, (struct span){(const uint8_t *)text, strlen(text)});
}

bool span_starts(struct span s, const char *text)
{
    size_t n = strlen(text);

    return s.n >= n && memcmp(s.at, text, n) == 0;
}

uint8_t read_byte(struct reader *r)
{
    if (r->bad || r->at == r->end) {
        r->bad = true;
        return 0;
    }
    return *r->at++;
}

/* LEB128: seven bits a byte, the lowest first. Linkers write numbers with padding, but never in more bytes than the
 * largest number of that size needs. */
static uint64_t read_leb(struct reader *r, unsigned most_bytes, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0, n = 0;
    uint8_t byte;

    do {
        if (n++ == most_bytes)
            r->bad = true;
        byte = read_byte(r);
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80 && !r->bad);
    if (r->bad)
        return 0;
    if (is_signed && byte & 0x40 && shift < 64)
        value |= ~UINT64_C(0) << shift;
    return value;
}

uint32_t read_number(struct reader *r)
{
    uint64_t value = read_leb(r, 5, false);

    if (value > UINT32_MAX)
        r->bad = true;
    return r->bad ? 0 : (uint32_t)value;
}

int64_t read_signed(struct reader *r)
{
    return (int64_t)read_leb(r, 10, true);
}

struct reader read_part(struct reader *r, uint32_t n)
{
    struct reader part = {r->at, r->at, false};

    if (r->bad || n > (size_t)(r->end - r->at)) {
        r->bad = part.bad = true;
        return part;
    }
    part.end = r->at += n;
    return part;
}

struct span read_span(struct reader *r)
{
    struct reader part = read_part(r, read_number(r));

    return (struct span){part.at, (size_t)(part.end - part.at)};
}

void *need_memory(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void *list_room(void *list, size_t n, size_t size)
{
    if (n & (n - 1))
        return list;
    return need_memory(reallocarray(list, n ? 2 * n : 1, size));
}

void put(struct bytes *b, const void *bytes, size_t n)
{
    if (n > b->room - b->n) {
        while (n > b->room - b->n)
            b->room = b->room ? 2 * b->room : 256;
        b->at = need_memory(realloc(b->at, b->room));
    }
    if (n)
        memcpy(b->at + b->n, bytes, n);
    b->n += n;
}

void put_byte(struct bytes *b, uint8_t byte)
{
    put(b, &byte, 1);
}

void put_number(struct bytes *b, uint32_t number)
{
    for (; number >= 0x80; number >>= 7)
        put_byte(b, (uint8_t)(number | 0x80));
    put_byte(b, (uint8_t)number);
}

void put_signed(struct bytes *b, int64_t number)
{
    bool more;

    do {
        uint8_t byte = number & 0x7f;

        number >>= 7;
        more = number != (byte & 0x40 ? -1 : 0);
        put_byte(b, byte | (more ? 0x80 : 0));
    } while (more);
}

void put_span(struct bytes *b, struct span s)
{
    put_number(b, (uint32_t)s.n);
    put(b, s.at, s.n);
}

void put_text(struct bytes *b, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int n;

    va_start(arguments, format);
    n = vasprintf(&text, format, arguments);
    va_end(arguments);
    need_memory(n < 0 ? NULL : text);
    put(b, text, (size_t)n);
    free(text);
}

int error_set(struct error *e, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(e->text, sizeof e->text, format, arguments);
    va_end(arguments);
    return -1;
}
