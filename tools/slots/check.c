/* Compares the functions in Python's data tables with the types that their places need.
 *
 *   slot-check PROBE FILE...
 *
 * WebAssembly calls a function only by its own type: a slot, getter or method of another type, which C allows with a
 * cast or a void *, ends the program when it is called. FILE is an object file or an archive of them; PROBE is
 * probe.c, compiled with the headers of the same Python. Object files do not have the types of data, so tables are
 * recognised by their content: which words are addresses of functions or of data, and the values of the others. Each
 * function of a wrong type is reported in a line on stderr, and the exit status is then 1. */
#include "files.h"
#include "tables.h"

#include <stdio.h>
#include <stdlib.h>

struct check {
    struct probe probe;
    struct counts counts;
    const struct object *object; /* the one that is checked */
    size_t wrong;
};

static void report(void *user, const struct misfit *m)
{
    struct check *c = user;
    const struct object *o = c->object;
    char has[1024], needs[1024];

    fprintf(stderr, "%s: %.*s has %.*s as %s, which is a function %s, but must be a function %s\n", o->file,
            SPAN(m->table->name), SPAN(m->function->name), m->place,
            type_text(o->types[o->functions[m->function->index].type], has, sizeof has),
            type_text(m->wanted, needs, sizeof needs));
    c->wrong++;
}

static int check_object(void *user, const char *name, const uint8_t *bytes, size_t n, struct error *e)
{
    struct check *c = user;
    struct object o;
    int r = object_read(&o, name, bytes, n, e);

    c->object = &o;
    if (r == 0)
        tables_check(&o, &c->probe, report, c, &c->counts);
    c->object = NULL;
    object_free(&o);
    return r;
}

static int check_file(struct check *c, const char *path, struct error *e)
{
    uint8_t *bytes;
    size_t n;
    int r = file_read(path, &bytes, &n, e);

    if (r < 0)
        return r;
    r = is_archive(bytes, n) ? archive_each(path, bytes, n, check_object, c, e) : check_object(c, path, bytes, n, e);
    free(bytes);
    return r;
}

static int check_all(struct check *c, char **paths, struct error *e)
{
    struct object probe = {.file = NULL};
    uint8_t *bytes;
    size_t n;
    int r = file_read(paths[0], &bytes, &n, e);

    if (r == 0)
        r = object_read(&probe, paths[0], bytes, n, e);
    if (r == 0)
        r = probe_read(&c->probe, &probe, e);
    while (r == 0 && *++paths)
        r = check_file(c, *paths, e);
    probe_free(&c->probe);
    object_free(&probe);
    free(bytes);
    return r;
}

int main(int argc, char **argv)
{
    struct check c = {.wrong = 0};
    struct error e;

    if (argc < 3) {
        fputs("Usage: slot-check PROBE FILE...\n", stderr);
        return 2;
    }
    if (check_all(&c, argv + 1, &e) < 0) {
        fprintf(stderr, "slot-check: %s\n", e.text);
        return 2;
    }
    printf("%zu slots, %zu getters and setters, %zu methods; %zu of a wrong type\n", c.counts.slots, c.counts.accessors,
           c.counts.methods, c.wrong);
    return c.wrong ? 1 : 0;
}
