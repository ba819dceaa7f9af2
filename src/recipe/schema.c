#include "recipe/schema.h"

#include "recipe/yaml_pos.h"
#include "util/str.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <string.h>

enum { LINES = 100000 }; /* a bound for lists; nobody writes so many */

#define STRING(key, type, member)                                                                                      \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 0, CYAML_UNLIMITED)
#define STRINGS(key, type, member)                                                                                     \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, &string, 0, LINES)
#define STRUCTS(key, type, member, schema)                                                                             \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, &(schema), 0, LINES)

/* libcyaml's own bool takes any other word as true. */
static const cyaml_strval_t booleans[] = {{"true", true}, {"false", false}};

static const cyaml_schema_value_t string = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t archive_fields[] = {
    STRING("url", struct file_archive, url),
    STRING("sha256", struct file_archive, sha256),
    STRINGS("mirrors", struct file_archive, mirrors),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t archive = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_archive, archive_fields)};

static const cyaml_schema_field_t source_fields[] = {
    STRING("url", struct file_source, url),
    STRING("sha256", struct file_source, sha256),
    STRINGS("mirrors", struct file_source, mirrors),
    STRUCTS("also", struct file_source, also, archive),
    STRING("into", struct file_source, into),
    STRING("only-with", struct file_source, only_with),
    CYAML_FIELD_INT_PTR("strip", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_source, strip),
    CYAML_FIELD_ENUM_PTR("unpack", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct file_source,
                         unpack, booleans, CYAML_ARRAY_LEN(booleans)),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t source = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_source, source_fields)};

static const cyaml_schema_field_t step_fields[] = {
    STRING("name", struct file_step, name),
    STRING("run", struct file_step, run),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t step = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_step, step_fields)};

static const cyaml_schema_field_t extension_fields[] = {
    STRING("module", struct file_extension, module),
    STRINGS("sources", struct file_extension, sources),
    STRINGS("flags", struct file_extension, flags),
    STRING("init", struct file_extension, init),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t extension = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_extension, extension_fields)};

static const cyaml_schema_field_t recipe_fields[] = {
    STRING("summary", struct recipe_file, summary),
    STRING("license", struct recipe_file, license),
    STRING("homepage", struct recipe_file, homepage),
    CYAML_FIELD_ENUM("abstract", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct recipe_file, abstract, booleans,
                     CYAML_ARRAY_LEN(booleans)),
    STRING("from", struct recipe_file, from),
    STRING("for-each", struct recipe_file, for_each),
    STRING("flavour", struct recipe_file, flavour),
    CYAML_FIELD_ENUM("patched", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct recipe_file, patched, booleans,
                     CYAML_ARRAY_LEN(booleans)),
    STRING("version", struct recipe_file, version),
    STRING("date", struct recipe_file, date),
    STRING("track", struct recipe_file, track),
    STRING("sha256", struct recipe_file, sha256),
    STRUCTS("also", struct recipe_file, also, archive),
    STRUCTS("sources", struct recipe_file, sources, source),
    STRUCTS("add-sources", struct recipe_file, add_sources, source),
    STRING("toolchain", struct recipe_file, toolchain),
    CYAML_FIELD_INT_PTR("min-sdk", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct recipe_file, min_sdk),
    CYAML_FIELD_ENUM_PTR("ssl", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct recipe_file, ssl,
                         booleans, CYAML_ARRAY_LEN(booleans)),
    STRINGS("patches", struct recipe_file, patches),
    STRINGS("add-patches", struct recipe_file, add_patches),
    STRINGS("files", struct recipe_file, files),
    STRINGS("add-files", struct recipe_file, add_files),
    STRINGS("check-files", struct recipe_file, check_files),
    STRINGS("needs", struct recipe_file, needs),
    STRINGS("add-needs", struct recipe_file, add_needs),
    STRINGS("build-needs", struct recipe_file, build_needs),
    STRINGS("env", struct recipe_file, env),
    STRINGS("vars", struct recipe_file, vars),
    STRINGS("contains", struct recipe_file, contains),
    STRINGS("check-needs", struct recipe_file, check_needs),
    STRINGS("test-needs", struct recipe_file, test_needs),
    STRUCTS("extensions", struct recipe_file, extensions, extension),
    STRUCTS("steps", struct recipe_file, steps, step),
    STRUCTS("add-steps", struct recipe_file, add_steps, step),
    STRUCTS("checks", struct recipe_file, checks, step),
    STRUCTS("tests", struct recipe_file, tests, step),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t recipe = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct recipe_file, recipe_fields)};

