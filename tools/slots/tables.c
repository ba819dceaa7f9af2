#include "tables.h"
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_null(struct word w)
{
    return w.kind == WORD_NUMBER && w.number == 0;
}

static bool is_pointer(struct word w)
{
    return w.kind == WORD_DATA || is_null(w);
}

static bool is_callable(struct word w)
{
    return w.kind == WORD_FUNCTION || is_null(w);
}

/* --- comparing --- */

struct walk {
    const struct object *o;
    const struct probe *p;
    void (*found)(void *user, const struct misfit *m);
    void *user;
    struct counts *counts;
    struct at *seen; /* tables that were compared */
    size_t n_seen;
};

static void compare(struct walk *w, struct at table, struct word function, const char *place, const struct row *wanted,
                    bool certain)
{
    struct misfit m = {table.symbol, function.symbol, function.reloc, {NULL, 0}, "", certain};

    if (function.kind != WORD_FUNCTION || !wanted || !wanted->wanted.n ||
        span_same(w->o->types[w->o->functions[function.symbol->index].type], wanted->wanted))
        return;
    m.wanted = wanted->wanted;
    snprintf(m.place, sizeof m.place, "%s", place);
    w->found(w->user, &m);
}

/* (Few tables are pointed to, so a list is fast enough.) */
static bool was_seen(const struct walk *w, struct at table)
{
    for (size_t i = 0; i < w->n_seen; i++)
        if (w->seen[i].symbol == table.symbol && w->seen[i].offset == table.offset)
            return true;
    return false;
}

/* Whether a table is new; from now on it is not. */
static bool is_new(struct walk *w, struct at table)
{
    if (was_seen(w, table))
        return false;
    LIST_ADD(w->seen, w->n_seen, table);
    return true;
}

/* The data that a word points to; false: it is not in this file. */
static bool target(struct word w, struct at *at)
{
    if (w.kind != WORD_DATA || !is_data(w.symbol) || w.addend < 0 || w.addend > w.symbol->size)
        return false;
    *at = (struct at){w.symbol, (uint32_t)w.addend};
    return true;
}

/* Whether the functions in a table are only where it has places for functions, and pointers where it has pointers. */
static bool fits(const struct walk *w, struct at table, const char *kind)
{
    uint32_t size = number_of(w->p, "size", kind);

    if (size == UINT32_MAX || size_after(table) < size)
        return false;
    for (uint32_t offset = 0; offset < size; offset += 4) {
        struct word word = word_at(w->o, table, offset);
        bool place = row_of(w->p, "field", kind, offset) != NULL;

        if ((word.kind == WORD_FUNCTION && !place) || (place && !is_callable(word)) ||
            (row_of(w->p, "inner", kind, offset) && !is_pointer(word)))
            return false;
    }
    return true;
}

static void compare_fields(struct walk *w, struct at table, const char *kind)
{
    uint32_t size = number_of(w->p, "size", kind);

    for (uint32_t offset = 0; offset < size; offset += 4) {
        const struct row *row = row_of(w->p, "field", kind, offset);
        struct word word = word_at(w->o, table, offset);

        if (!row || word.kind != WORD_FUNCTION)
            continue;
        w->counts->slots++;
        compare(w, table, word, row->member, row, true);
    }
}

/* --- lists: their entries end with one that begins with zeros, or with the table --- */

static uint32_t entries(const struct walk *w, struct at table, uint32_t size)
{
    uint32_t n = size_after(table) / size;

    for (uint32_t i = 0; i < n; i++)
        if (is_null(word_at(w->o, table, i * size)))
            return i;
    return n;
}

/* Whether the functions in one column of a list have several types. */
static bool varies(const struct walk *w, struct at table, uint32_t n, uint32_t size, uint32_t column)
{
    struct span first = {NULL, 0};

    for (uint32_t i = 0; i < n; i++) {
        struct word word = word_at(w->o, table, i * size + column);
        struct span type;

        if (word.kind != WORD_FUNCTION)
            continue;
        type = w->o->types[w->o->functions[word.symbol->index].type];
        if (first.n && !span_same(first, type))
            return true;
        first = type;
    }
    return false;
}

enum { METHOD_SIZE = 16, METHOD_CALL = 4, METHOD_FLAGS = 8, METHOD_DOC = 12 };
enum { ACCESS_SIZE = 20, ACCESS_DOC = 12 };
enum { SLOT_SIZE = 8, SLOT_POINTER = 4, MOST_SLOTS = 1000 };

