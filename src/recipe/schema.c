#include "recipe/schema.h"

#include "recipe/yaml_pos.h"
#include "util/str.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <string.h>

enum { LINES = 100000 }; /* a bound for lists, far beyond any recipe */

#define STRING(key, type, member)                                                                                      \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 0, CYAML_UNLIMITED)
#define STRINGS(key, type, member)                                                                                     \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, &string, 0, LINES)
#define STRUCTS(key, type, member, schema)                                                                             \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, &(schema), 0, LINES)

/* libcyaml's own bool takes every other word for true. */
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

/* The schema of the values of each kind. */
#define POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT_VALUE CYAML_VALUE_STRING(POINTER, char, 0, CYAML_UNLIMITED)
#define LIST_VALUE(type, entry) CYAML_VALUE_SEQUENCE(POINTER, type, entry, 0, LINES)
#define FLAG_VALUE CYAML_VALUE_ENUM(POINTER | CYAML_FLAG_STRICT, bool, booleans, CYAML_ARRAY_LEN(booleans))

static const cyaml_schema_value_t kinds[] = {
    [FIELD_META_TEXT] = {TEXT_VALUE},
    [FIELD_META_FLAG] = {FLAG_VALUE},
    [FIELD_SWITCH] = {FLAG_VALUE},
    [FIELD_HASH] = {TEXT_VALUE},
    [FIELD_ARCHIVES] = {LIST_VALUE(struct file_archive, &archive)},
    [FIELD_VERSION] = {TEXT_VALUE},
    [FIELD_VARS] = {LIST_VALUE(char *, &string)},
    [FIELD_TEXT] = {TEXT_VALUE},
    [FIELD_DATE] = {TEXT_VALUE},
    [FIELD_TOOLCHAIN] = {TEXT_VALUE},
    [FIELD_NUMBER] = {CYAML_VALUE_INT(POINTER, int)},
    [FIELD_FLAG] = {FLAG_VALUE},
    [FIELD_LIST] = {LIST_VALUE(char *, &string)},
    [FIELD_CONTENTS] = {LIST_VALUE(char *, &string)},
    [FIELD_PATCHES] = {LIST_VALUE(char *, &string)},
    [FIELD_FILES] = {LIST_VALUE(char *, &string)},
    [FIELD_NEEDS] = {LIST_VALUE(char *, &string)},
    [FIELD_STEPS] = {LIST_VALUE(struct file_step, &step)},
    [FIELD_SOURCES] = {LIST_VALUE(struct file_source, &source)},
    [FIELD_EXTENSIONS] = {LIST_VALUE(struct file_extension, &extension)},
};

/* The schema of a recipe, made from the table of fields. */
struct schema {
    cyaml_schema_field_t fields[2 * MAX_FIELDS + 1];
    cyaml_schema_value_t recipe;
};

static cyaml_schema_field_t schema_field(const char *key, enum field_kind kind, size_t offset)
{
    return (cyaml_schema_field_t){.key = key,
                                  .data_offset = (uint32_t)(offset + offsetof(struct file_value, v)),
                                  .count_offset = (uint32_t)(offset + offsetof(struct file_value, n)),
                                  .count_size = sizeof(unsigned),
                                  .value = kinds[kind]};
}

static void schema_make(struct schema *s)
{
    size_t n = 0;

    *s = (struct schema){.recipe = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct recipe_file, s->fields)}};
    FOR_EACH_FIELD (f) {
        size_t at = field_index(f) * sizeof(struct file_value);

        s->fields[n++] = schema_field(f->key, f->kind, offsetof(struct recipe_file, value) + at);
        if (f->add_key)
            s->fields[n++] = schema_field(f->add_key, f->kind, offsetof(struct recipe_file, added) + at);
    }
}

/* An error of libcyaml: the first message, and the line of the innermost place, which is first in the backtrace. */
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

/* Adds "; did you mean 'KEY'?" if some key is similar. */
static void add_suggestion(const struct schema *schema, const char *key, struct str *out)
{
    const cyaml_schema_field_t *const tables[] = {schema->fields, source_fields, archive_fields, step_fields,
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
}

int recipe_file_parse(const char *file, const char *text, size_t n, struct recipe_file **out, struct strv *keys,
                      struct wl_err *err)
{
    static const char unknown[] = "Unexpected key: ", missing[] = "Missing required mapping field: ";
    struct complaint c = {0};
    cyaml_config_t cfg = config(&c);
    struct schema schema;
    int r = yaml_check(file, text, n, keys, err);
    cyaml_err_t e;

    *out = NULL;
    if (r < 0)
        return wl_err_hint(err, "docs/recipes.md shows how to write a recipe");
    schema_make(&schema);
    e = cyaml_load_data((const uint8_t *)text, n, &cfg, &schema.recipe, (cyaml_data_t **)out, NULL);
    if (e == CYAML_OK)
        return 0;
    *out = NULL;
    if (c.message && starts_with(c.message, unknown)) {
        const char *key = c.message + strlen(unknown);
        WL_CLEANUP_STR struct str guess = {0};
        unsigned line = yaml_key_line(text, n, key);

        add_suggestion(&schema, key, &guess);
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
    struct schema schema;

    if (!f)
        return;
    schema_make(&schema);
    cyaml_free(&cfg, &schema.recipe, f, 0);
}

const char *file_text(const struct recipe_file *f, const char *key)
{
    return f->value[field_index(field_of(key))].v;
}

bool file_flag(const struct recipe_file *f, const char *key)
{
    const bool *set = f->value[field_index(field_of(key))].v;

    return set && *set;
}
