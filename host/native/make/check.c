/* check MODULE NAME: whether a module is one that can be translated. Status 3: it is not, and the last line says why.
 * Prints "interrupts" for a module that exports wl_interrupt_cells (guest/interrupt.c), "data" for one that has some,
 * and "start" for one of which a function runs when it is instantiated.
 *
 * This reads bytes, not what another program prints of them: names of a module may look like anything, lines of such a
 * program too. That the module is valid is not looked at here. */
#include "make.h"

#include "wasi/wasi_calls.h"

#include <stdbool.h>
#include <stdint.h>

const char *const program = "check";

enum { NOT_FIT = 3, TABLE = 4, ELEMENT = 9, TAG = 13, FUNCTION_KIND = 0, MEMORY_KIND = 2, WIDE = 4 };

/* The most of each that a module may have: those are the limits of browsers, and of the engine of wl-run. What a
 * compiler needs grows with them. */
static const struct {
    uint8_t section;
    uint64_t most;
    const char *what;
} limits[] = {
    {WASM_TYPE, 1000000, "types"},         {WASM_IMPORT, 100000, "imports"},
    {WASM_FUNCTION, 1000000, "functions"}, {TABLE, 100, "tables"},
    {WASM_MEMORY, 16, "memories"},         {WASM_GLOBAL, 1000000, "globals"},
    {WASM_EXPORT, 100000, "exports"},      {ELEMENT, 100000, "segments of elements"},
    {WASM_CODE, 1000000, "functions"},     {WASM_DATA, 100000, "segments of data"},
};
#define MOST_LOCALS 50000
#define MOST_PARAMETERS 1000
#define MOST_CODE 7654321 /* bytes of one function */

/* Locals, parameters and results take some bytes of C wherever they stand, but in the module a type of a thousand
 * stands once and a million locals are a number. In what a compiler has written most are used, so there are fewer than
 * bytes. */
#define SOME_VARIABLES 100000

static const char *name;     /* of the module */
static uint64_t variables;   /* parameters, results and locals of all functions and exports */
static uint16_t *parameters; /* with results, of each type */
static uint32_t *type_of;    /* of each function */
static uint64_t types_n, functions_n;

/* A name out of the module, as it can be shown. */
struct text {
    char s[120];
};

static struct text shown(struct wasm_reader r)
{
    struct text t = {""};
    size_t n = 0;

    for (; r.at < r.end && n < sizeof t.s - 4; r.at++)
        t.s[n++] = *r.at >= ' ' && *r.at <= '~' ? (char)*r.at : '?';
    if (r.at < r.end)
        memcpy(t.s + n, "...", 3);
    return t;
}

static bool same(struct wasm_reader r, const char *text)
{
    return (size_t)(r.end - r.at) == strlen(text) && memcmp(r.at, text, strlen(text)) == 0;
}

__attribute__((noreturn, format(printf, 1, 2))) static void refuse(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "%s ", name);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(NOT_FIT);
}

static void whole(const struct wasm_reader *r)
{
    if (r->bad)
        refuse("is no valid module, or uses a proposal that wasm2c lacks");
}

static struct wasm_reader part(struct wasm_reader *r)
{
    struct wasm_reader p = wasm_part(r, wasm_number(r));

    whole(r);
    return p;
}

static bool is_call(struct wasm_reader r)
{
#define NAME(call, parameters, arguments) #call,
    static const char *const calls[] = {WASI_CALLS(NAME) "proc_exit"};
#undef NAME

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (same(r, calls[i]))
            return true;
    return false;
}

static void *grown(void *old, uint64_t n, size_t size)
{
    void *it = realloc(old, n * size + 1);

    if (!it)
        end(1, "out of memory");
    return it;
}

static void check_types(struct wasm_reader r)
{
    uint64_t n = wasm_number(&r);

    parameters = grown(NULL, n, sizeof *parameters);
    for (; types_n < n; types_n++) {
        uint64_t sum = 0;

        /* (A type that is no function's: wasm-validate says more.) */
        if (wasm_byte(&r) != 0x60)
            return;
        for (int i = 0; i < 2; i++) {
            uint64_t some = wasm_number(&r);

            if (some > MOST_PARAMETERS)
                refuse("has a function with more than %d parameters or results", MOST_PARAMETERS);
            wasm_part(&r, some);
            whole(&r);
            sum += some;
        }
        parameters[types_n] = (uint16_t)sum;
    }
}

static void count_function(uint64_t number)
{
    if (number < functions_n && type_of[number] < types_n)
        variables += parameters[type_of[number]];
}

static void add_function(uint64_t type)
{
    type_of[functions_n++] = type < UINT32_MAX ? (uint32_t)type : UINT32_MAX;
    count_function(functions_n - 1);
}

static void check_functions(struct wasm_reader r)
{
    uint64_t n = wasm_number(&r);

    type_of = grown(type_of, functions_n + n, sizeof *type_of);
    for (uint64_t i = 0; i < n; i++) {
        add_function(wasm_number(&r));
        whole(&r);
    }
}

