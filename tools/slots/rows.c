#include "place.h"
#include "tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct row *row_of(const struct probe *p, const char *kind, const char *table, uint32_t number)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->rows[i].number == number && strcmp(p->rows[i].kind, kind) == 0 &&
            (!table || strcmp(p->rows[i].table, table) == 0))
            return &p->rows[i];
    return NULL;
}

uint32_t number_of(const struct probe *p, const char *kind, const char *table)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->rows[i].kind, kind) == 0 && strcmp(p->rows[i].table, table) == 0)
            return p->rows[i].number;
    return UINT32_MAX;
}

/* Copies the text up to a separator, which is skipped, or to the end. */
static bool take(const char **text, const char *separator, char *part, size_t size)
{
    const char *end = separator ? strstr(*text, separator) : *text + strlen(*text);
    size_t n = end ? (size_t)(end - *text) : size;

    if (n >= size)
        return false;
    memcpy(part, *text, n);
    part[n] = '\0';
    *text = separator ? end + strlen(separator) : end;
    return true;
}

static void read_row(struct probe *p, const struct object *o, const struct symbol *s)
{
    struct row row = {.number = 0};
    struct word function;
    char name[128];
    const char *text = name + strlen("wl_");
    bool two_names;

    if (!is_data(s) || s->size != 8 || s->name.n >= sizeof name || !span_starts(s->name, "wl_"))
        return;
    snprintf(name, sizeof name, "%.*s", SPAN(s->name));
    if (!take(&text, "__", row.kind, sizeof row.kind))
        return;
    two_names = strcmp(row.kind, "field") == 0 || strcmp(row.kind, "inner") == 0;
    if (!take(&text, two_names ? "__" : NULL, row.table, sizeof row.table) ||
        !take(&text, NULL, row.member, sizeof row.member))
        return;
    row.number = word_at(o, (struct at){s, 0}, 0).number;
    function = word_at(o, (struct at){s, 0}, 4);
    if (function.kind == WORD_FUNCTION)
        row.wanted = o->types[o->functions[function.symbol->index].type];
    LIST_ADD(p->rows, p->n, row);
}

/* Without these, no table could be found. */
static int complete(const struct probe *p, const char *file, struct error *e)
{
    static const char *const needed[][2] = {{"size", "PyTypeObject"}, {"name", "PyTypeObject"}, {"size", "PyModuleDef"},
                                            {"name", "PyModuleDef"},  {"size", "PyMethodDef"},  {"size", "PyGetSetDef"},
                                            {"access", "get"},        {"access", "set"}};

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (number_of(p, needed[i][0], needed[i][1]) == UINT32_MAX)
            return error_set(e, "%s is no probe: it has no wl_%s__%s", file, needed[i][0], needed[i][1]);
    if (number_of(p, "size", "PyMethodDef") != 16 || number_of(p, "size", "PyGetSetDef") != 20)
        return error_set(e, "%s is a probe of another kind of Python", file);
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->rows[i].kind, "size") == 0 && (p->rows[i].number % 4 || p->rows[i].number > 4096))
            return error_set(e, "%s is a probe with a strange size of a %s", file, p->rows[i].table);
    return 0;
}

int probe_read(struct probe *p, const struct object *o, struct error *e)
{
    *p = (struct probe){NULL, 0};
    for (size_t i = 0; i < o->n_symbols; i++)
        read_row(p, o, &o->symbols[i]);
    return complete(p, o->file, e);
}

void probe_free(struct probe *p)
{
    free(p->rows);
    *p = (struct probe){NULL, 0};
}
