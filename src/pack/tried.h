/* What is known of packages that were built for WASI: ports/pypi/tried.tsv, which ports/pypi/try.py writes. Each line
 * after the first has eight columns with tabs between them: the package's name, its version, how it went, the bytes
 * that it adds to a plain Python, how many of its own tests passed, failed and were skipped, and a note. A number that
 * is not known is empty. */
#ifndef WL_PACK_TRIED_H
#define WL_PACK_TRIED_H

#include "util/err.h"

#include <stddef.h>

/* How it went; the words of the file. */
#define TRIED_BUILDS "builds"
#define TRIED_FAILS "fails"
#define TRIED_PURE "pure" /* it has a wheel without native code, which is used */

struct tried {
    char *name; /* normalized */
    char *version, *state, *note;
    long long size, passed, failed, skipped; /* -1: not known */
};

struct tried_list {
    struct tried *v;
    size_t n;
};

/* Reads the file. A line that is not one of it is WL_E_FAILED and names it; a missing file is an empty list. The caller
 * frees *l, after an error as well. */
int tried_read(const char *file, struct tried_list *l, struct wl_err *err);
/* The entry of a package, or NULL. */
const struct tried *tried_find(const struct tried_list *l, const char *name);
void tried_free(struct tried_list *l);
#define WL_CLEANUP_TRIED __attribute__((cleanup(tried_free)))

#endif
