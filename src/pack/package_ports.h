/* Packages as ports: recipes for what a lock file pins. Each package that is built from its source is a port
 * wheels/NAME (from ports/pypi/NAME if that exists, otherwise from ports/pypi/base), and the Python that has them all
 * is one, too (from ports/python/with). So everything that works for ports works for them: keys, the store, flavours,
 * native programs. */
#ifndef WL_PACK_PACKAGE_PORTS_H
#define WL_PACK_PACKAGE_PORTS_H

#include "pack/lock.h"
#include "recipe/recipe.h"
#include "util/err.h"

#include <stdbool.h>

/* The recipe that a package's is made from. The caller frees it. */
char *package_recipe(const struct recipe_roots *roots, const char *name);

struct package_ports {
    const struct packages *packages;
    const char *python;       /* the port that gets them: "python/v3.13.5" */
    const char *name;         /* what distinguishes the new port: a-z, 0-9 and '-' */
    const struct strv *links; /* directories in which wheels may be; may be NULL */
    /* Only the packages that have native code: the others are in an app. */
    bool only_native;
    /* Nothing of the packages is left out, and their own tests are ports suites/NAME, where there is a recipe
     * package-tests/NAME. */
    bool whole;
    const struct strv *imports; /* for the flavour snapshot; may be NULL */
    const char *cache;          /* the recipes are written below it */
};

/* Writes the recipes, and puts their directory before the others in roots. *port is the name of the Python with the
 * packages, which the caller frees. */
int package_ports(const struct package_ports *p, struct recipe_roots *roots, char **port, struct wl_err *err);

/* Whether there is a recipe for a package's own tests. */
bool package_has_tests(const struct recipe_roots *roots, const char *name);

/* Where a package's file comes from: one of these directories (NULL: none) if it has the file, or pip's index. The
 * caller frees the address. */
char *package_address(const struct package *p, const struct strv *links);

/* The port of one package's wheel, "wheels/numpy". The caller frees it. */
char *package_port(const char *name);

#endif
