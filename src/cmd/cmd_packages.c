/* wl-make packages: what is known of packages of PyPI with native code. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "pack/package_ports.h"
#include "pack/tried.h"
#include "recipe/known_ports.h"
#include "util/fs.h"

#include <string.h>

/* The file of results, below the directory of the checkout. */
#define RESULTS "ports/" PYPI_KIND "/tried.tsv"

/* One package, as it is shown. */
struct row {
    const char *name;
    const struct tried *tried; /* NULL: nobody has tried it */
    bool recipe;
    char *unavailable; /* why it cannot be built; NULL: it can */
};

struct table {
    struct strv names; /* sorted */
    struct row *rows;  /* one for each */
    struct tried_list tried;
};

static void table_free(struct table *t)
{
    for (size_t i = 0; t->rows && i < t->names.n; i++)
        free(t->rows[i].unavailable);
    free(t->rows);
    strv_free(&t->names);
    tried_free(&t->tried);
}
#define CLEANUP_TABLE __attribute__((cleanup(table_free)))

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collects the names: those that were tried, and those that have a recipe. */
static int find_names(const struct app *a, struct table *t, struct wl_err *err)
{
    static const char kind[] = PYPI_KIND "/";
    WL_CLEANUP_FREE char *file = path_join(a->roots.repo, RESULTS);
    WL_CLEANUP_STRV struct strv ports = {0};
    int r = tried_read(file, &t->tried, err);

    if (r == 0)
        r = ports_list(&a->roots, true, &ports, err);
    for (size_t i = 0; i < t->tried.n; i++)
        strv_add_once(&t->names, t->tried.v[i].name);
    for (size_t i = 0; i < ports.n; i++)
        if (starts_with(ports.v[i], kind) && strcmp(ports.v[i] + strlen(kind), "base") != 0)
            strv_add_once(&t->names, ports.v[i] + strlen(kind));
    if (r == 0 && t->names.n)
        qsort(t->names.v, t->names.n, sizeof *t->names.v, compare);
    return r;
}

static int fill_row(const struct app *a, struct row *row, const struct tried_list *tried, struct wl_err *err)
{
    static const char why[] = "unavailable=";
    WL_CLEANUP_FREE char *port = package_recipe(&a->roots, row->name);
    WL_CLEANUP_RECIPE struct recipe *recipe = NULL;
    int r = recipe_load(&a->roots, port, &recipe, err);

    row->tried = tried_find(tried, row->name);
    row->recipe = strcmp(port, PYPI_KIND "/base") != 0;
    for (size_t i = 0; r == 0 && i < recipe->vars.n; i++)
        if (starts_with(recipe->vars.v[i], why))
            row->unavailable = xstrdup(recipe->vars.v[i] + strlen(why));
    return r;
}

/* "as it is", "recipe", "no", or "pure" if nothing has to be built. */
static const char *builds(const struct row *row)
{
    if (row->unavailable)
        return "no";
    if (row->tried && !strcmp(row->tried->state, TRIED_FAILS))
        return "no";
    if (row->tried && !strcmp(row->tried->state, TRIED_PURE))
        return TRIED_PURE;
    return row->recipe ? "recipe" : "as it is";
}

/* The caller frees it. */
static char *tests(const struct tried *t)
{
    if (!t || t->passed < 0)
        return xstrdup("");
    return xasprintf("%lld passed, %lld failed, %lld skipped", t->passed, t->failed < 0 ? 0 : t->failed,
                     t->skipped < 0 ? 0 : t->skipped);
}

static void print_row(const struct row *row, int name_width)
{
    const struct tried *t = row->tried;
    WL_CLEANUP_FREE char *size = t && t->size >= 0 ? human_size((unsigned long long)t->size) : xstrdup("");
    WL_CLEANUP_FREE char *own = tests(t);

    ui_print(stdout, "%-*s  %-12s %-9s %-9s %-44s %s\n", name_width, row->name, t ? t->version : "", builds(row), size,
             own,
             row->unavailable ? row->unavailable
             : t              ? t->note
                              : "");
}

static bool wanted(const struct app *a, const char *name)
{
    for (size_t i = 0; i < a->options.args.n; i++)
        if (strstr(name, a->options.args.v[i]))
            return true;
    return !a->options.args.n;
}

static int run(struct app *a, struct wl_err *err)
{
    CLEANUP_TABLE struct table t = {0};
    int width = (int)strlen("package"), r = find_names(a, &t, err);
    bool any = false;

    t.rows = xcalloc(t.names.n + 1, sizeof *t.rows);
    for (size_t i = 0; r == 0 && i < t.names.n; i++) {
        t.rows[i].name = t.names.v[i];
        if ((int)strlen(t.names.v[i]) > width)
            width = (int)strlen(t.names.v[i]);
        r = fill_row(a, &t.rows[i], &t.tried, err);
    }
    if (r < 0)
        return r;
    for (size_t i = 0; i < t.names.n; i++) {
        if (!wanted(a, t.names.v[i]))
            continue;
        if (!any)
            ui_print(stdout, "%s%-*s  %-12s %-9s %-9s %-44s%s\n", ui_color(&a->options, stdout, UI_BOLD), width,
                     "package", "version", "builds", "adds", "its own tests", ui_color(&a->options, stdout, UI_RESET));
        any = true;
        print_row(&t.rows[i], width);
    }
    if (any)
        return 0;
    wl_err_set(err, WL_E_USAGE, "nothing is known of %s", a->options.args.n ? a->options.args.v[0] : "any package");
    return wl_err_hint(err, "many packages build as they are; try it with wl-make wheel NAME");
}

const struct command command_packages = {
    .name = "packages",
    .usage = "packages [TEXT...]",
    .summary = "show which packages with native code are known to build",
    .description =
        "Shows the packages of PyPI that were tried, or only those whose names contain a TEXT: the version, whether "
        "it\n"
        "builds as it is, with a recipe of ports/pypi, or not; how much it and what it requires add to a Python; and\n"
        "the results of its own tests. Other packages may build, too.",
    .run = run,
};
