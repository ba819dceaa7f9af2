#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length of the character at p, which has n bytes; 0: it is none (RFC 3629: no surrogates, nothing overlong, at
 * most U+10FFFF). */
static size_t character(const unsigned char *p, size_t n)
{
    size_t size = p[0] < 0x80                   ? 1
                  : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                  : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
                  : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                                : 0;

    if (size == 0 || size > n)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return size;
}

bool text_is_utf8(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t at = 0, size; at < n; at += size) {
        size = character(p + at, n - at);
        if (size == 0)
            return false;
    }
    return true;
}

size_t text_whole(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t back = 1; back <= 3 && back <= n; back++) {
        unsigned char c = p[n - back];

        if (c >= 0xc0)
            return back < (c >= 0xf0 ? 4U : c >= 0xe0 ? 3U : 2U) ? n - back : n;
        if (c < 0x80)
            break;
    }
    return n;
}

json_t *text_json(const char *bytes, size_t n)
{
    static const char unknown[] = "\xef\xbf\xbd";
    const unsigned char *p = (const unsigned char *)bytes;
    char *text;
    size_t used = 0;
    json_t *string;

    if (text_is_utf8(bytes, n))
        return json_stringn(n ? bytes : "", n);
    text = malloc(3 * n);
    if (!text)
        return NULL;
    for (size_t at = 0, size; at < n; at += size ? size : 1) {
        size = character(p + at, n - at);
        memcpy(text + used, size ? (const char *)p + at : unknown, size ? size : 3);
        used += size ? size : 3;
    }
    string = json_stringn(text, used);
    free(text);
    return string;
}

/* A value of JSON can take a hundred times as much memory as its text: "[[],[]]". PER_BYTE is more than strings and
 * numbers take. */
enum { PER_BYTE = 24, AT_LEAST = 1 << 20, AT_MOST = 512 << 20 };

/* What the JSON that this thread reads may still take. */
static _Thread_local size_t left = SIZE_MAX;

static void *take(size_t n)
{
    if (n > left)
        return NULL;
    if (left != SIZE_MAX)
        left -= n;
    return malloc(n);
}

void text_init(void)
{
    json_set_alloc_funcs(take, free);
}

json_t *text_parse(const char *bytes, size_t n, size_t flags)
{
    json_t *json;

    left = n < AT_MOST / PER_BYTE ? AT_LEAST + PER_BYTE * n : AT_LEAST + AT_MOST;
    json = json_loadb(bytes, n, flags, NULL);
    left = SIZE_MAX;
    return json;
}

char *text_python(const json_t *json)
{
    /* (What is not ASCII is twice escaped: JSON and Python write a character beyond U+FFFF in different ways.) */
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY) : NULL, *literal = NULL,
         *code = NULL;
    json_t *quoted = text ? json_string(text) : NULL;

    /* (A string of JSON in ASCII is one of Python.) */
    if (quoted)
        literal = json_dumps(quoted, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
    if (literal && asprintf(&code, "__import__('json').loads(%s)", literal) < 0)
        code = NULL;
    free(literal);
    json_decref(quoted);
    free(text);
    return code;
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    char *text = n <= SIZE_MAX / 2 ? malloc((n + 2) / 3 * 4 + 1) : NULL, *to = text;

    if (!text)
        return NULL;
    for (size_t at = 0; at < n; at += 3) {
        uint32_t three = (uint32_t)p[at] << 16 | (at + 1 < n ? (uint32_t)p[at + 1] << 8 : 0) |
                         (at + 2 < n ? (uint32_t)p[at + 2] : 0);

        *to++ = letters[three >> 18];
        *to++ = letters[three >> 12 & 63];
        *to++ = at + 1 < n ? letters[three >> 6 & 63] : '=';
        *to++ = at + 2 < n ? letters[three & 63] : '=';
    }
    *to = '\0';
    return text;
}

void *base64_decode(const char *text, size_t *n)
{
    size_t size = strlen(text), used = 0, pad = 0;
    unsigned char *bytes = malloc(size / 4 * 3 + 1);
    uint32_t four = 0;

    while (size && pad < 2 && text[size - 1] == '=') {
        size--;
        pad++;
    }
    if (!bytes || (size + pad) % 4 != 0) {
        free(bytes);
        return NULL;
    }
    for (size_t i = 0; i < size; i++) {
        const char *letter = memchr(letters, text[i], sizeof letters - 1);

        if (!letter) {
            free(bytes);
            return NULL;
        }
        four = four << 6 | (uint32_t)(letter - letters);
        if (i % 4 == 3) {
            bytes[used++] = (unsigned char)(four >> 16);
            bytes[used++] = (unsigned char)(four >> 8);
            bytes[used++] = (unsigned char)four;
            four = 0;
        }
    }
    if (pad == 2)
        bytes[used++] = (unsigned char)(four >> 4);
    if (pad == 1) {
        bytes[used++] = (unsigned char)(four >> 10);
        bytes[used++] = (unsigned char)(four >> 2);
    }
    *n = used;
    return bytes;
}

const char *text_member(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