static void check_imports(struct wasm_reader r)
{
    uint64_t n = wasm_number(&r);

    /* (In a module that is not valid the functions may come before.) */
    type_of = grown(type_of, functions_n + n, sizeof *type_of);
    for (uint64_t i = 0; i < n; i++) {
        struct wasm_reader module = part(&r), field = part(&r);

        if (!same(module, "wasi_snapshot_preview1") || wasm_byte(&r) != FUNCTION_KIND)
            refuse("imports %s.%s, which nobody gives: only WASI preview 1 is there", shown(module).s, shown(field).s);
        if (!is_call(field))
            refuse("imports %s.%s, which is no call of WASI preview 1", shown(module).s, shown(field).s);
        add_function(wasm_number(&r));
        whole(&r);
    }
}

static void check_exports(struct wasm_reader r)
{
    uint64_t n = wasm_number(&r);
    bool memory = false, start = false;

    for (uint64_t i = 0; i < n; i++) {
        struct wasm_reader field = part(&r);
        uint8_t kind = wasm_byte(&r);
        uint64_t number = wasm_number(&r);

        whole(&r);
        memory |= same(field, "memory") && kind == MEMORY_KIND && number == 0;
        if (kind == FUNCTION_KIND)
            count_function(number);
        start |= same(field, "_start") && kind == FUNCTION_KIND;
        if (same(field, "wl_interrupt_cells") && kind == FUNCTION_KIND)
            puts("interrupts");
    }
    if (!memory)
        refuse("does not export its memory, so it is no WASI program");
    if (!start)
        refuse("has no function _start, so it is no program that can be run");
}

static void check_memories(struct wasm_reader r)
{
    uint64_t n = wasm_number(&r);

    for (uint64_t i = 0; i < n; i++) {
        uint64_t flags = wasm_number(&r);

        if (flags & WIDE)
            refuse("has a memory of 64 bits, which native programs cannot have");
        wasm_number(&r);
        if (flags & 1)
            wasm_number(&r);
        whole(&r);
    }
}

static void check_code(struct wasm_reader r)
{
    uint64_t n = wasm_number(&r);

    for (uint64_t i = 0; i < n; i++) {
        struct wasm_reader body = part(&r);
        uint64_t groups, locals = 0;

        if (body.end - body.at > MOST_CODE)
            refuse("has a function of %lld bytes, which is more than %d", (long long)(body.end - body.at), MOST_CODE);
        groups = wasm_number(&body);
        for (uint64_t k = 0; k < groups; k++) {
            uint64_t some = wasm_number(&body);

            wasm_byte(&body);
            whole(&body);
            locals += some <= MOST_LOCALS ? some : MOST_LOCALS + 1;
            if (locals > MOST_LOCALS)
                refuse("has a function with more than %d locals", MOST_LOCALS);
        }
        variables += locals;
    }
}

static void check_section(uint8_t id, struct wasm_reader r)
{
    struct wasm_reader count = r;

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].section == id && wasm_number(&count) > limits[i].most)
            refuse("has more than %llu %s", (unsigned long long)limits[i].most, limits[i].what);
    if (id == WASM_TYPE)
        check_types(r);
    if (id == WASM_IMPORT)
        check_imports(r);
    if (id == WASM_FUNCTION)
        check_functions(r);
    if (id == WASM_MEMORY)
        check_memories(r);
    if (id == WASM_START)
        puts("start");
    if (id == WASM_DATA && r.at < r.end && *r.at)
        puts("data");
    if (id == WASM_CODE)
        check_code(r);
    if (id == TAG && r.at < r.end && *r.at)
        refuse("uses exceptions of WebAssembly, which native programs cannot");
}

int main(int argc, char **argv)
{
    struct wasm_reader r, exports = {0};
    uint64_t seen = 0;
    uint8_t *bytes;
    size_t n;

    if (argc != 3)
        end(1, "usage: check MODULE NAME");
    name = argv[2];
    bytes = read_file(argv[1], &n);
    if (n < WASM_HEADER || memcmp(bytes, "\0asm", 4) != 0)
        refuse("is no WebAssembly module");
    r = (struct wasm_reader){bytes + WASM_HEADER, bytes + n, false};
    while (r.at < r.end) {
        uint8_t id = wasm_byte(&r);
        struct wasm_reader content = part(&r);

        if (id && id < 64 && (seen >> id & 1))
            refuse("is no valid module: it has a section twice");
        seen |= id < 64 ? UINT64_C(1) << id : 0;
        check_section(id, content);
        if (id == WASM_EXPORT)
            exports = content;
    }
    check_exports(exports);
    if (variables > SOME_VARIABLES + n)
        refuse("has %llu parameters and locals in %llu bytes: what a compiler has written has fewer",
               (unsigned long long)variables, (unsigned long long)n);
    return fflush(stdout) == 0 ? 0 : 1;
}
