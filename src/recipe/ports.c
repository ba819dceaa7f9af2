/* Which ports there are, and which one a person means. */
#include "recipe/recipe.h"
#include "recipe/schema.h"
#include "util/fs.h"
#include "util/version.h"

#include <string.h>

enum { MAX_DEPTH = 4 };

static int add_ports(const char *root, const char *prefix, int depth, struct strv *names, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = *prefix ? path_join(root, prefix) : xstrdup(root);
    WL_CLEANUP_STRV struct strv entries = {0};
    int r = dir_list(dir, &entries, err);

    for (size_t i = 0; r == 0 && i < entries.n; i++) {
        WL_CLEANUP_FREE char *name = *prefix ? path_join(prefix, entries.v[i]) : xstrdup(entries.v[i]);
        WL_CLEANUP_FREE char *path = path_join(root, name), *file = path_join(path, "recipe.yaml");

        if (entries.v[i][0] == '.' || !path_is_dir(path))
            continue;
        if (path_exists(file))
            strv_add_once(names, name);
        else if (depth < MAX_DEPTH)
            r = add_ports(root, name, depth + 1, names, err);
    }
    return r;
}

/* What kind of recipe a folder holds, without more than reading that one file. */
struct glance {
    bool found, is_abstract;
    char *for_each, *flavour;
};

static void glance_free(struct glance *g)
{
    free(g->for_each);
    free(g->flavour);
}

static char *copy_of(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

static struct glance glance(const struct recipe_roots *roots, const char *name)
{
    struct glance g = {0};

    for (size_t i = 0; i < roots->ports.n; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%s/recipe.yaml", roots->ports.v[i], name), *text = NULL;
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
        WL_CLEANUP_STRV struct strv keys = {0};
        struct recipe_file *f = NULL;
        size_t n = 0;

        if (!path_exists(file))
            continue;
        g.found = true;
        /* Parsing is what costs time here, and most recipes have neither word in them. */
        if (file_read(file, 1 << 20, &text, &n, &ignored) == 0 &&
            (strstr(text, "abstract") || strstr(text, "for-each")) &&
            recipe_file_parse(file, text, n, &f, &keys, &ignored) == 0) {
            g.is_abstract = file_flag(f, "abstract");
            g.for_each = copy_of(file_text(f, "for-each"));
            g.flavour = copy_of(file_text(f, "flavour"));
            recipe_file_free(f);
        }
        break;
    }
    return g;
}

static int compare(const void *a, const void *b)
{
    return version_compare(*(char *const *)a, *(char *const *)b);
}

int ports_list(const struct recipe_roots *roots, bool with_abstract, struct strv *names, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv folders = {0}, kept = {0};
    struct strv families = {0}; /* pairs: family, of what */
    int r = 0;

    for (size_t i = 0; r == 0 && i < roots->ports.n; i++)
        r = add_ports(roots->ports.v[i], "", 1, &folders, err);
    for (size_t i = 0; r == 0 && i < folders.n; i++) {
        struct glance g = glance(roots, folders.v[i]);

        if (g.for_each) {
            strv_add(&families, folders.v[i]);
            strv_add(&families, g.for_each);
        } else if (!g.is_abstract || with_abstract) {
            strv_add(g.is_abstract ? names : &kept, folders.v[i]);
        }
        glance_free(&g);
    }
    for (size_t f = 0; f + 1 < families.n; f += 2)
        for (size_t i = 0, n = kept.n; i < n; i++) {
            const char *slash = strrchr(kept.v[i], '/');
            size_t len = strlen(families.v[f + 1]);

            if (slash && (size_t)(slash - kept.v[i]) == len && !strncmp(kept.v[i], families.v[f + 1], len))
                strv_addf(&kept, "%s%s", families.v[f], slash);
        }
    strv_free(&families);
    strv_addv(names, &kept);
    if (names->n)
        qsort(names->v, names->n, sizeof *names->v, compare);
    return r;
}

/* "python/v3.11.2" without "v" before the version, as "python/3.11.2". */
static char *without_v(const char *name)
{
    const char *base = path_base(name);

    if (base[0] == 'v' && base[1] >= '0' && base[1] <= '9')
        return xasprintf("%.*s%s", (int)(base - name), name, base + 1);
    return xstrdup(name);
}

/* Whether name is a patch release of what was given: "python/3.11" for python/v3.11.2, "python" for any python. */
static bool is_release_of(const char *name, const char *given)
{
    WL_CLEANUP_FREE char *plain = without_v(name);
    size_t n = strlen(given);

    return !strncmp(plain, given, n) && (plain[n] == '.' || plain[n] == '/') &&
           (plain[n] == '.' || (plain[n + 1] >= '0' && plain[n + 1] <= '9'));
}

static int did_you_mean(const struct strv *names, struct wl_err *err)
{
    WL_CLEANUP_STR struct str list = {0};

    for (size_t i = 0; i < names->n; i++)
        str_addf(&list, "%s%s", i ? " or " : "", names->v[i]);
    return wl_err_hint(err, "did you mean %s? `wl-make list` shows every port", list.s);
}

static int suggest(const struct strv *names, const char *given, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv near = {0};
    size_t best = strlen(given) / 3 + 2;

    for (size_t i = 0; i < names->n; i++) {
        WL_CLEANUP_FREE char *plain = without_v(names->v[i]);
        size_t d = edit_distance(plain, given), base = edit_distance(path_base(plain), given);

        d = base < d ? base : d;
        if (d < best) {
            best = d;
            strv_free(&near);
        }
        if (d <= best && d < strlen(given) / 3 + 2)
            strv_add(&near, names->v[i]);
    }
    return near.n ? did_you_mean(&near, err) : wl_err_hint(err, "`wl-make list` shows every port");
}

/* Whether the name is a port's own, letter by letter: then nothing else needs to be read. */
static bool is_exact(const struct recipe_roots *roots, const char *name)
{
    const char *slash = strrchr(name, '/');
    struct glance g, of = {0};
    bool exact;

    if (!slash || name[0] == '/' || name[0] == '.' || strstr(name, "/."))
        return false;
    g = glance(roots, name);
    if (!g.found) {
        WL_CLEANUP_FREE char *family = xstrndup(name, (size_t)(slash - name));

        glance_free(&g);
        g = glance(roots, family);
        if (g.for_each) {
            WL_CLEANUP_FREE char *base = xasprintf("%s%s", g.for_each, slash);

            of = glance(roots, base);
        }
        exact = of.found && !of.is_abstract && !of.for_each;
    } else {
        exact = !g.is_abstract && !g.for_each;
    }
    glance_free(&g);
    glance_free(&of);
    return exact;
}

int ports_resolve(const struct recipe_roots *roots, const char *given, char **name, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0}, called = {0};
    WL_CLEANUP_FREE char *plain = NULL, *wanted = NULL;
    const char *start = given;
    size_t end;
    int r;

    *name = is_exact(roots, given) ? xstrdup(given) : NULL;
    if (*name)
        return 0;
    r = ports_list(roots, false, &names, err);
    if (r < 0)
        return r;
    if (starts_with(start, "./"))
        start += 2;
    if (starts_with(start, "ports/"))
        start += strlen("ports/");
    end = strlen(start);
    while (end && start[end - 1] == '/')
        end--;
    wanted = xstrndup(start, end);
    plain = without_v(wanted);
    for (size_t i = 0; i < names.n && !*name; i++) {
        WL_CLEANUP_FREE char *other = without_v(names.v[i]);

        if (!strcmp(other, plain))
            *name = xstrdup(names.v[i]);
    }
    /* The list is sorted by version, so the last release that fits is the newest. */
    for (size_t i = names.n; i-- > 0 && !*name && *plain;)
        if (is_release_of(names.v[i], plain))
            *name = xstrdup(names.v[i]);
    for (size_t i = 0; i < names.n && !*name; i++)
        if (!strcmp(path_base(names.v[i]), plain))
            strv_add(&called, names.v[i]);
    if (called.n == 1)
        *name = xstrdup(called.v[0]);
    if (*name)
        return 0;
    if (called.n) {
        wl_err_set(err, WL_E_RECIPE, "%zu ports are called '%s'", called.n, given);
        return did_you_mean(&called, err);
    }
    wl_err_set(err, WL_E_RECIPE, "there is no port '%s'", given);
    return suggest(&names, plain, err);
}

