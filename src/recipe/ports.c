/* Which ports exist, and which one the user means. */
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

/* What a recipe's own file says about the port, without those that it inherits from. */
struct header {
    bool found, is_abstract;
    char *for_each, *flavour;
};

static void header_free(struct header *h)
{
    free(h->for_each);
    free(h->flavour);
}
#define CLEANUP_HEADER __attribute__((cleanup(header_free)))

static char *copy_of(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

static struct header read_header(const struct recipe_roots *roots, const char *name)
{
    struct header h = {0};

    for (size_t i = 0; i < roots->ports.n && !h.found; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%s/recipe.yaml", roots->ports.v[i], name), *text = NULL;
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
        WL_CLEANUP_STRV struct strv keys = {0};
        struct recipe_file *f = NULL;
        size_t n = 0;

        h.found = path_exists(file);
        /* Most recipes have neither of these keys, and parsing takes most of the time here. */
        if (h.found && file_read(file, 1 << 20, &text, &n, &ignored) == 0 &&
            (strstr(text, "abstract") || strstr(text, "for-each")) &&
            recipe_file_parse(file, text, n, &f, &keys, &ignored) == 0) {
            h.is_abstract = file_flag(f, "abstract");
            h.for_each = copy_of(file_text(f, "for-each"));
            h.flavour = copy_of(file_text(f, "flavour"));
            recipe_file_free(f);
        }
    }
    return h;
}

static int compare(const void *a, const void *b)
{
    return version_compare(*(char *const *)a, *(char *const *)b);
}

int ports_list(const struct recipe_roots *roots, bool with_abstract, struct strv *names, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv dirs = {0}, ports = {0}, families = {0}; /* families: pairs of a family and its kind */
    int r = 0;

    for (size_t i = 0; r == 0 && i < roots->ports.n; i++)
        r = add_ports(roots->ports.v[i], "", 1, &dirs, err);
    for (size_t i = 0; r == 0 && i < dirs.n; i++) {
        CLEANUP_HEADER struct header h = read_header(roots, dirs.v[i]);

        if (h.for_each) {
            strv_add(&families, dirs.v[i]);
            strv_add(&families, h.for_each);
        } else if (!h.is_abstract || with_abstract) {
            strv_add(h.is_abstract ? names : &ports, dirs.v[i]);
        }
    }
    for (size_t f = 0; f + 1 < families.n; f += 2)
        for (size_t i = 0, n = ports.n; i < n; i++) {
            const char *slash = strrchr(ports.v[i], '/');
            size_t len = strlen(families.v[f + 1]);

            if (slash && (size_t)(slash - ports.v[i]) == len && !strncmp(ports.v[i], families.v[f + 1], len))
                strv_addf(&ports, "%s%s", families.v[f], slash);
        }
    strv_addv(names, &ports);
    if (names->n)
        qsort(names->v, names->n, sizeof *names->v, compare);
    return r;
}

/* "python/3.11.2" for "python/v3.11.2". */
static char *without_v(const char *name)
{
    const char *base = path_base(name);

    if (base[0] == 'v' && base[1] >= '0' && base[1] <= '9')
        return xasprintf("%.*s%s", (int)(base - name), name, base + 1);
    return xstrdup(name);
}

/* Whether a port is a release of what was given: "python/3.11" for python/v3.11.2, "python" for any Python. */
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

/* Whether a name is exactly that of a port: then no other recipe has to be read. */
static bool is_exact(const struct recipe_roots *roots, const char *name)
{
    const char *slash = strrchr(name, '/');
    CLEANUP_HEADER struct header own = {0}, family = {0}, base = {0};
    WL_CLEANUP_FREE char *family_name = NULL, *base_name = NULL;

    if (!slash || name[0] == '/' || name[0] == '.' || strstr(name, "/."))
        return false;
    own = read_header(roots, name);
    if (own.found)
        return !own.is_abstract && !own.for_each;
    family_name = xstrndup(name, (size_t)(slash - name));
    family = read_header(roots, family_name);
    if (!family.for_each)
        return false;
    base_name = xasprintf("%s%s", family.for_each, slash);
    base = read_header(roots, base_name);
    return base.found && !base.is_abstract && !base.for_each;
}

int ports_resolve(const struct recipe_roots *roots, const char *given, char **name, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0}, matches = {0};
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
    /* The list is sorted by version, so the last match is the newest. */
    for (size_t i = names.n; i-- > 0 && !*name && *plain;)
        if (is_release_of(names.v[i], plain))
            *name = xstrdup(names.v[i]);
    for (size_t i = 0; i < names.n && !*name; i++)
        if (!strcmp(path_base(names.v[i]), plain))
            strv_add(&matches, names.v[i]);
    if (matches.n == 1)
        *name = xstrdup(matches.v[0]);
    if (*name)
        return 0;
    if (matches.n) {
        wl_err_set(err, WL_E_RECIPE, "%zu ports are named '%s'", matches.n, given);
        return did_you_mean(&matches, err);
    }
    wl_err_set(err, WL_E_RECIPE, "there is no port '%s'", given);
    return suggest(&names, plain, err);
}

/* The flavours of a port, and the families that make them. */
static int find_flavours(const struct recipe_roots *roots, const char *port, struct strv *flavours,
                         struct strv *families, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv dirs = {0};
    WL_CLEANUP_FREE char *kind = path_dir(port);
    int r = 0;

    for (size_t i = 0; r == 0 && i < roots->ports.n; i++)
        r = add_ports(roots->ports.v[i], "", 1, &dirs, err);
    for (size_t i = 0; r == 0 && i < dirs.n; i++) {
        CLEANUP_HEADER struct header h = read_header(roots, dirs.v[i]);

        if (h.flavour && h.for_each && !strcmp(h.for_each, kind) && !strv_has(flavours, h.flavour)) {
            strv_add(flavours, h.flavour);
            strv_add(families, dirs.v[i]);
        }
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
    WL_CLEANUP_STR struct str list = {0};
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
        str_addf(&list, ", %s", flavours.v[i]);
    wl_err_set(err, WL_E_USAGE, "%s has no flavour '%s'", port, flavour);
    if (!flavours.n)
        return wl_err_hint(err, "its only flavour is %s", FLAVOUR_PLAIN);
    return wl_err_hint(err, "its flavours are %s%s", FLAVOUR_PLAIN, list.s);
}
