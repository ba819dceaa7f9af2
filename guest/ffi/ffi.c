/* Calls and callbacks through the table of functions: see ffi.h. "Basic C ABI" in WebAssembly's tool-conventions
 * defines which C type becomes which WebAssembly type. */
#include "ffi.h"

#include <alloca.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE(name, c, number) ffi_type ffi_type_##name = {sizeof(c), _Alignof(c), number, NULL}
ffi_type ffi_type_void = {1, 1, FFI_TYPE_VOID, NULL};
TYPE(float, float, FFI_TYPE_FLOAT);
TYPE(double, double, FFI_TYPE_DOUBLE);
TYPE(longdouble, long double, FFI_TYPE_LONGDOUBLE);
TYPE(pointer, void *, FFI_TYPE_POINTER);
TYPE(uint8, uint8_t, FFI_TYPE_UINT8);
TYPE(sint8, int8_t, FFI_TYPE_SINT8);
TYPE(uint16, uint16_t, FFI_TYPE_UINT16);
TYPE(sint16, int16_t, FFI_TYPE_SINT16);
TYPE(uint32, uint32_t, FFI_TYPE_UINT32);
TYPE(sint32, int32_t, FFI_TYPE_SINT32);
TYPE(uint64, uint64_t, FFI_TYPE_UINT64);
TYPE(sint64, int64_t, FFI_TYPE_SINT64);

/* The largest number of arguments in words; a long double is two. C guarantees at least 127 arguments. */
enum { MOST_WORDS = 256 };

static char why[512];

static bool refuse(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return false;
}

const char *wl_ffi_why(void)
{
    return why;
}

ffi_status ffi_prep_cif(ffi_cif *cif, ffi_abi abi, unsigned nargs, ffi_type *rtype, ffi_type **arg_types)
{
    if (abi != FFI_DEFAULT_ABI)
        return FFI_BAD_ABI;
    *cif = (ffi_cif){abi, nargs, arg_types, rtype};
    return FFI_OK;
}

ffi_status ffi_prep_cif_var(ffi_cif *cif, ffi_abi abi, unsigned nfixed, unsigned nargs, ffi_type *rtype,
                            ffi_type **arg_types)
{
    (void)nfixed;
    return ffi_prep_cif(cif, abi, nargs, rtype, arg_types);
}

/* --- types --- */

/* A structure whose only member is a scalar is passed as that member. NULL: any other structure, which is passed by
 * address. */
static const ffi_type *scalar_of(const ffi_type *type)
{
    while (type->type == FFI_TYPE_STRUCT) {
        const ffi_type *only = NULL;

        for (ffi_type **e = type->elements; e && *e; e++) {
            if ((*e)->size == 0)
                continue;
            if (only)
                return NULL;
            only = *e;
        }
        if (!only || only->size != type->size)
            return NULL;
        type = only;
    }
    return type;
}

/* The words in which an argument of the type is passed: none ("", for an empty structure) to two. */
static const char *words_of(const ffi_type *type)
{
    const ffi_type *scalar = scalar_of(type);

    if (!scalar)
        return type->size == 0 ? "" : "i";
    switch (scalar->type) {
    case FFI_TYPE_VOID:
        return "";
    case FFI_TYPE_FLOAT:
        return "f";
    case FFI_TYPE_DOUBLE:
        return "d";
    case FFI_TYPE_LONGDOUBLE:
        return "II";
    case FFI_TYPE_UINT64:
    case FFI_TYPE_SINT64:
        return "I";
    default:
        return "i";
    }
}

/* Whether the result is written to an address that is passed before the arguments. */
static bool result_by_address(const ffi_type *type)
{
    const char *words = words_of(type);

    return (!scalar_of(type) && type->size != 0) || (words[0] && words[1]);
}

