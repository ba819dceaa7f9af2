/* smaller-zip ZIP: compresses the deflated entries of an archive again, as well as libdeflate can, and changes nothing
 * else. It reads archives that Python's zipfile writes: without sizes after the data, without a comment, without zip64. */
#include <libdeflate.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50, DEFLATED = 8, BEST = 12 };
enum { LOCAL_SIZE = 30, CENTRAL_SIZE = 46, END_SIZE = 22 };

static const char *archive;

static void check(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "smaller-zip: %s: %s\n", archive, what);
    exit(1);
}

static uint32_t get(const unsigned char *at, int bytes)
{
    uint32_t value = 0;

    while (bytes--)
        value = value << 8 | at[bytes];
    return value;
}

static void put(unsigned char *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

int main(int argc, char **argv)
{
    struct libdeflate_compressor *packer = libdeflate_alloc_compressor(BEST);
    struct libdeflate_decompressor *unpacker = libdeflate_alloc_decompressor();
    unsigned char *in, *out, *end, *entry;
    size_t size, at = 0, start;
    FILE *f;

    archive = argc == 2 ? argv[1] : "";
    check(argc == 2, "usage: smaller-zip ZIP");
    f = fopen(archive, "rb");
    check(f && fseek(f, 0, SEEK_END) == 0 && ftell(f) >= END_SIZE, "cannot be read");
    size = (size_t)ftell(f);
    rewind(f);
    in = malloc(size);
    out = malloc(size);
    check(in && out && packer && unpacker, "no memory");
    check(fread(in, 1, size, f) == size, "cannot be read");
    fclose(f);

    end = in + size - END_SIZE;
    check(get(end, 4) == END && get(end + 16, 4) <= size - END_SIZE, "its end is not as expected");
    entry = in + get(end + 16, 4);
    start = (size_t)(entry - in);
    for (unsigned n = get(end + 10, 2); n; n--) {
        unsigned char *local, *data, *plain, *to;
        size_t packed, whole, header, got;

        check(entry + CENTRAL_SIZE <= end && get(entry, 4) == CENTRAL && get(entry + 42, 4) + LOCAL_SIZE <= start,
              "an entry is not as expected");
        local = in + get(entry + 42, 4);
        header = LOCAL_SIZE + get(local + 26, 2) + get(local + 28, 2);
        packed = get(entry + 20, 4);
        whole = get(entry + 24, 4);
        check(get(local, 4) == LOCAL && !(get(local + 6, 2) & 8) && (size_t)(local - in) + header + packed <= start,
              "an entry is not as expected");
        data = local + header;
        to = out + at;
        memcpy(to, local, header);
        put(entry + 42, at);
        at += header;
        got = 0;
        if (get(entry + 10, 2) == DEFLATED) {
            plain = malloc(whole + 1);
            check(plain != NULL, "no memory");
            check(libdeflate_deflate_decompress(unpacker, data, packed, plain, whole, NULL) == LIBDEFLATE_SUCCESS,
                  "an entry is damaged");
            /* 0: it would not become smaller. */
            got = libdeflate_deflate_compress(packer, plain, whole, out + at, packed);
            free(plain);
        }
        if (!got)
            memcpy(out + at, data, got = packed);
        put(to + 18, got);
        put(entry + 20, got);
        at += got;
        entry += CENTRAL_SIZE + get(entry + 28, 2) + get(entry + 30, 2) + get(entry + 32, 2);
    }
    check(entry == end, "its end is not as expected");
    put(end + 16, at);
    f = fopen(archive, "wb");
    check(f && fwrite(out, 1, at, f) == at && fwrite(in + start, 1, size - start, f) == size - start && fclose(f) == 0,
          "cannot be written");
    free(in);
    free(out);
    libdeflate_free_compressor(packer);
    libdeflate_free_decompressor(unpacker);
    return 0;
}
