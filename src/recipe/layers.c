#include "recipe/layers.h"

#include "recipe/yaml_pos.h"
#include "util/fs.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

int place_error(const char *file, unsigned line, const char *text, struct wl_err *err)
{
    wl_err_set(err, WL_E_RECIPE, "%s:%u: %s", file, line ? line : 1, text);
    return wl_err_hint(err, "docs/recipes.md describes every key");
}

int layer_error(const struct layer *l, const char *key_path, struct wl_err *err, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    return place_error(l->file, yaml_line(l->text, l->n, key_path), text, err);
}

void layers_free(struct recipe_loader *ld)
{
    for (size_t i = 0; i < sizeof ld->layers / sizeof *ld->layers; i++) {
        struct layer *l = &ld->layers[i];

        free(l->file);
        free(l->dir);
        free(l->text);
        strv_free(&l->keys);
        recipe_file_free(l->f);
    }
}

/* The recipe of a directory below the roots, which are searched in order; NULL if there is none. */
static char *find_file(const struct recipe_roots *roots, const char *name)
{
    for (size_t i = 0; i < roots->ports.n; i++) {
        char *file = xasprintf("%s/%s/recipe.yaml", roots->ports.v[i], name);

        if (path_exists(file))
            return file;
        free(file);
    }
    return NULL;
}

/* Adds a layer; the file's name is its own from then on. */
static int add_layer(struct recipe_loader *ld, char *file)
{
    struct layer *l = &ld->layers[ld->n++];
    int r;

    l->file = file;
    l->dir = path_dir(file);
    r = file_read(file, MAX_RECIPE_SIZE, &l->text, &l->n, ld->err);
    return r < 0 ? r : recipe_file_parse(file, l->text, l->n, &l->f, &l->keys, ld->err);
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* Adds a file and those that it inherits from. */
static int add_chain(struct recipe_loader *ld, char *file)
{
    size_t first = ld->n;

    for (;;) {
        const struct layer *last;
        const char *from;
        int r = add_layer(ld, file);

        if (r < 0)
            return r;
        last = &ld->layers[ld->n - 1];
        from = file_text(last->f, "from");
        if (!from)
            return 0;
        file = find_file(ld->roots, from);
        if (!file)
            return layer_error(last, "from", ld->err, "'from' names %s, but there is no such recipe", from);
        for (size_t i = first; i < ld->n; i++)
            if (is_same_file(ld->layers[i].file, file)) {
                free(file);
                return layer_error(last, "from", ld->err, "'from' makes a cycle through %s", from);
            }
        if (ld->n - first == MAX_FROM) {
            free(file);
            return layer_error(last, "from", ld->err, "more than %d recipes in a chain of 'from'", MAX_FROM);
        }
    }
}

/* The file of a port: that of its directory, or that of the family it belongs to. */
static char *find_port(const struct recipe_roots *roots, const char *name, char **instance)
{
    char *file = find_file(roots, name);
    const char *slash = strrchr(name, '/');

    if (!file && slash) {
        WL_CLEANUP_FREE char *family = xstrndup(name, (size_t)(slash - name));

        file = find_file(roots, family);
        if (file)
            *instance = xstrdup(slash + 1);
    }
    return file;
}

int layers_read(struct recipe_loader *ld, const char *name, char **instance)
{
    char *file, *base_file;
    WL_CLEANUP_FREE char *base = NULL;
    const char *kind;
    int r;

    *instance = NULL;
    file = find_port(ld->roots, name, instance);
    if (!file)
        return wl_err_set(ld->err, WL_E_RECIPE, "there is no port %s", name);
    r = add_chain(ld, file);
    ld->own_n = ld->n;
    kind = r == 0 && *instance ? file_text(ld->layers[0].f, "for-each") : NULL;
    if (!kind)
        return r;
    /* A port of a family continues its chain with the port that it is made for. */
    base = xasprintf("%s/%s", kind, *instance);
    base_file = find_file(ld->roots, base);
    if (!base_file)
        return layer_error(&ld->layers[0], "for-each", ld->err, "there is no port %s to make %s for", base, name);
    return add_chain(ld, base_file);
}

static bool layer_has(const struct layer *l, const char *key)
{
    return strv_has(&l->keys, key);
}

/* Whether the family takes the patches of the port that this one is made for: as its nearest layer says. */
static bool is_patched(const struct recipe_loader *ld)
{
    for (size_t i = 0; i < ld->own_n; i++)
        if (layer_has(&ld->layers[i], "patched"))
            return file_flag(ld->layers[i].f, "patched");
    return false;
}

/* How many layers can give the value. */
static size_t layers_for(const struct recipe_loader *ld, const struct field *f)
{
    bool from_base = f->family == FAMILY_VALUE || (f->family == FAMILY_PATCHED && is_patched(ld));

    return from_base ? ld->n : ld->own_n;
}

const struct layer *layer_with(const struct recipe_loader *ld, const struct field *f)
{
    for (size_t i = 0; i < layers_for(ld, f); i++)
        if (layer_has(&ld->layers[i], f->key))
            return &ld->layers[i];
    return NULL;
}

const struct layer *layer_adding(const struct recipe_loader *ld, const struct field *f, const struct layer *after)
{
    const struct layer *l = layer_with(ld, f);
    size_t n = f->family == FAMILY_PATCHED ? layers_for(ld, f) : ld->own_n;
    size_t i = l && l < ld->layers + n ? (size_t)(l - ld->layers) + 1 : n;

    if (!f->add_key)
        return NULL;
    if (after)
        i = (size_t)(after - ld->layers);
    while (i-- > 0)
        if (layer_has(&ld->layers[i], f->add_key))
            return &ld->layers[i];
    return NULL;
}

bool layer_is_base(const struct recipe_loader *ld, const struct layer *l)
{
    return l >= ld->layers + ld->own_n;
}
