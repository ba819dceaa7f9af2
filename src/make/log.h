/* The log of a step. Of very much output it has the beginning and the end, and says in between how much is missing: a
 * step that never stops printing must not fill the disk. */
#ifndef WL_LOG_H
#define WL_LOG_H

#include "util/err.h"

#include <stddef.h>

enum { LOG_BEGINNING = 32 << 20, LOG_END = 4 << 20 }; /* bytes */

struct log {
    const char *path; /* the caller's */
    int fd;
    unsigned long long n; /* bytes that came in all */
    char *end;            /* the last LOG_END of those behind the beginning, as a ring; NULL: there are none */
};

/* Makes the file, and the directory it is in. log_close ends it in any case that this succeeded. */
int log_open(struct log *l, const char *path, struct wl_err *err);
int log_write(struct log *l, const char *text, size_t n, struct wl_err *err);
/* Writes the end, if it is not there yet. err NULL: errors are not told of. */
int log_close(struct log *l, struct wl_err *err);

#endif
