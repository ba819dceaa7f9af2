#include "edit.h"

#include "note.h"

#include <stdlib.h>
#include <string.h>

bool is_start(const struct symbol *s)
{
    /* PEP 489: PyInitU_ for names that are not ASCII. */
    return s->kind == SYMBOL_FUNCTION && is_defined(s) && is_global(s) &&
           (span_starts(s->name, "PyInit_") || span_starts(s->name, "PyInitU_"));
}

const struct symbol *start_of(const struct object *o)
{
    for (size_t i = 0; i < o->n_symbols; i++)
        if (is_start(&o->symbols[i]))
            return &o->symbols[i];
    return NULL;
}

static uint32_t new_flags(const struct symbol *s, const struct edit *edit)
{
    if (!edit->localize || !is_defined(s) || s->kind == SYMBOL_SECTION || s->kind == SYMBOL_TAG)
        return s->flags;
    if (is_start(s))
        return s->flags & ~(uint32_t)(FLAG_WEAK | FLAG_HIDDEN | FLAG_EXPORTED);
    return (s->flags & ~(uint32_t)(FLAG_WEAK | FLAG_HIDDEN | FLAG_EXPORTED)) | FLAG_LOCAL;
}

static void put_symbol(struct bytes *out, const struct symbol *s, const struct edit *edit)
{
    bool renamed = edit->to && is_defined(s) && is_global(s) && span_same(s->name, edit->from);

    put_byte(out, (uint8_t)s->kind);
    put_number(out, new_flags(s, edit));
    if (!renamed) {
        put(out, s->rest.at, s->rest.n);
        return;
    }
    if (s->kind != SYMBOL_DATA)
        put_number(out, s->index);
    put_span(out, (struct span){(const uint8_t *)edit->to, strlen(edit->to)});
    if (s->kind == SYMBOL_DATA) {
        put_number(out, s->index);
        put_number(out, s->offset);
        put_number(out, s->size);
    }
}

static void put_symbols(struct bytes *out, const struct object *o, const struct edit *edit)
{
    put_number(out, (uint32_t)o->n_symbols);
    for (size_t i = 0; i < o->n_symbols; i++)
        put_symbol(out, &o->symbols[i], edit);
}

static void put_linking(struct bytes *out, const struct object *o, struct span body, const struct edit *edit)
{
    struct reader r = {body.at, body.at + body.n, false};

    put_number(out, read_number(&r));
    while (r.at < r.end && !r.bad) {
        uint8_t kind = read_byte(&r);
        struct span part = read_span(&r);
        struct bytes symbols = {NULL, 0, 0};

        if (kind == LINKING_COMDAT && edit->localize)
            continue;
        if (kind == LINKING_SYMBOLS) {
            put_symbols(&symbols, o, edit);
            part = (struct span){symbols.at, symbols.n};
        }
        put_byte(out, kind);
        put_span(out, part);
        free(symbols.at);
    }
}

/* The names for debuggers, without the name of the module: the linker takes it from the path of its output. */
static void put_names(struct bytes *out, struct span body)
{
    struct reader r = {body.at, body.at + body.n, false};

    while (r.at < r.end && !r.bad) {
        const uint8_t *start = r.at;
        uint8_t kind = read_byte(&r);

        read_span(&r);
        if (kind != 0)
            put(out, start, (size_t)(r.at - start));
    }
}

static void put_section(struct bytes *out, uint8_t id, const char *name, struct span body)
{
    struct bytes whole = {NULL, 0, 0};

    if (name)
        put_span(&whole, (struct span){(const uint8_t *)name, strlen(name)});
    put(&whole, body.at, body.n);
    put_byte(out, id);
    put_span(out, (struct span){whole.at, whole.n});
    free(whole.at);
}

static void edit_section(struct bytes *out, const struct object *o, const struct section *s, const struct edit *edit)
{
    struct bytes body = {NULL, 0, 0};

    if (s->id == SECTION_CUSTOM && span_is(s->name, "linking")) {
        put_linking(&body, o, s->body, edit);
        put_section(out, SECTION_CUSTOM, "linking", (struct span){body.at, body.n});
    } else if (s->id == SECTION_CUSTOM && span_is(s->name, "name")) {
        put_names(&body, s->body);
        put_section(out, SECTION_CUSTOM, "name", (struct span){body.at, body.n});
    } else if (s->id == SECTION_CUSTOM && span_is(s->name, NOTE_SECTION)) {
        /* The first gets the new note; the others stay, empty, because relocations count sections. */
        put_section(out, SECTION_CUSTOM, NOTE_SECTION,
                    s == object_custom(o, NOTE_SECTION) ? edit->note : (struct span){s->body.at, 0});
    } else {
        put(out, s->whole.at, s->whole.n);
    }
    free(body.at);
}

int object_edit(const struct object *o, const struct edit *edit, struct bytes *out, struct error *e)
{
    put(out, "\0asm\1\0\0\0", 8);
    for (size_t i = 0; i < o->n_sections; i++)
        edit_section(out, o, &o->sections[i], edit);
    if (!object_custom(o, NOTE_SECTION))
        put_section(out, SECTION_CUSTOM, NOTE_SECTION, edit->note);
    if (out->n > UINT32_MAX)
        return error_set(e, "%s becomes too large for an object file", o->file);
    return 0;
}
