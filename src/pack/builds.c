#include "pack/builds.h"

#include "pack/crates.h"
#include "pack/package_ports.h"
#include "pack/pip.h"
#include "pack/requirements.h"
#include "recipe/recipe.h"
#include "util/fs.h"
#include "util/version.h"

#include <string.h>

bool builds_possible(const char *series)
{
    return version_compare(series, "3.12") >= 0;
}

/* Asks the index for the source archives. */
static int find_archives(const struct resolution *s, const struct strv *pins, struct packages *found,
                         struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_STR struct str input = {0};
    WL_CLEANUP_FREE char *output = NULL;
    int r;

    for (size_t i = 0; i < pins->n; i++)
        str_addf(&input, "%s\n", pins->v[i]);
    strv_add_all(&argv, "python3", s->w->ask_pip, s->w->version, "sources", "--quiet", "--no-input",
                 "--disable-pip-version-check", "--retries=1", NULL);
    strv_addf(&argv, "--timeout=%d", fetch_connect_seconds(s->o));
    requirements_add_places(s->w->requirements, s->requirements, &argv);
    r = pip_query(&argv, input.s, s->o, &output, err);
    for (char *state, *line = r < 0 ? NULL : strtok_r(output, "\n", &state); line;
         line = strtok_r(NULL, "\n", &state)) {
        const char *part[4];
        struct package *p;

        if (!pip_parts(line, part, 4) || !is_hex(part[3], HASH_HEX_SIZE - 1))
            continue;
        p = packages_add(found, part[0], strlen(part[0]), part[1], strlen(part[1]), part[2], strlen(part[2]));
        p->source = true;
        memcpy(p->sha256, part[3], HASH_HEX_SIZE);
    }
    return r;
}

static int fetch_archive(const struct resolution *s, const struct package *p, char **path, struct wl_err *err)
{
    struct source_archive archive = {.sha256 = (char *)p->sha256};
    struct source source = {.archives = &archive, .n = 1};
    WL_CLEANUP_STRV struct strv links = {0};
    size_t index;
    int r;

    requirements_add_links(s->w->requirements, s->requirements, &links);
    strv_take(&archive.urls, package_address(p, &links));
    r = source_fetch(&source, s->o, path, &index, err);
    strv_free(&archive.urls);
    return r;
}

