#include "bundle.h"

#include "edit.h"
#include "files.h"
#include "lower.h"
#include "object.h"

#include <stdlib.h>
#include <string.h>

static bool is_bitcode(const uint8_t *bytes, size_t n)
{
    return n >= 4 && memcmp(bytes, "BC\xc0\xde", 4) == 0;
}

static int member_is_for_wasm(void *user, const char *name, const uint8_t *bytes, size_t n, struct error *e)
{
    (void)user;
    (void)name;
    (void)e;
    return is_module(bytes, n) || is_bitcode(bytes, n) ? 1 : 2;
}

bool is_for_wasm(const char *path)
{
    struct error ignored;
    uint8_t *bytes;
    size_t n;
    bool is;

    if (file_read(path, &bytes, &n, &ignored) < 0)
        return false;
    is = is_module(bytes, n) || is_bitcode(bytes, n);
    if (is_archive(bytes, n)) /* an empty one is as good as any */
        is = archive_each(path, bytes, n, member_is_for_wasm, NULL, &ignored) < 2;
    free(bytes);
    return is;
}

/* --- starts of modules in archives --- */

/* Names of functions that start modules, and whether an object has one. */
struct starts {
    struct names in_archives;
    bool in_object;
};

static void find_starts(const char *name, const uint8_t *bytes, size_t n, struct names *found)
{
    struct error ignored;
    struct object o;

    /* What the linker cannot read is its business. */
    if (object_read(&o, name, bytes, n, &ignored) == 0)
        for (size_t i = 0; i < o.n_symbols; i++)
            if (is_start(&o.symbols[i]))
                names_add(found, (const char *)o.symbols[i].name.at, o.symbols[i].name.n);
    object_free(&o);
}

static int find_in_member(void *user, const char *name, const uint8_t *bytes, size_t n, struct error *e)
{
    (void)e;
    find_starts(name, bytes, n, user);
    return 0;
}

static void find_in_file(const char *path, struct starts *s)
{
    struct error ignored;
    struct names found = {NULL, 0};
    uint8_t *bytes;
    size_t n;

    if (file_read(path, &bytes, &n, &ignored) < 0)
        return;
    if (is_archive(bytes, n))
        archive_each(path, bytes, n, find_in_member, &s->in_archives, &ignored);
    else
        find_starts(path, bytes, n, &found);
    s->in_object |= found.n > 0;
    names_free(&found);
    free(bytes);
}

/* Leaves only the name that belongs to the output, if there is one. */
static void choose(struct names *names, const char *out)
{
    const char *base = base_of(out);
    char *wanted = text_of("PyInit_%.*s", (int)strcspn(base, "."), base);

    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->list[i], wanted) == 0) {
            names_free(names);
            names_add(names, wanted, strlen(wanted));
            break;
        }
    free(wanted);
}

static void put_text_span(struct bytes *b, const char *text)
{
    put_span(b, (struct span){(const uint8_t *)text, strlen(text)});
}

static void put_whole_section(struct bytes *out, uint8_t id, struct bytes *body)
{
    put_byte(out, id);
    put_span(out, (struct span){body->at, body->n});
    body->n = 0;
}

/* An object file that imports functions without parameters, with a pointer as the result. */
static void put_stub(struct bytes *out, const struct names *names)
{
    static const uint8_t type[] = {1, 0x60, 0, 1, 0x7f};
    struct bytes body = {NULL, 0, 0}, symbols = {NULL, 0, 0};

    put(out, "\0asm\1\0\0\0", 8);
    put(&body, type, sizeof type);
    put_whole_section(out, SECTION_TYPE, &body);
    put_number(&body, (uint32_t)names->n);
    put_number(&symbols, (uint32_t)names->n);
    for (size_t i = 0; i < names->n; i++) {
        put_text_span(&body, "env");
        put_text_span(&body, names->list[i]);
        put(&body, "\0\0", 2); /* a function of type 0 */
        put_byte(&symbols, SYMBOL_FUNCTION);
        put_number(&symbols, FLAG_UNDEFINED);
        put_number(&symbols, (uint32_t)i);
    }
    put_whole_section(out, SECTION_IMPORT, &body);
    put_text_span(&body, "linking");
    put_number(&body, LINKING_VERSION);
    put_byte(&body, LINKING_SYMBOLS);
    put_span(&body, (struct span){symbols.at, symbols.n});
    put_whole_section(out, SECTION_CUSTOM, &body);
    free(body.at);
    free(symbols.at);
}

char *start_in_archives(const struct words *inputs, const char *out)
{
    struct starts s = {.in_object = false};
    struct bytes stub = {NULL, 0, 0};
    char *path = NULL;

    for (size_t i = 0; i < inputs->n; i++)
        if (inputs->list[i][0] != '-')
            find_in_file(inputs->list[i], &s);
    if (!s.in_object && s.in_archives.n) {
        choose(&s.in_archives, out);
        put_stub(&stub, &s.in_archives);
        path = temporary(".o");
        write_file(path, &stub, false);
    }
    free(stub.at);
    names_free(&s.in_archives);
    return path;
}

/* --- bundles --- */

/* Whether a module uses the runtime library of C++: its build may have linked it as one of C. */
static bool uses_cxx(const struct object *o)
{
    for (size_t i = 0; i < o->n_symbols; i++) {
        const struct symbol *s = &o->symbols[i];

        if (!is_defined(s) && s->kind <= SYMBOL_DATA &&
            (span_starts(s->name, "_Z") || span_starts(s->name, "__gxx_") ||
             (span_starts(s->name, "__cxa_") && !span_is(s->name, "__cxa_atexit"))))
            return true;
    }
    return false;
}

int bundle_lower(const char *path, struct bytes *out, struct error *e)
{
    struct error ignored;
    struct object o = {.file = NULL};
    uint8_t *bytes;
    size_t n;
    int r = file_read(path, &bytes, &n, e);

    if (r < 0)
        return r;
    if (object_read(&o, path, bytes, n, &ignored) == 0 && needs_lowering(&o))
        r = object_lower(&o, out, e) < 0 ? -1 : 1;
    object_free(&o);
    free(bytes);
    return r;
}

/* The sysroot has the functions behind setjmp() in a library of its own, which builds do not name. */
static bool uses_setjmp(const struct object *o)
{
    for (size_t i = 0; i < o->n_symbols; i++)
        if (!is_defined(&o->symbols[i]) &&
            (span_is(o->symbols[i].name, "__wasm_setjmp") || span_is(o->symbols[i].name, "__wasm_longjmp")))
            return true;
    return false;
}

static int make(const char *linked, const uint8_t *bytes, size_t n, struct note *note, struct bytes *out,
                struct error *e)
{
    struct bytes text = {NULL, 0, 0};
    struct object o;
    int r = object_read(&o, linked, bytes, n, e);

    if (r == 0)
        r = note_read(&o, note, e);
    if (r == 0) {
        note->cxx |= uses_cxx(&o);
        if (uses_setjmp(&o))
            names_add(&note->systems, "setjmp", strlen("setjmp"));
        note_write(note, &text);
        r = object_edit(&o, &(struct edit){.localize = start_of(&o), .note = {text.at, text.n}}, out, e);
    }
    free(text.at);
    object_free(&o);
    return r;
}

int bundle_make(const char *linked, struct note *note, struct bytes *out, struct error *e)
{
    uint8_t *bytes;
    size_t n;
    int r = file_read(linked, &bytes, &n, e);

    if (r == 0)
        r = make(linked, bytes, n, note, out, e);
    free(bytes);
    return r;
}
