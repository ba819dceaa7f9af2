#include "adapt.h"

#include <stdlib.h>
#include <string.h>

enum { I32 = 0x7f, I64 = 0x7e, F32 = 0x7d, F64 = 0x7c };
enum {
    OP_END = 0x0b,
    OP_CALL = 0x10,
    OP_DROP = 0x1a,
    OP_LOCAL_GET = 0x20,
    OP_I32_CONST = 0x41,
    OP_I64_CONST,
    OP_F32_CONST,
    OP_F64_CONST,
    OP_I32_WRAP_I64 = 0xa7,
    OP_I64_EXTEND_I32_S = 0xac,
    OP_F32_DEMOTE_F64 = 0xb6,
    OP_F64_PROMOTE_F32 = 0xbb
};

/* One adapter: several relocations may need the same. */
struct adapter {
    uint32_t symbol; /* of the function that it calls */
    struct span wanted;
    uint32_t type;     /* the number of wanted */
    struct bytes body; /* with its size */
    uint32_t call_at;  /* where the body has the number of the called function */
};

static void split(struct span type, struct span *parameters, struct span *results)
{
    struct reader r = {type.at, type.at + type.n, false};

    *parameters = read_span(&r);
    *results = read_span(&r);
}

static bool is_number(uint8_t type)
{
    return type >= F64 && type <= I32;
}

static bool is_integer(uint8_t type)
{
    return type == I32 || type == I64;
}

static bool converts(uint8_t from, uint8_t to)
{
    return is_number(from) && is_number(to) && is_integer(from) == is_integer(to);
}

bool can_adapt(struct span has, struct span wanted)
{
    struct span parameters, results, given, expected;

    split(has, &parameters, &results);
    split(wanted, &given, &expected);
    for (size_t i = 0; i < parameters.n; i++)
        if (!is_number(parameters.at[i]) || (i < given.n && !converts(given.at[i], parameters.at[i])))
            return false;
    if (results.n > 1 || expected.n > 1 || (expected.n && !is_number(expected.at[0])))
        return false;
    return !results.n || !expected.n || converts(results.at[0], expected.at[0]);
}

static void put_conversion(struct bytes *b, uint8_t from, uint8_t to)
{
    if (from != to)
        put_byte(b, to == I64   ? OP_I64_EXTEND_I32_S
                    : to == I32 ? OP_I32_WRAP_I64
                    : to == F64 ? OP_F64_PROMOTE_F32
                                : OP_F32_DEMOTE_F64);
}

static void put_zero(struct bytes *b, uint8_t type)
{
    static const uint8_t zeros[8];

    put_byte(b, type == I32 ? OP_I32_CONST : type == I64 ? OP_I64_CONST : type == F32 ? OP_F32_CONST : OP_F64_CONST);
    put(b, zeros, type == F64 ? 8 : type == F32 ? 4 : 1);
}

/* The linker fills in the number of the called function, for which it needs five bytes. */
static void make_body(struct adapter *a, struct span has)
{
    static const uint8_t number[] = {0x80, 0x80, 0x80, 0x80, 0};
    struct span parameters, results, given, expected;
    struct bytes code = {NULL, 0, 0};

    split(has, &parameters, &results);
    split(a->wanted, &given, &expected);
    put_number(&code, 0); /* no variables */
    for (uint32_t i = 0; i < parameters.n; i++) {
        if (i < given.n) {
            put_byte(&code, OP_LOCAL_GET);
            put_number(&code, i);
            put_conversion(&code, given.at[i], parameters.at[i]);
        } else {
            put_zero(&code, parameters.at[i]);
        }
    }
    put_byte(&code, OP_CALL);
    a->call_at = (uint32_t)code.n;
    put(&code, number, sizeof number);
    if (results.n && expected.n)
        put_conversion(&code, results.at[0], expected.at[0]);
    else if (results.n)
        put_byte(&code, OP_DROP);
    else if (expected.n)
        put_zero(&code, expected.at[0]);
    put_byte(&code, OP_END);
    put_number(&a->body, (uint32_t)code.n);
    a->call_at += (uint32_t)a->body.n;
    put(&a->body, code.at, code.n);
    free(code.at);
}

/* The number of a type, which may be new. */
static uint32_t number_of_type(struct adapters *a, const struct object *o, struct span type)
{
    for (size_t i = 0; i < o->n_types; i++)
        if (span_same(o->types[i], type))
            return (uint32_t)i;
    for (size_t i = 0; i < a->n_types; i++)
        if (span_same(a->types[i], type))
            return (uint32_t)(o->n_types + i);
    LIST_ADD(a->types, a->n_types, type);
    return (uint32_t)(o->n_types + a->n_types - 1);
}

