/* The layers of a recipe: its own file, the files that it inherits from by `from`, and for a port of a family those of
 * the port that it is made for. What parts of this room share while a recipe is loaded; nothing outside needs it. */
#ifndef WL_LAYERS_H
#define WL_LAYERS_H

#include "recipe/fields.h"
#include "recipe/recipe.h"
#include "recipe/schema.h"

enum { MAX_RECIPE_SIZE = 1 << 20, MAX_FROM = 8 };

/* One file. */
struct layer {
    char *file, *dir, *text;
    size_t n;
    struct strv keys; /* the keys that it has, also those with an empty list: that replaces what is inherited */
    struct recipe_file *f;
};

/* The loading of one recipe. */
struct recipe_loader {
    const struct recipe_roots *roots;
    struct layer layers[2 * MAX_FROM]; /* the nearest, which is the port's own file, first */
    size_t n;
    size_t own_n;          /* without those of the port that it is made for */
    bool used[MAX_FIELDS]; /* switches that some entry depends on */
    struct recipe *r;
    struct wl_err *err;
};

/* Reads the layers of a port by its exact name. *instance: the last part of the name if the port is one of a family,
 * which the caller frees; else NULL. Call layers_free whatever the result. */
int layers_read(struct recipe_loader *ld, const char *name, char **instance);
void layers_free(struct recipe_loader *ld);

/* The nearest layer that has the key, or NULL. */
const struct layer *layer_with(const struct recipe_loader *ld, const struct field *f);
/* The layers that add to the field's list, one after the other, the farthest first (after NULL: the first). Layers
 * farther than the one that gives the list itself do not count. */
const struct layer *layer_adding(const struct recipe_loader *ld, const struct field *f, const struct layer *after);
#define FOR_EACH_ADDING(ld, f, l) for (const struct layer *l = layer_adding(ld, f, NULL); l; l = layer_adding(ld, f, l))

/* Whether it is a layer of the port that this one is made for. */
bool layer_is_base(const struct recipe_loader *ld, const struct layer *l);

/* Fills err with "FILE:LINE: text" for the place of a key path in the layer; returns -WL_E_RECIPE. */
int layer_error(const struct layer *l, const char *key_path, struct wl_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a file whose text is not at hand. */
int place_error(const char *file, unsigned line, const char *text, struct wl_err *err);

#endif
