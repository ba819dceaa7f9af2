/* The parts of an object file in which exceptions occur: imports, symbols, relocations, the list of features. */
#include "lower.h"

#include <stdlib.h>
#include <string.h>

enum { SECTION_GLOBAL = 6, SECTION_TAG = 13, IMPORT_GLOBAL = 3, IMPORT_TAG = 4, TYPE_OF_VARIABLE = 0x7f, MUTABLE = 1 };

#define FEATURE "exception-handling"
#define VARIABLE "wl_thrown"

static struct span text(const char *s)
{
    return (struct span){(const uint8_t *)s, strlen(s)};
}

/* The features that an object was compiled for, after a sign; without that of exceptions they are written to out. */
static bool read_features(const struct section *s, struct bytes *out)
{
    struct reader r = {s->body.at, s->body.at + s->body.n, false};
    struct bytes list = {NULL, 0, 0};
    uint32_t n = read_number(&r), kept = 0;
    bool found = false;

    for (uint32_t i = 0; i < n && !r.bad; i++) {
        uint8_t sign = read_byte(&r);
        struct span name = read_span(&r);

        if (span_is(name, FEATURE)) {
            found |= sign == '+';
            continue;
        }
        put_byte(&list, sign);
        put_span(&list, name);
        kept++;
    }
    put_number(out, kept);
    put(out, list.at, list.n);
    free(list.at);
    return found && !r.bad;
}

static bool has_code(const struct object *o)
{
    return object_section(o, SECTION_CODE) != NULL;
}

bool needs_lowering(const struct object *o)
{
    const struct section *s = object_custom(o, "target_features");
    struct bytes ignored = {NULL, 0, 0};
    bool needs = s && read_features(s, &ignored);

    free(ignored.at);
    return needs;
}

/* --- imports --- */

/* Whether the object has no symbol of the variable yet. */
static bool is_new(const struct lowering *l)
{
    return l->thrown == l->o->n_symbols;
}

/* Copies the imports without tags, and adds the variable. (The reader has accepted the section already.) */
static void put_imports(const struct lowering *l, struct bytes *out)
{
    struct span body = object_section(l->o, SECTION_IMPORT)->body;
    struct reader r = {body.at, body.at + body.n, false};
    struct bytes list = {NULL, 0, 0};
    uint32_t n = read_number(&r), kept = 0;

    for (uint32_t i = 0; i < n && !r.bad; i++) {
        const uint8_t *start = r.at;
        uint8_t kind;

        read_span(&r);
        read_span(&r);
        kind = read_byte(&r);
        if (kind == 1)
            read_byte(&r); /* a table: the type of its elements */
        if (kind == 1 || kind == 2) {
            uint8_t limits = read_byte(&r);

            read_signed(&r);
            if (limits & 1)
                read_signed(&r);
        } else {
            if (kind == IMPORT_GLOBAL || kind == IMPORT_TAG)
                read_byte(&r);
            read_number(&r);
        }
        if (kind == IMPORT_TAG)
            continue;
        put(&list, start, (size_t)(r.at - start));
        kept++;
    }
    put_number(out, kept + is_new(l));
    put(out, list.at, list.n);
    free(list.at);
    if (!is_new(l))
        return;
    put_span(out, text("env"));
    put_span(out, text(VARIABLE));
    put_byte(out, IMPORT_GLOBAL);
    put_byte(out, TYPE_OF_VARIABLE);
    put_byte(out, MUTABLE);
}

/* --- symbols --- */

/* Symbols keep their numbers, so one for nothing takes the place of that of a tag. It is local, because the names of
 * all others must differ, and an object can have two tags. */
static void put_symbols(const struct lowering *l, struct bytes *out)
{
    const struct object *o = l->o;

    put_number(out, (uint32_t)o->n_symbols + is_new(l));
    for (size_t i = 0; i < o->n_symbols; i++) {
        const struct symbol *s = &o->symbols[i];

        if (s->kind == SYMBOL_TAG) {
            put_byte(out, SYMBOL_DATA);
            put_number(out, FLAG_UNDEFINED | FLAG_LOCAL);
            put_span(out, text("wl_no_tag"));
        } else {
            put_byte(out, (uint8_t)s->kind);
            put_number(out, s->flags);
            put(out, s->rest.at, s->rest.n);
        }
    }
    if (!is_new(l))
        return;
    put_byte(out, SYMBOL_GLOBAL);
    put_number(out, FLAG_UNDEFINED);
    put_number(out, (uint32_t)o->n_globals);
}

static void put_linking(const struct lowering *l, const struct section *s, struct bytes *out)
{
    struct reader r = {s->body.at, s->body.at + s->body.n, false};

    put_number(out, read_number(&r));
    while (r.at < r.end && !r.bad) {
        uint8_t kind = read_byte(&r);
        struct span part = read_span(&r);
        struct bytes symbols = {NULL, 0, 0};

        if (kind == LINKING_SYMBOLS) {
            put_symbols(l, &symbols);
            part = (struct span){symbols.at, symbols.n};
        }
        put_byte(out, kind);
        put_span(out, part);
        free(symbols.at);
    }
}