/* Writes the signature of a call with the first n arguments. Fails if it is longer than every known one. */
static bool signature_of(const ffi_cif *cif, unsigned n, char text[MOST_WORDS + 2])
{
    size_t length = 1;

    text[0] = 'v';
    text[1] = 0;
    if (result_by_address(cif->rtype))
        text[length++] = 'i';
    else if (*words_of(cif->rtype))
        text[0] = *words_of(cif->rtype);
    for (unsigned i = 0; i < n; i++) {
        const char *words = words_of(cif->arg_types[i]);

        if (length + strlen(words) > MOST_WORDS)
            return refuse("there are too many arguments");
        memcpy(text + length, words, strlen(words));
        length += strlen(words);
    }
    text[length] = 0;
    return true;
}

/* A signature in readable form: "(i32, f64) -> i32". */
static void tell_signature(const char *text, bool variadic, char *to, size_t size)
{
    size_t n = (size_t)snprintf(to, size, "(");

    for (const char *p = text + 1; *p && n < size; p++) {
        const char *name = *p == 'i' ? "i32" : *p == 'I' ? "i64" : *p == 'f' ? "f32" : "f64";

        n += (size_t)snprintf(to + n, size - n, "%s%s", p > text + 1 ? ", " : "", variadic && !p[1] ? "..." : name);
    }
    if (n < size)
        snprintf(to + n, size - n, ") -> %s",
                 *text == 'v'   ? "nothing"
                 : *text == 'i' ? "i32"
                 : *text == 'I' ? "i64"
                 : *text == 'f' ? "f32"
                                : "f64");
}

/* --- what is at an address --- */

struct known {
    const char *name;
    int16_t signature; /* negative: not a known function */
    bool variadic;
};

/* Sorted by address. Addresses of functions are small numbers: places in the program's table of functions. */
static struct known *known;
static uintptr_t known_size;

static int find_signature(const char *text)
{
    for (unsigned i = 0; i < wl_ffi_signature_count; i++)
        if (!strcmp(wl_ffi_signatures[i].text, text))
            return (int)i;
    return -1;
}

static void learn(const void *address, struct known what)
{
    if (known[(uintptr_t)address].signature < 0)
        known[(uintptr_t)address] = what;
}

static bool learn_all(void)
{
    uintptr_t last = 0;

    if (known)
        return true;
    for (unsigned i = 0; i < wl_ffi_symbol_count; i++)
        if (wl_ffi_symbols[i].signature >= 0 && (uintptr_t)wl_ffi_symbols[i].address > last)
            last = (uintptr_t)wl_ffi_symbols[i].address;
    for (unsigned i = 0; i < wl_ffi_thunk_count; i++)
        if ((uintptr_t)wl_ffi_thunks[i] > last)
            last = (uintptr_t)wl_ffi_thunks[i];
    for (const struct wl_ffi_static *s = wl_ffi_ctypes_statics; s->text; s++)
        if ((uintptr_t)s->address > last)
            last = (uintptr_t)s->address;
    known = malloc((last + 1) * sizeof *known);
    if (!known)
        return refuse("out of memory");
    for (known_size = 0; known_size <= last; known_size++)
        known[known_size] = (struct known){NULL, -1, false};
    for (unsigned i = 0; i < wl_ffi_symbol_count; i++)
        if (wl_ffi_symbols[i].signature >= 0)
            learn(wl_ffi_symbols[i].address,
                  (struct known){wl_ffi_symbols[i].name, wl_ffi_symbols[i].signature, wl_ffi_symbols[i].variadic});
    for (unsigned g = 0; g < wl_ffi_thunk_group_count; g++)
        for (unsigned i = 0; i < wl_ffi_thunk_groups[g].count; i++)
            learn(wl_ffi_thunks[wl_ffi_thunk_groups[g].first + i],
                  (struct known){"the callback", wl_ffi_thunk_groups[g].signature, false});
    for (const struct wl_ffi_static *s = wl_ffi_ctypes_statics; s->text; s++)
        learn(s->address, (struct known){"a function of ctypes", (int16_t)find_signature(s->text), false});
    return true;
}

