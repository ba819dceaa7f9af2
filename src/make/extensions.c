#include "make/extensions.h"

#include "util/fs.h"

#include <string.h>

static bool is_unpacked(const char *source)
{
    return starts_with(source, "$SRC/");
}

static const char *value_of(const struct strv *env, const char *name, size_t len)
{
    for (size_t i = 0; i < env->n; i++)
        if (!strncmp(env->v[i], name, len) && env->v[i][len] == '=')
            return env->v[i] + len + 1;
    return NULL;
}

/* A flag with the steps' variables filled in. */
static int fill_in(const struct recipe *r, const char *flag, const char *key, const struct strv *env, struct str *out,
                   struct wl_err *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

    while (*flag) {
        size_t n = strcspn(flag, "$"), len = flag[n] ? strspn(flag + n + 1, letters) : 0;
        const char *value;

        str_addn(out, flag, n);
        flag += n;
        if (!*flag)
            break;
        value = value_of(env, flag + 1, len);
        if (!value)
            return recipe_error(r, key, err, "extensions: no variable of the steps is called $%.*s", (int)len,
                                flag + 1);
        str_add(out, value);
        flag += len + 1;
    }
    return 0;
}

static int add_flags(const struct recipe *r, size_t i, bool link, const struct strv *env, struct str *out,
                     struct wl_err *err)
{
    const struct strv *flags = &r->extensions[i].flags;

    for (size_t k = 0; k < flags->n; k++) {
        WL_CLEANUP_FREE char *key = xasprintf("extensions/%zu/flags/%zu", i, k);
        /* A value goes where its flag went. */
        bool is_value = k && extension_takes_value(flags->v[k - 1]);
        int e;

        if (extension_links(flags->v[is_value ? k - 1 : k]) != link)
            continue;
        str_addc(out, ' ');
        e = fill_in(r, flags->v[k], key, env, out, err);
        if (e < 0)
            return e;
    }
    return 0;
}

/* The rule of one object, which lies in the directory where make runs. */
static int add_object(const struct recipe *r, size_t i, size_t k, const char *root, const struct strv *env,
                      struct str *rules, struct wl_err *err)
{
    const struct recipe_extension *x = &r->extensions[i];
    const char *source = x->sources.v[k];
    WL_CLEANUP_FREE char *symbol = extension_symbol(x->module), *init = xasprintf("PyInit_%s", symbol);
    bool is_c = ends_with(source, ".c");
    int e;

    str_addf(rules, "EXTENSION_OBJECTS += %s-%zu.o\n%s-%zu.o: %s/%s/%s\n", symbol, k, symbol, k, root,
             is_unpacked(source) ? "src" : "extensions/files", is_unpacked(source) ? source + strlen("$SRC/") : source);
    str_addf(rules, "\t%s $(EXTENSION_CPPFLAGS) -I%s/extensions/files",
             is_c ? "$(CC) $(CPPFLAGS) $(CFLAGS)" : "$(CXX) $(CPPFLAGS) $(CXXFLAGS)", root);
    /* Two modules may have the same last name: _speed in one package and in another. */
    if (strcmp(init, x->init) != 0)
        str_addf(rules, " -D%s=%s", x->init, init);
    e = add_flags(r, i, false, env, rules, err);
    str_add(rules, " -c $< -o $@\n");
    return e;
}

static int add_module(const struct recipe *r, size_t i, const char *root, const struct strv *env, struct str *rules,
                      struct wl_err *err)
{
    const struct recipe_extension *x = &r->extensions[i];
    int e = 0;

    str_addf(rules, "EXTENSION_MODULES += %s\n", x->module);
    for (size_t k = 0; e == 0 && k < x->sources.n; k++)
        if (extension_compiles(x->sources.v[k]))
            e = add_object(r, i, k, root, env, rules, err);
    str_add(rules, "EXTENSION_LDFLAGS +=");
    e = e < 0 ? e : add_flags(r, i, true, env, rules, err);
    str_addc(rules, '\n');
    return e;
}

/* The table of built-in modules that PyImport_ExtendInittab() takes. */
static void add_inittab(const struct recipe *r, struct str *c)
{
    str_add(c, "#include <Python.h>\n\n");
    for (size_t i = 0; i < r->extensions_n; i++) {
        WL_CLEANUP_FREE char *symbol = extension_symbol(r->extensions[i].module);

        str_addf(c, "PyMODINIT_FUNC PyInit_%s(void);\n", symbol);
    }
    str_add(c, "\nstruct _inittab extensions[] = {\n");
    for (size_t i = 0; i < r->extensions_n; i++) {
        WL_CLEANUP_FREE char *symbol = extension_symbol(r->extensions[i].module);

        str_addf(c, "    {\"%s\", PyInit_%s},\n", r->extensions[i].module, symbol);
    }
    str_add(c, "    {0, 0},\n};\n");
}

static int copy_sources(const struct recipe *r, const char *dir, struct wl_err *err)
{
    int e = 0;

    for (size_t i = 0; i < r->extensions_n; i++)
        for (size_t k = 0; e == 0 && k < r->extensions[i].sources.n; k++) {
            const char *source = r->extensions[i].sources.v[k];
            WL_CLEANUP_FREE char *from = path_join(r->extensions_dir, source);
            WL_CLEANUP_FREE char *to = xasprintf("%s/extensions/files/%s", dir, source), *folder = path_dir(to);

            /* A header may be listed by several modules. */
            if (is_unpacked(source) || path_exists(to))
                continue;
            e = make_dirs(folder, err);
            e = e < 0 ? e : copy_tree(from, to, err);
        }
    return e;
}

static int write_text(const char *dir, const char *name, const struct str *text, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(dir, name);

    return file_write(file, text->s ? text->s : "", text->len, err);
}

int extensions_write(const struct recipe *r, const char *dir, const char *root, const struct strv *env,
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *files = path_join(dir, "extensions/files");
    WL_CLEANUP_STR struct str rules = {0}, inittab = {0};
    int e = 0;

    if (!r->extensions_n)
        return 0;
    e = make_dirs(files, err);
    e = e < 0 ? e : copy_sources(r, dir, err);
    for (size_t i = 0; e == 0 && i < r->extensions_n; i++)
        e = add_module(r, i, root, env, &rules, err);
    str_addf(&rules,
             "EXTENSION_OBJECTS += inittab.o\ninittab.o: %s/" EXTENSIONS_INITTAB
             "\n\t$(CC) $(CPPFLAGS) $(CFLAGS) $(EXTENSION_CPPFLAGS) -c $< -o $@\n",
             root);
    add_inittab(r, &inittab);
    e = e < 0 ? e : write_text(dir, EXTENSIONS_RULES, &rules, err);
    return e < 0 ? e : write_text(dir, EXTENSIONS_INITTAB, &inittab, err);
}

int extensions_check(const struct recipe *r, const char *dir, struct wl_err *err)
{
    for (size_t i = 0; i < r->extensions_n; i++)
        for (size_t k = 0; k < r->extensions[i].sources.n; k++) {
            const char *source = r->extensions[i].sources.v[k];
            WL_CLEANUP_FREE char *key = xasprintf("extensions/%zu/sources/%zu", i, k);
            WL_CLEANUP_FREE char *path = is_unpacked(source) ? xasprintf("%s/src/%s", dir, source + 5) : NULL;

            if (path && !path_exists(path))
                return recipe_error(r, key, err, "extensions: %s: nothing unpacked and patched has %s",
                                    r->extensions[i].module, source);
        }
    return 0;
}
