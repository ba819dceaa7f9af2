/* Texts of a recipe, ready for use: ${...} filled in, and conditions ("libs/openssl if ssl") decided. */
#ifndef WL_EXPAND_H
#define WL_EXPAND_H

#include "recipe/layers.h"

/* Fills in ${...}. key_path is the place of the text, for errors. The caller frees *out. */
int expand_text(const struct recipe_loader *ld, const struct layer *l, const char *key_path, const char *text,
                char **out);
/* The same for the texts of a list. */
int expand_list(const struct recipe_loader *ld, const struct layer *l, const char *key_path, char *const *list,
                unsigned n, struct strv *out);

/* The value of a variable (vars) by the first len bytes of name, or NULL. */
const char *variable_value(const struct recipe *r, const char *name, size_t len);

/* Whether a switch is on. */
bool switch_is_on(const struct recipe_loader *ld, const struct field *f);

/* Takes "if SWITCH" off the end of an entry. Returns 1 if the entry counts, 0 if not. */
int take_condition(struct recipe_loader *ld, const struct layer *l, const char *key_path, char *entry);

/* Whether a path is relative and does not lead out of its directory. */
bool is_inner_path(const char *path);

#endif
