/* Readers of all kinds of values but sources and extensions. */
#include "recipe/readers.h"
#include "util/fs.h"

#include <ctype.h>
#include <string.h>

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"

int read_version(struct recipe_loader *ld, const struct field *f)
{
    const struct layer *l = layer_with(ld, f);
    const char *text = l ? l->f->value[field_index(f)].v : NULL;

    ld->r->version = xstrdup(text ? text : "");
    if (!*ld->r->version && !ld->r->abstract)
        return layer_error(&ld->layers[0], f->key, ld->err, "no 'version'");
    if (strspn(ld->r->version, NAME_LETTERS ".+-_~") != strlen(ld->r->version))
        return layer_error(l, f->key, ld->err, "version \"%s\" may only have a-z, 0-9, and . + - _ ~", ld->r->version);
    return 0;
}

static int read_var(struct recipe_loader *ld, const struct layer *l, const char *key, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : 0;

    if (!n || strspn(text, NAME_LETTERS "-_") != n)
        return layer_error(l, key, ld->err, "\"%s\" is not name=value with a name of a-z, 0-9, - and _", text);
    FOR_EACH_FIELD (f)
        if (f->kind == FIELD_SWITCH && strlen(f->key) == n && !strncmp(f->key, text, n))
            return layer_error(l, key, ld->err, "'%s' is a key of its own: write %s: true or %s: false", f->key, f->key,
                               f->key);
    if (!variable_value(ld->r, text, n))
        strv_add(&ld->r->vars, text);
    return 0;
}

int read_vars(struct recipe_loader *ld, const struct field *f)
{
    int r = 0;

    /* The nearest layer comes first, and the first value of a variable counts. */
    for (size_t i = 0; r == 0 && i < ld->n; i++) {
        const struct layer *l = &ld->layers[i];
        const struct file_value *value = &l->f->value[field_index(f)];

        for (unsigned k = 0; r == 0 && k < value->n; k++) {
            WL_CLEANUP_FREE char *key = xasprintf("%s/%u", f->key, k);

            r = read_var(ld, l, key, ((char **)value->v)[k]);
        }
    }
    return r;
}

static bool is_date(const char *s)
{
    static const char form[] = "dddd-dd-dd";

    if (strlen(s) != sizeof form - 1)
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != '-')
            return false;
    return strcmp(s, "1980-01-01") >= 0 && strncmp(s + 5, "00", 2) > 0 && strncmp(s + 5, "13", 2) < 0 &&
           strncmp(s + 8, "00", 2) > 0 && strncmp(s + 8, "32", 2) < 0;
}

static int read_text(struct recipe_loader *ld, const struct layer *l, const char *key, const char *text, char **out)
{
    char *s = NULL;
    int r = expand_text(ld, l, key, text ? text : "", &s);

    if (r < 0)
        return r;
    free(*out);
    *out = s;
    return 0;
}

static int read_date(struct recipe_loader *ld, const struct layer *l, const char *key, const char *text, char **out)
{
    int r = read_text(ld, l, key, text, out);

    if (r == 0 && **out && !is_date(*out))
        return layer_error(l, key, ld->err, "date \"%s\" is not a day YYYY-MM-DD since 1980", *out);
    return r;
}

static int read_toolchain(struct recipe_loader *ld, const struct layer *l, const char *key, const char *text,
                          enum toolchain_kind *out)
{
    WL_CLEANUP_FREE char *name = NULL;
    int r = read_text(ld, l, key, text, &name);

    if (r < 0 || !*name)
        return r;
    for (int i = 0; toolchain_names[i]; i++)
        if (!strcmp(name, toolchain_names[i])) {
            *out = (enum toolchain_kind)i;
            return 0;
        }
    return layer_error(l, key, ld->err, "toolchain \"%s\" is none of wasi, native, clang, none", name);
}

/* Paths in the artifact. */
static int read_contents(struct recipe_loader *ld, const struct layer *l, const char *key, char *const *list,
                         unsigned n, struct strv *out)
{
    WL_CLEANUP_STRV struct strv all = {0};
    int r = expand_list(ld, l, key, list, n, &all);

    for (size_t i = 0; r == 0 && i < all.n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/%zu", key, i);
        int counts = take_condition(ld, l, path, all.v[i]);

        if (counts < 0)
            return counts;
        if (!is_inner_path(all.v[i]))
            return layer_error(l, path, ld->err, "%s: \"%s\" leads out of the artifact", key, all.v[i]);
        if (counts)
            strv_add(out, all.v[i]);
    }
    return r;
}

/* One of patches or files: made absolute from the directory of the recipe that names it, or from the checkout's root.
 * *path is NULL if its condition excludes it; the caller frees it. */
static int read_path(struct recipe_loader *ld, const struct layer *l, const char *key, const char *at, char *name,
                     char **path)
{
    bool from_repo = *name == '/';
    int counts = take_condition(ld, l, at, name);

    *path = NULL;
    if (counts <= 0)
        return counts;
    if (!is_inner_path(from_repo ? name + 1 : name))
        return layer_error(l, at, ld->err, "%s: \"%s\" leads out of its directory", key, name);
    *path = path_join(from_repo ? ld->roots->repo : l->dir, from_repo ? name + 1 : name);
    if (!path_exists(*path))
        return layer_error(l, at, ld->err, "%s: there is no %s", key, *path);
    return 0;
}