/* --- code --- */

static int lower_functions(struct lowering *l, struct error *e)
{
    const struct object *o = l->o;
    struct span body = object_section(o, SECTION_CODE)->body;
    struct reader r = {body.at, body.at + body.n, false};
    uint32_t n = read_number(&r);

    if (r.bad || n > o->n_functions)
        return error_set(e, "%s is damaged: its code does not belong to its functions", o->file);
    put_number(&l->code, n);
    for (size_t i = o->n_functions - n; i < o->n_functions; i++) {
        struct span function = read_span(&r);

        if (r.bad)
            return error_set(e, "%s is damaged: its code is cut off", o->file);
        if (function_lower(l, function, o->types[o->functions[i].type], e) < 0)
            return -1;
    }
    return 0;
}

static void put_code_relocs(const struct lowering *l, struct bytes *out)
{
    put_number(out, l->o->code_section);
    put_number(out, (uint32_t)l->relocs.n);
    for (size_t i = 0; i < l->relocs.n; i++) {
        const struct reloc *r = &l->relocs.list[i];

        put_byte(out, (uint8_t)r->type);
        put_number(out, r->at);
        put_number(out, r->symbol);
        if (reloc_has_addend(r->type))
            put_signed(out, r->addend);
    }
}

/* --- all of it --- */

static void put_section(struct bytes *out, uint8_t id, struct span name, const struct bytes *body)
{
    struct bytes whole = {NULL, 0, 0};

    if (id == SECTION_CUSTOM)
        put_span(&whole, name);
    put(&whole, body->at, body->n);
    put_byte(out, id);
    put_span(out, (struct span){whole.at, whole.n});
    free(whole.at);
}

/* The new contents of a section; false: it stays as it is. Where there is no code, nothing throws, and only the list of
 * features is another. */
static bool lower_section(const struct lowering *l, const struct section *s, struct bytes *body)
{
    if (s->id == SECTION_CUSTOM && span_is(s->name, "target_features")) {
        read_features(s, body);
    } else if (!has_code(l->o)) {
        return false;
    } else if (s->id == SECTION_IMPORT) {
        put_imports(l, body);
    } else if (s->id == SECTION_TAG) {
        put_number(body, 0);
    } else if (s->id == SECTION_CODE) {
        put(body, l->code.at, l->code.n);
    } else if (s->id == SECTION_CUSTOM && span_is(s->name, "linking")) {
        put_linking(l, s, body);
    } else if (s->id == SECTION_CUSTOM && span_is(s->name, "reloc.CODE")) {
        put_code_relocs(l, body);
    } else {
        return false;
    }
    return true;
}

static void put_sections(const struct lowering *l, struct bytes *out)
{
    for (size_t i = 0; i < l->o->n_sections; i++) {
        const struct section *s = &l->o->sections[i];
        struct bytes body = {NULL, 0, 0};

        if (lower_section(l, s, &body))
            put_section(out, s->id, s->name, &body);
        else
            put(out, s->whole.at, s->whole.n);
        free(body.at);
    }
    if (has_code(l->o) && l->o->code.section == UINT32_MAX) {
        struct bytes body = {NULL, 0, 0};

        put_code_relocs(l, &body);
        put_section(out, SECTION_CUSTOM, text("reloc.CODE"), &body);
        free(body.at);
    }
}

/* The symbol of the variable; n_symbols: there is none. */
static uint32_t find_variable(const struct object *o)
{
    size_t i = 0;

    while (i < o->n_symbols && !(o->symbols[i].kind == SYMBOL_GLOBAL && !is_defined(&o->symbols[i]) &&
                                 span_is(o->symbols[i].name, VARIABLE)))
        i++;
    return (uint32_t)i;
}

int object_lower(const struct object *o, struct bytes *out, struct error *e)
{
    struct lowering l = {.o = o, .thrown = find_variable(o), .relocs = {.from = &o->code}};
    int r = 0;

    if (has_code(o) && (!object_section(o, SECTION_IMPORT) || object_section(o, SECTION_GLOBAL)))
        return error_set(
            e, "%s is an object file of an unknown kind: it has no imports, or global variables of WebAssembly",
            o->file);
    if (has_code(o))
        r = lower_functions(&l, e);
    put(out, "\0asm\1\0\0\0", 8);
    if (r == 0)
        put_sections(&l, out);
    if (r == 0 && out->n > UINT32_MAX)
        r = error_set(e, "%s becomes too large for an object file", o->file);
    free(l.code.at);
    free(l.relocs.list);
    return r;
}
