#include "recipe/recipe.h"

#include "recipe/readers.h"
#include "recipe/yaml_pos.h"
#include "util/fs.h"
#include "util/version.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

void recipe_roots_free(struct recipe_roots *roots)
{
    strv_free(&roots->ports);
    free(roots->repo);
    *roots = (struct recipe_roots){0};
}

/* A port in a directory like v3.13.5 only has newer versions of that series, if it does not say otherwise. */
static int check_track(struct recipe_loader *ld)
{
    const char *base = path_base(ld->r->name);
    char **track = &ld->r->track;

    if (**track && strcmp(*track, "any") && strspn(*track, "0123456789.") != strlen(*track))
        return layer_error(layer_with(ld, field_of("track")), "track", ld->err,
                           "track \"%s\" is neither the beginning of a version, such as 3.5, nor 'any'", *track);
    if (!**track && base != ld->r->name && base[0] == 'v' && isdigit((unsigned char)base[1])) {
        free(*track);
        *track = version_series(base + 1);
    }
    return 0;
}

static int check_env(struct recipe_loader *ld)
{
    const struct strv *env = &ld->r->env;

    for (size_t i = 0; i < env->n; i++)
        if (!strchr(env->v[i], '=') || env->v[i][0] == '=')
            return layer_error(layer_with(ld, field_of("env")), "env", ld->err, "env: \"%s\" is not NAME=value",
                               env->v[i]);
    return 0;
}

/* Whether a script contains the name of a variable. */
static bool steps_name(const struct recipe_step *steps, size_t n, const char *variable)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(steps[i].run, variable))
            return true;
    return false;
}

static int check_steps(struct recipe_loader *ld)
{
    const struct recipe *r = ld->r;

    if (!r->steps_n)
        return layer_error(&ld->layers[0], "", ld->err, "no 'steps': nothing says how the port is built");
    if (r->extensions_n && !steps_name(r->steps, r->steps_n, "EXTENSIONS"))
        return layer_error(layer_with(ld, field_of("extensions")), "extensions", ld->err,
                           "extensions: no step of this recipe uses $EXTENSIONS, so nothing would link them");
    return 0;
}

/* Adds the variable of each switch that something in the recipe depends on: the steps see it, and it is part of the
 * key. */
static int add_switches(struct recipe_loader *ld)
{
    struct recipe *r = ld->r;

    FOR_EACH_FIELD (f) {
        WL_CLEANUP_FREE char *variable = xasprintf("VAR_%s", f->key);
        bool on = f->kind != FIELD_SWITCH || switch_is_on(ld, f);

        if (f->kind != FIELD_SWITCH)
            continue;
        for (char *p = variable; *p; p++)
            *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        if (ld->used[field_index(f)] || steps_name(r->steps, r->steps_n, variable) ||
            steps_name(r->checks, r->checks_n, variable) || steps_name(r->tests, r->tests_n, variable))
            strv_addf(&r->vars, "%s=%s", f->key, on ? "1" : "");
        else if (!on)
            return layer_error(layer_with(ld, f), f->key, ld->err,
                               "%s: false, but nothing in this recipe depends on it: no entry ends in \"if %s\", and "
                               "no step uses $%s",
                               f->key, f->key, variable);
    }
    return 0;
}

/* An abstract recipe has no version to fill in, so only these of its values are read. */
static bool is_read_of_abstract(const struct field *f)
{
    return f->kind == FIELD_TEXT || f->kind == FIELD_DATE || f->kind == FIELD_TOOLCHAIN || f->kind == FIELD_NUMBER;
}

static int read_values(struct recipe_loader *ld)
{
    int r = read_version(ld, field_of("version"));

    if (r == 0)
        r = read_vars(ld, field_of("vars"));
    FOR_EACH_FIELD (f)
        if (r == 0 && (!ld->r->abstract || is_read_of_abstract(f)))
            r = read_field(ld, f);
    if (r == 0)
        r = check_track(ld);
    if (r < 0 || ld->r->abstract)
        return r;
    r = check_sources(ld);
    if (r == 0)
        r = check_env(ld);
    if (r == 0)
        r = check_steps(ld);
    return r < 0 ? r : add_switches(ld);
}

