/* A port's recipe, ready for use: inheritance followed, ${...} filled in, addresses and paths checked. */
#ifndef WL_RECIPE_H
#define WL_RECIPE_H

#include "source/source.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/str.h"

#include <stdbool.h>

/* What every port is when no flavour is asked for. */
#define FLAVOUR_PLAIN "plain"

enum toolchain_kind { TOOLCHAIN_WASI, TOOLCHAIN_NATIVE, TOOLCHAIN_NONE };

struct recipe_source {
    struct source source; /* the archives it may be */
    char *into;           /* folder below $SRC, or NULL */
    char *only_with;      /* wanted only if the first source is the archive of this hash; NULL: always */
    int strip;
    bool unpack; /* false: the file itself is put there */
};

struct recipe_step {
    char *name, *run;
};

/* A C extension module to be linked into the interpreter. */
struct recipe_extension {
    char *module;        /* its name, with dots in a package */
    char *init;          /* the function that its sources call PyInit_... */
    struct strv sources; /* paths in extensions_dir, or "$SRC/..."; headers and folders beside them too */
    struct strv flags;   /* "$NAME" in them is a variable of the steps */
};

/* Where in the recipe's files an entry stands. */
struct recipe_place {
    size_t file; /* index in the chain */
    char *key;   /* "needs/0" */
};

/* Ports as the recipe names them (still to be resolved), and where each stands. */
struct recipe_needs {
    char **v;
    struct recipe_place *at;
    size_t n;
};

struct recipe {
    char *name;                         /* python/v3.11.2 */
    char *file;                         /* its recipe.yaml */
    char *summary, *license, *homepage; /* "" when the recipe is silent */
    char *version, *date;               /* date: YYYY-MM-DD */
    char *track;                        /* the series whose versions are its newer ones; "": all */
    bool abstract;
    char *flavour;    /* what the port that this one is made for is called when it is composed so; NULL: no flavour */
    char *flavour_of; /* that port; the first of needs. NULL: no flavour */
    enum toolchain_kind toolchain;
    int min_sdk; /* 0: any */
    struct recipe_source *sources;
    size_t sources_n;
    struct strv patches, files, check_files; /* absolute paths */
    struct recipe_needs needs, build_needs, check_needs, test_needs;
    struct strv env, vars, contains; /* vars: also "ssl=1" or "ssl=" where the switch makes a difference */
    struct recipe_step *steps, *checks, *tests;
    size_t steps_n, checks_n, tests_n;
    struct recipe_extension *extensions;
    size_t extensions_n;
    char *extensions_dir; /* the folder of the recipe that names them; NULL without any */
    struct strv chain;    /* the files this came from: its own, then those it is `from` */
};

/* Where recipes are: folders searched in order, and the root that "/guest/x.c" in `files` is relative to. */
struct recipe_roots {
    struct strv ports; /* absolute folders */
    char *repo;        /* absolute folder */
};

void recipe_roots_free(struct recipe_roots *roots);

/* Reads and checks the recipe of the port of that exact name (as ports_list gives it). Everything that one recipe alone
 * can tell is checked here: WL_E_RECIPE with file and line. The caller frees it with recipe_free. */
int recipe_load(const struct recipe_roots *roots, const char *name, struct recipe **out, struct wl_err *err);
void recipe_free(struct recipe *r);
#define WL_CLEANUP_RECIPE __attribute__((cleanup(recipe_freep)))
void recipe_freep(struct recipe **r);

/* Fills err with "FILE:LINE: text" for the place of a key path ("needs/0") in the recipe's files; returns -WL_E_RECIPE.
 */
int recipe_error(const struct recipe *r, const char *key_path, struct wl_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a known place. */
int recipe_error_at(const struct recipe *r, const struct recipe_place *at, struct wl_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A module's name as a C identifier: dots become "__". The caller frees it. */
char *extension_symbol(const char *module);
/* Whether a source of an extension is compiled; else it only lies beside. */
bool extension_compiles(const char *source);
/* Whether a flag is the linker's. */
bool extension_links(const char *flag);
/* Whether what follows is a flag's value. */
bool extension_takes_value(const char *flag);

/* Every port's name, sorted, abstract ones left out unless asked for. A recipe that cannot be read is listed by its
 * folder's name, so that using it tells what is wrong. */
int ports_list(const struct recipe_roots *roots, bool with_abstract, struct strv *names, struct wl_err *err);

/* The port a person means: "python/v3.11.2", "python/3.11.2", "ports/python/v3.11.2", "python/3.11" (newest of it),
 * "zlib". A name nobody has is WL_E_RECIPE with the nearest names as hint. The caller frees *name. */
int ports_resolve(const struct recipe_roots *roots, const char *given, char **name, struct wl_err *err);

/* The flavours of a port (its exact name) but "plain", which every port has; sorted. */
int ports_flavours(const struct recipe_roots *roots, const char *port, struct strv *flavours, struct wl_err *err);
/* The port that makes a flavour of a port: python/single/v3.13.5 for "single" of python/v3.13.5; the port itself for
 * "plain". One that is not there is WL_E_USAGE with those that are as hint. The caller frees *name. */
int ports_flavour(const struct recipe_roots *roots, const char *port, const char *flavour, char **name,
                  struct wl_err *err);

#endif
