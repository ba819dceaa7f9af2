/* A port's recipe, ready for use: inheritance followed, ${...} filled in, addresses and paths checked. */
#ifndef WL_RECIPE_H
#define WL_RECIPE_H

#include "source/source.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/str.h"

#include <stdbool.h>

/* The flavour that every port has: the port itself. */
#define FLAVOUR_PLAIN "plain"

enum toolchain_kind { TOOLCHAIN_WASI, TOOLCHAIN_NATIVE, TOOLCHAIN_CLANG, TOOLCHAIN_NONE };

/* When a need is used: to link with, while steps run, while checks run, while tests run. Checks and tests make nothing,
 * so their needs are not part of any key. */
enum need_kind { NEED_LINK, NEED_BUILD, NEED_CHECK, NEED_TEST };

struct recipe_source {
    struct source source; /* the archives it may be */
    char *into;           /* directory below $SRC, or NULL */
    char *only_with;      /* used only if the first source is the archive with this hash; NULL: always */
    int strip;
    bool unpack; /* false: the file is put there as it is */
};

struct recipe_step {
    char *name, *run;
};

/* A C extension module to be linked into the interpreter. */
struct recipe_extension {
    char *module;        /* its name, with dots in a package */
    char *init;          /* its init function, PyInit_... */
    struct strv sources; /* paths in extensions_dir, or "$SRC/..."; also headers and directories */
    struct strv flags;   /* "$NAME" in them is a variable of the steps */
};

/* The place of an entry in the recipe's files. */
struct recipe_place {
    size_t file; /* index in the chain */
    char *key;   /* "needs/0" */
};

/* Ports as the recipe names them (not resolved yet), with their places. */
struct recipe_needs {
    char **v;
    struct recipe_place *at;
    size_t n;
};

/* The values of the keys are read, shown, hashed and freed by the table in recipe/fields.c. Texts are "" if not given.
 */
struct recipe {
    char *name;                               /* python/v3.11.2 */
    char *file;                               /* its recipe.yaml */
    char *summary, *license, *homepage, *cpe; /* cpe: "VENDOR:PRODUCT" */
    struct strv license_files;                /* as docs/recipes.md describes them */
    bool tool;                                /* what steps make with it contains nothing of it */
    char *version, *date;                     /* date: YYYY-MM-DD */
    char *track;                              /* the series whose versions count as newer; "": all */
    bool abstract;
    char *flavour;    /* the flavour that this port makes of another one; NULL: none */
    char *flavour_of; /* that port, which is the first of needs; NULL: none */
    enum toolchain_kind toolchain;
    int min_sdk; /* 0: any */
    struct recipe_source *sources;
    size_t sources_n;
    struct strv patches, files, check_files; /* absolute paths */
    struct recipe_needs needs, build_needs, check_needs, test_needs;
    struct strv env, vars, contains; /* vars: also "ssl=1" or "ssl=" if something depends on that switch */
    struct recipe_step *steps, *checks, *tests;
    size_t steps_n, checks_n, tests_n;
    struct recipe_extension *extensions;
    size_t extensions_n;
    char *extensions_dir; /* the directory of the recipe that names them; NULL without any */
    struct strv chain;    /* the files that it was read from: its own, then those that it inherits from */
};

/* Where recipes are: directories searched in order, and the root that "/guest/x.c" in `files` is relative to. */
struct recipe_roots {
    struct strv ports; /* absolute paths */
    char *repo;        /* absolute path */
};

void recipe_roots_free(struct recipe_roots *roots);

/* Reads the recipe of a port by its exact name (as from ports_list), and checks all that can be checked without other
 * recipes: WL_E_RECIPE with file and line. The caller frees it with recipe_free. */
int recipe_load(const struct recipe_roots *roots, const char *name, struct recipe **out, struct wl_err *err);
void recipe_free(struct recipe *r);
#define WL_CLEANUP_RECIPE __attribute__((cleanup(recipe_freep)))
void recipe_freep(struct recipe **r);

/* The day of a recipe (its date) in seconds since 1970: the time of everything that is made from it. "": 1980-01-01. */
long long recipe_epoch(const char *date);

/* Adds the files and directories that the recipe was read from or names: whatever can change what it builds. */
void recipe_inputs(const struct recipe *r, struct strv *paths);

/* Fills err with "FILE:LINE: text" for a key path ("needs/0") in the recipe's files; returns -WL_E_RECIPE. */
int recipe_error(const struct recipe *r, const char *key_path, struct wl_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a place. */
int recipe_error_at(const struct recipe *r, const struct recipe_place *at, struct wl_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A module's name as a C identifier: dots become "__". The caller frees it. */
char *extension_symbol(const char *module);
/* Whether a source of an extension is compiled. Other files are only copied beside it. */
bool extension_compiles(const char *source);
/* Whether a flag is for the linker. */
bool extension_links(const char *flag);
/* Whether the next word is the value of a flag. */
bool extension_takes_value(const char *flag);

/* The names of all ports, sorted; abstract recipes only if asked for. A recipe that cannot be read is listed under its
 * directory's name, so that using it shows what is wrong. */
int ports_list(const struct recipe_roots *roots, bool with_abstract, struct strv *names, struct wl_err *err);

/* The port that the user means: "python/v3.11.2", "python/3.11.2", "ports/python/v3.11.2", "python/3.11" (its newest
 * release), "zlib". An unknown name is WL_E_RECIPE with the most similar names as hint. The caller frees *name. */
int ports_resolve(const struct recipe_roots *roots, const char *given, char **name, struct wl_err *err);

/* The flavours of a port (its exact name) except "plain", which every port has; sorted. */
int ports_flavours(const struct recipe_roots *roots, const char *port, struct strv *flavours, struct wl_err *err);
/* The port that makes a flavour of a port: python/single/v3.13.5 for "single" of python/v3.13.5; the port itself for
 * "plain". An unknown flavour is WL_E_USAGE with the known ones as hint. The caller frees *name. */
int ports_flavour(const struct recipe_roots *roots, const char *port, const char *flavour, char **name,
                  struct wl_err *err);

#endif
