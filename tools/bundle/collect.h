/* The parts of wl-bundle, which takes the bundles out of unpacked wheels. */
#ifndef WL_BUNDLE_COLLECT_H
#define WL_BUNDLE_COLLECT_H

#include "driver.h"
#include "note.h"
#include "tables.h"

/* A file whose name ends with .so. */
struct found {
    char *tree, *path; /* of the wheel, and in it */
};

/* What the wheels have. Lists whose files do not depend on the order of the wheels are sorted where they are used. */
struct trees {
    struct found *files;
    size_t n_files;
    struct found *records; /* RECORD of wheels */
    size_t n_records;
};

/* Adds what is in a directory; links are not followed. Ends the program if it cannot be read. */
void tree_read(struct trees *t, const char *tree);
/* Removes the lines of a RECORD that name one of these files. */
void record_edit(const struct found *record, const struct found *removed, size_t n);

enum fate {
    ADAPTED,   /* an adapter is called instead */
    UNCERTAIN, /* the table may be something else */
    IMPOSSIBLE /* no adapter can be made */
};

/* A function that Python would call by another type than it has. */
struct wrong {
    enum fate fate;
    char *function, *table, *place, *has, *wants;
};

struct module {
    char *name; /* "a.b.c"; NULL: a library that other modules are linked with, which is not needed any more */
    struct found file;
    char *init;          /* its new PyInit_c */
    char **constructors; /* what each of its constructors returns, as a type of C */
    size_t n_constructors;
    struct note note;
    struct names undefined; /* symbols that it wants from others, except Python's own */
    bool exceptions;        /* it throws or catches C++ exceptions */
    struct wrong *wrong;
    size_t n_wrong;
};

struct modules {
    struct module *list;
    size_t n;
};

/* Names the module of a file and reads it; its object file is written to dir. Ends the program with a message if that
 * is impossible. probe: NULL, or the types that Python calls functions by. */
void module_take(struct module *m, const struct found *file, const struct probe *probe, const char *dir);
/* Files that are no WebAssembly and of no machine, such as a linker script, are not taken. */
bool is_a_library(const struct found *file);
/* The path of a file in the file system. */
char *path_of(const struct found *f);
/* The module that a path names; NULL: no import leads there. */
char *module_name(const char *path);

/* What dir gets beside the object files: extensions.c, objects, libraries, systems, languages, report.json. */
void results_write(const struct modules *m, const char *dir);
/* The lines that are printed: where modules were, and with verbose which functions got an adapter. */
void results_print(const struct modules *m, bool verbose);

int bundle_main(int argc, char **argv);

#endif
