/* A recipe file as it stands (docs/recipes.md says what each key means): libcyaml's schema and the structs it fills. */
#ifndef WL_SCHEMA_H
#define WL_SCHEMA_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>

/* A key that the file does not have is NULL (or a count of 0 with a NULL list). All of it is libcyaml's memory. */
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

struct recipe_file {
    char *summary, *license, *homepage;
    bool abstract, patched;
    char *from, *for_each, *flavour;
    char *version, *date, *sha256, *track;
    struct file_archive *also;
    unsigned also_count;
    struct file_source *sources, *add_sources;
    unsigned sources_count, add_sources_count;
    char *toolchain;
    int *min_sdk;
    bool *ssl;
    char **patches, **files, **check_files, **needs, **build_needs, **env, **vars, **contains, **test_needs,
        **check_needs;
    unsigned patches_count, files_count, check_files_count, needs_count, build_needs_count, env_count, vars_count,
        contains_count, test_needs_count, check_needs_count;
    char **add_patches, **add_files, **add_needs;
    unsigned add_patches_count, add_files_count, add_needs_count;
    struct file_extension *extensions;
    unsigned extensions_count;
    struct file_step *steps, *add_steps, *checks, *tests;
    unsigned steps_count, add_steps_count, checks_count, tests_count;
};

/* Reads a recipe against the schema: an unknown key, a wrong type or broken YAML is WL_E_RECIPE with file and line.
 * Adds the keys that stand in it to keys; the result is for recipe_file_free. */
int recipe_file_parse(const char *file, const char *text, size_t n, struct recipe_file **out, struct strv *keys,
                      struct wl_err *err);
void recipe_file_free(struct recipe_file *f);

#endif
