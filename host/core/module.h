/* A module's bytes, read into memory once: what is hashed, compiled and written as a snapshot is the same, whatever
 * happens to the file meanwhile. */
#ifndef WL_MODULE_H
#define WL_MODULE_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* The largest module that is taken; the engine takes no larger one either. */
#define MODULE_MAX_BYTES ((size_t)1 << 30)

struct module_bytes {
    int fd; /* a file in memory that nobody can change any more, for a process that compiles it; -1: there is none */
    const uint8_t *at;
    size_t size;
};

/* Reads the file that fd is open on and that `before` is the state of; `file` is its name for messages. It is an error
 * if the file changes or becomes shorter while it is read. module_release frees what it fills in. */
int module_read(struct module_bytes *m, int fd, const struct stat *before, const char *file, struct err *err);

/* The same from memory, which is copied. */
int module_hold(struct module_bytes *m, const uint8_t *bytes, size_t size, struct err *err);

/* Also of one that is all zeros. */
void module_release(struct module_bytes *m);

/* A file that exists in memory only; -1 with errno. */
int memory_file(const char *name);

#endif
