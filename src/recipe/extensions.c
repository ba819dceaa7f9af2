/* `extensions`: C extension modules of a recipe, which are linked into the interpreter. */
#include "recipe/readers.h"
#include "util/fs.h"

#include <ctype.h>
#include <string.h>

/* Paths and flags go through make and a shell, so they may only have characters that have no meaning there. Flags may
 * also have '=', ',' and ':', and '$' before a variable. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+@"

static size_t identifier_length(const char *s)
{
    size_t n = 0;

    while (isalpha((unsigned char)s[n]) || s[n] == '_' || (n && isdigit((unsigned char)s[n])))
        n++;
    return n;
}

static bool is_identifier(const char *s)
{
    return *s && !s[identifier_length(s)];
}

static bool is_module_name(const char *s)
{
    for (;;) {
        size_t n = identifier_length(s);

        if (!n || (s[n] && s[n] != '.'))
            return false;
        if (!s[n])
            return true;
        s += n + 1;
    }
}

char *extension_symbol(const char *module)
{
    struct str out = {0};

    for (; *module; module++)
        str_add(&out, *module == '.' ? "__" : (char[]){*module, '\0'});
    return str_take(&out);
}

bool extension_compiles(const char *source)
{
    static const char *const endings[] = {".c", ".cc", ".cpp", ".cxx", ".c++", ".C"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(source, endings[i]))
            return true;
    return false;
}

bool extension_links(const char *flag)
{
    static const char *const starts[] = {"-l", "-L", "-Wl,", "-Xlinker"};

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (starts_with(flag, starts[i]))
            return true;
    return !strcmp(flag, "-u") || (flag[0] != '-' && (ends_with(flag, ".a") || ends_with(flag, ".o")));
}

bool extension_takes_value(const char *flag)
{
    static const char *const flags[] = {"-I",       "-D",       "-U",       "-L",          "-l",
                                        "-u",       "-include", "-isystem", "-idirafter",  "-iquote",
                                        "-imacros", "-Xclang",  "-Xlinker", "-Xassembler", "-Xpreprocessor"};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!strcmp(flag, flags[i]))
            return true;
    return false;
}

/* A source is compiled to a file with its name up to the extension. */
static size_t stem_length(const char *source)
{
    return (size_t)(strrchr(source, '.') - source);
}

static bool same_object(const struct recipe *r, const char *source)
{
    for (size_t i = 0; i < r->extensions_n; i++)
        for (size_t k = 0; k < r->extensions[i].sources.n; k++) {
            const char *other = r->extensions[i].sources.v[k];

            if (extension_compiles(other) && stem_length(other) == stem_length(source) &&
                !strncmp(other, source, stem_length(source)))
                return true;
        }
    return false;
}

static int read_source(struct recipe_loader *ld, const struct layer *l, const char *key, const char *text,
                       struct recipe_extension *x)
{
    const struct recipe *r = ld->r;
    /* ${SRC} looks like a variable of the recipe, but it is one of the steps. */
    WL_CLEANUP_FREE char *plain = starts_with(text, "${SRC}/") ? xasprintf("$SRC/%s", text + 7) : xstrdup(text);
    WL_CLEANUP_FREE char *source = NULL, *path = NULL;
    const char *inner;
    bool unpacked;
    int e = expand_text(ld, l, key, plain, &source);

    if (e < 0)
        return e;
    unpacked = starts_with(source, "$SRC/");
    inner = unpacked ? source + strlen("$SRC/") : source;
    if (!is_inner_path(inner))
        return layer_error(l, key, ld->err, "extensions: the source \"%s\" leads out of its directory", source);
    if (strspn(inner, PLAIN) != strlen(inner))
        return layer_error(l, key, ld->err,
                           "extensions: the source \"%s\" may only have letters, digits and / . _ - + @", source);
    path = path_join(l->dir, inner);
    if (!unpacked && !path_exists(path))
        return layer_error(l, key, ld->err, "extensions: there is no %s", path);
    if (unpacked && !extension_compiles(source))
        return layer_error(l, key, ld->err,
                           "extensions: %s is not a C or C++ source; other unpacked files need not be listed", source);
    if (extension_compiles(source) && same_object(r, source))
        return layer_error(
            l, key, ld->err,
            "extensions: %s is compiled twice, or has the same name as another source up to the extension", source);
    strv_add(&x->sources, source);
    return 0;
}