static const struct known *function_at(const void *address)
{
    if (!learn_all())
        return NULL;
    if (!address) {
        refuse("the function's address is NULL");
        return NULL;
    }
    if ((uintptr_t)address >= known_size || known[(uintptr_t)address].signature < 0) {
        refuse("the function at address %#lx is unknown: only those that CDLL(None) finds, and callbacks, can "
               "be called",
               (unsigned long)(uintptr_t)address);
        return NULL;
    }
    return &known[(uintptr_t)address];
}

/* How many arguments of the call are the fixed ones of a variadic function. More than the call has: it has too few. */
static unsigned fixed_arguments(const ffi_cif *cif, const char *text)
{
    size_t words = strlen(text + 1) - 1 - (result_by_address(cif->rtype) ? 1 : 0);
    unsigned n = 0;

    for (; words > 0 && n < cif->nargs; n++) {
        size_t of_this = strlen(words_of(cif->arg_types[n]));

        words = of_this > words ? 0 : words - of_this;
    }
    return words ? cif->nargs + 1 : n;
}

bool wl_ffi_can_call(const ffi_cif *cif, const void *fn)
{
    const struct known *f = function_at(fn);
    char called[MOST_WORDS + 2], is_text[160], called_text[160];
    const char *is;
    unsigned n = cif->nargs;

    if (!f)
        return false;
    is = wl_ffi_signatures[f->signature].text;
    if (f->variadic && fixed_arguments(cif, is) <= n)
        n = fixed_arguments(cif, is);
    if (!signature_of(cif, n, called))
        return false;
    if (f->variadic)
        strcat(called, "i");
    if (!strcmp(is, called))
        return true;
    /* A call may ignore a result, or expect an int from a function without one, because int is the default of ctypes.
     * The caller must not expect anything larger. */
    if (*is == *called || (*is == 'v' && *called == 'i') || *called == 'v') {
        if (!strcmp(is + 1, called + 1))
            return true;
        /* As in C, a call may have more arguments than the function. */
        if (!f->variadic && strlen(called) > strlen(is) && !strncmp(is + 1, called + 1, strlen(is + 1)))
            return true;
    }
    tell_signature(is, f->variadic, is_text, sizeof is_text);
    tell_signature(called, f->variadic, called_text, sizeof called_text);
    return refuse("%s is a function %s, but the call is %s: set its argtypes and restype", f->name, is_text,
                  called_text);
}

/* --- calls --- */

/* Loads the value of a scalar as a word. */
static void load(const ffi_type *type, const void *value, union wl_ffi_word *to)
{
    switch (type->type) {
    case FFI_TYPE_UINT8:
        to->i = *(const uint8_t *)value;
        break;
    case FFI_TYPE_SINT8:
        to->i = (uint32_t)(int32_t) * (const int8_t *)value;
        break;
    case FFI_TYPE_UINT16:
        to->i = *(const uint16_t *)value;
        break;
    case FFI_TYPE_SINT16:
        to->i = (uint32_t)(int32_t) * (const int16_t *)value;
        break;
    default:
        memcpy(to, value, type->size);
    }
}

/* A copy on the stack of the caller, which the called function may change. */
#define COPY(type, value) memcpy(aligned_up(alloca((type)->size + 16)), value, (type)->size)
static void *aligned_up(void *p)
{
    return (void *)(((uintptr_t)p + 15) & ~(uintptr_t)15);
}

/* Stores an argument for "..." at to + at, and returns where the next one starts. to may be NULL. */
static size_t put_variadic(const ffi_type *type, const void *value, char *to, size_t at)
{
    const ffi_type *scalar = scalar_of(type);
    union wl_ffi_word word = {0};
    size_t size = 4;

    if (!scalar && type->size == 0)
        return at;
    if (scalar && scalar->type == FFI_TYPE_LONGDOUBLE) {
        at = (at + 15) & ~(size_t)15;
        if (to)
            memcpy(to + at, value, 16);
        return at + 16;
    }
    if (!scalar) {
        word.i = (uint32_t)(uintptr_t)value;
    } else if (scalar->type == FFI_TYPE_FLOAT) {
        word.d = value ? *(const float *)value : 0;
        size = 8;
    } else {
        if (value)
            load(scalar, value, &word);
        size = scalar->size == 8 ? 8 : 4;
    }
    at = (at + size - 1) & ~(size - 1);
    if (to)
        memcpy(to + at, &word, size);
    return at + size;
}

