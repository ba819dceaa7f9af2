/* Checks whether a module can be translated. wasm-validate checks whether it is valid.
 *
 * This code reads the bytes of the module, and not another program's listing of it: a name in a module can have any
 * text, even lines of such a listing. */
#include "aot.h"

#include "abi/wasi_calls.h"

#include <stdlib.h>
#include <string.h>

enum { FUNCTION_KIND = 0, MEMORY_KIND = 2, WIDE = 4, I32 = 0x7f, FUNCTION_TYPE = 0x60 };

/* The largest number of each that a module may have. These are the limits of browsers, and of the engine of wl-run.
 * The compiler's time and memory grow with them. */
static const struct {
    uint8_t section;
    uint64_t most;
    const char *what;
} limits[] = {
    {WASM_TYPE, 1000000, "types"},         {WASM_IMPORT, 100000, "imports"},
    {WASM_FUNCTION, 1000000, "functions"}, {WASM_TABLE, 100, "tables"},
    {WASM_MEMORY, 16, "memories"},         {WASM_GLOBAL, 1000000, "globals"},
    {WASM_EXPORT, 100000, "exports"},      {WASM_ELEMENT, 100000, "segments of elements"},
    {WASM_CODE, 1000000, "functions"},     {WASM_DATA, 100000, "segments of data"},
};
#define MOST_LOCALS 50000
#define MOST_PARAMETERS 1000
#define MOST_CODE 7654321 /* bytes of one function */

/* Each local, parameter and result takes some bytes of C wherever it occurs. In a module, however, a type with a
 * thousand of them occurs once, and a million locals are one number. A compiler's output uses most of its locals, so
 * it has fewer of them than bytes. */
#define SOME_VARIABLES 100000

struct signature {
    uint16_t parameters, results;
    uint8_t first, second, result; /* the types of the first two parameters, and of the first result */
};

struct checked {
    const struct module *m;
    struct fit *fit;
    struct signature *types;
    uint64_t types_n;
    uint32_t *type_of; /* of each function */
    uint64_t functions_n;
    uint64_t variables; /* parameters, results and locals of all functions and exports */
};

/* A name from the module in a form that can be printed. */
struct shown {
    char s[120];
};

static struct shown shown(struct wasm_reader r)
{
    struct shown t = {""};
    size_t n = 0;

    for (; r.at < r.end && n < sizeof t.s - 4; r.at++)
        t.s[n++] = *r.at >= ' ' && *r.at <= '~' ? (char)*r.at : '?';
    if (r.at < r.end)
        memcpy(t.s + n, "...", 3);
    return t;
}

static bool is_call(struct wasm_reader r)
{
#define NAME(call, parameters, arguments) #call,
    static const char *const calls[] = {WASI_CALLS(NAME) "proc_exit"};
#undef NAME

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (is_text(r, calls[i]))
            return true;
    return false;
}

static void check_types(struct checked *c)
{
    struct wasm_reader r = c->m->section[WASM_TYPE];
    uint64_t n = wasm_number(&r);

    c->types = get(n, sizeof *c->types);
    for (; c->types_n < n; c->types_n++) {
        struct signature *t = &c->types[c->types_n];

        /* (This is not a function type. wasm-validate reports it.) */
        if (wasm_byte(&r) != FUNCTION_TYPE)
            return;
        for (int i = 0; i < 2; i++) {
            uint64_t some = wasm_number(&r);
            struct wasm_reader values;

            if (some > MOST_PARAMETERS)
                refuse("%s has a function with more than %d parameters or results", c->m->name, MOST_PARAMETERS);
            values = wasm_part(&r, some);
            module_check(c->m, &r);
            *(i ? &t->results : &t->parameters) = (uint16_t)some;
            if (i && some)
                t->result = *values.at;
            if (!i && some)
                t->first = values.at[0];
            if (!i && some > 1)
                t->second = values.at[1];
        }
    }
}

static const struct signature *signature_of(const struct checked *c, uint64_t function)
{
    return function < c->functions_n && c->type_of[function] < c->types_n ? &c->types[c->type_of[function]] : NULL;
}

static void count_function(struct checked *c, uint64_t number)
{
    const struct signature *t = signature_of(c, number);

    if (t)
        c->variables += (uint64_t)t->parameters + t->results;
}

static void add_function(struct checked *c, uint64_t type)
{
    c->type_of[c->functions_n++] = type < UINT32_MAX ? (uint32_t)type : UINT32_MAX;
    count_function(c, c->functions_n - 1);
}