/* What libcyaml tells of an error: the first message, then a backtrace whose first line is the innermost place. */
struct complaint {
    char *message;
    unsigned line;
};

static void note_complaint(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct complaint *c = ctx;
    WL_CLEANUP_FREE char *text = xvasprintf(fmt, args);
    const char *place = strstr(text, "(line: ");
    size_t n = strcspn(text, "\n");

    (void)level;
    text[n] = '\0';
    if (place && !c->line)
        sscanf(place, "(line: %u", &c->line);
    else if (!place && !c->message && !strstr(text, "Backtrace"))
        c->message = xstrdup(starts_with(text, "Load: ") ? text + strlen("Load: ") : text);
}

static cyaml_config_t config(struct complaint *c)
{
    return (cyaml_config_t){.log_fn = note_complaint, .log_ctx = c, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};
}

static int add_known(struct str *out, const char *key)
{
    static const cyaml_schema_field_t *const tables[] = {recipe_fields, source_fields, archive_fields, step_fields,
                                                         extension_fields};
    size_t best = 3;
    const char *found = NULL;

    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const cyaml_schema_field_t *f = tables[t]; f->key; f++) {
            size_t d = edit_distance(key, f->key);

            if (d < best) {
                best = d;
                found = f->key;
            }
        }
    if (found)
        str_addf(out, "; did you mean '%s'?", found);
    return 0;
}

int recipe_file_parse(const char *file, const char *text, size_t n, struct recipe_file **out, struct strv *keys,
                      struct wl_err *err)
{
    static const char unknown[] = "Unexpected key: ", missing[] = "Missing required mapping field: ";
    struct complaint c = {0};
    cyaml_config_t cfg = config(&c);
    int r = yaml_check(file, text, n, keys, err);
    cyaml_err_t e;

    *out = NULL;
    if (r < 0)
        return wl_err_hint(err, "docs/recipes.md shows how a recipe is written");
    e = cyaml_load_data((const uint8_t *)text, n, &cfg, &recipe, (cyaml_data_t **)out, NULL);
    if (e == CYAML_OK)
        return 0;
    *out = NULL;
    if (c.message && starts_with(c.message, unknown)) {
        const char *key = c.message + strlen(unknown);
        WL_CLEANUP_STR struct str guess = {0};
        unsigned line = yaml_key_line(text, n, key);

        add_known(&guess, key);
        r = wl_err_set(err, WL_E_RECIPE, "%s:%u: unknown key '%s'%s", file, line ? line : c.line, key,
                       guess.s ? guess.s : "");
    } else if (c.message && starts_with(c.message, missing)) {
        r = wl_err_set(err, WL_E_RECIPE, "%s:%u: missing key '%s'", file, c.line, c.message + strlen(missing));
    } else {
        r = wl_err_set(err, WL_E_RECIPE, "%s:%u: %s", file, c.line ? c.line : 1,
                       c.message ? c.message : cyaml_strerror(e));
    }
    free(c.message);
    wl_err_hint(err, "docs/recipes.md lists every key and its type");
    return r;
}

void recipe_file_free(struct recipe_file *f)
{
    struct complaint c = {0};
    cyaml_config_t cfg = config(&c);

    if (f)
        cyaml_free(&cfg, &recipe, f, 0);
}
