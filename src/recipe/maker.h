/* What the parts share that make a recipe of its layers; nothing outside of this folder needs it. */
#ifndef WL_MAKER_H
#define WL_MAKER_H

#include "recipe/recipe.h"
#include "recipe/schema.h"

enum { MAX_SWITCHES = 8 };

/* One file of the chain that `from` makes, the port's own first. */
struct layer {
    char *file, *dir, *text;
    size_t n;
    struct strv keys; /* the keys it has, also those with an empty list: they replace what is inherited */
    struct recipe_file *f;
};

/* What is needed while one recipe is put together from its layers. */
struct maker {
    const struct recipe_roots *roots;
    const struct layer *layers;
    size_t n;            /* all layers */
    size_t own_n;        /* those of the port itself, without the one it is made for */
    bool *switches_used; /* set for those that some entry depends on */
    struct recipe *r;
    struct wl_err *err;
};

/* The first layer that has the key, or NULL; for error places and for paths relative to that recipe's folder. */
const struct layer *first_with(const struct maker *m, const char *key);

/* Fills err with "FILE:LINE: text" for the place of a key path in the layer; returns -WL_E_RECIPE. */
int layer_error(const struct layer *l, const char *key_path, struct wl_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Fills in ${...}; the caller frees *out. */
int expand_text(const struct maker *m, const struct layer *l, const char *key, const char *text, char **out);

/* Whether a path is relative and does not lead out of its folder. */
bool is_inner_path(const char *path);

/* Whether some of the steps names the environment variable. */
bool steps_name(const struct recipe_step *steps, size_t n, const char *variable);

/* Reads and checks `extensions`; to be called when the steps are known. */
int take_extensions(const struct maker *m);

#endif
