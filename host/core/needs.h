/* What a module needs of memory, and how a limit is divided among it.
 *
 * libwasmtime limits each memory and each table by itself. So the sum is made here: a program has one memory and at
 * most NEEDS_MAX_TABLES tables, and what the tables can become is taken off what the memory can become. An element of a
 * table takes 8 bytes; where a table can grow it counts 16, since the engine doubles the room it has. */
#ifndef WL_NEEDS_H
#define WL_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NEEDS_MAX_TABLES = 16 };

struct needs {
    uint32_t memories, pages; /* pages: what the memory starts with */
    uint32_t tables;          /* there may be more of them than are listed */
    uint32_t throws;          /* 1: it has exceptions, which live in a heap beside its memory */
    uint32_t unknown;         /* 1: its sections are not understood, so that nothing here holds */
    struct {
        uint32_t min, max;
    } table[NEEDS_MAX_TABLES];
};

/* How much each may become. */
struct share {
    uint64_t memory;   /* bytes of the memory; of the heap for exceptions, too, where there is one */
    uint64_t elements; /* of each table */
};

/* Reads the sections of a module, which may be malformed. */
void needs_read(struct needs *n, const uint8_t *wasm, size_t size);

/* Divides `limit` bytes. A table that can grow beyond what it starts with shares a sixteenth of what is left with its
 * like. False: what the module starts with does not fit. */
bool needs_share(const struct needs *n, uint64_t limit, struct share *share);

#endif
