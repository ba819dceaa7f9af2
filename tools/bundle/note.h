/* What a bundle notes about itself, in its section "wl.bundle": one fact a line,
 *
 *   language c++       the module uses the runtime library of C++
 *   library NAME       a library that its build asked for by -lNAME, and that is to be linked with the final module
 *   system NAME        the same for a library of the sysroot
 *
 * A linker joins the sections of several inputs, so the same line can occur more than once. */
#ifndef WL_BUNDLE_NOTE_H
#define WL_BUNDLE_NOTE_H

#include "object.h"

#define NOTE_SECTION "wl.bundle"

/* A sorted set of names. Free it with names_free(). */
struct names {
    char **list;
    size_t n;
};

void names_add(struct names *set, const char *name, size_t n);
void names_free(struct names *set);

struct note {
    bool cxx;
    struct names libraries, systems;
};

/* Adds what the sections of an object say to note. 0, or -1 and *e. */
int note_read(const struct object *o, struct note *note, struct error *e);
/* The lines, as the contents of the section. */
void note_write(const struct note *note, struct bytes *out);
void note_free(struct note *note);

#endif
