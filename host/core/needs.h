/* The memory that a module needs, and how a limit is divided among it.
 *
 * libwasmtime limits each memory and each table separately. The sum is computed here: a program has one memory and at
 * most NEEDS_MAX_TABLES tables, and the size that the tables can grow to is subtracted from the limit of the memory. An
 * element of a table takes 8 bytes. It counts 16 if the table can grow, because the engine doubles the allocation. */
#ifndef WL_NEEDS_H
#define WL_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NEEDS_MAX_TABLES = 16 };

struct needs {
    uint32_t memories, pages; /* pages: what the memory starts with */
    uint32_t tables;          /* there may be more than are listed */
    uint32_t throws;          /* 1: it has exceptions, which live in a heap beside its memory */
    uint32_t unknown;         /* 1: its sections are not understood, so nothing here is valid */
    struct {
        uint32_t min, max;
    } table[NEEDS_MAX_TABLES];
};

/* How large each may become. */
struct share {
    uint64_t memory;   /* bytes of the memory; also of the heap for exceptions, if there is one */
    uint64_t elements; /* of each table */
};

/* Reads the sections of a module, which may be malformed. */
void needs_read(struct needs *n, const uint8_t *wasm, size_t size);

/* Divides `limit` bytes. Tables that can grow share a sixteenth of what is left after the initial sizes. False: the
 * initial sizes do not fit. */
bool needs_share(const struct needs *n, uint64_t limit, struct share *share);

/* What a further instance takes that shares the memory of the first, which is its tables: *bytes. False: there is no
 * such number, because its tables can grow, or exceptions have a heap in each instance. */
bool needs_of_thread(const struct needs *n, uint64_t *bytes);

/* The smallest limit that can be divided. */
uint64_t needs_least(const struct needs *n);

#endif
