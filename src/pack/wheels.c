#include "pack/wheels.h"

#include "pack/builds.h"
#include "pack/lock.h"
#include "pack/pip.h"
#include "pack/requirements.h"
#include "pack/wheel_choice.h"
#include "pack/wheel_errors.h"
#include "util/fs.h"
#include "util/hash.h"

#include <string.h>

enum { MAX_FILE = 1 << 20 };

/* What pip prints if a wheel has another hash than its pin. */
static const char other_hash[] = "DO NOT MATCH THE HASHES";

/* Begins the line of a lock file with the hash of what recipes say about its packages. */
static const char recipes_mark[] = "# recipes sha256:";

static char *wheels_dir(const struct wheels *w)
{
    return path_join(w->scratch, "wheels");
}

/* ---- the lock file ---- */

/* The first line of a lock file, which says what it belongs to. */
static char *heading(const struct wheels *w, const char sha256[HASH_HEX_SIZE])
{
    return xasprintf(
        "# The wheels of %s (sha256 %s) for Python %s, pinned by wl-make app; --update asks for newer ones.\n",
        path_base(w->requirements), sha256, w->series);
}

/* Adds a line for each wheel in the directory. */
static int add_wheels(const char *dir, struct str *text, struct wl_err *err)
{
    WL_CLEANUP_PACKAGES struct packages wheels = {0};
    int r = packages_add_wheels(&wheels, dir, err);

    for (size_t i = 0; r == 0 && i < wheels.n; i++)
        lock_add(text, &wheels.v[i]);
    return r;
}

static int read_text(const char *file, char **text, struct wl_err *err)
{
    size_t n = 0;
    int r = file_read(file, MAX_FILE, text, &n, err);

    return r == 0 && strlen(*text) != n ? wl_err_set(err, WL_E_USAGE, "%s contains a NUL byte", file) : r;
}

static void hash_text(const char *text, char sha256[HASH_HEX_SIZE])
{
    struct hash *h = hash_new();

    hash_add(h, text, strlen(text));
    hash_end(h, sha256);
}

/* What the recipes of the packages in a lock file say, as a hash; "" if they say nothing. */
static int hash_recipes(const struct wheels *w, const char *text, char sha256[HASH_HEX_SIZE], struct wl_err *err)
{
    WL_CLEANUP_PACKAGES struct packages pinned = {0};
    WL_CLEANUP_STR struct str said = {0};
    int r = lock_parse(w->lock, text, &pinned, err);

    for (size_t i = 0; r == 0 && i < pinned.n; i++)
        r = builds_add_said(w, pinned.v[i].name, &said, err);
    *sha256 = '\0';
    if (r == 0 && said.len)
        hash_text(said.s, sha256);
    return r;
}

/* Whether a lock file was written for the recipes that there are. Without recipes, every lock file is good. */
static int has_recipes(const struct wheels *w, const char *text, bool *has, struct wl_err *err)
{
    char sha256[HASH_HEX_SIZE];
    WL_CLEANUP_FREE char *line = NULL;
    int r = w->roots ? hash_recipes(w, text, sha256, err) : 0;

    *has = true;
    if (r < 0 || !w->roots)
        return r;
    line = xasprintf("\n%s%s\n", recipes_mark, sha256);
    *has = *sha256 ? strstr(text, line) != NULL : !strstr(text, recipes_mark);
    return 0;
}

/* Whether the lock file that there is can be used. */
static int is_locked(const struct wheels *w, const char *head, const struct fetch_options *o, bool *locked,
                     struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    bool same;
    int r;

    *locked = !w->update && file_read(w->lock, MAX_FILE, &text, NULL, &ignored) == 0 && starts_with(text, head);
    r = *locked ? has_recipes(w, text, &same, err) : 0;
    if (r < 0 || !*locked || same)
        return r;
    /* What the cache has is still complete: without a network it is better than nothing. */
    if (w->cached && !o->offline)
        *locked = false;
    else
        strv_addf(notes, "%s was written for other recipes of its packages; --update resolves them again",
                  w->cached ? wheels_title(w) : w->lock);
    return 0;
}

