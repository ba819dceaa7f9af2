/* What wl-bundle writes and prints. */
#include "collect.h"

#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fates[] = {"adapted", "uncertain", "impossible"};

static void write_named(const char *dir, const char *name, struct bytes *b)
{
    char *path = text_of("%s/%s", dir, name);

    temporary_add(path);
    write_file(path, b, false);
    free(path);
    b->n = 0;
}

/* --- C --- */

/* A string of C. Bytes that are not ASCII are numbers, so that the compiler's character set does not matter. */
static void put_c_string(struct bytes *b, const char *text)
{
    put_byte(b, '"');
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80)
            put_text(b, "\\%03o", (unsigned char)*text);
        else
            put_byte(b, (uint8_t)*text);
    }
    put_byte(b, '"');
}

/* A module's constructors may call Python, because elsewhere they run when the module is loaded. */
static void put_start(struct bytes *b, const struct module *m)
{
    put_text(b, "extern PyObject *%s(void);\n", m->init);
    if (!m->n_constructors)
        return;
    for (size_t i = 0; i < m->n_constructors; i++)
        put_text(b, "extern %s %s(void);\n", m->constructors[i], constructor_name(m->init, i));
    put_text(b,
             "static PyObject *%s_start(void)\n{\n    static char loaded;\n\n    if (!loaded) {\n        loaded = 1;\n",
             m->init);
    for (size_t i = 0; i < m->n_constructors; i++)
        put_text(b, "        %s();\n", constructor_name(m->init, i));
    put_text(b, "    }\n    return %s();\n}\n", m->init);
}

static void put_table(struct bytes *b, const struct modules *m)
{
    put_text(b, "/* Written by wl-bundle. */\n#include <Python.h>\n\n");
    for (size_t i = 0; i < m->n; i++)
        if (m->list[i].name)
            put_start(b, &m->list[i]);
    put_text(b, "\nextern struct _inittab extensions[];\nstruct _inittab extensions[] = {\n");
    for (size_t i = 0; i < m->n; i++) {
        if (!m->list[i].name)
            continue;
        put_text(b, "    {");
        put_c_string(b, m->list[i].name);
        put_text(b, ", %s%s},\n", m->list[i].init, m->list[i].n_constructors ? "_start" : "");
    }
    put_text(b, "    {NULL, NULL},\n};\n");
}

/* --- JSON --- */