/* Ports of a family with the key `flavour` are flavours of the ports that they are made for. */
static int read_flavour(struct recipe_loader *ld, const char *instance)
{
    const struct layer *top = &ld->layers[0];
    const char *flavour = file_text(top->f, "flavour"), *kind = file_text(top->f, "for-each");

    if (!flavour)
        return 0;
    if (!kind)
        return layer_error(top, "flavour", ld->err, "flavour: %s, but no 'for-each' says of which ports", flavour);
    if (!*flavour || strspn(flavour, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(flavour) ||
        !strcmp(flavour, FLAVOUR_PLAIN))
        return layer_error(top, "flavour", ld->err, "flavour \"%s\" is not a name of a-z, 0-9 and - other than %s",
                           flavour, FLAVOUR_PLAIN);
    ld->r->flavour = xstrdup(flavour);
    ld->r->flavour_of = xasprintf("%s/%s", kind, instance);
    return 0;
}

/* The name must be that of a port, or of a port of a family. */
static int check_family(struct recipe_loader *ld, const char *instance)
{
    const struct layer *top = &ld->layers[0];
    bool is_family = file_text(top->f, "for-each");

    for (size_t i = 0; i < ld->own_n; i++)
        if (file_flag(ld->layers[i].f, "patched") && !is_family)
            return layer_error(&ld->layers[i], "patched", ld->err,
                               "patched: true, but no 'for-each' says of which ports to take the patches");
    if (instance && !is_family)
        return layer_error(top, "", ld->err, "there is no port %s: this recipe is one port, not a family", ld->r->name);
    if (!instance && is_family)
        return layer_error(top, "for-each", ld->err, "this recipe is a family: name one of its ports (wl-make list)");
    return 0;
}

static int read_recipe(struct recipe_loader *ld, const char *name, const char *instance)
{
    struct recipe *r = ld->r;
    int e;

    for (size_t i = 0; i < ld->n; i++)
        strv_add(&r->chain, ld->layers[i].file);
    r->name = xstrdup(name);
    r->file = xstrdup(ld->layers[0].file);
    r->abstract = file_flag(ld->layers[0].f, "abstract");
    e = check_family(ld, instance);
    if (e == 0)
        e = read_flavour(ld, instance);
    return e < 0 ? e : read_values(ld);
}

int recipe_load(const struct recipe_roots *roots, const char *name, struct recipe **out, struct wl_err *err)
{
    struct recipe_loader ld = {.roots = roots, .r = xcalloc(1, sizeof *ld.r), .err = err};
    WL_CLEANUP_FREE char *instance = NULL;
    int r = layers_read(&ld, name, &instance);

    *out = NULL;
    if (r == 0)
        r = read_recipe(&ld, name, instance);
    layers_free(&ld);
    if (r < 0)
        recipe_free(ld.r);
    else
        *out = ld.r;
    return r;
}

void recipe_free(struct recipe *r)
{
    if (!r)
        return;
    FOR_EACH_FIELD (f)
        field_free(f, r);
    free(r->name);
    free(r->file);
    free(r->flavour);
    free(r->flavour_of);
    free(r->extensions_dir);
    strv_free(&r->chain);
    free(r);
}

void recipe_freep(struct recipe **r)
{
    recipe_free(*r);
    *r = NULL;
}

void recipe_inputs(const struct recipe *r, struct strv *paths)
{
    for (size_t i = 0; i < r->chain.n; i++)
        strv_add_once(paths, r->chain.v[i]);
    FOR_EACH_FIELD (f)
        field_paths(f, r, paths);
}

/* The line of a key path in one of the recipe's files; 0: it does not exist. */
static unsigned line_in(const char *file, const char *key_path)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *yaml = NULL;
    size_t n = 0;

    return file_read(file, MAX_RECIPE_SIZE, &yaml, &n, &ignored) == 0 ? yaml_line(yaml, n, key_path) : 0;
}

int recipe_error(const struct recipe *r, const char *key_path, struct wl_err *err, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *text = NULL;
    unsigned line = 0;
    size_t i = 0;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    while (i < r->chain.n && !(line = line_in(r->chain.v[i], key_path)))
        i++;
    return place_error(line ? r->chain.v[i] : r->file, line, text, err);
}

int recipe_error_at(const struct recipe *r, const struct recipe_place *at, struct wl_err *err, const char *fmt, ...)
{
    WL_CLEANUP_FREE char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    return place_error(r->chain.v[at->file], line_in(r->chain.v[at->file], at->key), text, err);
}

long long recipe_epoch(const char *date)
{
    struct tm tm = {0};

    if (!*date || !strptime(date, "%Y-%m-%d", &tm))
        return 315532800; /* the first day a zip can tell */
    return (long long)timegm(&tm);
}