static void check_imports(struct checked *c)
{
    struct wasm_reader r = c->m->section[WASM_IMPORT];
    uint64_t n = r.at ? wasm_number(&r) : 0;

    c->type_of = get(n, sizeof *c->type_of);
    for (uint64_t i = 0; i < n; i++) {
        struct wasm_reader module = module_part(c->m, &r), field = module_part(c->m, &r);

        if (!is_text(module, "wasi_snapshot_preview1") || wasm_byte(&r) != FUNCTION_KIND)
            refuse("%s imports %s.%s, which nothing provides: native programs have only WASI preview 1", c->m->name,
                   shown(module).s, shown(field).s);
        if (!is_call(field))
            refuse("%s imports %s.%s, which is not a call of WASI preview 1", c->m->name, shown(module).s,
                   shown(field).s);
        add_function(c, wasm_number(&r));
        module_check(c->m, &r);
        c->fit->imports = true;
    }
}

static void check_functions(struct checked *c)
{
    struct wasm_reader r = c->m->section[WASM_FUNCTION];
    uint64_t n = r.at ? wasm_number(&r) : 0;

    c->type_of = need(realloc(c->type_of, (c->functions_n + n + 1) * sizeof *c->type_of));
    for (uint64_t i = 0; i < n; i++) {
        add_function(c, wasm_number(&r));
        module_check(c->m, &r);
    }
}

static void check_exports(struct checked *c)
{
    struct wasm_reader r = c->m->section[WASM_EXPORT];
    uint64_t n = r.at ? wasm_number(&r) : 0;
    bool memory = false, start = false;

    for (uint64_t i = 0; i < n; i++) {
        struct wasm_reader field = module_part(c->m, &r);
        uint8_t kind = wasm_byte(&r);
        uint64_t number = wasm_number(&r);
        const struct signature *t;

        module_check(c->m, &r);
        memory |= is_text(field, "memory") && kind == MEMORY_KIND && number == 0;
        if (kind != FUNCTION_KIND)
            continue;
        count_function(c, number);
        t = signature_of(c, number);
        start |= is_text(field, "_start") && t && !t->parameters && !t->results;
        c->fit->interrupts |=
            is_text(field, "wl_interrupt_cells") && t && !t->parameters && t->results == 1 && t->result == I32;
        c->fit->sessions |= is_text(field, "wl_session") && t && t->parameters == 2 && t->first == I32 &&
                            t->second == I32 && t->results == 1 && t->result == I32;
        c->fit->threads |= is_text(field, "wl_thread") && t && t->parameters == 1 && t->first == I32 && !t->results;
    }
    if (!memory)
        refuse("%s does not export its memory, so it is not a WASI program", c->m->name);
    if (!start)
        refuse("%s has no function _start, so it is not a program", c->m->name);
}

static void check_memories(struct checked *c)
{
    struct wasm_reader r = c->m->section[WASM_MEMORY];
    uint64_t n = r.at ? wasm_number(&r) : 0;

    for (uint64_t i = 0; i < n; i++) {
        uint64_t flags = wasm_number(&r);

        if (flags & WIDE)
            refuse("%s has a memory of 64 bits, which native programs cannot have", c->m->name);
        wasm_number(&r);
        if (flags & 1)
            wasm_number(&r);
        module_check(c->m, &r);
    }
}

static void check_code(struct checked *c)
{
    struct wasm_reader r = c->m->section[WASM_CODE];
    uint64_t n = r.at ? wasm_number(&r) : 0;

    for (uint64_t i = 0; i < n; i++) {
        struct wasm_reader body = module_part(c->m, &r);
        uint64_t groups, locals = 0;

        if (body.end - body.at > MOST_CODE)
            refuse("%s has a function of %lld bytes, which is more than %d", c->m->name,
                   (long long)(body.end - body.at), MOST_CODE);
        groups = wasm_number(&body);
        for (uint64_t k = 0; k < groups; k++) {
            uint64_t some = wasm_number(&body);

            wasm_byte(&body);
            module_check(c->m, &body);
            locals += some <= MOST_LOCALS ? some : MOST_LOCALS + 1;
            if (locals > MOST_LOCALS)
                refuse("%s has a function with more than %d locals", c->m->name, MOST_LOCALS);
        }
        c->variables += locals;
    }
}

void fit_check(const struct module *m, struct fit *f)
{
    struct checked c = {.m = m, .fit = f};
    const struct wasm_reader *tags = &m->section[WASM_TAG];

    *f = (struct fit){0};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct wasm_reader count = m->section[limits[i].section];

        if (count.at && wasm_number(&count) > limits[i].most)
            refuse("%s has more than %llu %s", m->name, (unsigned long long)limits[i].most, limits[i].what);
    }
    if (m->section[WASM_TYPE].at)
        check_types(&c);
    check_imports(&c);
    check_functions(&c);
    check_memories(&c);
    if (tags->at && tags->at < tags->end && *tags->at)
        refuse("%s uses exceptions of WebAssembly, which native programs cannot use", m->name);
    check_code(&c);
    check_exports(&c);
    if (c.variables > SOME_VARIABLES + m->n)
        refuse("%s has %llu parameters and locals in %llu bytes: a compiler's output has fewer", m->name,
               (unsigned long long)c.variables, (unsigned long long)m->n);
    free(c.types);
    free(c.type_of);
}