/* What the build of an archive requires, by its own words. */
static int read_requirements(const struct resolution *s, const char *archive, struct strv *required, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_FREE char *output = NULL, *python = xasprintf("build:%s", s->w->version);
    int r;

    strv_add_all(&argv, "python3", s->w->ask_pip, python, "build", archive, NULL);
    r = pip_query(&argv, NULL, s->o, &output, err);
    for (char *state, *line = r < 0 ? NULL : strtok_r(output, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
        strv_add(required, line);
    return r;
}

/* A recipe in ports/pypi may say why its package cannot be built (vars: unavailable). The caller frees the reason. */
static int read_recipe(const struct resolution *s, const char *name, char **unavailable, struct strv *required,
                       struct wl_err *err)
{
    static const char why[] = "unavailable=", more[] = "requires=";
    WL_CLEANUP_FREE char *port = package_recipe(s->w->roots, name);
    WL_CLEANUP_RECIPE struct recipe *recipe = NULL;
    int r = recipe_load(s->w->roots, port, &recipe, err);

    for (size_t i = 0; r == 0 && i < recipe->vars.n; i++)
        if (starts_with(recipe->vars.v[i], why))
            *unavailable = xstrdup(recipe->vars.v[i] + strlen(why));
        else if (starts_with(recipe->vars.v[i], more)) {
            WL_CLEANUP_FREE char *words = xstrdup(recipe->vars.v[i] + strlen(more));

            for (char *state, *word = strtok_r(words, " ", &state); word; word = strtok_r(NULL, " ", &state))
                strv_add(required, word);
        }
    return r;
}

int builds_native(const struct wheels *w, const char *name, bool *wanted, struct wl_err *err)
{
    WL_CLEANUP_FREE char *port = w->roots ? package_recipe(w->roots, name) : NULL;
    WL_CLEANUP_RECIPE struct recipe *recipe = NULL;
    int r = port ? recipe_load(w->roots, port, &recipe, err) : 0;

    *wanted = false;
    for (size_t i = 0; recipe && i < recipe->vars.n; i++)
        if (!strcmp(recipe->vars.v[i], "native=1"))
            *wanted = true;
    return r;
}

/* Chooses the wheels that a build requires, for the Python of this machine, and pins them. constraints: a file. */
static int pin_requirements(const struct resolution *s, struct package *p, const struct strv *required,
                            const char *constraints, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = xasprintf("build-%s", p->name), *dir = path_join(s->w->scratch, name), *output = NULL;
    WL_CLEANUP_FREE char *python = xasprintf("build:%s", s->w->version);
    WL_CLEANUP_STRV struct strv argv = {0};
    int r = make_dirs(dir, err);

    if (r < 0 || !required->n)
        return r;
    pip_add_command(&argv, s->w->ask_pip, python, "download", NULL, s->o);
    pip_add_selection(&argv, s->w, true);
    strv_addf(&argv, "--dest=%s", dir);
    strv_addf(&argv, "--constraint=%s", constraints);
    requirements_add_places(s->w->requirements, s->requirements, &argv);
    strv_addv(&argv, required);
    r = pip_run(&argv, NULL, s->o, &output, err);
    if (r == 0)
        return packages_add_wheels(&p->requires, dir, err);
    if (output && *output) {
        WL_CLEANUP_FREE char *line = last_line_with(output, "ERROR: ");

        if (line)
            wl_err_set(err, WL_E_FETCH, "%s: cannot find what the build of %s requires: %s", wheels_title(s->w),
                       p->name, line + strlen("ERROR: "));
    }
    return r;
}

/* The versions that the guest gets: a build must use the same ones. */
static int write_constraints(const char *file, const struct packages *found, struct wl_err *err)
{
    WL_CLEANUP_STR struct str text = {0};

    str_add(&text, "");
    for (size_t i = 0; i < found->n; i++)
        str_addf(&text, "%s==%s\n", found->v[i].name, found->v[i].version);
    return file_write(file, text.s, text.len, err);
}

static void add_reason(struct strv *reasons, const char *name, const char *version, const char *why)
{
    strv_addf(reasons, "%s==%s", name, version);
    strv_add(reasons, why);
}

/* Completes a package, or says why it cannot be built: 1. */
static int complete(const struct resolution *s, struct package *p, const char *constraints, struct strv *reasons,
                    struct wl_err *err)
{
    WL_CLEANUP_FREE char *archive = NULL, *unavailable = NULL;
    WL_CLEANUP_STRV struct strv required = {0};
    int r = read_recipe(s, p->name, &unavailable, &required, err);

    if (r == 0 && !unavailable)
        r = fetch_archive(s, p, &archive, err);
    if (r == 0 && !unavailable)
        r = read_requirements(s, archive, &required, err);
    if (r == 0 && !unavailable)
        r = pin_requirements(s, p, &required, constraints, err);
    if (r == 0 && package_is_rust(p))
        r = crates_find(s, archive, p, &unavailable, err);
    if (r < 0 || !unavailable)
        return r;
    add_reason(reasons, p->name, p->version, unavailable);
    return 1;
}

int builds_find(const struct resolution *s, const struct strv *pins, struct packages *found, struct strv *reasons,
                struct wl_err *err)
{
    WL_CLEANUP_FREE char *constraints = path_join(s->w->scratch, "constraints");
    WL_CLEANUP_PACKAGES struct packages all = {0};
    int r = pins->n ? find_archives(s, pins, &all, err) : 0;

    if (r == 0)
        r = write_constraints(constraints, &all, err);
    for (size_t i = 0; r == 0 && i < pins->n; i++) {
        WL_CLEANUP_FREE char *name = xstrndup(pins->v[i], strcspn(pins->v[i], "="));

        if (!packages_find(&all, name))
            add_reason(reasons, name, pins->v[i] + strlen(name) + 2, "there is no source archive of it");
    }
    for (size_t i = 0; r >= 0 && i < all.n; i++) {
        r = complete(s, &all.v[i], constraints, reasons, err);
        if (r == 0)
            packages_move(found, &all.v[i]);
    }
    return r < 0 ? r : 0;
}