/* METH_CLASS, METH_STATIC and METH_COEXIST do not change how a method is called. */
static const struct row *method_kind(const struct walk *w, struct word flags)
{
    return flags.kind == WORD_NUMBER ? row_of(w->p, "method", NULL, flags.number & ~UINT32_C(0x70)) : NULL;
}

static bool are_methods(const struct walk *w, struct at table)
{
    uint32_t n = entries(w, table, METHOD_SIZE);

    for (uint32_t i = 0; i < n; i++)
        if (word_at(w->o, table, i * METHOD_SIZE).kind != WORD_DATA ||
            word_at(w->o, table, i * METHOD_SIZE + METHOD_CALL).kind != WORD_FUNCTION ||
            !method_kind(w, word_at(w->o, table, i * METHOD_SIZE + METHOD_FLAGS)) ||
            !is_pointer(word_at(w->o, table, i * METHOD_SIZE + METHOD_DOC)))
            return false;
    return n > 0 && size_after(table) % METHOD_SIZE == 0;
}

static void compare_methods(struct walk *w, struct at table, bool certain)
{
    uint32_t n = entries(w, table, METHOD_SIZE);

    certain = certain || varies(w, table, n, METHOD_SIZE, METHOD_CALL);
    for (uint32_t i = 0; i < n; i++) {
        const struct row *kind = method_kind(w, word_at(w->o, table, i * METHOD_SIZE + METHOD_FLAGS));
        struct word call = word_at(w->o, table, i * METHOD_SIZE + METHOD_CALL);
        char place[80];

        if (!kind || call.kind != WORD_FUNCTION)
            continue;
        w->counts->methods++;
        snprintf(place, sizeof place, "method %u (%s)", i, kind->table);
        compare(w, table, call, place, kind, certain);
    }
}

static bool are_accessors(const struct walk *w, struct at table)
{
    uint32_t n = entries(w, table, ACCESS_SIZE);
    uint32_t get = number_of(w->p, "access", "get"), set = number_of(w->p, "access", "set");

    for (uint32_t i = 0; i < n; i++) {
        struct word getter = word_at(w->o, table, i * ACCESS_SIZE + get);
        struct word setter = word_at(w->o, table, i * ACCESS_SIZE + set);

        if (word_at(w->o, table, i * ACCESS_SIZE).kind != WORD_DATA || !is_callable(getter) || !is_callable(setter) ||
            (is_null(getter) && is_null(setter)) || !is_pointer(word_at(w->o, table, i * ACCESS_SIZE + ACCESS_DOC)))
            return false;
    }
    return n > 0 && size_after(table) % ACCESS_SIZE == 0;
}

static void compare_access(struct walk *w, struct at table, const char *access, const char *what, bool certain)
{
    uint32_t n = entries(w, table, ACCESS_SIZE), column = number_of(w->p, "access", access);
    const struct row *wanted = row_of(w->p, "access", access, column);

    certain = certain || varies(w, table, n, ACCESS_SIZE, column);
    for (uint32_t i = 0; i < n; i++) {
        struct word word = word_at(w->o, table, i * ACCESS_SIZE + column);
        char place[80];

        if (word.kind != WORD_FUNCTION)
            continue;
        w->counts->accessors++;
        snprintf(place, sizeof place, "the %s of entry %u", what, i);
        compare(w, table, word, place, wanted, certain);
    }
}

static void compare_accessors(struct walk *w, struct at table, bool certain)
{
    compare_access(w, table, "get", "getter", certain);
    compare_access(w, table, "set", "setter", certain);
}

/* The slots of a type that is made from a specification, or of a module. */
static bool are_slots(const struct walk *w, struct at table)
{
    uint32_t n = entries(w, table, SLOT_SIZE), functions = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct word slot = word_at(w->o, table, i * SLOT_SIZE);

        if (slot.kind != WORD_NUMBER || slot.number > MOST_SLOTS)
            return false;
        functions += word_at(w->o, table, i * SLOT_SIZE + SLOT_POINTER).kind == WORD_FUNCTION;
    }
    /* Both kinds have an end. */
    return functions > 0 && n < size_after(table) / SLOT_SIZE && size_after(table) % SLOT_SIZE == 0;
}

/* Only modules use just the lowest numbers. */
static bool are_of_a_module(const struct walk *w, struct at table)
{
    uint32_t n = entries(w, table, SLOT_SIZE);

    for (uint32_t i = 0; i < n; i++)
        if (word_at(w->o, table, i * SLOT_SIZE).number > 4)
            return false;
    return true;
}

