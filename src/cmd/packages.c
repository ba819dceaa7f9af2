#include "cmd/packages.h"

#include "pack/builds.h"
#include "pack/lock.h"
#include "pack/package_ports.h"
#include "pack/requirements.h"
#include "pack/site.h"
#include "pack/wheels.h"
#include "recipe/python.h"
#include "util/fs.h"
#include "util/hash.h"

#include <ctype.h>
#include <string.h>

enum { MAX_LOCK = 4 << 20, MAX_NAME = 60, NAME_START = 48, NAME_HASH = 8 };

/* --- what was asked for --- */

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The words in an order of their own, each once. */
static void sort_once(const struct strv *words, struct strv *sorted)
{
    for (size_t i = 0; i < words->n; i++)
        strv_add_once(sorted, words->v[i]);
    if (sorted->n)
        qsort(sorted->v, sorted->n, sizeof *sorted->v, compare);
}

/* Adds to a name what a port's name may have. */
static void add_name(struct str *name, const char *s, size_t n)
{
    if (name->len)
        str_addc(name, '-');
    for (size_t i = 0; i < n; i++)
        str_addc(name, isalnum((unsigned char)s[i]) ? (char)tolower((unsigned char)s[i]) : '-');
}

/* What distinguishes the Python: the names of the packages, or that of the requirements file. The caller frees it. */
static char *with_name(const struct strv *with, const char *requirement)
{
    WL_CLEANUP_STRV struct strv sorted = {0};
    WL_CLEANUP_STR struct str name = {0};
    char hash[HASH_HEX_SIZE];
    struct hash *h;

    sort_once(with, &sorted);
    for (size_t i = 0; i < sorted.n; i++)
        add_name(&name, sorted.v[i], package_name_length(sorted.v[i]));
    if (!with->n) {
        const char *base = path_base(requirement);

        add_name(&name, base, ends_with(base, ".txt") ? strlen(base) - 4 : strlen(base));
    }
    if (name.len <= MAX_NAME)
        return str_take(&name);
    h = hash_new();
    hash_add(h, name.s, name.len);
    hash_end(h, hash);
    return xasprintf("%.*s-%.*s", NAME_START, name.s, NAME_HASH, hash);
}

static int check_with(const struct strv *with, struct wl_err *err)
{
    for (size_t i = 0; i < with->n; i++)
        if (!package_name_length(with->v[i]) || with->v[i][0] == '-' || strpbrk(with->v[i], "\r\n#/\\")) {
            wl_err_set(err, WL_E_USAGE, "--with takes the name of a package, optionally with versions, not '%s'",
                       with->v[i]);
            return wl_err_hint(err, "for example --with numpy, or --with 'pandas<3'");
        }
    return 0;
}

/* Writes what --with names as a requirements file of the cache, sorted, so that the same packages in another order are
 * the same. The caller frees its name. */
static int write_requirements(const struct app *a, const struct strv *with, const char *series, char **file,
                              struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv sorted = {0};
    WL_CLEANUP_STR struct str text = {0};
    WL_CLEANUP_FREE char *dir = NULL;
    char hash[HASH_HEX_SIZE];
    struct hash *h = hash_new();
    int r;

    sort_once(with, &sorted);
    for (size_t i = 0; i < sorted.n; i++)
        str_addf(&text, "%s\n", sorted.v[i]);
    hash_field(h, "series", series);
    hash_field(h, "requirements", text.s);
    hash_end(h, hash);
    dir = xasprintf("%s/packages/requests/%s", a->store.cache, hash);
    r = make_dirs(dir, err);
    *file = path_join(dir, "packages.txt");
    if (r < 0 || path_exists(*file))
        return r;
    return file_write(*file, text.s, text.len, err);
}

/* --- the lock file --- */

struct pinned {
    struct packages packages;
    struct strv links; /* directories in which wheels may be */
};

static void pinned_free(struct pinned *p)
{
    packages_free(&p->packages);
    strv_free(&p->links);
}
#define CLEANUP_PINNED __attribute__((cleanup(pinned_free)))

/* Pins what a file requires, unless that is done, and reads the lock file. */
static int lock(struct app *a, const struct required *q, const char *python, struct pinned *p, struct wl_err *err)
{
    struct fetch_options fetch = {
        .cache = a->store.sources, .offline = a->options.offline, .cancel = &a->cancel, .installer = a->installer};
    WL_CLEANUP_FREE char *series = python_series(python), *ask_pip = path_join(a->roots.repo, "src/pack/ask_pip.py"),
                         *parent = path_join(a->store.cache, "packages"), *text = NULL;
    WL_CLEANUP_TEMP_DIR struct temp_dir scratch = {.fd = -1};
    WL_CLEANUP_STRV struct strv notes = {0};
    struct wheels wheels = {.requirements = q->requirements,
                            .title = q->title,
                            .lock = q->lock,
                            .series = series,
                            .version = python_version(python),
                            .ask_pip = ask_pip,
                            .roots = &a->roots,
                            .without_native = q->without_native,
                            .update = q->update,
                            .cached = q->cached};
    int r = make_dirs(parent, err);

    if (r == 0)
        sweep_aside(parent, "resolving");
    if (r == 0)
        r = temp_dir_make(&scratch, parent, "resolving", err);
    wheels.scratch = scratch.path;
    if (r == 0)
        r = wheels_lock(&wheels, &fetch, &notes, err);
    for (size_t i = 0; r == 0 && i < notes.n; i++)
        events_note(&a->events, notes.v[i]);
    if (r == 0)
        r = file_read(q->lock, MAX_LOCK, &text, NULL, err);
    if (r < 0)
        return r;
    requirements_add_links(q->lock, text, &p->links);
    return lock_parse(q->lock, text, &p->packages, err);
}

