/* What the programs here that rewrite modules share: ending with a line, and whole files. */
#ifndef WL_MAKE_H
#define WL_MAKE_H

#include "wasm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The program's name, for its messages. */
extern const char *const program;

__attribute__((noreturn, format(printf, 2, 3))) static inline void end(int status, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(status);
}

static inline void check(const struct wasm_reader *r)
{
    if (r->bad)
        end(1, "the module is cut or broken");
}

/* A file's bytes, which stay until the program's end. */
static inline uint8_t *read_file(const char *name, size_t *n)
{
    FILE *f = fopen(name, "rb");
    uint8_t *bytes;
    long size;

    if (!f || fseek(f, 0, SEEK_END) < 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) < 0)
        end(1, "cannot read %s: %s", name, strerror(errno));
    bytes = malloc((size_t)size + 1);
    if (!bytes || fread(bytes, 1, (size_t)size, f) != (size_t)size)
        end(1, "cannot read %s", name);
    fclose(f);
    *n = (size_t)size;
    return bytes;
}

static inline FILE *make(const char *name)
{
    FILE *f = fopen(name, "wb");

    if (!f)
        end(1, "cannot write %s: %s", name, strerror(errno));
    return f;
}

static inline void put(FILE *f, const void *bytes, size_t n)
{
    if (n && fwrite(bytes, 1, n, f) != n)
        end(1, "cannot write: %s", strerror(errno));
}

#endif