/* Whether some '$' does not begin a variable of the steps. */
static bool has_odd_dollar(const char *flag)
{
    for (const char *p = flag; (p = strchr(p, '$')); p++)
        if (!isupper((unsigned char)p[1]))
            return true;
    return false;
}

static int read_flags(struct recipe_loader *ld, const struct layer *l, const char *key, const struct file_extension *f,
                      struct recipe_extension *x)
{
    for (unsigned i = 0; i < f->flags_count; i++) {
        WL_CLEANUP_FREE char *at = xasprintf("%s/flags/%u", key, i), *flag = NULL;
        const char *before = i ? x->flags.v[i - 1] : "";
        int e = expand_text(ld, l, at, f->flags[i], &flag);

        if (e < 0)
            return e;
        if (!*flag || strspn(flag, PLAIN "=,:$") != strlen(flag) || has_odd_dollar(flag))
            return layer_error(
                l, at, ld->err,
                "extensions: the flag \"%s\" is not one word of letters, digits, / . _ - + @ = , : and $NAME", flag);
        if (!strcmp(flag, "-Wl") || !strcmp(flag, "-Wa") || !strcmp(flag, "-Wp"))
            return layer_error(l, at, ld->err,
                               "extensions: %s needs a comma and a value; within [...] such a flag must be quoted",
                               flag);
        if (*flag != '-' && !extension_takes_value(before) && !extension_links(flag))
            return layer_error(l, at, ld->err, "extensions: \"%s\" is not a flag: it does not begin with '-'", flag);
        strv_add(&x->flags, flag);
    }
    if (x->flags.n && extension_takes_value(x->flags.v[x->flags.n - 1]))
        return layer_error(l, key, ld->err, "extensions: the flag %s has no value", x->flags.v[x->flags.n - 1]);
    return 0;
}

static int read_extension(struct recipe_loader *ld, const struct layer *l, const char *key,
                          const struct file_extension *f)
{
    WL_CLEANUP_FREE char *symbol = NULL;
    struct recipe *r = ld->r;
    struct recipe_extension *x;
    bool compiles = false;
    int e = 0;

    if (!f->module)
        return layer_error(l, key, ld->err, "each of 'extensions' needs a 'module' and 'sources'");
    if (!is_module_name(f->module))
        return layer_error(l, key, ld->err, "extensions: \"%s\" is not a valid module name", f->module);
    if (f->init && !is_identifier(f->init))
        return layer_error(l, key, ld->err, "extensions: init: \"%s\" is not a valid name of a C function", f->init);
    symbol = extension_symbol(f->module);
    for (size_t k = 0; k < r->extensions_n; k++) {
        WL_CLEANUP_FREE char *other = extension_symbol(r->extensions[k].module);

        if (!strcmp(symbol, other))
            return layer_error(l, key, ld->err, "extensions: %s and %s would have the same symbol, PyInit_%s",
                               r->extensions[k].module, f->module, symbol);
    }
    r->extensions = xreallocarray(r->extensions, r->extensions_n + 1, sizeof *r->extensions);
    x = &r->extensions[r->extensions_n++];
    *x = (struct recipe_extension){.module = xstrdup(f->module)};
    x->init = f->init ? xstrdup(f->init)
                      : xasprintf("PyInit_%s", strrchr(f->module, '.') ? strrchr(f->module, '.') + 1 : f->module);
    for (unsigned k = 0; e == 0 && k < f->sources_count; k++) {
        WL_CLEANUP_FREE char *at = xasprintf("%s/sources/%u", key, k);

        e = read_source(ld, l, at, f->sources[k], x);
        compiles |= e == 0 && extension_compiles(x->sources.v[k]);
    }
    if (e == 0 && !compiles)
        e = layer_error(l, key, ld->err, "extensions: %s has no C or C++ source", f->module);
    return e < 0 ? e : read_flags(ld, l, key, f, x);
}

int read_extensions(struct recipe_loader *ld, const struct layer *l, const char *key, const struct file_extension *list,
                    unsigned n)
{
    int e = 0;

    for (unsigned i = 0; e == 0 && i < n; i++) {
        WL_CLEANUP_FREE char *path = xasprintf("%s/%u", key, i);

        e = read_extension(ld, l, path, &list[i]);
    }
    if (n && !ld->r->extensions_dir)
        ld->r->extensions_dir = xstrdup(l->dir);
    return e;
}
