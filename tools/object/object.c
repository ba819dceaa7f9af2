#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 8, FUNCTION_TYPE = 0x60, END_OPCODE = 0x0b };

bool is_module(const uint8_t *bytes, size_t n)
{
    return n >= HEADER && memcmp(bytes, "\0asm\1\0\0\0", HEADER) == 0;
}

/* Only types of parameters and results that need one byte; clang has no others. */
static void read_types(struct object *o, struct reader *r)
{
    for (uint32_t n = read_number(r); n > 0 && !r->bad; n--) {
        struct span type;

        if (read_byte(r) != FUNCTION_TYPE)
            r->bad = true;
        type.at = r->at;
        for (int results = 0; results < 2; results++)
            read_span(r);
        type.n = (size_t)(r->at - type.at);
        if (!r->bad)
            LIST_ADD(o->types, o->n_types, type);
    }
}

static void add_function(struct object *o, struct reader *r, struct span name)
{
    struct function f = {name, read_number(r)};

    if (f.type >= o->n_types)
        r->bad = true;
    if (!r->bad)
        LIST_ADD(o->functions, o->n_functions, f);
}

static void skip_limits(struct reader *r)
{
    uint8_t flags = read_byte(r);

    read_signed(r);
    if (flags & 1)
        read_signed(r);
}

static void read_imports(struct object *o, struct reader *r)
{
    for (uint32_t n = read_number(r); n > 0 && !r->bad; n--) {
        struct span name;

        read_span(r); /* the module */
        name = read_span(r);
        switch (read_byte(r)) {
        case 0:
            add_function(o, r, name);
            break;
        case 1: /* a table */
            read_byte(r);
            skip_limits(r);
            break;
        case 2: /* a memory */
            skip_limits(r);
            break;
        case 3: /* a global variable */
            read_byte(r);
            read_number(r);
            LIST_ADD(o->globals, o->n_globals, name);
            break;
        case 4: /* a tag */
            read_byte(r);
            read_number(r);
            LIST_ADD(o->tags, o->n_tags, name);
            break;
        default:
            r->bad = true;
        }
    }
}

static void read_data(struct object *o, struct reader *r)
{
    const uint8_t *start = r->at;

    for (uint32_t n = read_number(r); n > 0 && !r->bad; n--) {
        uint32_t flags = read_number(r);
        struct span bytes;

        if (flags & 2)
            read_number(r);
        if (!(flags & 1)) { /* its address: a constant, and the end */
            read_byte(r);
            read_signed(r);
            if (read_byte(r) != END_OPCODE)
                r->bad = true;
        }
        bytes = read_span(r);
        if (!r->bad)
            LIST_ADD(o->segments, o->n_segments,
                     ((struct segment){bytes.at, (uint32_t)(bytes.at - start), (uint32_t)bytes.n}));
    }
}

/* Whether the places that a symbol names exist. */
static bool is_sound(const struct object *o, const struct symbol *s)
{
    if (s->kind == SYMBOL_FUNCTION)
        return s->index < o->n_functions;
    if (s->kind != SYMBOL_DATA || !is_defined(s) || s->flags & FLAG_ABSOLUTE)
        return s->kind <= SYMBOL_TABLE;
    return s->index < o->n_segments && s->offset <= o->segments[s->index].size &&
           s->size <= o->segments[s->index].size - s->offset;
}

static void read_symbol(struct object *o, struct reader *r)
{
    struct symbol s = {.kind = read_byte(r)};

    s.flags = read_number(r);
    s.rest.at = r->at;
    if (s.kind == SYMBOL_DATA) {
        s.name = read_span(r);
        if (is_defined(&s)) {
            s.index = read_number(r);
            s.offset = read_number(r);
            s.size = read_number(r);
        }
    } else {
        s.index = read_number(r);
        if (s.kind != SYMBOL_SECTION && (is_defined(&s) || s.flags & FLAG_NAMED))
            s.name = read_span(r);
        else if (s.kind == SYMBOL_FUNCTION && s.index < o->n_functions)
            s.name = o->functions[s.index].name;
        else if (s.kind == SYMBOL_TAG && s.index < o->n_tags)
            s.name = o->tags[s.index];
        else if (s.kind == SYMBOL_GLOBAL && s.index < o->n_globals)
            s.name = o->globals[s.index];
    }
    s.rest.n = (size_t)(r->at - s.rest.at);
    if (!is_sound(o, &s))
        r->bad = true;
    if (!r->bad)
        LIST_ADD(o->symbols, o->n_symbols, s);
}

