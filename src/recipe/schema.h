/* A recipe file as it is written: libcyaml's schema, and the structs that it fills. docs/recipes.md describes the keys.
 */
#ifndef WL_SCHEMA_H
#define WL_SCHEMA_H

#include "recipe/fields.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Values of keys. All of this is libcyaml's memory; what the file does not have is NULL, with a count of 0. */
struct file_archive {
    char *url;
    char *sha256;
    char **mirrors;
    unsigned mirrors_count;
};

struct file_source {
    char *url;
    char *sha256;
    char **mirrors;
    unsigned mirrors_count;
    struct file_archive *also;
    unsigned also_count;
    char *into, *only_with;
    int *strip;
    bool *unpack;
};

struct file_step {
    char *name;
    char *run;
};

struct file_extension {
    char *module, *init;
    char **sources, **flags;
    unsigned sources_count, flags_count;
};

/* The value of one key. What v points to depends on the field's kind. */
struct file_value {
    void *v;    /* a text's char; an int; a bool; or the first of n members: char *, struct file_step and so on */
    unsigned n; /* of lists */
};

/* The values of all keys, by field_index(). */
struct recipe_file {
    struct file_value value[MAX_FIELDS], added[MAX_FIELDS];
};

/* Reads a recipe against the schema: an unknown key, a wrong type or broken YAML is WL_E_RECIPE with file and line.
 * Adds the keys that the file has to keys; the result is for recipe_file_free. */
int recipe_file_parse(const char *file, const char *text, size_t n, struct recipe_file **out, struct strv *keys,
                      struct wl_err *err);
void recipe_file_free(struct recipe_file *f);

/* The value of a key whose kind is FIELD_META_TEXT; NULL: not given. */
const char *file_text(const struct recipe_file *f, const char *key);
/* The value of a key whose kind is FIELD_META_FLAG; false if not given. */
bool file_flag(const struct recipe_file *f, const char *key);

#endif
