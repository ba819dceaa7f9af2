/* Finds the tables of functions by which Python calls an extension module, in an object file, and the functions in them
 * whose type is not the one that Python calls them by. */
#ifndef WL_SLOTS_TABLES_H
#define WL_SLOTS_TABLES_H

#include "object.h"

/* One row of the probe: kind__table__member, as probe.c explains. */
struct row {
    char kind[16], table[40], member[40];
    uint32_t number;
    struct span wanted; /* a type; its bytes belong to the probe's file. Empty: none */
};

struct probe {
    struct row *rows;
    size_t n;
};

/* Reads the rows of an object that was compiled from probe.c. p must be freed in every case, before the bytes of the
 * object. 0, or -1 and *e. */
int probe_read(struct probe *p, const struct object *o, struct error *e);
void probe_free(struct probe *p);
/* The row of a kind with this number, and of a table unless that is NULL. NULL: there is none. */
const struct row *row_of(const struct probe *p, const char *kind, const char *table, uint32_t number);
/* The number of a row; UINT32_MAX: there is none. */
uint32_t number_of(const struct probe *p, const char *kind, const char *table);

/* A function of a wrong type. */
struct misfit {
    const struct symbol *table, *function;
    size_t reloc;       /* the entry of object.data that has the function's address */
    struct span wanted; /* the type that Python calls it by */
    char place[80];     /* "method 3 (none)" */
    /* Whether the table is certainly one of Python's: a type, a module, or what one of them points to. Otherwise it
     * only looks like one. A table of something else has functions of one type, because C demands a cast for others; so
     * a table that is not certain, but has functions of several types where Python wants one, counts as certain, too.
     */
    bool certain;
};

struct counts {
    size_t slots, accessors, methods;
};

/* Calls found for each misfit of an object, in an order that depends only on the object. */
void tables_check(const struct object *o, const struct probe *p, void (*found)(void *user, const struct misfit *m),
                  void *user, struct counts *counts);

#endif
