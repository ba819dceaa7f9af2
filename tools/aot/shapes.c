/* Gives each function of a module a name made from its shape, so that a profile of the compiled module fits other
 * modules: a flavour, an app, the next release. It also notes the facts about instructions that other files need.
 *
 * The shape is the function's type and its instructions, without the numbers that the linker fills in: functions,
 * globals and addresses. Functions of the same shape are numbered. */
#include "aot.h"

#include <stdlib.h>
#include <string.h>

/* Smaller numbers are the program's own (a field's offset, a flag). Larger ones may be addresses, and where functions
 * are in the table differs from one link to the next as well. */
enum { OWN_OFFSET = 4096, OWN_CONST = 64 };

/* A bit in the alignment of an access says that the number of a memory follows. */
enum { WITH_MEMORY = 0x40 };

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). A module that makes two shapes equal on purpose does no harm,
 * because clang also compares the shapes of the compiled functions. */
static void mix(uint64_t *h, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *h = (*h ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void mix_number(uint64_t *h, uint64_t n)
{
    mix(h, &n, sizeof n);
}

static void mix_type(uint64_t *h, const struct functions *f, uint64_t type)
{
    if (type < f->types_n)
        mix(h, f->types[type].at, (size_t)(f->types[type].end - f->types[type].at));
}

static void mix_function(uint64_t *h, const struct functions *f, uint64_t function)
{
    if (function < f->n)
        mix_type(h, f, f->type[function]);
    mix_number(h, function < f->imported);
}

static void mix_const(uint64_t *h, int64_t n)
{
    if (n > -OWN_CONST && n < OWN_CONST)
        mix_number(h, (uint64_t)n);
}

static void mix_memory(uint64_t *h, struct wasm_reader *r)
{
    uint64_t flags = wasm_number(r), offset;

    if (flags >= 2 * WITH_MEMORY)
        r->bad = true;
    if (flags & WITH_MEMORY)
        mix_number(h, wasm_number(r));
    offset = wasm_number(r);
    if (offset < OWN_OFFSET)
        mix_number(h, offset);
}

static void mix_numbers(uint64_t *h, struct wasm_reader *r, uint64_t count)
{
    for (uint64_t i = 0; i < count && !r->bad; i++)
        mix_number(h, wasm_number(r));
}

static void mix_bytes(uint64_t *h, struct wasm_reader *r, uint64_t count)
{
    struct wasm_reader bytes = wasm_part(r, count);

    mix(h, bytes.at, (size_t)(bytes.end - bytes.at));
}

static void skip_numbers(struct wasm_reader *r, int count)
{
    for (int i = 0; i < count; i++)
        wasm_number(r);
}

/* The instructions that begin with 0xfc. */
static bool mix_misc(uint64_t *h, struct functions *f, struct wasm_reader *r)
{
    enum { MEMORY_INIT = 8, DATA_DROP, MEMORY_COPY, MEMORY_FILL, TABLE_INIT, ELEM_DROP, TABLE_COPY, TABLE_GROW };
    enum { TABLE_SIZE = TABLE_GROW + 1, TABLE_FILL };
    static const uint8_t indices[] = {2, 1, 2, 1, 2, 1, 2, 1, 1, 1}; /* of MEMORY_INIT and the instructions after it */
    uint64_t op = wasm_number(r);

    mix_number(h, op);
    if (op > TABLE_FILL)
        return false;
    if (op >= MEMORY_INIT)
        skip_numbers(r, indices[op - MEMORY_INIT]);
    f->uses_data |= op == MEMORY_INIT || op == DATA_DROP;
    f->changes_tables |= op == TABLE_INIT || op == TABLE_COPY || op == TABLE_GROW || op == TABLE_FILL;
    f->reads_tables |= op == TABLE_SIZE;
    return true;
}

/* The SIMD instructions, which begin with 0xfd. */
static bool mix_simd(uint64_t *h, struct wasm_reader *r)
{
    uint64_t op = wasm_number(r);

    mix_number(h, op);
    if (op <= 11 || (op >= 84 && op <= 93))
        mix_memory(h, r);
    if (op == 12 || op == 13)
        mix_bytes(h, r, 16);
    if ((op >= 21 && op <= 34) || (op >= 84 && op <= 91))
        mix_bytes(h, r, 1);
    return op < 0x114;
}

/* Reads one instruction; false: it is unknown. */
static bool mix_instruction(uint64_t *h, struct functions *f, struct wasm_reader *r)
{
    uint8_t op = wasm_byte(r);
    int64_t n;

    mix(h, &op, 1);
    switch (op) {
    case 0x02: /* block */
    case 0x03: /* loop */
    case 0x04: /* if */
        n = wasm_signed(r);
        if (n < 0)
            mix_number(h, (uint64_t)n);
        else
            mix_type(h, f, (uint64_t)n);
        return true;
    case 0x0c: /* br */
    case 0x0d: /* br_if */
    case 0x20: /* local.get */
    case 0x21: /* local.set */
    case 0x22: /* local.tee */
    case 0xd0: /* ref.null */
        mix_numbers(h, r, 1);
        return true;
    case 0x0e: /* br_table */
        mix_numbers(h, r, wasm_number(r) + 1);
        return true;
    case 0x10: /* call */
    case 0x12: /* return_call */
        mix_function(h, f, wasm_number(r));
        return true;
    case 0x11: /* call_indirect */
    case 0x13: /* return_call_indirect */
        mix_type(h, f, wasm_number(r));
        skip_numbers(r, 1);
        /* (For a tail call, wasm2c's code reads the table.) */
        f->reads_tables |= op == 0x13;
        return true;
    case 0x1c: /* select of types */
        mix_numbers(h, r, wasm_number(r));
        return true;
    case 0x25: /* table.get */
    case 0x26: /* table.set */
        f->reads_tables |= op == 0x25;
        f->changes_tables |= op == 0x26;
        skip_numbers(r, 1);
        return true;
    case 0xd2: /* ref.func */
        f->uses_references = true;
        skip_numbers(r, 1);
        return true;
    case 0x23: /* global.get */
    case 0x24: /* global.set */
    case 0x3f: /* memory.size */
    case 0x40: /* memory.grow */
        skip_numbers(r, 1);
        return true;
    case 0x41: /* i32.const */
    case 0x42: /* i64.const */
        mix_const(h, wasm_signed(r));
        return true;
    case 0x43: /* f32.const */
        mix_bytes(h, r, 4);
        return true;
    case 0x44: /* f64.const */
        mix_bytes(h, r, 8);
        return true;
    case 0xfc:
        return mix_misc(h, f, r);
    case 0xfd:
        return mix_simd(h, r);
    default:
        if (op >= 0x28 && op <= 0x3e) {
            mix_memory(h, r);
            return true;
        }
        return op <= 0x01 || op == 0x05 || op == 0x0b || op == 0x0f || op == 0x1a || op == 0x1b ||
               (op >= 0x45 && op <= 0xc4) || op == 0xd1;
    }
}

static void read_types(const struct module *m, struct functions *f)
{
    struct wasm_reader r = m->section[WASM_TYPE];
    uint64_t n = r.at ? wasm_number(&r) : 0;

    f->types = get(n, sizeof *f->types);
    for (; f->types_n < n; f->types_n++) {
        const uint8_t *at = r.at;

        wasm_byte(&r);
        module_part(m, &r);
        module_part(m, &r);
        f->types[f->types_n] = (struct wasm_reader){at, r.at, false};
    }
}

static uint32_t read_type(const struct module *m, const struct functions *f, struct wasm_reader *r)
{
    uint64_t type = wasm_number(r);

    r->bad |= type >= f->types_n;
    module_check(m, r);
    return (uint32_t)type;
}

/* (All imports are functions by now.) */
static void read_types_of_functions(const struct module *m, struct functions *f)
{
    struct wasm_reader imports = m->section[WASM_IMPORT], r = m->section[WASM_FUNCTION];
    uint64_t imported = imports.at ? wasm_number(&imports) : 0, own = r.at ? wasm_number(&r) : 0;

    f->type = get(imported + own, sizeof *f->type);
    f->fields = get(imported, sizeof *f->fields);
    for (; f->n < imported; f->n++) {
        module_part(m, &imports);
        f->fields[f->n] = module_part(m, &imports);
        wasm_byte(&imports);
        f->type[f->n] = read_type(m, f, &imports);
    }
    f->imported = imported;
    for (; f->n < imported + own; f->n++) {
        f->type[f->n] = read_type(m, f, &r);
    }
}

static bool shape_of(const struct module *m, struct functions *f, uint64_t function, struct wasm_reader body,
                     uint64_t *shape)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325), locals = wasm_number(&body);
    bool known = true;

    mix_type(&h, f, f->type[function]);
    mix_numbers(&h, &body, 2 * locals);
    while (known && body.at < body.end && !body.bad)
        known = mix_instruction(&h, f, &body);
    if (known)
        module_check(m, &body);
    *shape = h;
    return known;
}

