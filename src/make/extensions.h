/* Extension modules of a recipe, as the steps get them: files, rules for make, and a table for the interpreter. */
#ifndef WL_EXTENSIONS_H
#define WL_EXTENSIONS_H

#include "recipe/recipe.h"
#include "util/err.h"

/* Paths below the root that the steps see: rules for GNU make that compile the objects, and the C source of the table
 * of built-in modules, which is one of them. */
#define EXTENSIONS_RULES "extensions/rules.mk"
#define EXTENSIONS_INITTAB "extensions/inittab.c"

/* Puts the recipe's own files, the rules and the table into the box at dir, which the steps see as root; env is theirs.
 * Nothing is made for a recipe without extensions. */
int extensions_write(const struct recipe *r, const char *dir, const char *root, const struct strv *env,
                     struct wl_err *err);

/* Checks that the unpacked sources have the files that the modules name. */
int extensions_check(const struct recipe *r, const char *dir, struct wl_err *err);

#endif