static void put_json(struct bytes *b, const char *text)
{
    put_byte(b, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            put_text(b, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            put_text(b, "\\u%04x", (unsigned char)*text);
        else
            put_byte(b, (uint8_t)*text);
    }
    put_byte(b, '"');
}

static void put_member(struct bytes *b, const char *name, const char *text)
{
    put_json(b, name);
    put_text(b, ": ");
    put_json(b, text);
}

static void put_list(struct bytes *b, const char *name, const struct names *names)
{
    put_json(b, name);
    put_text(b, ": [");
    for (size_t i = 0; i < names->n; i++) {
        put_text(b, "%s", i ? ", " : "");
        put_json(b, names->list[i]);
    }
    put_byte(b, ']');
}

static void put_wrong(struct bytes *b, const struct module *m)
{
    put_text(b, "\"functions\": [");
    for (size_t i = 0; i < m->n_wrong; i++) {
        const struct wrong *w = &m->wrong[i];

        put_text(b, "%s\n      {", i ? "," : "");
        put_member(b, "function", w->function);
        put_text(b, ", ");
        put_member(b, "table", w->table);
        put_text(b, ", ");
        put_member(b, "place", w->place);
        put_text(b, ", ");
        put_member(b, "has", w->has);
        put_text(b, ", ");
        put_member(b, "wants", w->wants);
        put_text(b, ", ");
        put_member(b, "fate", fates[w->fate]);
        put_byte(b, '}');
    }
    put_text(b, "%s]", m->n_wrong ? "\n    " : "");
}

static void put_module(struct bytes *b, const struct module *m)
{
    put_text(b, "    {");
    put_member(b, "module", m->name);
    put_text(b, ", ");
    put_member(b, "file", m->file.path);
    put_text(b, ", \"object\": ");
    put_json(b, text_of("%s.o", m->name));
    put_text(b, ", ");
    put_member(b, "init", m->init);
    put_text(b, ",\n    \"c++\": %s, \"exceptions\": %s, ", m->note.cxx ? "true" : "false",
             m->exceptions ? "true" : "false");
    put_list(b, "libraries", &m->note.libraries);
    put_text(b, ", ");
    put_list(b, "systems", &m->note.systems);
    put_text(b, ",\n    ");
    put_list(b, "undefined", &m->undefined);
    put_text(b, ",\n    ");
    put_wrong(b, m);
    put_byte(b, '}');
}

static void put_report(struct bytes *b, const struct modules *m, const struct note *all, bool exceptions)
{
    struct names unused = {NULL, 0};
    bool first = true;

    put_text(b, "{\n  \"modules\": [");
    for (size_t i = 0; i < m->n; i++) {
        if (!m->list[i].name) {
            names_add(&unused, m->list[i].file.path, strlen(m->list[i].file.path));
            continue;
        }
        put_text(b, "%s\n", first ? "" : ",");
        put_module(b, &m->list[i]);
        first = false;
    }
    put_text(b, "%s],\n  \"c++\": %s, \"exceptions\": %s,\n  ", first ? "" : "\n  ", all->cxx ? "true" : "false",
             exceptions ? "true" : "false");
    put_list(b, "libraries", &all->libraries);
    put_text(b, ",\n  ");
    put_list(b, "systems", &all->systems);
    put_text(b, ",\n  ");
    put_list(b, "removed libraries", &unused);
    put_text(b, "\n}\n");
    names_free(&unused);
}

/* --- all of it --- */

static void put_lines(struct bytes *b, const struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        put_text(b, "%s\n", names->list[i]);
}

static void add_all(struct names *to, const struct names *from)
{
    for (size_t i = 0; i < from->n; i++)
        names_add(to, from->list[i], strlen(from->list[i]));
}

void results_write(const struct modules *m, const char *dir)
{
    struct note all = {.cxx = false};
    struct bytes b = {NULL, 0, 0};
    bool exceptions = false;

    for (size_t i = 0; i < m->n; i++) {
        if (!m->list[i].name)
            continue;
        all.cxx |= m->list[i].note.cxx;
        exceptions |= m->list[i].exceptions;
        add_all(&all.libraries, &m->list[i].note.libraries);
        add_all(&all.systems, &m->list[i].note.systems);
        put_text(&b, "%s.o\n", m->list[i].name);
    }
    write_named(dir, "objects", &b);
    put_table(&b, m);
    write_named(dir, "extensions.c", &b);
    put_lines(&b, &all.libraries);
    write_named(dir, "libraries", &b);
    put_lines(&b, &all.systems);
    write_named(dir, "systems", &b);
    put_text(&b, "%s%s", all.cxx ? "c++\n" : "", exceptions ? "exceptions\n" : "");
    write_named(dir, "languages", &b);
    put_report(&b, m, &all, exceptions);
    write_named(dir, "report.json", &b);
    note_free(&all);
    free(b.at);
}

static void print_wrong(const struct wrong *w, bool verbose)
{
    if (w->fate == IMPOSSIBLE)
        printf("  warning: %s has %s as %s, a function %s, but Python calls %s; that call will end the program\n",
               w->table, w->function, w->place, w->has, w->wants);
    else if (verbose)
        printf("  %s: %s has %s as %s, a function %s, but Python calls %s\n",
               w->fate == ADAPTED ? "adapted" : "left, because the table may be something else", w->table, w->function,
               w->place, w->has, w->wants);
}

void results_print(const struct modules *m, bool verbose)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct module *module = &m->list[i];

        if (module->name)
            printf("%s: %s\n", module->name, module->file.path);
        else
            printf("removed, because modules contain what they need of it: %s\n", module->file.path);
        for (size_t k = 0; k < module->n_wrong; k++)
            print_wrong(&module->wrong[k], verbose);
    }
}
