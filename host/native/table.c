#include "native/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* At most this much is kept for the next guest. */
enum { KEPT_TABLE = 4 << 20 };

/* The memory of a table. All of a guest's are in a list, because the guest can be stopped when its own pointer to one
 * is not written yet, or no longer valid. */
struct table {
    struct table *next, *before;
    size_t size, room; /* the bytes that the guest has, and those that are allocated */
    _Alignas(16) uint8_t data[];
};

static void link_table(struct run *r, struct table *t)
{
    t->before = NULL;
    t->next = r->tables;
    if (t->next)
        t->next->before = t;
    r->tables = t;
}

void *native_table_new(size_t n, size_t size)
{
    struct run *r = run_current;
    struct table *t;
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes) || bytes > memory_left())
        run_refuse("it starts with larger tables than its limit of memory");
    run_begin_work();
    if (r->kept_table && bytes <= r->kept_table->room) {
        t = r->kept_table;
        r->kept_table = NULL;
        memset(t->data, 0, bytes);
    } else {
        t = calloc(1, sizeof *t + bytes);
        if (!t)
            run_fail("get the tables that the program starts with");
        t->room = bytes;
    }
    t->size = bytes;
    link_table(r, t);
    r->used += bytes;
    run_end_work();
    return t->data;
}

/* (NULL: the table cannot grow, and the guest gets an error.) */
void *native_table_grow(void *old, size_t size)
{
    struct run *r = run_current;
    struct table *t = (struct table *)((uint8_t *)old - offsetof(struct table, data)), *moved = NULL;
    uint64_t more = size > t->size ? size - t->size : 0;

    run_begin_work();
    if (more <= memory_left())
        moved = realloc(t, sizeof *t + size);
    if (moved) {
        r->used += more;
        moved->size = moved->room = size;
        *(moved->before ? &moved->before->next : &r->tables) = moved;
        if (moved->next)
            moved->next->before = moved;
    }
    run_end_work();
    return moved ? moved->data : NULL;
}

void tables_release(struct run *r)
{
    for (struct table *t = r->tables, *next; t; t = next) {
        struct table *other = t;

        next = t->next;
        if (t->room <= KEPT_TABLE && (!r->kept_table || r->kept_table->room < t->room)) {
            other = r->kept_table;
            r->kept_table = t;
        }
        free(other);
    }
    r->tables = NULL;
}