static int by_shape(const void *a, const void *b)
{
    const struct shape *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->function > y->function) - (x->function < y->function);
}

static int by_function(const void *a, const void *b)
{
    const struct shape *x = a, *y = b;

    return (x->function > y->function) - (x->function < y->function);
}

void functions_read(const struct module *m, struct functions *f)
{
    struct wasm_reader code = m->section[WASM_CODE];
    uint64_t count = code.at ? wasm_number(&code) : 0;

    *f = (struct functions){.known = true};
    read_types(m, f);
    read_types_of_functions(m, f);
    if (count != f->n - f->imported)
        code.bad = true;
    module_check(m, &code);
    f->shapes = get(count, sizeof *f->shapes);
    for (uint64_t i = 0; f->known && i < count; i++) {
        struct wasm_reader body = module_part(m, &code);

        f->shapes[i].function = (uint32_t)(f->imported + i);
        f->known = shape_of(m, f, f->imported + i, body, &f->shapes[i].hash);
    }
    if (!f->known) {
        /* The module uses newer instructions. It is translated without names. */
        f->changes_tables = f->reads_tables = f->uses_data = f->uses_references = true;
        return;
    }
    qsort(f->shapes, count, sizeof *f->shapes, by_shape);
    for (uint64_t i = 1; i < count; i++)
        if (f->shapes[i].hash == f->shapes[i - 1].hash)
            f->shapes[i].number = f->shapes[i - 1].number + 1;
    qsort(f->shapes, count, sizeof *f->shapes, by_function);
}
