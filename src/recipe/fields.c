#include "recipe/fields.h"

#include "util/fs.h"

#include <string.h>

#define AT(m) .member = offsetof(struct recipe, m)
#define ARRAY(m) .member = offsetof(struct recipe, m), .count = offsetof(struct recipe, m##_n)
#define NEEDS(m, k) .member = offsetof(struct recipe, m), .need = (k)

/* A new key is one line here and, unless its kind has none, a member of struct recipe. */
const struct field recipe_fields[] = {
    /* How the recipe is put together. */
    {"abstract", .kind = FIELD_META_FLAG},
    {"from", .kind = FIELD_META_TEXT},
    {"for-each", .kind = FIELD_META_TEXT},
    {"flavour", .kind = FIELD_META_TEXT},
    {"patched", .kind = FIELD_META_FLAG},
    /* What the port is. */
    {"version", .kind = FIELD_VERSION, AT(version), .family = FAMILY_VALUE, .made = "version"},
    {"summary", .kind = FIELD_TEXT, AT(summary)},
    {"homepage", .kind = FIELD_TEXT, AT(homepage)},
    {"cpe", .kind = FIELD_TEXT, AT(cpe)},
    {"license", .kind = FIELD_TEXT, AT(license)},
    {"license-files", .kind = FIELD_LIST, AT(license_files)},
    {"tool", .kind = FIELD_FLAG, AT(tool)},
    {"date", .kind = FIELD_DATE, AT(date), .family = FAMILY_VALUE, .made = "date"},
    {"track", .kind = FIELD_TEXT, AT(track)},
    /* How it is built. */
    {"toolchain", .kind = FIELD_TOOLCHAIN, AT(toolchain), .made = "toolchain"},
    {"min-sdk", .kind = FIELD_NUMBER, AT(min_sdk)},
    {"ssl", .kind = FIELD_SWITCH},
    {"sha256", .kind = FIELD_HASH, .family = FAMILY_VALUE},
    {"also", .kind = FIELD_ARCHIVES, .family = FAMILY_VALUE},
    {"sources", "add-sources", FIELD_SOURCES, ARRAY(sources), .family = FAMILY_VALUE, .made = "source"},
    {"patches", "add-patches", FIELD_PATCHES, AT(patches), .family = FAMILY_PATCHED, .made = "patch"},
    {"files", "add-files", FIELD_FILES, AT(files), .made = "file"},
    {"env", .kind = FIELD_LIST, AT(env), .made = "env"},
    {"vars", .kind = FIELD_VARS, AT(vars), .family = FAMILY_VALUE, .made = "var"},
    {"contains", .kind = FIELD_CONTENTS, AT(contains), .made = "contains"},
    {"extensions", .kind = FIELD_EXTENSIONS, ARRAY(extensions), .made = "module"},
    {"steps", "add-steps", FIELD_STEPS, ARRAY(steps), .made = "step"},
    {"needs", "add-needs", FIELD_NEEDS, NEEDS(needs, NEED_LINK), .made = "link"},
    {"build-needs", "add-build-needs", FIELD_NEEDS, NEEDS(build_needs, NEED_BUILD), .made = "build"},
    /* How it is checked and tested. */
    {"checks", .kind = FIELD_STEPS, ARRAY(checks), .checked = "check"},
    {"check-files", .kind = FIELD_FILES, AT(check_files), .checked = "check file"},
    {"check-needs", .kind = FIELD_NEEDS, NEEDS(check_needs, NEED_CHECK)},
    {"tests", .kind = FIELD_STEPS, ARRAY(tests)},
    {"test-needs", .kind = FIELD_NEEDS, NEEDS(test_needs, NEED_TEST)},
    {0},
};
_Static_assert(sizeof recipe_fields / sizeof *recipe_fields <= MAX_FIELDS, "arrays have room for all fields");

const char *const toolchain_names[] = {"wasi", "native", "clang", "none", NULL};

const struct field *field_of(const char *key)
{
    FOR_EACH_FIELD (f)
        if (!strcmp(f->key, key))
            return f;
    abort(); /* a mistake in the tool: keys from files are checked against the schema */
}

static void show_text(const char *text, struct strv *lines)
{
    if (text && *text)
        strv_add(lines, text);
}

