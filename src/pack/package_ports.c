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
    /* What a Python leaves out of the wheel makes no other wheel. */
    str_addf(s, "vars: [\"python=%s\", \"package=%s\", \"without=\"]\n", python_version(k->python), normal);
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

/* What the recipes of packages say about the Python that gets them. */
struct said {
    struct strv needs;  /* the libraries that their modules link */
    struct str without; /* what is left out: patterns, each after a space */
};

static void said_free(struct said *s)
{
    strv_free(&s->needs);
    str_free(&s->without);
}
#define CLEANUP_SAID __attribute__((cleanup(said_free)))

/* Adds what the recipe of a package says that is left out. (It is abstract: of such a recipe only the variables are
 * read.) */
static int add_without(struct said *said, const struct recipe_roots *roots, const struct package *p, struct wl_err *err)
{
    static const char without[] = "without=";
    WL_CLEANUP_FREE char *from = package_recipe(roots, p->name);
    WL_CLEANUP_RECIPE struct recipe *recipe = NULL;
    int r = recipe_load(roots, from, &recipe, err);

    for (size_t i = 0; r == 0 && i < recipe->vars.n; i++)
        if (starts_with(recipe->vars.v[i], without) && recipe->vars.v[i][strlen(without)])
            str_addf(&said->without, " %s", recipe->vars.v[i] + strlen(without));
    return r;
}

/* Adds the libraries of a package: what its port needs besides the Python. */
static int add_libraries(struct said *said, const struct recipe_roots *roots, const struct package *p,
                         struct wl_err *err)
{
    WL_CLEANUP_FREE char *port = package_port(p->name);
    WL_CLEANUP_RECIPE struct recipe *recipe = NULL;
    int r = recipe_load(roots, port, &recipe, err);

    for (size_t i = 0; r == 0 && i < recipe->needs.n; i++)
        if (!starts_with(recipe->needs.v[i], PYTHON_KIND "/"))
            strv_add_once(&said->needs, recipe->needs.v[i]);
    return r;
}

/* root: where the ports of the packages were written. */
static int read_said(const struct package_ports *k, const struct recipe_roots *roots, const char *root,
                     struct said *said, struct wl_err *err)
{
    struct recipe_roots with = {.repo = roots->repo};
    int r = 0;

    strv_add(&with.ports, root);
    strv_addv(&with.ports, &roots->ports);
    for (size_t i = 0; r == 0 && i < k->packages->n; i++) {
        if (!package_is_native(&k->packages->v[i]))
            continue;
        r = add_without(said, roots, &k->packages->v[i], err);
        if (r == 0)
            r = add_libraries(said, &with, &k->packages->v[i], err);
    }
    strv_free(&with.ports);
    return r;
}

static void add_vars(struct str *s, const struct package_ports *k, const struct said *said, const struct recipe *base)
{
    WL_CLEANUP_STR struct str imports = {0}, without = {0};

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
    str_add(s, "\n  - ");
    str_addf(&without, "without=%s", k->whole || !said->without.len ? "" : said->without.s + 1);
    str_add_json(s, without.s);
    str_add(s, k->whole ? "\n  - \"leave=\"\n" : "\n");
}

/* The libraries that the Python links, which the new one links again, and those of the packages. */
static void add_needs(struct str *s, const struct recipe *base, const struct said *said)
{
    WL_CLEANUP_STRV struct strv all = {0};

    for (size_t i = 0; i < base->needs.n; i++)
        strv_add_once(&all, base->needs.v[i]);
    for (size_t i = 0; i < said->needs.n; i++)
        strv_add_once(&all, said->needs.v[i]);
    str_add(s, "needs: [");
    for (size_t i = 0; i < all.n; i++)
        str_addf(s, "%s\"%s\"", i ? ", " : "", all.v[i]);
    str_add(s, "]\n");
}

static void add_python(struct str *s, const struct package_ports *k, const struct said *said, const struct recipe *base)
{
    bool any = false;

    str_addf(s, "# Written by wl-make.\nfrom: " WITH "\nversion: \"%s+%s\"\n", python_version(k->python), k->name);
    if (*base->date)
        str_addf(s, "date: %s\n", base->date);
    add_vars(s, k, said, base);
    add_needs(s, base, said);
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

/* --- the packages' own tests --- */

static bool has_tests(const struct recipe_roots *roots, const char *normal)
{
    for (size_t i = 0; i < roots->ports.n; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%s/%s/recipe.yaml", roots->ports.v[i], PACKAGE_TESTS_KIND, normal);

        if (path_exists(file))
            return true;
    }
    return false;
}

bool package_has_tests(const struct recipe_roots *roots, const char *name)
{
    WL_CLEANUP_FREE char *normal = pypi_name(name, strlen(name));

    return has_tests(roots, normal);
}

/* A suite whose sources are those that the package is built from, beside those of its recipe. */
static void add_suite(struct str *s, const struct package_ports *k, const struct package *p, const char *normal)
{
    WL_CLEANUP_FREE char *version = port_version(p->version), *wheel = package_port(p->name);

    str_addf(s, "# Written by wl-make.\nfrom: " PACKAGE_TESTS_KIND "/%s\nversion: \"%s\"\n", normal, version);
    str_addf(s, "vars: [\"python=%s\"]\nadd-build-needs: [%s]\nadd-sources:\n", python_version(k->python), wheel);
    add_source(s, p, k->links, "source", false);
}

/* --- files --- */

static int write_recipe(const char *root, const char *port, const struct str *text, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(root, port), *file = path_join(dir, "recipe.yaml");
    int r = make_dirs(dir, err);

    return r < 0 ? r : file_write(file, text->s, text->len, err);
}

/* Writes the port of a package's own tests, if there is a recipe for them. */
static int write_suite(const struct package_ports *k, const struct recipe_roots *roots, const char *root,
                       const struct package *p, struct wl_err *err)
{
    WL_CLEANUP_FREE char *normal = pypi_name(p->name, strlen(p->name)), *port = xasprintf(SUITES_KIND "/%s", normal);
    WL_CLEANUP_STR struct str text = {0};

    if (!k->whole || !has_tests(roots, normal))
        return 0;
    add_suite(&text, k, p, normal);
    return write_recipe(root, port, &text, err);
}

/* Writes all recipes below a directory. */
static int write_recipes(const struct package_ports *k, const struct recipe_roots *roots, const struct recipe *base,
                         const char *root, const char *port, struct wl_err *err)
{
    WL_CLEANUP_STR struct str python = {0};
    CLEANUP_SAID struct said said = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < k->packages->n; i++) {
        const struct package *p = &k->packages->v[i];
        WL_CLEANUP_FREE char *name = package_port(p->name);
        WL_CLEANUP_STR struct str text = {0};

        /* The port of a wheel for WASI is never built, but names the libraries that its modules link. */
        if (!package_is_native(p))
            continue;
        add_package(&text, k, roots, p);
        r = write_recipe(root, name, &text, err);
        if (r == 0 && p->source)
            r = write_suite(k, roots, root, p, err);
    }
    if (r == 0)
        r = read_said(k, roots, root, &said, err);
    if (r < 0)
        return r;
    add_python(&python, k, &said, base);
    return write_recipe(root, port, &python, err);
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