/* The families that make flavours of a port, and what they call them. */
static int find_flavours(const struct recipe_roots *roots, const char *port, struct strv *flavours,
                         struct strv *families, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv folders = {0};
    WL_CLEANUP_FREE char *kind = path_dir(port);
    int r = 0;

    for (size_t i = 0; r == 0 && i < roots->ports.n; i++)
        r = add_ports(roots->ports.v[i], "", 1, &folders, err);
    for (size_t i = 0; r == 0 && i < folders.n; i++) {
        struct glance g = glance(roots, folders.v[i]);

        if (g.flavour && g.for_each && !strcmp(g.for_each, kind) && !strv_has(flavours, g.flavour)) {
            strv_add(flavours, g.flavour);
            strv_add(families, folders.v[i]);
        }
        glance_free(&g);
    }
    return r;
}

int ports_flavours(const struct recipe_roots *roots, const char *port, struct strv *flavours, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv families = {0};
    int r = find_flavours(roots, port, flavours, &families, err);

    if (flavours->n)
        qsort(flavours->v, flavours->n, sizeof *flavours->v, compare);
    return r;
}

int ports_flavour(const struct recipe_roots *roots, const char *port, const char *flavour, char **name,
                  struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv flavours = {0}, families = {0};
    WL_CLEANUP_STR struct str there = {0};
    int r = 0;

    *name = NULL;
    if (!strcmp(flavour, FLAVOUR_PLAIN)) {
        *name = xstrdup(port);
        return 0;
    }
    r = find_flavours(roots, port, &flavours, &families, err);
    for (size_t i = 0; r == 0 && i < flavours.n; i++)
        if (!strcmp(flavours.v[i], flavour)) {
            *name = path_join(families.v[i], path_base(port));
            return 0;
        }
    if (r < 0)
        return r;
    for (size_t i = 0; i < flavours.n; i++)
        str_addf(&there, ", %s", flavours.v[i]);
    wl_err_set(err, WL_E_USAGE, "%s has no flavour '%s'", port, flavour);
    if (!flavours.n)
        return wl_err_hint(err, "it has no flavour but %s", FLAVOUR_PLAIN);
    return wl_err_hint(err, "it has these: %s%s", FLAVOUR_PLAIN, there.s);
}
