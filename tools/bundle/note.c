#include "note.h"

#include <stdlib.h>
#include <string.h>

void names_add(struct names *set, const char *name, size_t n)
{
    size_t at = 0;
    char *copy;

    for (; at < set->n; at++) {
        int order = strncmp(set->list[at], name, n);

        if (order == 0)
            order = set->list[at][n] != '\0';
        if (order == 0)
            return;
        if (order > 0)
            break;
    }
    copy = need_memory(strndup(name, n));
    set->list = list_room(set->list, set->n, sizeof *set->list);
    memmove(set->list + at + 1, set->list + at, (set->n - at) * sizeof *set->list);
    set->list[at] = copy;
    set->n++;
}

void names_free(struct names *set)
{
    for (size_t i = 0; i < set->n; i++)
        free(set->list[i]);
    free(set->list);
    *set = (struct names){NULL, 0};
}

/* Names end up in command lines and in files that the linker reads. */
static bool is_name(struct span s)
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+:-";

    for (size_t i = 0; i < s.n; i++)
        if (!s.at[i] || !strchr(signs, s.at[i]))
            return false;
    return s.n > 0 && s.n < 200 && s.at[0] != '-';
}

static int read_line(const char *file, struct span line, struct note *note, struct error *e)
{
    static const char library[] = "library ", system[] = "system ";
    struct names *set = span_starts(line, library) ? &note->libraries : &note->systems;
    size_t skip = set == &note->libraries ? sizeof library - 1 : sizeof system - 1;

    if (span_is(line, "language c++")) {
        note->cxx = true;
        return 0;
    }
    if (!span_starts(line, set == &note->libraries ? library : system) ||
        !is_name((struct span){line.at + skip, line.n - skip}))
        return error_set(e, "%s: its section " NOTE_SECTION " has a line of an unknown kind", file);
    names_add(set, (const char *)line.at + skip, line.n - skip);
    return 0;
}

int note_read(const struct object *o, struct note *note, struct error *e)
{
    for (size_t i = 0; i < o->n_sections; i++) {
        struct span text = o->sections[i].body;

        if (o->sections[i].id != SECTION_CUSTOM || !span_is(o->sections[i].name, NOTE_SECTION))
            continue;
        while (text.n) {
            const uint8_t *end = memchr(text.at, '\n', text.n);
            struct span line = {text.at, end ? (size_t)(end - text.at) : text.n};

            if (read_line(o->file, line, note, e) < 0)
                return -1;
            text.at += line.n + (end != NULL);
            text.n -= line.n + (end != NULL);
        }
    }
    return 0;
}

void note_write(const struct note *note, struct bytes *out)
{
    if (note->cxx)
        put_text(out, "language c++\n");
    for (size_t i = 0; i < note->libraries.n; i++)
        put_text(out, "library %s\n", note->libraries.list[i]);
    for (size_t i = 0; i < note->systems.n; i++)
        put_text(out, "system %s\n", note->systems.list[i]);
}

void note_free(struct note *note)
{
    names_free(&note->libraries);
    names_free(&note->systems);
}