void ffi_call(ffi_cif *cif, void *fn, void *rvalue, void **avalue)
{
    const struct known *f = function_at(fn);
    union wl_ffi_word words[MOST_WORDS + 2], result = {0};
    unsigned n = 0, fixed = cif->nargs;
    const char *text;

    if (!f || !wl_ffi_can_call(cif, fn)) {
        fprintf(stderr, "ffi_call: %s\n", why);
        abort();
    }
    text = wl_ffi_signatures[f->signature].text;
    if (f->variadic)
        fixed = fixed_arguments(cif, text);
    if (result_by_address(cif->rtype))
        words[n++].i = (uint32_t)(uintptr_t)rvalue;
    for (unsigned i = 0; i < fixed; i++) {
        const ffi_type *type = cif->arg_types[i], *scalar = scalar_of(type);

        if (!scalar) {
            if (type->size)
                words[n++].i = (uint32_t)(uintptr_t)COPY(type, avalue[i]);
        } else if (scalar->type == FFI_TYPE_LONGDOUBLE) {
            memcpy(words + n, avalue[i], 16);
            n += 2;
        } else if (scalar->type != FFI_TYPE_VOID) {
            load(scalar, avalue[i], &words[n++]);
        }
    }
    if (f->variadic) {
        size_t size = 0;
        char *rest;

        for (unsigned i = fixed; i < cif->nargs; i++)
            size = put_variadic(cif->arg_types[i], NULL, NULL, size);
        rest = aligned_up(alloca(size + 16));
        size = 0;
        for (unsigned i = fixed; i < cif->nargs; i++)
            size = put_variadic(cif->arg_types[i], avalue[i], rest, size);
        words[n++].i = (uint32_t)(uintptr_t)rest;
    }
    wl_ffi_signatures[f->signature].call((void (*)(void))fn, words, &result);
    if (!rvalue || result_by_address(cif->rtype) || cif->rtype->type == FFI_TYPE_VOID || cif->rtype->size == 0)
        return;
    /* A small integer fills a whole ffi_arg; a structure only has room for its size. */
    memcpy(rvalue, &result, cif->rtype->type == FFI_TYPE_STRUCT || cif->rtype->size > 4 ? cif->rtype->size : 4);
}

/* --- callbacks --- */

/* The owner of each thunk, parallel to wl_ffi_thunks. */
static ffi_closure **owners;

void *ffi_closure_alloc(size_t size, void **code)
{
    ffi_closure *closure = malloc(size < sizeof *closure ? sizeof *closure : size);

    *code = NULL;
    if (closure)
        *closure = (ffi_closure){.thunk = -1};
    return closure;
}

void ffi_closure_free(void *p)
{
    ffi_closure *closure = p;

    if (closure->thunk >= 0)
        owners[closure->thunk] = NULL;
    free(closure);
}

