/* shapes MODULE NAMED: gives each function of a module a name made of its shape, so that a profile of the compiled
 * module finds it again in another: a flavour, an app, the next release.
 *
 * The shape is the function's type and its instructions, without what the linker fills in: which function, global or
 * address is meant. Functions of the same shape are numbered. NAMED is the module with these names as its section
 * "name" (https://webassembly.github.io/spec/core/appendix/custom.html), which wasm2c calls the C functions by. Status
 * 2: it has instructions that are not known here; NAMED is then not written, and the module serves without names. */
#include "make.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const program = "shapes";

/* Smaller numbers are the program's own (a field's offset, a flag). Larger ones may be addresses, and where functions
 * are in the table differs from one link to the next as well. */
enum { OWN_OFFSET = 4096, OWN_CONST = 64 };

struct shape {
    uint64_t hash;
    uint32_t function, number;
};

struct module {
    struct wasm_reader *types; /* each function type, as it is written */
    uint64_t types_n;
    uint64_t imported; /* functions */
    uint32_t *function_types;
    uint64_t functions_n; /* imported ones, too */
};

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): nobody has to be kept from making two shapes equal, since clang
 * compares the shapes of what it has made of them, too. */
static void mix(uint64_t *h, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *h = (*h ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void mix_number(uint64_t *h, uint64_t n)
{
    mix(h, &n, sizeof n);
}

static void mix_type(uint64_t *h, const struct module *m, uint64_t type)
{
    if (type < m->types_n)
        mix(h, m->types[type].at, (size_t)(m->types[type].end - m->types[type].at));
}

static void mix_function(uint64_t *h, const struct module *m, uint64_t function)
{
    if (function < m->functions_n)
        mix_type(h, m, m->function_types[function]);
    mix_number(h, function < m->imported);
}

static void mix_const(uint64_t *h, int64_t n)
{
    if (n > -OWN_CONST && n < OWN_CONST)
        mix_number(h, (uint64_t)n);
}

static void mix_memory(uint64_t *h, struct wasm_reader *r)
{
    uint64_t align = wasm_number(r), offset;

    if (align >= 64)
        r->bad = true;
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

/* The instructions behind 0xfc. */
static bool mix_misc(uint64_t *h, struct wasm_reader *r)
{
    static const uint8_t indices[] = {2, 1, 2, 1, 2, 1, 2, 1, 1, 1}; /* of 8 and what follows */
    uint64_t op = wasm_number(r);

    mix_number(h, op);
    if (op >= 8 + sizeof indices)
        return false;
    if (op >= 8)
        skip_numbers(r, indices[op - 8]);
    return true;
}

/* Those of SIMD, behind 0xfd. */
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

/* One instruction; false: it is none that is known. */
static bool mix_instruction(uint64_t *h, const struct module *m, struct wasm_reader *r)
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
            mix_type(h, m, (uint64_t)n);
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
        mix_function(h, m, wasm_number(r));
        return true;
    case 0x11: /* call_indirect */
    case 0x13: /* return_call_indirect */
        mix_type(h, m, wasm_number(r));
        skip_numbers(r, 1);
        return true;
    case 0x1c: /* select of types */
        mix_numbers(h, r, wasm_number(r));
        return true;
    case 0x23: /* global.get */
    case 0x24: /* global.set */
    case 0x25: /* table.get */
    case 0x26: /* table.set */
    case 0x3f: /* memory.size */
    case 0x40: /* memory.grow */
    case 0xd2: /* ref.func */
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
        return mix_misc(h, r);
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

static void *get(uint64_t n, size_t size)
{
    void *it = n < UINT32_MAX ? calloc(n + 1, size) : NULL;

    if (!it)
        end(1, "out of memory");
    return it;
}

static void read_types(struct module *m, struct wasm_reader r)
{
    m->types_n = wasm_number(&r);
    m->types = get(m->types_n, sizeof *m->types);
    for (uint64_t i = 0; i < m->types_n; i++) {
        const uint8_t *at = r.at;

        if (wasm_byte(&r) != 0x60)
            end(2, "the module has a type that is no function's");
        wasm_part(&r, wasm_number(&r));
        wasm_part(&r, wasm_number(&r));
        check(&r);
        m->types[i] = (struct wasm_reader){at, r.at, false};
    }
}

static void add_function(struct module *m, uint64_t type)
{
    m->function_types[m->functions_n++] = (uint32_t)type;
}

static void read_imports(struct module *m, struct wasm_reader r)
{
    uint64_t count = wasm_number(&r);

    m->function_types = get(count, sizeof *m->function_types);
    for (uint64_t i = 0; i < count; i++) {
        wasm_part(&r, wasm_number(&r));
        wasm_part(&r, wasm_number(&r));
        if (wasm_byte(&r) != 0)
            end(2, "the module imports more than functions");
        add_function(m, wasm_number(&r));
        check(&r);
    }
    m->imported = m->functions_n;
}

static void read_functions(struct module *m, struct wasm_reader r)
{
    uint64_t count = wasm_number(&r);
    uint32_t *types = get(m->functions_n + count, sizeof *types);

    if (m->functions_n)
        memcpy(types, m->function_types, m->functions_n * sizeof *types);
    free(m->function_types);
    m->function_types = types;
    for (uint64_t i = 0; i < count; i++) {
        add_function(m, wasm_number(&r));
        check(&r);
    }
}

static uint64_t shape_of(const struct module *m, uint64_t function, struct wasm_reader body)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325), locals = wasm_number(&body);

    mix_type(&h, m, m->function_types[function]);
    mix_numbers(&h, &body, 2 * locals);
    while (body.at < body.end && !body.bad)
        if (!mix_instruction(&h, m, &body))
            end(2, "the module has an instruction that is not known");
    check(&body);
    return h;
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

static size_t leb(uint8_t *to, uint64_t n)
{
    size_t i = 0;

    do {
        to[i++] = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
        n >>= 7;
    } while (n);
    return i;
}

/* The section: of all names, that of functions only. */
static void put_names(FILE *f, const struct shape *shapes, uint64_t n)
{
    enum { MOST = 64, HEAD = 32 };
    uint8_t *names = get(n * MOST + HEAD, 1), head[HEAD] = {0}, start[HEAD];
    size_t used = leb(names, n), at, size;

    for (uint64_t i = 0; i < n; i++) {
        char name[MOST / 2];
        int length = snprintf(name, sizeof name, "s%016llx", (unsigned long long)shapes[i].hash);

        if (shapes[i].number)
            length += snprintf(name + length, sizeof name - (size_t)length, "_%u", shapes[i].number);
        used += leb(names + used, shapes[i].function);
        used += leb(names + used, (uint64_t)length);
        memcpy(names + used, name, (size_t)length);
        used += (size_t)length;
    }
    /* Its name, then the part 1, functions. */
    memcpy(start, "\4name\1", 6);
    at = 6 + leb(start + 6, used);
    size = leb(head + 1, at + used);
    put(f, head, 1 + size);
    put(f, start, at);
    put(f, names, used);
    free(names);
}

int main(int argc, char **argv)
{
    struct module m = {0};
    struct wasm_reader r, code = {0};
    struct shape *shapes;
    uint8_t *bytes;
    uint64_t count;
    size_t n;
    FILE *f;

    if (argc != 3)
        end(1, "usage: shapes MODULE NAMED");
    bytes = read_file(argv[1], &n);
    if (n < WASM_HEADER)
        end(1, "%s is no module", argv[1]);
    r = (struct wasm_reader){bytes + WASM_HEADER, bytes + n, false};
    while (r.at < r.end) {
        uint8_t id = wasm_byte(&r);
        struct wasm_reader content = wasm_part(&r, wasm_number(&r));

        check(&r);
        if (id == WASM_TYPE)
            read_types(&m, content);
        if (id == WASM_IMPORT)
            read_imports(&m, content);
        if (id == WASM_FUNCTION)
            read_functions(&m, content);
        if (id == WASM_CODE)
            code = content;
    }
    count = code.at ? wasm_number(&code) : 0;
    if (count != m.functions_n - m.imported)
        end(1, "the module is cut or broken");
    shapes = get(count, sizeof *shapes);
    for (uint64_t i = 0; i < count; i++) {
        struct wasm_reader body = wasm_part(&code, wasm_number(&code));

        check(&code);
        shapes[i].function = (uint32_t)(m.imported + i);
        shapes[i].hash = shape_of(&m, m.imported + i, body);
    }
    qsort(shapes, count, sizeof *shapes, by_shape);
    for (uint64_t i = 1; i < count; i++)
        if (shapes[i].hash == shapes[i - 1].hash)
            shapes[i].number = shapes[i - 1].number + 1;
    qsort(shapes, count, sizeof *shapes, by_function);
    f = make(argv[2]);
    put(f, bytes, WASM_HEADER);
    r = (struct wasm_reader){bytes + WASM_HEADER, bytes + n, false};
    while (r.at < r.end) {
        const uint8_t *start = r.at;
        uint8_t id = wasm_byte(&r);

        wasm_part(&r, wasm_number(&r));
        if (id != WASM_CUSTOM)
            put(f, start, (size_t)(r.at - start));
    }
    put_names(f, shapes, count);
    if (fclose(f) != 0)
        end(1, "cannot write %s: %s", argv[2], strerror(errno));
    return 0;
}
