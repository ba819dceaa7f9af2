#include "pack/package_ports.h"

#include "pack/requirements.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "util/fs.h"
#include "util/hash.h"

#include <ctype.h>
#include <string.h>

#define WITH "python/with"

char *package_recipe(const struct recipe_roots *roots, const char *name)
{
    WL_CLEANUP_FREE char *normal = pypi_name(name, strlen(name));

    for (size_t i = 0; i < roots->ports.n; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%s/%s/recipe.yaml", roots->ports.v[i], PYPI_KIND, normal);

        if (path_exists(file))
            return xasprintf(PYPI_KIND "/%s", normal);
    }
    return xstrdup(PYPI_KIND "/base");
}

char *package_port(const char *name)
{
    WL_CLEANUP_FREE char *normal = pypi_name(name, strlen(name));

    return xasprintf(WHEELS_KIND "/%s", normal);
}

char *package_address(const struct package *p, const struct strv *links)
{
    for (size_t i = 0; links && i < links->n; i++) {
        WL_CLEANUP_FREE char *file = path_join(links->v[i], p->file);

        if (path_exists(file))
            return xasprintf("file:%s", file);
    }
    return xasprintf("pypi:%s==%s/%s", p->name, p->version, p->file);
}

/* --- texts of recipes; quotes of YAML escape as those of JSON --- */

static void add_file(struct str *s, const char *address, const char *sha256, const char *into)
{
    str_add(s, "  - url: ");
    str_add_json(s, address);
    str_addf(s, "\n    sha256: \"%s\"\n    into: %s\n", sha256, into);
}

static void add_source(struct str *s, const struct package *p, const struct strv *links, const char *into, bool wheel)
{
    WL_CLEANUP_FREE char *address = package_address(p, links);

    add_file(s, address, p->sha256, into);
    if (wheel)
        str_add(s, "    strip: 0\n");
}

/* A version of a package in the letters that versions of ports have. */
static char *port_version(const char *version)
{
    char *s = xstrdup(version);

    for (char *p = s; *p; p++)
        *p = *p == '!' ? '~' : (char)tolower((unsigned char)*p);
    return s;
}

static void add_crate(struct str *s, const struct package *crate)
{
    WL_CLEANUP_FREE char *address = xasprintf("crate:%s@%s", crate->name, crate->version),
                         *into = xasprintf("crates/%s-%s", crate->name, crate->version);

    add_file(s, address, crate->sha256, into);
}

/* Adds what the build of a package requires of other ports: the compiler for Rust, and the packages that it requires
 * and that are built for WASI as well, for their headers. */
static void add_built_needs(struct str *s, const struct packages *all, const struct package *p)
{
    bool any = package_is_rust(p);

    if (any)
        str_add(s, "add-build-needs: [" RUST_PORT);
    for (size_t i = 0; i < p->requires.n; i++) {
        const struct package *other = packages_find(all, p->requires.v[i].name);
        WL_CLEANUP_FREE char *port = other && other->source && other != p ? package_port(other->name) : NULL;

        if (!port)
            continue;
        str_addf(s, "%s%s", any ? ", " : "add-build-needs: [", port);
        any = true;
    }
    if (any)
        str_add(s, "]\n");
}

static void add_package(struct str *s, const struct package_ports *k, const struct recipe_roots *roots,
                        const struct package *p)
{
    WL_CLEANUP_FREE char *from = package_recipe(roots, p->name), *version = port_version(p->version),
                         *normal = pypi_name(p->name, strlen(p->name));

    str_addf(s, "# Written by wl-make.\nfrom: %s\nversion: \"%s\"\nsummary: \"%s %s for WASI\"\n", from, version,
             normal, version);
    str_addf(s, "vars: [\"python=%s\", \"package=%s\"]\n", python_version(k->python), normal);
    add_built_needs(s, k->packages, p);
    str_add(s, "sources:\n");
    add_source(s, p, k->links, "package", false);
    for (size_t i = 0; i < p->requires.n; i++) {
        WL_CLEANUP_FREE char *name = pypi_name(p->requires.v[i].name, strlen(p->requires.v[i].name)),
                             *into = xasprintf("requirements/%s", name);

        add_source(s, &p->requires.v[i], k->links, into, true);
    }
    for (size_t i = 0; i < p->crates.n; i++)
        add_crate(s, &p->crates.v[i]);
}

static bool is_link_variable(const char *var)
{
    static const char *const names[] = {"stack-size=", "initial-memory=", "wasm-features=", "wasm-opt="};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (starts_with(var, names[i]))
            return true;
    return false;
}