/* Sorted: those of equal priority stay in their order. */
static void read_constructors(struct object *o, struct reader *r)
{
    for (uint32_t n = read_number(r); n > 0 && !r->bad; n--) {
        struct constructor c = {.priority = read_number(r)};
        size_t at = o->n_constructors;

        c.symbol = read_number(r);
        LIST_ADD(o->constructors, o->n_constructors, c);
        for (; at > 0 && o->constructors[at - 1].priority > c.priority; at--)
            o->constructors[at] = o->constructors[at - 1];
        o->constructors[at] = c;
    }
}

static void read_linking(struct object *o, struct reader *r)
{
    if (o->is_linkable || read_number(r) != LINKING_VERSION) {
        r->bad = true;
        return;
    }
    o->is_linkable = true;
    while (r->at < r->end && !r->bad) {
        uint8_t kind = read_byte(r);
        struct span part = read_span(r);
        struct reader symbols = {part.at, part.at + part.n, r->bad};

        if (kind == LINKING_CONSTRUCTORS)
            read_constructors(o, &symbols);
        r->bad |= symbols.bad;
        if (kind != LINKING_SYMBOLS)
            continue;
        if (o->n_symbols)
            symbols.bad = true;
        for (uint32_t n = read_number(&symbols); n > 0 && !symbols.bad; n--)
            read_symbol(o, &symbols);
        r->bad |= symbols.bad || symbols.at != symbols.end;
    }
    for (size_t i = 0; i < o->n_constructors && !r->bad; i++)
        if (o->constructors[i].symbol >= o->n_symbols || o->symbols[o->constructors[i].symbol].kind != SYMBOL_FUNCTION)
            r->bad = true;
}

bool reloc_has_addend(uint32_t type)
{
    /* Those of memory, and those of places in functions and sections. */
    return (type >= 3 && type <= 5) || type == 8 || type == 9 || type == 11 || (type >= 14 && type <= 17) ||
           (type >= 21 && type <= 23) || type == 25;
}

static void read_relocs(const struct object *o, struct relocs *list, uint32_t section, size_t size, struct reader *r)
{
    enum { TYPE_INDEX = 6 };
    uint32_t before = 0;

    if (list->section != UINT32_MAX || read_number(r) != section) {
        r->bad = true; /* two sections for one */
        return;
    }
    list->section = section;
    for (uint32_t n = read_number(r); n > 0 && !r->bad; n--) {
        struct reloc reloc = {.type = read_byte(r)};

        reloc.at = read_number(r);
        reloc.symbol = read_number(r);
        if (reloc_has_addend(reloc.type))
            reloc.addend = read_signed(r);
        if (reloc.at < before || reloc.at >= size ||
            reloc.symbol >= (reloc.type == TYPE_INDEX ? o->n_types : o->n_symbols))
            r->bad = true;
        before = reloc.at;
        if (!r->bad)
            LIST_ADD(list->list, list->n, reloc);
    }
}

static void read_custom(struct object *o, const struct section *s, struct reader *r)
{
    const struct section *of;

    if (span_is(s->name, "linking"))
        read_linking(o, r);
    else if (span_is(s->name, "reloc.DATA") && (of = object_section(o, SECTION_DATA)))
        read_relocs(o, &o->data, of->number, of->body.n, r);
    else if (span_is(s->name, "reloc.CODE") && (of = object_section(o, SECTION_CODE)))
        read_relocs(o, &o->code, of->number, of->body.n, r);
}

