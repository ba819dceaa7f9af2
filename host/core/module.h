/* A module's bytes, read into memory once: the same bytes are hashed, compiled and written as a snapshot, whatever
 * happens to the file meanwhile. */
#ifndef WL_MODULE_H
#define WL_MODULE_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* The largest module that is accepted; the engine accepts no larger one either. */
#define MODULE_MAX_BYTES ((size_t)1 << 30)

struct module_bytes {
    int fd; /* a sealed file in memory, for a process that compiles it; -1: none */
    const uint8_t *at;
    size_t size;
};

/* Reads the open file fd; `before` is its state, and `file` its name for messages. It is an error if the file changes
 * or becomes shorter while it is read. module_release frees what this fills in. */
int module_read(struct module_bytes *m, int fd, const struct stat *before, const char *file, struct err *err);

/* The same from memory, which is copied. */
int module_hold(struct module_bytes *m, const uint8_t *bytes, size_t size, struct err *err);

/* Does nothing if m is all zeros. */
void module_release(struct module_bytes *m);

/* A file that exists in memory only; -1 with errno. */
int memory_file(const char *name);

#endif