static size_t find_adapter(struct adapters *a, const struct object *o, uint32_t symbol, struct span wanted)
{
    struct adapter new = {.symbol = symbol, .wanted = wanted};

    for (size_t i = 0; i < a->n; i++)
        if (a->list[i].symbol == symbol && span_same(a->list[i].wanted, wanted))
            return i;
    new.type = number_of_type(a, o, wanted);
    make_body(&new, o->types[o->functions[o->symbols[symbol].index].type]);
    LIST_ADD(a->list, a->n, new);
    return a->n - 1;
}

int adapters_plan(struct adapters *a, const struct object *o, const struct redirect *list, size_t n, struct error *e)
{
    *a = (struct adapters){NULL, 0, NULL, NULL, 0};
    /* What is appended needs sections to be appended to; new ones would change the numbers of the others. */
    if (n &&
        (!object_section(o, SECTION_TYPE) || !object_section(o, SECTION_FUNCTION) || !object_section(o, SECTION_CODE)))
        return error_set(e, "%s has tables of functions, but no functions", o->file);
    a->symbols = need_memory(calloc(o->data.n + 1, sizeof *a->symbols));
    for (size_t i = 0; i < o->data.n; i++)
        a->symbols[i] = o->data.list[i].symbol;
    for (size_t i = 0; i < n; i++)
        a->symbols[list[i].reloc] =
            (uint32_t)(o->n_symbols + find_adapter(a, o, o->data.list[list[i].reloc].symbol, list[i].wanted));
    return 0;
}

void adapters_free(struct adapters *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->list[i].body.at);
    free(a->list);
    free(a->symbols);
    free(a->types);
}

/* The contents of a section that begins with a number, up to which more is added. Returns by how much its entries move.
 */
static int put_counted(const struct object *o, uint8_t id, size_t more, struct bytes *out)
{
    struct span body = object_section(o, id)->body;
    struct reader r = {body.at, body.at + body.n, false};
    size_t start = out->n;

    put_number(out, read_number(&r) + (uint32_t)more);
    start = out->n - start;
    put(out, r.at, (size_t)(r.end - r.at));
    return (int)start - (int)(r.at - body.at);
}

void adapters_put_types(const struct adapters *a, const struct object *o, struct bytes *out)
{
    put_counted(o, SECTION_TYPE, a->n_types, out);
    for (size_t i = 0; i < a->n_types; i++) {
        put_byte(out, 0x60);
        put(out, a->types[i].at, a->types[i].n);
    }
}

void adapters_put_functions(const struct adapters *a, const struct object *o, struct bytes *out)
{
    put_counted(o, SECTION_FUNCTION, a->n, out);
    for (size_t i = 0; i < a->n; i++)
        put_number(out, a->list[i].type);
}

void adapters_put_code(const struct adapters *a, const struct object *o, struct bytes *out)
{
    put_counted(o, SECTION_CODE, a->n, out);
    for (size_t i = 0; i < a->n; i++)
        put(out, a->list[i].body.at, a->list[i].body.n);
}

static void put_reloc(struct bytes *out, uint8_t type, uint32_t at, uint32_t symbol, int64_t addend)
{
    put_byte(out, type);
    put_number(out, at);
    put_number(out, symbol);
    if (reloc_has_addend(type))
        put_signed(out, addend);
}

void adapters_put_code_relocs(const struct adapters *a, const struct object *o, struct bytes *out)
{
    struct bytes code = {NULL, 0, 0};
    int moved = put_counted(o, SECTION_CODE, a->n, &code);

    put_number(out, o->code_section);
    put_number(out, (uint32_t)(o->code.n + a->n));
    for (size_t i = 0; i < o->code.n; i++) {
        const struct reloc *r = &o->code.list[i];

        put_reloc(out, (uint8_t)r->type, (uint32_t)((int64_t)r->at + moved), r->symbol, r->addend);
    }
    for (size_t i = 0; i < a->n; i++) {
        put_reloc(out, RELOC_FUNCTION_INDEX, (uint32_t)code.n + a->list[i].call_at, a->list[i].symbol, 0);
        put(&code, a->list[i].body.at, a->list[i].body.n);
    }
    free(code.at);
}

void adapters_put_data_relocs(const struct adapters *a, const struct object *o, struct bytes *out)
{
    put_number(out, o->data_section);
    put_number(out, (uint32_t)o->data.n);
    for (size_t i = 0; i < o->data.n; i++)
        put_reloc(out, (uint8_t)o->data.list[i].type, o->data.list[i].at, a->symbols[i], o->data.list[i].addend);
}

void adapters_put_symbols(const struct adapters *a, const struct object *o, struct bytes *out)
{
    for (size_t i = 0; i < a->n; i++) {
        struct span name = o->symbols[a->list[i].symbol].name;
        struct bytes text = {NULL, 0, 0};

        put_text(&text, "wl_adapter.");
        put(&text, name.at, name.n);
        put_byte(out, SYMBOL_FUNCTION);
        put_number(out, FLAG_LOCAL);
        put_number(out, (uint32_t)(o->n_functions + i));
        put_span(out, (struct span){text.at, text.n});
        free(text.at);
    }
}