void field_show(const struct field *f, const struct recipe *r, struct strv *lines)
{
    const void *value = field_value(f, r);

    switch (f->kind) {
    case FIELD_META_TEXT:
    case FIELD_META_FLAG:
    case FIELD_SWITCH:
    case FIELD_HASH:
    case FIELD_ARCHIVES:
        break;
    case FIELD_VERSION:
    case FIELD_TEXT:
    case FIELD_DATE:
        show_text(*(char *const *)value, lines);
        break;
    case FIELD_TOOLCHAIN:
        strv_add(lines, toolchain_names[*(const enum toolchain_kind *)value]);
        break;
    case FIELD_NUMBER:
        if (*(const int *)value)
            strv_addf(lines, "%d", *(const int *)value);
        break;
    case FIELD_FLAG:
        if (*(const bool *)value)
            strv_add(lines, "true");
        break;
    case FIELD_VARS:
    case FIELD_LIST:
    case FIELD_CONTENTS:
    case FIELD_PATCHES:
    case FIELD_FILES:
        strv_addv(lines, value);
        break;
    case FIELD_NEEDS:
        for (size_t i = 0; i < ((const struct recipe_needs *)value)->n; i++)
            strv_add(lines, ((const struct recipe_needs *)value)->v[i]);
        break;
    case FIELD_STEPS:
        for (size_t i = 0; i < *field_count(f, r); i++)
            strv_add(lines, (*(struct recipe_step *const *)value)[i].name);
        break;
    case FIELD_SOURCES:
        for (size_t i = 0; i < *field_count(f, r); i++) {
            const struct source *s = &(*(struct recipe_source *const *)value)[i].source;

            for (size_t k = 0; k < s->n; k++) {
                strv_addv(lines, &s->archives[k].urls);
                strv_addf(lines, "  sha256 %s", s->archives[k].sha256);
            }
        }
        break;
    case FIELD_EXTENSIONS:
        for (size_t i = 0; i < *field_count(f, r); i++)
            strv_add(lines, (*(struct recipe_extension *const *)value)[i].module);
        break;
    }
}

void field_paths(const struct field *f, const struct recipe *r, struct strv *paths)
{
    const struct strv *list = field_value(f, r);

    if (f->kind == FIELD_PATCHES || f->kind == FIELD_FILES)
        for (size_t i = 0; i < list->n; i++)
            strv_add_once(paths, list->v[i]);
    if (f->kind == FIELD_EXTENSIONS && r->extensions_dir)
        strv_add_once(paths, r->extensions_dir);
}

static void needs_free(struct recipe_needs *needs)
{
    for (size_t i = 0; i < needs->n; i++) {
        free(needs->v[i]);
        free(needs->at[i].key);
    }
    free(needs->v);
    free(needs->at);
}

static void steps_free(struct recipe_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(steps[i].name);
        free(steps[i].run);
    }
    free(steps);
}

static void sources_free(struct recipe_source *sources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        source_free(&sources[i].source);
        free(sources[i].into);
        free(sources[i].only_with);
    }
    free(sources);
}

static void extensions_free(struct recipe_extension *extensions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(extensions[i].module);
        free(extensions[i].init);
        strv_free(&extensions[i].sources);
        strv_free(&extensions[i].flags);
    }
    free(extensions);
}

void field_free(const struct field *f, struct recipe *r)
{
    void *value = field_slot(f, r);

    switch (f->kind) {
    case FIELD_META_TEXT:
    case FIELD_META_FLAG:
    case FIELD_SWITCH:
    case FIELD_HASH:
    case FIELD_ARCHIVES:
    case FIELD_TOOLCHAIN:
    case FIELD_NUMBER:
    case FIELD_FLAG:
        break;
    case FIELD_VERSION:
    case FIELD_TEXT:
    case FIELD_DATE:
        free(*(char **)value);
        break;
    case FIELD_VARS:
    case FIELD_LIST:
    case FIELD_CONTENTS:
    case FIELD_PATCHES:
    case FIELD_FILES:
        strv_free(value);
        break;
    case FIELD_NEEDS:
        needs_free(value);
        break;
    case FIELD_STEPS:
        steps_free(*(struct recipe_step **)value, *field_count(f, r));
        break;
    case FIELD_SOURCES:
        sources_free(*(struct recipe_source **)value, *field_count(f, r));
        break;
    case FIELD_EXTENSIONS:
        extensions_free(*(struct recipe_extension **)value, *field_count(f, r));
        break;
    }
}