int wheels_lock(const struct wheels *w, const struct fetch_options *o, struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_FREE char *requirements = NULL, *head = NULL, *source = NULL, *dir = wheels_dir(w);
    WL_CLEANUP_STR struct str text = {0};
    WL_CLEANUP_PACKAGES struct packages built = {0};
    WL_CLEANUP_STRV struct strv unbuilt = {0};
    struct resolution s = {.w = w, .o = o, .built = &built, .unbuilt = &unbuilt};
    char sha256[HASH_HEX_SIZE];
    bool locked;
    int r = read_text(w->requirements, &requirements, err);

    if (r < 0) {
        err->cls = WL_E_USAGE;
        return wl_err_hint(err, "-r takes a file with a requirement on each line, as pip does");
    }
    hash_text(requirements, sha256);
    head = heading(w, sha256);
    r = is_locked(w, head, o, &locked, notes, err);
    if (r < 0 || locked)
        return r;
    source = requirements_source(requirements);
    if (source)
        return is_only_source(w, source, err);
    s.requirements = requirements;
    r = make_dirs(w->scratch, err);
    if (r == 0)
        r = wheels_choose(&s, dir, notes, err);
    if (r < 0)
        return r;
    str_add(&text, head);
    for (size_t i = 0; i < notes->n; i++)
        str_addf(&text, "# %s\n", notes->v[i]);
    requirements_add_options(requirements, &text);
    r = add_wheels(dir, &text, err);
    for (size_t i = 0; i < built.n; i++)
        lock_add(&text, &built.v[i]);
    if (r == 0)
        r = hash_recipes(w, text.s, sha256, err);
    if (r == 0 && *sha256)
        str_addf(&text, "%s%s\n", recipes_mark, sha256);
    return r < 0 ? r : file_write(w->lock, text.s, text.len, err);
}

/* ---- the installation ---- */

/* Adds a command of pip for the text of a lock file. */
static void add_pinned(struct strv *argv, const struct wheels *w, const char *command, bool native,
                       const struct fetch_options *o)
{
    pip_add_command(argv, w->ask_pip, w->version, command, w->lock, o);
    pip_add_selection(argv, w, native);
    /* pip compares Requires-Python with the Python that runs it. The pins were chosen for the Python of the app. */
    strv_add_all(argv, "--no-deps", "--require-hashes", "--ignore-requires-python", NULL);
    strv_addf(argv, "--requirement=%s", w->lock);
}

/* wheels: a directory with the wheels, which are then used alone; NULL: they come from where the lock file says. */
static int install(const struct wheels *w, const char *text, const char *wheels, const char *dir,
                   const struct fetch_options *o, char **output, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};

    free_charp(output);
    add_pinned(&argv, w, "install", true, o);
    strv_add_all(&argv, "--no-compile", "--root-user-action=ignore", NULL);
    if (wheels) {
        strv_add(&argv, "--no-index");
        strv_addf(&argv, "--find-links=%s", wheels);
    }
    strv_addf(&argv, "--target=%s", dir);
    return pip_run(&argv, text, o, output, err);
}

static bool has_other_hash(const char *output)
{
    return output && strstr(output, other_hash);
}

/* Downloads the pinned wheels one by one. If a directory has both a pure wheel and one with native code of the same
 * version, pip uses the same kind for all packages; but which of them is pinned differs from package to package. */
static int download_each(const struct wheels *w, const char *pinned, const char *wheels, const struct fetch_options *o,
                         char **output, struct wl_err *err)
{
    WL_CLEANUP_STR struct str options = {0};
    WL_CLEANUP_FREE char *pins = requirements_pins(pinned);
    int r = make_dirs(wheels, err);

    requirements_add_options(pinned, &options);
    for (char *state, *pin = strtok_r(pins, "\n", &state); r == 0 && pin; pin = strtok_r(NULL, "\n", &state)) {
        WL_CLEANUP_FREE char *text = xasprintf("%s%s\n", options.s ? options.s : "", pin);
        bool native = true;

        do {
            WL_CLEANUP_STRV struct strv argv = {0};

            free_charp(output);
            add_pinned(&argv, w, "download", native, o);
            strv_addf(&argv, "--dest=%s", wheels);
            r = pip_run(&argv, text, o, output, err);
            native = !native;
        } while (r < 0 && !native && has_other_hash(*output));
    }
    return r;
}

int wheels_install(const struct wheels *w, const char *pinned, const char *dir, const struct fetch_options *o,
                   struct wl_err *err)
{
    WL_CLEANUP_FREE char *wheels = wheels_dir(w), *pins = requirements_pins(pinned), *output = NULL;
    int r = install(w, pinned, NULL, dir, o, &output, err);

    if (r < 0 && has_other_hash(output)) {
        r = download_each(w, pinned, wheels, o, &output, err);
        /* Without the lock file's options: the wheels are in a directory, and no index may offer others under the same
         * names. (For a directory, unlike an index, pip does not know the hashes before it has chosen.) */
        if (r == 0)
            r = install(w, pins, wheels, dir, o, &output, err);
    }
    if (r < 0 && output && strstr(output, PIP_WOULD_START)) {
        wl_err_set(err, WL_E_FETCH, "%s: a pinned package is only available as source", w->lock);
        return wl_err_hint(err, "resolve again with --update");
    }
    if (r < 0 && has_other_hash(output)) {
        wl_err_set(err, WL_E_VERIFY, "%s: a wheel does not match its pinned hash", w->lock);
        return wl_err_hint(err, "find out why, or resolve again with --update");
    }
    /* pip creates nothing for an empty list of requirements. */
    return r < 0 ? r : make_dirs(dir, err);
}