static void compare_slots(struct walk *w, struct at table, const char *kind, bool certain)
{
    uint32_t n = entries(w, table, SLOT_SIZE);

    /* (A number and a function are not enough to recognise one: numpy has such lists for functions that it calls
     * itself, of many types.) */
    for (uint32_t i = 0; i < n; i++) {
        struct word slot = word_at(w->o, table, i * SLOT_SIZE);
        struct word pointer = word_at(w->o, table, i * SLOT_SIZE + SLOT_POINTER);
        const struct row *row = slot.kind == WORD_NUMBER ? row_of(w->p, kind, NULL, slot.number) : NULL;
        char place[80];
        struct at list;

        if (row && pointer.kind == WORD_FUNCTION) {
            w->counts->slots++;
            snprintf(place, sizeof place, "Py_%s", row->table);
            compare(w, table, pointer, place, row, certain);
        }
        if (!certain || strcmp(kind, "slot") != 0 || !target(pointer, &list))
            continue;
        if (slot.number == number_of(w->p, "list", "PyMethodDef") && is_new(w, list))
            compare_methods(w, list, true);
        else if (slot.number == number_of(w->p, "list", "PyGetSetDef") && is_new(w, list))
            compare_accessors(w, list, true);
    }
}

/* --- types, modules and specifications, which point to the others --- */

static void compare_inner(struct walk *w, struct at table, const char *kind)
{
    if (strcmp(kind, "PyMethodDef") == 0)
        compare_methods(w, table, true);
    else if (strcmp(kind, "PyGetSetDef") == 0)
        compare_accessors(w, table, true);
    else if (strcmp(kind, "PyModuleDef_Slot") == 0)
        compare_slots(w, table, "phase", true);
    else if (strcmp(kind, "PyType_Slot") == 0)
        compare_slots(w, table, "slot", true);
    else if (fits(w, table, kind))
        compare_fields(w, table, kind);
}

/* Compares what a table points to. (A pointer to another file is not followed.) */
static void follow(struct walk *w, struct at table, const char *kind)
{
    for (size_t i = 0; i < w->p->n; i++) {
        const struct row *row = &w->p->rows[i];
        struct at inner;

        if (strcmp(row->kind, "inner") == 0 && strcmp(row->table, kind) == 0 &&
            target(word_at(w->o, table, row->number), &inner) && is_new(w, inner))
            compare_inner(w, inner, row->member);
    }
}

/* Whether this is a type, a module or a specification: it has the size of one, no address at its start, and a name.
 * A type can be the start of something larger. */
static bool has_a_name(const struct walk *w, struct at table, const char *kind, bool or_larger)
{
    uint32_t size = number_of(w->p, "size", kind), name = number_of(w->p, "name", kind);

    return (table.symbol->size == size || (or_larger && table.symbol->size > size)) &&
           word_at(w->o, table, name).kind == WORD_DATA && (name == 0 || word_at(w->o, table, 0).kind == WORD_NUMBER) &&
           fits(w, table, kind);
}

static void find_roots(struct walk *w, const struct symbol *s)
{
    struct at table = {s, 0};

    if (has_a_name(w, table, "PyTypeObject", true) && !is_null(word_at(w->o, table, 0)) && is_new(w, table)) {
        compare_fields(w, table, "PyTypeObject");
        follow(w, table, "PyTypeObject");
    } else if (has_a_name(w, table, "PyModuleDef", false) && is_new(w, table)) {
        compare_fields(w, table, "PyModuleDef");
        follow(w, table, "PyModuleDef");
    } else if (has_a_name(w, table, "PyType_Spec", false)) {
        /* The words between the name and the slots are numbers. */
        for (uint32_t offset = 4; offset < 16; offset += 4)
            if (word_at(w->o, table, offset).kind != WORD_NUMBER)
                return;
        follow(w, table, "PyType_Spec");
    }
}

static void find_others(struct walk *w, const struct symbol *s)
{
    struct at table = {s, 0};

    if (s->size < 8 || s->size % 4 != 0 || was_seen(w, table))
        return;
    if (are_methods(w, table))
        compare_methods(w, table, false);
    else if (are_accessors(w, table))
        compare_accessors(w, table, false);
    else if (are_slots(w, table))
        compare_slots(w, table, are_of_a_module(w, table) ? "phase" : "slot", false);
}

void tables_check(const struct object *o, const struct probe *p, void (*found)(void *user, const struct misfit *m),
                  void *user, struct counts *counts)
{
    struct walk w = {o, p, found, user, counts, NULL, 0};

    for (size_t i = 0; i < o->n_symbols; i++)
        if (is_data(&o->symbols[i]))
            find_roots(&w, &o->symbols[i]);
    for (size_t i = 0; i < o->n_symbols; i++)
        if (is_data(&o->symbols[i]))
            find_others(&w, &o->symbols[i]);
    free(w.seen);
}
