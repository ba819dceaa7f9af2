/* One extension module, from its bundle. */
#include "collect.h"

#include "edit.h"
#include "files.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- names --- */

static bool is_identifier(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && (unsigned char)name[i] < 0x80)
            return false;
    return n > 0 && !isdigit((unsigned char)name[0]);
}

/* An unpacked wheel can have what belongs to site-packages in NAME.data/platlib and NAME.data/purelib, too. */
static const char *without_data(const char *path)
{
    size_t first = strcspn(path, "/");
    const char *rest = path + first;

    if (first > 5 && memcmp(rest - 5, ".data", 5) == 0)
        for (int i = 0; i < 2; i++)
            if (starts_with(rest, i ? "/platlib/" : "/purelib/"))
                return rest + strlen("/platlib/");
    return path;
}

char *module_name(const char *path)
{
    struct bytes name = {NULL, 0, 0};

    path = without_data(path);
    for (;;) {
        size_t n = strcspn(path, "/");
        bool last = !path[n];

        if (last)
            n = strcspn(path, "."); /* the tag of the version and the ending */
        if (!is_identifier(path, n)) {
            free(name.at);
            return NULL;
        }
        put(&name, path, n);
        put_byte(&name, last ? '\0' : '.');
        if (last)
            return (char *)name.at;
        path += n + 1;
    }
}

/* The name of the start of a module in the final link. Underscores are doubled, so "_d" can only stand for a dot, and
 * two modules never get the same name. */
static char *init_name(const char *module)
{
    struct bytes name = {NULL, 0, 0};

    put_text(&name, "wl_init_");
    for (; *module; module++) {
        if (*module == '.')
            put_text(&name, "_d");
        else if (*module == '_')
            put_text(&name, "__");
        else if ((unsigned char)*module >= 0x80)
            put_text(&name, "_x%02x", (unsigned char)*module);
        else
            put_byte(&name, (uint8_t)*module);
    }
    put_byte(&name, '\0');
    return (char *)name.at;
}

/* --- what a file is --- */

bool is_a_library(const struct found *file)
{
    static const char *const others[] = {"\177ELF", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "MZ"};
    char *path = path_of(file);
    struct error e;
    uint8_t *bytes;
    size_t n;
    bool is;

    if (file_read(path, &bytes, &n, &e) < 0)
        fail("%s", e.text);
    is = n >= 4 && memcmp(bytes, "\0asm", 4) == 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (n >= 4 && memcmp(bytes, others[i], strlen(others[i])) == 0)
            fail("%s is a shared library for another machine, not a bundle; build the package with wl-cc as its "
                 "compiler",
                 path);
    free(bytes);
    free(path);
    return is;
}

/* The function that Python would look for: PyInit_ and the last part of the name. A name that is not ASCII has another
 * one (PEP 489), of which there can be only one. */
static const struct symbol *find_start(const struct object *o, const char *module)
{
    const char *dot = strrchr(module, '.'), *last = dot ? dot + 1 : module;
    char *wanted = text_of("PyInit_%s", last);
    const struct symbol *found = NULL;

    for (size_t i = 0; i < o->n_symbols && !found; i++)
        if (is_start(&o->symbols[i]) &&
            (span_is(o->symbols[i].name, wanted) || span_starts(o->symbols[i].name, "PyInitU_")))
            found = &o->symbols[i];
    if (!found && start_of(o))
        fail("%s has no %s, only %.*s; the file's name must be the module's", o->file, wanted, SPAN(start_of(o)->name));
    free(wanted);
    return found;
}

static void read_undefined(struct module *m, const struct object *o)
{
    for (size_t i = 0; i < o->n_symbols; i++) {
        const struct symbol *s = &o->symbols[i];

        if (s->kind == SYMBOL_TAG && span_is(s->name, "__cpp_exception"))
            m->exceptions = true;
        if (is_defined(s) || !is_global(s) || s->kind > SYMBOL_DATA || !s->name.n)
            continue;
        if (span_is(s->name, "__cxa_throw") || span_is(s->name, "__cxa_begin_catch"))
            m->exceptions = true;
        if (!span_starts(s->name, "Py") && !span_starts(s->name, "_Py"))
            names_add(&m->undefined, (const char *)s->name.at, s->name.n);
    }
}

