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

char *constructor_name(const char *init, size_t number)
{
    struct bytes name = {NULL, 0, 0};

    put_text(&name, "%s_%zu", init, number);
    put_byte(&name, 0);
    return (char *)name.at;
}

/* What is written. */
struct work {
    const struct object *o;
    const struct edit *edit;
    struct adapters adapters;
    struct bytes *out;
};

static bool is_renamed(const struct symbol *s, const struct edit *edit)
{
    return edit->to && is_start(s) && span_same(s->name, edit->from);
}

/* The first number of a constructor; -1: it is none, or keeps its name. */
static long constructor_of(const struct object *o, const struct symbol *s, const struct edit *edit)
{
    for (size_t i = 0; edit->to && i < o->n_constructors; i++)
        if (&o->symbols[o->constructors[i].symbol] == s)
            return (long)i;
    return -1;
}

static uint32_t new_flags(const struct object *o, const struct symbol *s, const struct edit *edit)
{
    bool stays = edit->to ? is_renamed(s, edit) || constructor_of(o, s, edit) >= 0 : is_start(s);

    if (!edit->localize || !is_defined(s) || s->kind == SYMBOL_SECTION || s->kind == SYMBOL_TAG)
        return s->flags;
    return (s->flags & ~(uint32_t)(FLAG_WEAK | FLAG_LOCAL | FLAG_HIDDEN | FLAG_EXPORTED)) | (stays ? 0 : FLAG_LOCAL);
}

static void put_symbol(struct bytes *out, const struct object *o, const struct symbol *s, const struct edit *edit)
{
    long constructor = constructor_of(o, s, edit);
    char *made = constructor >= 0 ? constructor_name(edit->to, (size_t)constructor) : NULL;
    const char *name = is_renamed(s, edit) ? edit->to : made;

    put_byte(out, (uint8_t)s->kind);
    put_number(out, new_flags(o, s, edit));
    if (name) {
        put_number(out, s->index);
        put_span(out, (struct span){(const uint8_t *)name, strlen(name)});
    } else {
        put(out, s->rest.at, s->rest.n);
    }
    free(made);
}

static void put_symbols(struct bytes *out, const struct work *w)
{
    put_number(out, (uint32_t)(w->o->n_symbols + w->adapters.n));
    for (size_t i = 0; i < w->o->n_symbols; i++)
        put_symbol(out, w->o, &w->o->symbols[i], w->edit);
    adapters_put_symbols(&w->adapters, w->o, out);
}

static void put_linking(struct bytes *out, const struct work *w, struct span body)
{
    struct reader r = {body.at, body.at + body.n, false};

    put_number(out, read_number(&r));
    while (r.at < r.end && !r.bad) {
        uint8_t kind = read_byte(&r);
        struct span part = read_span(&r);
        struct bytes symbols = {NULL, 0, 0};

        if ((kind == LINKING_COMDAT && w->edit->localize) || (kind == LINKING_CONSTRUCTORS && w->edit->to))
            continue;
        if (kind == LINKING_SYMBOLS) {
            put_symbols(&symbols, w);
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

static void put_section(struct bytes *out, uint8_t id, struct span name, struct span body)
{
    struct bytes whole = {NULL, 0, 0};

    if (id == SECTION_CUSTOM)
        put_span(&whole, name);
    put(&whole, body.at, body.n);
    put_byte(out, id);
    put_span(out, (struct span){whole.at, whole.n});
    free(whole.at);
}

static void put_note(struct bytes *out, struct span body)
{
    put_section(out, SECTION_CUSTOM, (struct span){(const uint8_t *)NOTE_SECTION, strlen(NOTE_SECTION)}, body);
}

/* The new contents of a custom section; false: it stays as it is. */
static bool edit_custom(const struct work *w, const struct section *s, struct bytes *body)
{
    if (span_is(s->name, "linking"))
        put_linking(body, w, s->body);
    else if (span_is(s->name, "name"))
        put_names(body, s->body);
    else if (w->adapters.n && span_is(s->name, "reloc.CODE"))
        adapters_put_code_relocs(&w->adapters, w->o, body);
    else if (w->adapters.n && span_is(s->name, "reloc.DATA"))
        adapters_put_data_relocs(&w->adapters, w->o, body);
    else
        return false;
    return true;
}

/* The same for the sections to which adapters belong. */
static bool edit_known(const struct work *w, const struct section *s, struct bytes *body)
{
    if (!w->adapters.n)
        return false;
    if (s->id == SECTION_TYPE)
        adapters_put_types(&w->adapters, w->o, body);
    else if (s->id == SECTION_FUNCTION)
        adapters_put_functions(&w->adapters, w->o, body);
    else if (s->id == SECTION_CODE)
        adapters_put_code(&w->adapters, w->o, body);
    else
        return false;
    return true;
}

static void edit_section(const struct work *w, const struct section *s)
{
    struct bytes body = {NULL, 0, 0};

    if (s->id == SECTION_CUSTOM && span_is(s->name, NOTE_SECTION))
        /* The first gets the new note; the others stay, empty, because relocations count sections. */
        put_note(w->out, s == object_custom(w->o, NOTE_SECTION) ? w->edit->note : (struct span){s->body.at, 0});
    else if (s->id == SECTION_CUSTOM ? edit_custom(w, s, &body) : edit_known(w, s, &body))
        put_section(w->out, s->id, s->name, (struct span){body.at, body.n});
    else
        put(w->out, s->whole.at, s->whole.n);
    free(body.at);
}

static void put_missing(const struct work *w)
{
    static const char relocs[] = "reloc.CODE";
    struct bytes body = {NULL, 0, 0};

    if (!object_custom(w->o, NOTE_SECTION))
        put_note(w->out, w->edit->note);
    if (w->adapters.n && w->o->code.section == UINT32_MAX) {
        adapters_put_code_relocs(&w->adapters, w->o, &body);
        put_section(w->out, SECTION_CUSTOM, (struct span){(const uint8_t *)relocs, sizeof relocs - 1},
                    (struct span){body.at, body.n});
        free(body.at);
    }
}

int object_edit(const struct object *o, const struct edit *edit, struct bytes *out, struct error *e)
{
    struct work w = {.o = o, .edit = edit, .out = out};
    int r = adapters_plan(&w.adapters, o, edit->redirects, edit->n_redirects, e);

    if (r == 0) {
        put(out, "\0asm\1\0\0\0", 8);
        for (size_t i = 0; i < o->n_sections; i++)
            edit_section(&w, &o->sections[i]);
        put_missing(&w);
        if (out->n > UINT32_MAX)
            r = error_set(e, "%s becomes too large for an object file", o->file);
    }
    adapters_free(&w.adapters);
    return r;
}