ffi_status wl_ffi_prep_closure(ffi_closure *closure, ffi_cif *cif,
                               void (*handler)(ffi_cif *cif, void *result, void **arguments, void *user), void *user,
                               void **code)
{
    char text[MOST_WORDS + 2], told[160];

    if (!owners)
        owners = calloc(wl_ffi_thunk_count, sizeof(ffi_closure *));
    if (!owners) {
        refuse("out of memory");
        return FFI_BAD_TYPEDEF;
    }
    if (!signature_of(cif, cif->nargs, text))
        return FFI_BAD_TYPEDEF;
    tell_signature(text, false, told, sizeof told);
    for (unsigned g = 0; g < wl_ffi_thunk_group_count; g++) {
        const struct wl_ffi_thunk_group *group = &wl_ffi_thunk_groups[g];

        if (strcmp(wl_ffi_signatures[group->signature].text, text) != 0)
            continue;
        for (unsigned i = group->first; i < group->first + group->count; i++) {
            if (owners[i])
                continue;
            owners[i] = closure;
            closure->cif = cif;
            closure->handler = handler;
            closure->user = user;
            closure->thunk = (int)i;
            *code = (void *)wl_ffi_thunks[i];
            return FFI_OK;
        }
        refuse("all %u callbacks %s are in use: WebAssembly cannot create more while it runs", group->count, told);
        return FFI_BAD_TYPEDEF;
    }
    refuse("there is no callback %s: WebAssembly cannot create one while it runs", told);
    return FFI_BAD_TYPEDEF;
}

void wl_ffi_enter(unsigned number, union wl_ffi_word *words, union wl_ffi_word *result)
{
    ffi_closure *closure = owners ? owners[number] : NULL;
    void **arguments;
    ffi_cif *cif;
    char *room;
    unsigned n = 0;
    bool by_address;

    if (!closure) {
        fputs("ctypes: C called a callback that Python has freed\n", stderr);
        abort();
    }
    cif = closure->cif;
    by_address = result_by_address(cif->rtype);
    if (by_address)
        n++;
    arguments = alloca((cif->nargs + 1) * sizeof *arguments);
    for (unsigned i = 0; i < cif->nargs; i++) {
        const ffi_type *type = cif->arg_types[i], *scalar = scalar_of(type);

        if (!scalar && type->size)
            arguments[i] = (void *)(uintptr_t)words[n++].i;
        else if (scalar && scalar->type == FFI_TYPE_LONGDOUBLE)
            arguments[i] = COPY(scalar, &words[n]), n += 2;
        else if (scalar && scalar->type != FFI_TYPE_VOID)
            arguments[i] = &words[n++];
        else
            arguments[i] = &words[n];
    }
    if (by_address) {
        closure->handler(cif, (void *)(uintptr_t)words[0].i, arguments, closure->user);
        return;
    }
    room = aligned_up(alloca(cif->rtype->size + 32));
    memset(room, 0, cif->rtype->size + 16);
    closure->handler(cif, room, arguments, closure->user);
    if (cif->rtype->type == FFI_TYPE_VOID)
        return;
    load(scalar_of(cif->rtype) ? scalar_of(cif->rtype) : &ffi_type_uint32, room, result);
}

/* --- symbols by name --- */

static char dl_error[512];
static bool dl_failed;

void *dlopen(const char *name, int flags)
{
    (void)flags;
    /* Nothing can be loaded, so the only handle is the program's. */
    if (!name)
        return (void *)wl_ffi_symbols;
    snprintf(dl_error, sizeof dl_error, "%.200s: WASI cannot load libraries; CDLL(None) has what is linked into Python",
             name);
    dl_failed = true;
    return NULL;
}

int dlclose(void *handle)
{
    if (handle == (const void *)wl_ffi_symbols)
        return 0;
    snprintf(dl_error, sizeof dl_error, "it is not the handle of a library");
    dl_failed = true;
    return -1;
}

char *dlerror(void)
{
    if (!dl_failed)
        return NULL;
    dl_failed = false;
    return dl_error;
}

static int by_name(const void *name, const void *symbol)
{
    return strcmp(name, ((const struct wl_ffi_symbol *)symbol)->name);
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    const struct wl_ffi_symbol *found = NULL;

    if (handle == (const void *)wl_ffi_symbols)
        found = bsearch(name, wl_ffi_symbols, wl_ffi_symbol_count, sizeof *found, by_name);
    if (found)
        return (void *)found->address;
    snprintf(dl_error, sizeof dl_error, "%.200s: no such symbol is linked into Python", name);
    dl_failed = true;
    return NULL;
}
