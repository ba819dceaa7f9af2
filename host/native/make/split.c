/* split MODULE REST IMAGE: takes the data out of a module, so that a native program can map what wasm2c would copy.
 *
 * REST is the module without its data, IMAGE the bytes of its memory from the first data to the last. Prints the
 * address at which IMAGE begins, a multiple of 64 KiB. Status 2: the module is written so that this cannot be done
 * (data that is copied while it runs, addresses that are no constants, mostly gaps); REST and IMAGE are then not
 * written. */
#include "make.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const program = "split";

/* An image may have so many bytes, and so many for each of the module's: it is a file, which a few bytes of data far
 * from each other would make as large as the memory. */
enum { IMAGE_LEAST = 64 << 20, IMAGE_PER_BYTE = 16 };

/* Goes through the data: first to learn from where to where, then (to not NULL) to copy it. */
static void walk(struct wasm_reader r, uint64_t *from, uint64_t *until, uint8_t *to)
{
    uint64_t count = wasm_number(&r);

    for (uint64_t i = 0; i < count; i++) {
        struct wasm_reader bytes;
        uint64_t at, n;

        check(&r);
        if (wasm_number(&r) != 0 || wasm_byte(&r) != 0x41)
            end(2, "the module has data that is not simply there from the start");
        at = (uint32_t)wasm_signed(&r);
        if (wasm_byte(&r) != 0x0b)
            end(2, "the module has data at an address that is computed");
        bytes = wasm_part(&r, wasm_number(&r));
        check(&r);
        n = (uint64_t)(bytes.end - bytes.at);
        if (!n)
            continue;
        if (to)
            memcpy(to + (at - *from), bytes.at, n);
        else if (at < *from)
            *from = at;
        if (!to && at + n > *until)
            *until = at + n;
    }
}

/* The size in bytes that the memory has at the start. */
static uint64_t memory_size(struct wasm_reader r)
{
    uint64_t count = wasm_number(&r), flags = wasm_number(&r);

    return count == 1 && flags <= 1 ? wasm_number(&r) * WASM_PAGE : 0;
}

int main(int argc, char **argv)
{
    size_t n;
    uint8_t *module, *image;
    struct wasm_reader r, data = {0};
    uint64_t from = UINT64_MAX, until = 0, memory = 0;
    FILE *f;

    if (argc != 4)
        end(1, "usage: split MODULE REST IMAGE");
    module = read_file(argv[1], &n);
    if (n < WASM_HEADER)
        end(1, "%s is no module", argv[1]);
    r = (struct wasm_reader){module + WASM_HEADER, module + n, false};
    while (r.at < r.end) {
        uint8_t id = wasm_byte(&r);
        struct wasm_reader content = wasm_part(&r, wasm_number(&r));

        check(&r);
        if (id == WASM_DATA)
            data = content;
        if (id == WASM_MEMORY)
            memory = memory_size(content);
    }
    if (data.at)
        walk(data, &from, &until, NULL);
    if (until == 0)
        end(2, "the module has no data");
    from = from / WASM_PAGE * WASM_PAGE;
    if (until > memory)
        end(2, "the module has data outside of its memory");
    if (until - from > IMAGE_LEAST + (uint64_t)n * IMAGE_PER_BYTE)
        end(2, "the module has little data in much memory");
    image = calloc(until - from, 1);
    if (!image)
        end(1, "out of memory");
    walk(data, &from, &until, image);
    f = make(argv[2]);
    put(f, module, WASM_HEADER);
    r = (struct wasm_reader){module + WASM_HEADER, module + n, false};
    while (r.at < r.end) {
        const uint8_t *start = r.at;
        uint8_t id = wasm_byte(&r);

        wasm_part(&r, wasm_number(&r));
        /* (What is custom may name data that is no longer there.) */
        if (id != WASM_DATA && id != WASM_DATA_COUNT && id != WASM_CUSTOM)
            put(f, start, (size_t)(r.at - start));
    }
    if (fclose(f) != 0)
        end(1, "cannot write %s: %s", argv[2], strerror(errno));
    f = make(argv[3]);
    put(f, image, until - from);
    if (fclose(f) != 0)
        end(1, "cannot write %s: %s", argv[3], strerror(errno));
    printf("%llu\n", (unsigned long long)from);
    return 0;
}
