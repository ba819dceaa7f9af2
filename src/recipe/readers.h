/* Readers of values: each takes the value of one key in one layer, checks it, and appends it to the recipe. key is the
 * key as the layer has it ("needs" or "add-needs"); a failure is WL_E_RECIPE with file and line. */
#ifndef WL_READERS_H
#define WL_READERS_H

#include "recipe/expand.h"

/* The version, and the variables of all layers: other values can name them, so they are read first. */
int read_version(struct recipe_loader *ld, const struct field *f);
int read_vars(struct recipe_loader *ld, const struct field *f);

/* The value of any other field: that of the nearest layer that has it, and what nearer layers add to it. */
int read_field(struct recipe_loader *ld, const struct field *f);

int read_sources(struct recipe_loader *ld, const struct layer *l, const char *key, const struct file_source *list,
                 unsigned n);
int read_extensions(struct recipe_loader *ld, const struct layer *l, const char *key, const struct file_extension *list,
                    unsigned n);

/* What only all values together show. */
int check_sources(struct recipe_loader *ld);

#endif