/* A module has one section of each kind. */
static void read_section(struct object *o, struct section *s, struct reader *r)
{
    struct reader body = {s->body.at, s->body.at + s->body.n, r->bad};

    if (s->id != SECTION_CUSTOM && object_section(o, s->id)) {
        r->bad = true;
        return;
    }
    if (s->id == SECTION_CUSTOM) {
        s->name = read_span(&body);
        s->body = (struct span){body.at, (size_t)(body.end - body.at)};
        read_custom(o, s, &body);
    } else if (s->id == SECTION_TYPE) {
        read_types(o, &body);
    } else if (s->id == SECTION_IMPORT) {
        read_imports(o, &body);
    } else if (s->id == SECTION_FUNCTION) {
        for (uint32_t n = read_number(&body); n > 0 && !body.bad; n--)
            add_function(o, &body, (struct span){s->body.at, 0});
    } else if (s->id == SECTION_CODE) {
        o->code_section = s->number;
    } else if (s->id == SECTION_DATA) {
        o->data_section = s->number;
        read_data(o, &body);
    }
    r->bad |= body.bad;
}

int object_read(struct object *o, const char *file, const uint8_t *bytes, size_t n, struct error *e)
{
    struct reader r = {bytes, bytes + n, false};

    *o = (struct object){.file = file,
                         .data.section = UINT32_MAX,
                         .code.section = UINT32_MAX,
                         .data_section = UINT32_MAX,
                         .code_section = UINT32_MAX};
    if (!is_module(bytes, n) || n > UINT32_MAX)
        return error_set(e, "%s is not a WebAssembly object file", file);
    r.at += HEADER;
    for (uint32_t number = 0; r.at < r.end && !r.bad; number++) {
        struct section s = {.number = number, .whole.at = r.at};

        s.id = read_byte(&r);
        s.body = read_span(&r);
        s.whole.n = (size_t)(r.at - s.whole.at);
        read_section(o, &s, &r);
        LIST_ADD(o->sections, o->n_sections, s);
    }
    if (r.bad)
        return error_set(e, "%s is damaged, or a WebAssembly object file of an unknown kind", file);
    if (!o->is_linkable)
        return error_set(e, "%s is a linked WebAssembly module, and not an object file", file);
    return 0;
}

void object_free(struct object *o)
{
    free(o->sections);
    free(o->types);
    free(o->functions);
    free(o->tags);
    free(o->globals);
    free(o->symbols);
    free(o->segments);
    free(o->constructors);
    free(o->data.list);
    free(o->code.list);
    *o = (struct object){.file = NULL};
}

const struct section *object_section(const struct object *o, uint8_t id)
{
    for (size_t i = 0; i < o->n_sections; i++)
        if (o->sections[i].id == id)
            return &o->sections[i];
    return NULL;
}

const struct section *object_custom(const struct object *o, const char *name)
{
    for (size_t i = 0; i < o->n_sections; i++)
        if (o->sections[i].id == SECTION_CUSTOM && span_is(o->sections[i].name, name))
            return &o->sections[i];
    return NULL;
}

static const char *value_type(uint8_t type)
{
    static const char *const names[] = {"f64", "f32", "i64", "i32"};

    return type >= 0x7c && type <= 0x7f ? names[type - 0x7c] : "other";
}

const char *type_text(struct span type, char *text, size_t size)
{
    struct reader r = {type.at, type.at + type.n, false};
    size_t n = 0;

    for (int results = 0; results < 2; results++) {
        struct span list = read_span(&r);

        n += (size_t)snprintf(text + n, size - n, "%s", results ? list.n ? " -> " : " -> nothing" : "(");
        for (size_t i = 0; i < list.n && n + 32 < size; i++)
            n += (size_t)snprintf(text + n, size - n, "%s%s", i ? ", " : "", value_type(list.at[i]));
        if (!results)
            n += (size_t)snprintf(text + n, size - n, ")");
    }
    return text;
}