static void add_vars(struct str *s, const struct package_ports *k, const struct recipe *base)
{
    WL_CLEANUP_STR struct str imports = {0};

    str_addf(s, "vars:\n  - \"base=%s\"\n", python_version(k->python));
    for (size_t i = 0; i < base->vars.n; i++)
        if (is_link_variable(base->vars.v[i])) {
            str_add(s, "  - ");
            str_add_json(s, base->vars.v[i]);
            str_addc(s, '\n');
        }
    str_add(&imports, "imports=");
    for (size_t i = 0; k->imports && i < k->imports->n; i++)
        str_addf(&imports, "%s%s", i ? " " : "", k->imports->v[i]);
    str_add(s, "  - ");
    str_add_json(s, imports.s);
    str_addc(s, '\n');
}

/* The libraries that the Python links, which the new one links again. */
static void add_needs(struct str *s, const struct recipe *base)
{
    str_add(s, "needs: [");
    for (size_t i = 0; i < base->needs.n; i++)
        str_addf(s, "%s\"%s\"", i ? ", " : "", base->needs.v[i]);
    str_add(s, "]\n");
}

static void add_python(struct str *s, const struct package_ports *k, const struct recipe *base)
{
    bool any = false;

    str_addf(s, "# Written by wl-make.\nfrom: " WITH "\nversion: \"%s+%s\"\n", python_version(k->python), k->name);
    if (*base->date)
        str_addf(s, "date: %s\n", base->date);
    add_vars(s, k, base);
    add_needs(s, base);
    str_add(s, "add-build-needs: [");
    for (size_t i = 0; i < k->packages->n; i++) {
        WL_CLEANUP_FREE char *port = k->packages->v[i].source ? package_port(k->packages->v[i].name) : NULL;

        if (!port)
            continue;
        str_addf(s, "%s%s", any ? ", " : "", port);
        any = true;
    }
    str_add(s, "]\n");
    any = false;
    for (size_t i = 0; i < k->packages->n; i++) {
        const struct package *p = &k->packages->v[i];
        WL_CLEANUP_FREE char *name = pypi_name(p->name, strlen(p->name)), *into = xasprintf("wheels/%s", name);

        if (p->source || (k->only_native && !package_is_native(p)))
            continue;
        if (!any)
            str_add(s, "sources:\n");
        any = true;
        add_source(s, p, k->links, into, true);
    }
}

/* --- files --- */

static int write_recipe(const char *root, const char *port, const struct str *text, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(root, port), *file = path_join(dir, "recipe.yaml");
    int r = make_dirs(dir, err);

    return r < 0 ? r : file_write(file, text->s, text->len, err);
}

/* Writes all recipes below a directory. */
static int write_recipes(const struct package_ports *k, const struct recipe_roots *roots, const struct recipe *base,
                         const char *root, const char *port, struct wl_err *err)
{
    WL_CLEANUP_STR struct str python = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < k->packages->n; i++) {
        const struct package *p = &k->packages->v[i];
        WL_CLEANUP_FREE char *name = package_port(p->name);
        WL_CLEANUP_STR struct str text = {0};

        if (!p->source)
            continue;
        add_package(&text, k, roots, p);
        r = write_recipe(root, name, &text, err);
    }
    add_python(&python, k, base);
    return r < 0 ? r : write_recipe(root, port, &python, err);
}

/* Lock files of older versions do not say which files the wheels are. */
static int check_files(const struct package_ports *k, struct wl_err *err)
{
    for (size_t i = 0; i < k->packages->n; i++)
        if (!k->packages->v[i].file) {
            wl_err_set(err, WL_E_USAGE, "the lock file does not name the wheel of %s", k->packages->v[i].name);
            return wl_err_hint(err, "write the file again with --update");
        }
    return 0;
}

int package_ports(const struct package_ports *k, struct recipe_roots *roots, char **port, struct wl_err *err)
{
    WL_CLEANUP_FREE char *parent = path_join(k->cache, "packages"), *root = NULL;
    WL_CLEANUP_TEMP_DIR struct temp_dir t = {.fd = -1};
    WL_CLEANUP_RECIPE struct recipe *base = NULL;
    char hash[HASH_HEX_SIZE];
    struct strv all = {0};
    int r = k->only_native ? 0 : check_files(k, err);

    *port = xasprintf("%s+%s", k->python, k->name);
    if (r == 0)
        r = recipe_load(roots, k->python, &base, err);
    if (r == 0)
        r = make_dirs(parent, err);
    if (r == 0)
        sweep_aside(parent, "ports");
    if (r == 0)
        r = temp_dir_make(&t, parent, "ports", err);
    if (r == 0)
        r = write_recipes(k, roots, base, t.path, *port, err);
    /* The directory's name is its content's, so that runs with other packages do not meet. */
    if (r == 0)
        r = hash_tree(t.path, hash, err);
    if (r < 0)
        return r;
    root = path_join(parent, hash);
    if (!path_is_dir(root)) {
        r = path_replace(t.path, root, err);
        if (r < 0)
            return r;
    }
    strv_take(&all, xstrdup(root));
    strv_addv(&all, &roots->ports);
    strv_free(&roots->ports);
    roots->ports = all;
    return 0;
}
