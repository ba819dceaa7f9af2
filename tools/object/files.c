#include "files.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAGIC = 8, MEMBER_HEADER = 60, SIZE_AT = 48, SIZE_DIGITS = 10, NAME_SIZE = 16 };

int file_read(const char *path, uint8_t **bytes, size_t *n, struct error *e)
{
    FILE *file = fopen(path, "rbe");
    struct stat s;

    *bytes = NULL;
    if (!file)
        return error_set(e, "cannot read %s: %s", path, strerror(errno));
    if (fstat(fileno(file), &s) == 0 && !S_ISREG(s.st_mode)) {
        fclose(file);
        return error_set(e, "cannot read %s: it is not a file", path);
    }
    *n = (size_t)s.st_size;
    *bytes = need_memory(malloc(*n + 1));
    errno = 0;
    if (fread(*bytes, 1, *n, file) != *n) {
        error_set(e, "cannot read %s: %s", path, errno ? strerror(errno) : "it became shorter");
        fclose(file);
        free(*bytes);
        *bytes = NULL;
        return -1;
    }
    fclose(file);
    return 0;
}

bool is_archive(const uint8_t *bytes, size_t n)
{
    return n >= MAGIC && memcmp(bytes, "!<arch>\n", MAGIC) == 0;
}

/* A decimal number that ends with a space or the end of its field. */
static bool get_decimal(const uint8_t *at, size_t digits, size_t *value)
{
    size_t i = 0;

    *value = 0;
    for (; i < digits && isdigit(at[i]); i++)
        *value = *value * 10 + (size_t)(at[i] - '0');
    return i > 0;
}

/* The name of a member: in its header, or in the table of long names. */
static void member_name(const uint8_t *header, struct span names, char *name, size_t size)
{
    struct span s = {header, NAME_SIZE};
    size_t at, n = 0;

    if (header[0] == '/' && get_decimal(header + 1, NAME_SIZE - 1, &at) && at < names.n)
        s = (struct span){names.at + at, names.n - at};
    while (n < s.n && n + 1 < size && s.at[n] != '/' && s.at[n] != '\n' && (s.at != header || s.at[n] != ' ')) {
        name[n] = (char)s.at[n];
        n++;
    }
    name[n] = '\0';
}

int archive_each(const char *path, const uint8_t *bytes, size_t n,
                 int (*use)(void *user, const char *name, const uint8_t *bytes, size_t n, struct error *e), void *user,
                 struct error *e)
{
    struct span names = {bytes, 0};
    size_t at = MAGIC, size;
    char name[256];
    int r = 0;

    while (r == 0 && at < n) {
        const uint8_t *header = bytes + at;

        if (n - at < MEMBER_HEADER || !get_decimal(header + SIZE_AT, SIZE_DIGITS, &size) ||
            size > n - at - MEMBER_HEADER)
            return error_set(e, "%s is a damaged archive", path);
        at += MEMBER_HEADER;
        if (memcmp(header, "// ", 3) == 0) {
            names = (struct span){bytes + at, size};
        } else if (memcmp(header, "/ ", 2) != 0 && size > 0) {
            member_name(header, names, name, sizeof name);
            r = use(user, name, bytes + at, size, e);
        }
        at += size + size % 2;
    }
    return r;
}