/* Constructors are called before the module starts (results.c). C's may return something, which nobody wants. */
static void read_constructors(struct module *m, const struct object *o)
{
    static const char *const types[] = {"double", "float", "long long", "int"};

    for (size_t i = 0; i < o->n_constructors; i++) {
        const struct symbol *s = &o->symbols[o->constructors[i].symbol];
        struct span type = is_defined(s) ? o->types[o->functions[s->index].type] : (struct span){NULL, 0};
        bool has_result = type.n == 3 && type.at[1] == 1 && type.at[2] >= 0x7c && type.at[2] <= 0x7f;

        if (type.n < 2 || type.at[0] != 0 || (type.at[1] != 0 && !has_result))
            fail("%s: its constructor %.*s is no function without parameters", o->file, SPAN(s->name));
        LIST_ADD(m->constructors, m->n_constructors, (char *)(has_result ? types[type.at[2] - 0x7c] : "void"));
    }
}

/* --- functions of wrong types --- */

struct checked {
    struct module *m;
    const struct object *o;
    struct redirect *redirects;
    size_t n;
};

static char *span_text(struct span s)
{
    return text_of("%.*s", SPAN(s));
}

static char *type_copy(struct span type)
{
    char text[1024];

    return text_of("%s", type_text(type, text, sizeof text));
}

static void found_misfit(void *user, const struct misfit *f)
{
    struct checked *c = user;
    struct span has = c->o->types[c->o->functions[f->function->index].type];
    struct wrong w = {.function = span_text(f->function->name),
                      .table = span_text(f->table->name),
                      .place = text_of("%s", f->place),
                      .has = type_copy(has),
                      .wants = type_copy(f->wanted)};

    w.fate = !f->certain ? UNCERTAIN : can_adapt(has, f->wanted) ? ADAPTED : IMPOSSIBLE;
    LIST_ADD(c->m->wrong, c->m->n_wrong, w);
    if (w.fate == ADAPTED)
        LIST_ADD(c->redirects, c->n, ((struct redirect){f->reloc, f->wanted}));
}

/* --- taking it --- */

static void write_object(struct module *m, const struct object *o, const struct symbol *start,
                         const struct probe *probe, const char *dir)
{
    struct checked c = {m, o, NULL, 0};
    struct counts counts = {0, 0, 0};
    struct bytes note = {NULL, 0, 0}, out = {NULL, 0, 0};
    struct error e;
    char *path;

    if (probe)
        tables_check(o, probe, found_misfit, &c, &counts);
    note_write(&m->note, &note);
    if (object_edit(o,
                    &(struct edit){.localize = true,
                                   .from = start->name,
                                   .to = m->init,
                                   .redirects = c.redirects,
                                   .n_redirects = c.n,
                                   .note = {note.at, note.n}},
                    &out, &e) < 0)
        fail("%s", e.text);
    path = text_of("%s/%s.o", dir, m->name);
    temporary_add(path);
    write_file(path, &out, false);
    free(path);
    free(c.redirects);
    free(note.at);
    free(out.at);
}

static void take(struct module *m, const struct object *o, const struct probe *probe, const char *dir)
{
    char *name = module_name(m->file.path);
    const struct symbol *start;
    struct error e;

    if (name && (strcmp(name, "__init__") == 0 || ends_with(name, ".__init__")))
        fail("%s is a package whose __init__ is an extension module; a module that is linked into Python cannot be a "
             "package",
             o->file);
    if (!name && start_of(o))
        fail("%s is an extension module, but no import leads to it: a directory's name is no identifier", o->file);
    start = name ? find_start(o, name) : NULL;
    if (note_read(o, &m->note, &e) < 0)
        fail("%s", e.text);
    read_undefined(m, o);
    if (!start && (strstr(m->file.path, ".cpython-") || strstr(m->file.path, ".abi3.")))
        fail("%s is named as an extension module, but has no PyInit_%s", o->file, name ? name : "*");
    if (!start) {
        free(name);
        return; /* a library */
    }
    m->name = name;
    m->init = init_name(name);
    read_constructors(m, o);
    write_object(m, o, start, probe, dir);
}

void module_take(struct module *m, const struct found *file, const struct probe *probe, const char *dir)
{
    char *path = path_of(file);
    struct object o;
    struct error e;
    uint8_t *bytes;
    size_t n;

    *m = (struct module){.file = *file};
    if (file_read(path, &bytes, &n, &e) < 0 || object_read(&o, path, bytes, n, &e) < 0)
        fail("%s", e.text);
    take(m, &o, probe, dir);
    object_free(&o);
    free(bytes);
    free(path);
}
