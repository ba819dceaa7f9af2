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

/* Asks the index for the source archives. said: all that was printed. */
static int find_archives(const struct resolution *s, const struct strv *pins, struct packages *found, char **said,
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
    r = pip_query(&argv, input.s, s->o, said, err);
    if (r == 0)
        output = xstrdup(*said);
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

/* What a recipe in ports/pypi says about the choice of a package, as opposed to its build. */
struct said {
    char *unavailable; /* why the package cannot be built; NULL: it can */
    char *requires;    /* more packages that its build requires, with spaces between; NULL: none */
    bool native;       /* its native code is wanted, although there is a wheel without */
};

static void said_free(struct said *s)
{
    free(s->unavailable);
    free(s->requires);
}
#define CLEANUP_SAID __attribute__((cleanup(said_free)))

/* Sets *value to what follows "NAME=" in a variable that has this name and is not empty. */
static void read_var(const char *var, const char *name_is, char **value)
{
    if (!starts_with(var, name_is) || !var[strlen(name_is)])
        return;
    free(*value);
    *value = xstrdup(var + strlen(name_is));
}

/* Without recipes (wheels.roots), nothing is said. */
static int read_recipe(const struct wheels *w, const char *name, struct said *said, struct wl_err *err)
{
    WL_CLEANUP_FREE char *port = w->roots ? package_recipe(w->roots, name) : NULL;
    WL_CLEANUP_RECIPE struct recipe *recipe = NULL;
    int r = port ? recipe_load(w->roots, port, &recipe, err) : 0;

    for (size_t i = 0; r == 0 && recipe && i < recipe->vars.n; i++) {
        read_var(recipe->vars.v[i], "unavailable=", &said->unavailable);
        read_var(recipe->vars.v[i], "requires=", &said->requires);
        if (!strcmp(recipe->vars.v[i], "native=1"))
            said->native = true;
    }
    return r;
}

int builds_native(const struct wheels *w, const char *name, bool *wanted, struct wl_err *err)
{
    CLEANUP_SAID struct said said = {0};
    int r = read_recipe(w, name, &said, err);

    *wanted = said.native;
    return r;
}

int builds_add_said(const struct wheels *w, const char *name, struct str *text, struct wl_err *err)
{
    CLEANUP_SAID struct said said = {0};
    WL_CLEANUP_FREE char *normal = pypi_name(name, strlen(name));
    int r = read_recipe(w, name, &said, err);

    if (r == 0 && (said.native || said.requires || said.unavailable))
        str_addf(text, "%s\t%d\t%s\t%s\n", normal, said.native, said.requires ? said.requires : "",
                 said.unavailable ? said.unavailable : "");
    return r;
}

static void add_words(const char *text, struct strv *words)
{
    WL_CLEANUP_FREE char *copy = xstrdup(text);

    for (char *state, *word = strtok_r(copy, " ", &state); word; word = strtok_r(NULL, " ", &state))
        strv_add(words, word);
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
        WL_CLEANUP_FREE char *line = last_line_with(output, "ERROR: "), *missing = pip_line(output, PIP_NONE_FOUND);
        WL_CLEANUP_FREE char *name = NULL, *broken = NULL;

        if (missing)
            name = xstrndup(missing + strlen(PIP_NONE_FOUND), package_name_length(missing + strlen(PIP_NONE_FOUND)));
        broken = name ? pip_unanswered(output, name) : NULL;
        if (broken) {
            WL_CLEANUP_FREE char *asked =
                xasprintf("%s: cannot find what the build of %s requires", wheels_title(s->w), p->name);

            pip_no_answer(asked, name, broken, err);
        } else if (line)
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
    WL_CLEANUP_FREE char *archive = NULL;
    WL_CLEANUP_STRV struct strv required = {0};
    CLEANUP_SAID struct said said = {0};
    int r = read_recipe(s->w, p->name, &said, err);

    if (r == 0 && said.requires)
        add_words(said.requires, &required);
    if (r == 0 && !said.unavailable)
        r = fetch_archive(s, p, &archive, err);
    if (r == 0 && !said.unavailable)
        r = read_requirements(s, archive, &required, err);
    if (r == 0 && !said.unavailable)
        r = pin_requirements(s, p, &required, constraints, err);
    if (r == 0 && package_is_rust(p))
        r = crates_find(s, archive, p, &said.unavailable, err);
    if (r < 0 || !said.unavailable)
        return r;
    add_reason(reasons, p->name, p->version, said.unavailable);
    return 1;
}

int builds_find(const struct resolution *s, const struct strv *pins, struct packages *found, struct strv *reasons,
                struct wl_err *err)
{
    WL_CLEANUP_FREE char *constraints = path_join(s->w->scratch, "constraints"), *said = NULL;
    WL_CLEANUP_PACKAGES struct packages all = {0};
    int r = pins->n ? find_archives(s, pins, &all, &said, err) : 0;

    if (r == 0)
        r = write_constraints(constraints, &all, err);
    for (size_t i = 0; r == 0 && i < pins->n; i++) {
        WL_CLEANUP_FREE char *name = xstrndup(pins->v[i], strcspn(pins->v[i], "=")), *broken = NULL;

        if (packages_find(&all, name))
            continue;
        broken = pip_unanswered(said, name);
        if (broken)
            r = pip_no_answer(wheels_title(s->w), name, broken, err);
        else
            add_reason(reasons, name, pins->v[i] + strlen(name) + 2, "there is no source archive of it");
    }
    for (size_t i = 0; r >= 0 && i < all.n; i++) {
        r = complete(s, &all.v[i], constraints, reasons, err);
        if (r == 0)
            packages_move(found, &all.v[i]);
    }
    return r < 0 ? r : 0;
}