static int check_python(const char *python, struct wl_err *err)
{
    if (python_is(python))
        return 0;
    wl_err_set(err, WL_E_USAGE, "%s is not a Python, so it gets no packages", python);
    return wl_err_hint(err, "for example: wl-make build python/v3.13.5 --with numpy");
}

static int check_series(const char *python, const struct packages *p, struct wl_err *err)
{
    WL_CLEANUP_FREE char *series = python_series(python);

    if (builds_possible(series) || !packages_have_native(p))
        return 0;
    wl_err_set(err, WL_E_USAGE, "%s cannot have packages with native code", python);
    return wl_err_hint(err, "use Python 3.12 or newer, which finds built-in modules in packages");
}

/* Pins what a list of packages or (with.n is 0) a requirements file asks for. The caller frees *file: the requirements.
 */
static int pin(struct app *a, const struct strv *with, const char *python, char **file, struct pinned *p,
               struct wl_err *err)
{
    WL_CLEANUP_FREE char *series = python_series(python), *lock_file = NULL;
    WL_CLEANUP_STR struct str names = {0};
    struct required q;
    int r = check_with(with, err);

    if (r == 0 && with->n)
        r = write_requirements(a, with, series, file, err);
    else if (r == 0)
        *file = path_absolute(a->options.requirement);
    if (r < 0)
        return r;
    lock_file = lock_file_of(*file);
    strv_add(&a->inputs, *file);
    strv_add(&a->inputs, lock_file);
    for (size_t i = 0; i < with->n; i++)
        str_addf(&names, "%s%s", i ? ", " : "", with->v[i]);
    q = (struct required){.requirements = *file,
                          .title = with->n ? names.s : a->options.requirement,
                          .lock = lock_file,
                          .update = a->options.update,
                          .cached = with->n > 0};
    r = lock(a, &q, python, p, err);
    return r < 0 ? r : check_series(python, &p->packages, err);
}

int app_packages(struct app *a, const char *python, char **port, struct wl_err *err)
{
    const struct strv *with = &a->options.with;
    WL_CLEANUP_FREE char *file = NULL, *name = NULL;
    CLEANUP_PINNED struct pinned p = {0};
    int r = check_python(python, err);

    if (r == 0 && with->n && a->options.requirement) {
        wl_err_set(err, WL_E_USAGE, "--with and --requirement exclude each other");
        r = wl_err_hint(err, "add the packages to the file");
    }
    if (r == 0)
        r = pin(a, with, python, &file, &p, err);
    if (r < 0)
        return r;
    name = with_name(with, file);
    if (a->whole_packages) {
        char *whole = xasprintf("%s-whole", name);

        free(name);
        name = whole;
    }
    return package_ports(&(struct package_ports){.packages = &p.packages,
                                                 .links = &p.links,
                                                 .python = python,
                                                 .name = name,
                                                 .whole = a->whole_packages,
                                                 .imports = &a->options.imports,
                                                 .cache = a->store.cache},
                         &a->roots, port, err);
}

/* Adds the port of the wheel of a package that was asked for. */
static int add_wheel(const struct packages *p, const char *wanted, struct strv *ports, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = xstrndup(wanted, package_name_length(wanted));
    const struct package *found = packages_find(p, name);

    if (found && found->source) {
        strv_take(ports, package_port(name));
        return 0;
    }
    wl_err_set(err, WL_E_USAGE, "%s has a wheel without native code, which needs no building", name);
    return wl_err_hint(err, "name packages that have native code");
}

int app_wheels(struct app *a, const struct strv *wanted, const char *python, struct strv *ports, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = NULL, *port = NULL;
    CLEANUP_PINNED struct pinned p = {0};
    int r = check_python(python, err);

    if (r == 0)
        r = pin(a, wanted, python, &file, &p, err);
    for (size_t i = 0; r == 0 && i < wanted->n; i++)
        r = add_wheel(&p.packages, wanted->v[i], ports, err);
    if (r < 0)
        return r;
    return package_ports(
        &(struct package_ports){
            .packages = &p.packages, .links = &p.links, .python = python, .name = "wheels", .cache = a->store.cache},
        &a->roots, &port, err);
}

/* "numpy-pandas": the packages with native code. The caller frees it. */
static char *native_name(const struct packages *p)
{
    WL_CLEANUP_STRV struct strv names = {0};

    for (size_t i = 0; i < p->n; i++)
        if (package_is_native(&p->v[i]))
            strv_add(&names, p->v[i].name);
    return with_name(&names, NULL);
}

int app_native_packages(struct app *a, const struct required *q, const char *python, char **port, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = NULL;
    CLEANUP_PINNED struct pinned p = {0};
    int r = lock(a, q, python, &p, err);

    *port = NULL;
    if (r == 0)
        r = check_series(python, &p.packages, err);
    if (r < 0 || !packages_have_native(&p.packages))
        return r;
    name = native_name(&p.packages);
    return package_ports(&(struct package_ports){.packages = &p.packages,
                                                 .links = &p.links,
                                                 .python = python,
                                                 .name = name,
                                                 .only_native = true,
                                                 .cache = a->store.cache},
                         &a->roots, port, err);
}