/* Steps see all files side by side in one directory, those for checks included. */
static int check_file_name(struct recipe_loader *ld, const struct layer *l, const char *key, const char *at,
                           const char *path)
{
    FOR_EACH_FIELD (f) {
        const struct strv *files = field_value(f, ld->r);

        for (size_t i = 0; f->kind == FIELD_FILES && i < files->n; i++)
            if (!strcmp(path_base(files->v[i]), path_base(path)))
                return layer_error(l, at, ld->err, "%s: %s has the same name as %s", key, path, files->v[i]);
    }
    return 0;
}

static int read_paths(struct recipe_loader *ld, const struct layer *l, const char *key, enum field_kind kind,
                      char *const *list, unsigned n, struct strv *out)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = expand_list(ld, l, key, list, n, &names);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *at = xasprintf("%s/%zu", key, i), *path = NULL;

        r = read_path(ld, l, key, at, names.v[i], &path);
        if (r == 0 && path && kind == FIELD_FILES)
            r = check_file_name(ld, l, key, at, path);
        if (r == 0 && path)
            strv_add(out, path);
    }
    return r;
}

static bool has_need(const struct recipe_needs *needs, const char *port)
{
    for (size_t i = 0; i < needs->n; i++)
        if (!strcmp(needs->v[i], port))
            return true;
    return false;
}

/* Ports. One that is named twice counts once. */
static int read_needs(struct recipe_loader *ld, const struct layer *l, const char *key, char *const *list, unsigned n,
                      struct recipe_needs *out)
{
    for (unsigned i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *at = xasprintf("%s/%u", key, i), *port = NULL;
        int r = expand_text(ld, l, at, list[i], &port);

        r = r < 0 ? r : take_condition(ld, l, at, port);
        if (r < 0)
            return r;
        if (r == 0 || has_need(out, port))
            continue;
        out->v = xreallocarray(out->v, out->n + 1, sizeof *out->v);
        out->at = xreallocarray(out->at, out->n + 1, sizeof *out->at);
        out->v[out->n] = port;
        out->at[out->n++] = (struct recipe_place){(size_t)(l - ld->layers), at};
        port = at = NULL;
    }
    return 0;
}

static int read_steps(struct recipe_loader *ld, const struct layer *l, const char *key, const struct file_step *list,
                      unsigned n, struct recipe_step **out, size_t *out_n)
{
    *out = xreallocarray(*out, *out_n + n, sizeof **out);
    for (unsigned i = 0; i < n; i++) {
        WL_CLEANUP_FREE char *at = xasprintf("%s/%u", key, i);

        if (!list[i].name || !*list[i].name || !list[i].run || !*list[i].run)
            return layer_error(l, at, ld->err, "each of '%s' needs a 'name' and a 'run'", key);
        if (strspn(list[i].name, NAME_LETTERS "-") != strlen(list[i].name))
            return layer_error(l, at, ld->err, "the name \"%s\" of a step may only have a-z, 0-9 and -", list[i].name);
        (*out)[(*out_n)++] = (struct recipe_step){xstrdup(list[i].name), xstrdup(list[i].run)};
    }
    return 0;
}

/* Reads the value that one layer gives, and appends it if it is a list. */
static int read_value(struct recipe_loader *ld, const struct field *f, const struct layer *l, const char *key,
                      const struct file_value *value)
{
    void *out = field_slot(f, ld->r);

    switch (f->kind) {
    case FIELD_META_TEXT:
    case FIELD_META_FLAG:
    case FIELD_SWITCH:
    case FIELD_HASH:
    case FIELD_ARCHIVES:
    case FIELD_VERSION:
    case FIELD_VARS:
        break; /* read in other places (fields.h) */
    case FIELD_TEXT:
        return read_text(ld, l, key, value->v, out);
    case FIELD_DATE:
        return read_date(ld, l, key, value->v, out);
    case FIELD_TOOLCHAIN:
        return read_toolchain(ld, l, key, value->v, out);
    case FIELD_NUMBER:
        *(int *)out = value->v ? *(int *)value->v : 0;
        break;
    case FIELD_FLAG:
        *(bool *)out = value->v && *(bool *)value->v;
        break;
    case FIELD_LIST:
        return expand_list(ld, l, key, value->v, value->n, out);
    case FIELD_CONTENTS:
        return read_contents(ld, l, key, value->v, value->n, out);
    case FIELD_PATCHES:
    case FIELD_FILES:
        return read_paths(ld, l, key, f->kind, value->v, value->n, out);
    case FIELD_NEEDS:
        return read_needs(ld, l, key, value->v, value->n, out);
    case FIELD_STEPS:
        return read_steps(ld, l, key, value->v, value->n, out, field_count(f, ld->r));
    case FIELD_SOURCES:
        return read_sources(ld, l, key, value->v, value->n);
    case FIELD_EXTENSIONS:
        return read_extensions(ld, l, key, value->v, value->n);
    }
    return 0;
}

int read_field(struct recipe_loader *ld, const struct field *f)
{
    const struct layer *l = layer_with(ld, f);
    size_t i = field_index(f);
    int r = 0;

    if (f->kind == FIELD_TEXT || f->kind == FIELD_DATE)
        *(char **)field_slot(f, ld->r) = xstrdup("");
    /* A flavour is made of the port that it is a flavour of. */
    if (f->kind == FIELD_NEEDS && f->need == NEED_LINK && ld->r->flavour)
        r = read_needs(ld, &ld->layers[0], "flavour", &ld->r->flavour_of, 1, field_slot(f, ld->r));
    if (r == 0 && l)
        r = read_value(ld, f, l, f->key, &l->f->value[i]);
    FOR_EACH_ADDING (ld, f, a)
        r = r < 0 ? r : read_value(ld, f, a, f->add_key, &a->f->added[i]);
    return r;
}
