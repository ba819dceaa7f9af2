/* The log of a step. If there is very much output, it has the beginning and the end, and says in between how much is
 * left out: a step that never stops printing must not fill the disk. */
#ifndef WL_LOG_H
#define WL_LOG_H

#include "util/err.h"

#include <stddef.h>

enum { LOG_BEGINNING = 32 << 20, LOG_END = 4 << 20 }; /* bytes */

struct log {
    const char *path; /* the caller's */
    int fd;
    unsigned long long n; /* all bytes of output so far */
    char *end;            /* the last LOG_END bytes after the beginning, as a ring; NULL: there are none */
};

/* Creates the file and its directory. If this succeeds, log_close must be called. */
int log_open(struct log *l, const char *path, struct wl_err *err);
int log_write(struct log *l, const char *text, size_t n, struct wl_err *err);
/* Writes what is still in memory, and closes the file. err NULL: errors are ignored. */
int log_close(struct log *l, struct wl_err *err);

#endif
