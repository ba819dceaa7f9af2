/* Reads any bytes as a guest's requests through a door: heads that are parsed, secrets that are put into their headers,
 * and a body that passes the filter in parts. A secret may not come out of the filter, however the parts are cut. */
#include "door/filter.h"
#include "door/head.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "SECRETaSECRETb", placeholder[] = "PLACEHOLDER123";
enum { N = sizeof secret - 1 };

static void pass_head(const uint8_t *data, size_t size)
{
    struct filter in = {0}, out = {0};
    struct head h;
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    filter_add(&in, placeholder, secret, N);
    if (head_parse(text, size, &h) == 0)
        for (size_t i = 0; i < h.n; i++) {
            const size_t n = strlen(h.lines[i].value);

            if (memchr(h.lines[i].value, '\r', n) || memchr(h.lines[i].value, '\n', n))
                abort();
            if (head_put_secrets(h.lines[i].value, &in, &out) < 0 || strlen(h.lines[i].value) != n)
                abort();
        }
    filter_free(&in);
    filter_free(&out);
    free(text);
}

/* The first bytes are the sizes of the parts. */
static void pass_body(const uint8_t *data, size_t size)
{
    struct filter f = {0};
    char *out = malloc(2 * size + N), *part = malloc(size + N);
    size_t at = 0, n = 0, got;

    filter_add(&f, secret, placeholder, N);
    for (size_t i = 0; at < size; i++) {
        size_t count = 1 + (i < 8 ? data[i % size] : 255);

        count = count > size - at ? size - at : count;
        got = filter_pass(&f, (const char *)data + at, count, false, part);
        memcpy(out + n, part, got);
        n += got;
        at += count;
    }
    n += filter_pass(&f, NULL, 0, true, out + n);
    if (n != size || memmem(out, n, secret, N))
        abort();
    filter_free(&f);
    free(out);
    free(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pass_head(data, size);
    if (size)
        pass_body(data, size);
    return 0;
}
