/* Extension modules of a recipe, handed to the steps: files and a list in the syntax of CPython's Modules/Setup. */
#ifndef WL_EXTENSIONS_H
#define WL_EXTENSIONS_H

#include "err.h"
#include "recipe.h"

/* Where the list is, below the root that the steps see, and the script for sed that gives the modules with dots in
 * their names these names, which Setup cannot say. */
#define EXTENSIONS_SETUP "extensions/Setup"
#define EXTENSIONS_SED "extensions/config.sed"

/* Puts the recipe's own files, the list and the script into the box at dir, which the steps see as root; env is theirs.
 * Nothing is made for a recipe without extensions. */
int extensions_write(const struct recipe *r, const char *dir, const char *root, const struct strv *env,
                     struct wl_err *err);

/* Looks whether the sources that were to be unpacked are there. */
int extensions_check(const struct recipe *r, const char *dir, struct wl_err *err);

#endif
