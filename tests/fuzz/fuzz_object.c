/* Reads any bytes as an object file or an archive of them, and changes it as wl-bundle does: what is written must be an
 * object file again, in which only the start of the module is visible. */
#include "edit.h"
#include "files.h"
#include "lower.h"
#include "note.h"
#include "tables.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The tables of the small Python of tests/e2e/bundle.sh, from which the seeds come. */
#define TYPE(bytes)                                                                                                    \
    {                                                                                                                  \
        (const uint8_t *)(bytes), sizeof(bytes) - 1                                                                    \
    }
#define UNARY TYPE("\1\x7f\1\x7f")
#define BINARY TYPE("\2\x7f\x7f\1\x7f")
#define TERNARY TYPE("\3\x7f\x7f\x7f\1\x7f")
static struct row rows[] = {
    {"size", "PyTypeObject", "", 52, {NULL, 0}},
    {"name", "PyTypeObject", "", 8, {NULL, 0}},
    {"field", "PyTypeObject", "tp_clear", 16, UNARY},
    {"slot", "tp_clear", "", 51, UNARY},
    {"inner", "PyTypeObject", "PySequenceMethods", 20, {NULL, 0}},
    {"inner", "PyTypeObject", "PyMethodDef", 24, {NULL, 0}},
    {"inner", "PyTypeObject", "PyGetSetDef", 28, {NULL, 0}},
    {"size", "PySequenceMethods", "", 4, {NULL, 0}},
    {"field", "PySequenceMethods", "sq_length", 0, UNARY},
    {"slot", "sq_length", "", 45, UNARY},
    {"size", "PyModuleDef", "", 32, {NULL, 0}},
    {"name", "PyModuleDef", "", 8, {NULL, 0}},
    {"inner", "PyModuleDef", "PyMethodDef", 12, {NULL, 0}},
    {"inner", "PyModuleDef", "PyModuleDef_Slot", 16, {NULL, 0}},
    {"size", "PyMethodDef", "", 16, {NULL, 0}},
    {"size", "PyGetSetDef", "", 20, {NULL, 0}},
    {"size", "PyType_Spec", "", 20, {NULL, 0}},
    {"name", "PyType_Spec", "", 0, {NULL, 0}},
    {"inner", "PyType_Spec", "PyType_Slot", 16, {NULL, 0}},
    {"list", "PyMethodDef", "", 64, {NULL, 0}},
    {"list", "PyGetSetDef", "", 73, {NULL, 0}},
    {"phase", "mod_exec", "", 2, UNARY},
    {"method", "none", "", 4, BINARY},
    {"method", "keywords", "", 3, TERNARY},
    {"access", "get", "", 4, BINARY},
    {"access", "set", "", 8, TERNARY},
};

struct redirects {
    const struct object *o;
    struct redirect *list;
    size_t n;
};

static void found(void *user, const struct misfit *m)
{
    struct redirects *r = user;
    char text[1024];

    type_text(m->wanted, text, sizeof text);
    if (can_adapt(r->o->types[r->o->functions[m->function->index].type], m->wanted))
        LIST_ADD(r->list, r->n, ((struct redirect){m->reloc, m->wanted}));
}

static void check(const struct bytes *written, const struct edit *edit, size_t symbols)
{
    struct object o;
    struct error e;

    if (object_read(&o, "written", written->at, written->n, &e) < 0 || o.n_symbols < symbols)
        abort();
    for (size_t i = 0; i < o.n_symbols; i++) {
        const struct symbol *s = &o.symbols[i];

        if (edit->localize && is_defined(s) && is_global(s) && s->kind != SYMBOL_SECTION && s->kind != SYMBOL_TAG &&
            (s->kind != SYMBOL_FUNCTION || !(edit->to ? span_starts(s->name, edit->to) : is_start(s))))
            abort();
    }
    object_free(&o);
}

static void change(const struct object *o)
{
    struct probe probe = {rows, sizeof rows / sizeof *rows};
    struct redirects redirects = {o, NULL, 0};
    struct counts counts = {0, 0, 0};
    struct note note = {.cxx = false};
    struct bytes text = {NULL, 0, 0};
    const struct symbol *start = start_of(o);
    struct error e;

    tables_check(o, &probe, found, &redirects, &counts);
    if (note_read(o, &note, &e) == 0)
        note_write(&note, &text);
    for (int i = 0; i < (start ? 3 : 1); i++) {
        struct edit edit = {.localize = i > 0, .note = {text.at, text.n}};
        struct bytes written = {NULL, 0, 0};

        if (i > 1) {
            edit.from = start->name;
            edit.to = "wl_init_x";
            edit.redirects = redirects.list;
            edit.n_redirects = redirects.n;
        }
        if (object_edit(o, &edit, &written, &e) == 0)
            check(&written, &edit, o->n_symbols);
        free(written.at);
    }
    free(redirects.list);
    note_free(&note);
    free(text.at);
}

/* Code without exceptions of WebAssembly. */
static void lower(const struct object *o)
{
    struct bytes written = {NULL, 0, 0};
    struct object again = {.file = NULL};
    struct error e;

    (void)needs_lowering(o);
    if (object_lower(o, &written, &e) == 0 && (object_read(&again, "lowered", written.at, written.n, &e) < 0 ||
                                               again.n_symbols < o->n_symbols || again.n_symbols > o->n_symbols + 1))
        abort();
    object_free(&again);
    free(written.at);
}

static int use(void *user, const char *name, const uint8_t *bytes, size_t n, struct error *e)
{
    struct probe probe;
    struct object o;

    (void)user;
    if (object_read(&o, name, bytes, n, e) == 0) {
        change(&o);
        lower(&o);
        (void)probe_read(&probe, &o, e);
        probe_free(&probe);
    }
    object_free(&o);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error e;

    if (is_archive(data, size))
        archive_each("it", data, size, use, NULL, &e);
    else
        use(NULL, "it", data, size, &e);
    return 0;
}
