/* Changes object files: which symbols other files see, their names, and functions whose type Python does not expect. */
#ifndef WL_BUNDLE_EDIT_H
#define WL_BUNDLE_EDIT_H

#include "adapt.h"

struct edit {
    /* Make every symbol that the file defines local, except the functions that start a module (PyInit_*). Groups of
     * sections of which a linker keeps only one (COMDATs) are dissolved: a linker would throw away all but one of
     * those that have the same name, and nothing that is local can stand for another file's. Tags stay: an exception
     * that one file throws is caught in another by the tag that they share. */
    bool localize;
    /* The start of a module with this name gets another name, and all others become local, too. Constructors get names
     * made from it (constructor_name), and a linker does not call them any more. No name: nothing is renamed. */
    struct span from;
    const char *to;
    /* Functions that get an adapter. */
    const struct redirect *redirects;
    size_t n_redirects;
    /* The contents of its section wl.bundle. */
    struct span note;
};

/* Writes the changed object to out, which must be freed in every case. Sections keep their numbers. 0, or -1 and *e. */
int object_edit(const struct object *o, const struct edit *edit, struct bytes *out, struct error *e);

/* The name that the constructor with this number, of the module that starts with init, gets; the caller frees it. */
char *constructor_name(const char *init, size_t number);
/* Whether a symbol is a function that starts a module, and that other files see. */
bool is_start(const struct symbol *s);
/* The first such function; NULL: there is none. */
const struct symbol *start_of(const struct object *o);

#endif
