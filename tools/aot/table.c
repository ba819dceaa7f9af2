/* Writes the table of functions as constant data, if the module has one table and never changes it. An entry has the
 * address of a function relative to the table, and a number for its type, so that a program needs no relocation when
 * it starts. */
#include "aot.h"

#include <stdlib.h>
#include <string.h>

/* An empty entry takes space in the file, unlike in an allocated table. So the table must not have many more entries
 * than there are functions. */
enum { MOST_GAPS = 65536 };

enum { FUNCREF = 0x70, I32_CONST = 0x41, REF_FUNC = 0xd2, END = 0x0b };

struct table {
    const struct module *m;
    const struct functions *f;
    uint64_t size;
    uint32_t *function; /* the number of each entry's function, plus one; 0: the entry is empty */
};

/* The size of the only table; false: there is no such table, or it is of another kind. */
static bool read_size(struct table *t)
{
    struct wasm_reader r = t->m->section[WASM_TABLE];
    uint64_t count = r.at ? wasm_number(&r) : 0, flags;

    if (count != 1 || wasm_byte(&r) != FUNCREF)
        return false;
    flags = wasm_number(&r);
    t->size = wasm_number(&r);
    return flags <= 1 && !r.bad && t->size && t->size <= t->f->n + MOST_GAPS;
}

/* One entry of a segment: the number of a function, or an instruction that gives one. */
static bool read_entry(struct wasm_reader *r, bool instruction, uint64_t *function)
{
    if (instruction && wasm_byte(r) != REF_FUNC)
        return false;
    *function = wasm_number(r);
    return !instruction || wasm_byte(r) == END;
}

static bool read_segment(struct table *t, struct wasm_reader *r)
{
    enum { NOT_ACTIVE = 1, WITH_TABLE_OR_DECLARED = 2, INSTRUCTIONS = 4 };
    uint64_t flags = wasm_number(r), at = 0, n;
    bool active = !(flags & NOT_ACTIVE);

    if (flags > 7 || (active && (flags & WITH_TABLE_OR_DECLARED) && wasm_number(r) != 0))
        return false;
    if (active) {
        if (wasm_byte(r) != I32_CONST)
            return false;
        at = (uint32_t)wasm_signed(r);
        if (wasm_byte(r) != END)
            return false;
    }
    /* The kind of the entries. */
    if (flags & (NOT_ACTIVE | WITH_TABLE_OR_DECLARED))
        wasm_byte(r);
    n = wasm_number(r);
    if (active && at + n > t->size)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t function;

        if (!read_entry(r, flags & INSTRUCTIONS, &function) || r->bad || function >= t->f->n)
            return false;
        if (active)
            t->function[at + i] = (uint32_t)function + 1;
    }
    return true;
}

/* --- types --- */

struct type {
    struct wasm_reader parameters, results;
    uint32_t index;
};

static int compare_values(struct wasm_reader a, struct wasm_reader b)
{
    size_t n = (size_t)(a.end - a.at), k = (size_t)(b.end - b.at);
    int order = memcmp(a.at, b.at, n < k ? n : k);

    return order ? order : (n > k) - (n < k);
}

static int by_structure(const void *a, const void *b)
{
    const struct type *x = a, *y = b;
    int order = compare_values(x->parameters, y->parameters);

    return order ? order : compare_values(x->results, y->results);
}

static int by_structure_and_index(const void *a, const void *b)
{
    const struct type *x = a, *y = b;
    int order = by_structure(a, b);

    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* Gives each type a number that is never 0. Equal types have the same number. */
static uint32_t *number_types(const struct functions *f)
{
    uint32_t *number = get(f->types_n, sizeof *number);
    struct type *types = get(f->types_n, sizeof *types);

    for (uint64_t i = 0; i < f->types_n; i++) {
        struct wasm_reader r = f->types[i];

        wasm_byte(&r);
        types[i].parameters = wasm_part(&r, wasm_number(&r));
        types[i].results = wasm_part(&r, wasm_number(&r));
        types[i].index = (uint32_t)i;
    }
    qsort(types, f->types_n, sizeof *types, by_structure_and_index);
    for (uint64_t i = 0; i < f->types_n; i++) {
        bool same = i && by_structure(&types[i], &types[i - 1]) == 0;

        number[types[i].index] = same ? number[types[i - 1].index] : types[i].index + 1;
    }
    free(types);
    return number;
}

static void put_entry(const struct table *t, FILE *file, uint64_t i, const uint32_t *numbers)
{
    const struct functions *f = t->f;
    uint64_t function = (uint64_t)t->function[i] - 1;

    if (!t->function[i]) {
        fputs("    .quad 0\n", file);
        return;
    }
    fputs("    .long ", file);
    if (function < f->imported) {
        fprintf(file, "guest_import_%llu", (unsigned long long)function);
    } else {
        const struct shape *s = &f->shapes[function - f->imported];

        fprintf(file, "w2c_guest_s%016llx", (unsigned long long)s->hash);
        if (s->number)
            fprintf(file, "_%u", s->number);
    }
    fprintf(file, " - guest_table, %u\n", numbers[f->type[function]]);
}

static void put_table(const struct table *t)
{
    uint32_t *numbers = number_types(t->f);
    FILE *file = make_file("table.s"), *header = make_file("table.h");

    fputs("    .section .rodata.guest_table,\"a\",@progbits\n    .balign 64\n    .globl guest_table\n"
          "    .hidden guest_table\nguest_table:\n",
          file);
    for (uint64_t i = 0; i < t->size; i++)
        put_entry(t, file, i, numbers);
    fputs("    .section .note.GNU-stack,\"\",@progbits\n", file);
    end_file(file, "table.s");
    fprintf(header, "#define GUEST_TABLE_SIZE %lluu\n", (unsigned long long)t->size);
    for (uint64_t i = 0; i < t->f->types_n; i++)
        fprintf(header, "#define NUMBER_OF_w2c_guest_t%llu %u\n", (unsigned long long)i, numbers[i]);
    end_file(header, "table.h");
    free(numbers);
}

bool table_write(const struct module *m, const struct functions *f)
{
    struct table t = {.m = m, .f = f};
    struct wasm_reader r = m->section[WASM_ELEMENT];
    uint64_t segments = r.at ? wasm_number(&r) : 0;
    bool can = f->known && !f->changes_tables && !f->reads_tables && !f->uses_references && read_size(&t);

    t.function = get(t.size, sizeof *t.function);
    for (uint64_t i = 0; can && i < segments; i++)
        can = read_segment(&t, &r);
    if (can)
        put_table(&t);
    free(t.function);
    return can;
}
