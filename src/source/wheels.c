#include "wheels.h"

#include "fs.h"
#include "hash.h"
#include "kinds.h"

#include <ctype.h>
#include <string.h>

enum { MAX_FILE = 1 << 20 };

static void add_pip(struct strv *argv, const char *command, const struct fetch_options *o)
{
    for (const char *const *a = (const char *const[]){"python3", "-m", "pip", command, "--quiet", "--no-input",
                                                      "--disable-pip-version-check", "--retries=1", NULL};
         *a; a++)
        strv_add(argv, *a);
    strv_addf(argv, "--timeout=%d", connect_seconds(o));
}

/* What any machine can run, and so WASI. */
static void add_pure(struct strv *argv, const struct wheels *w)
{
    strv_add(argv, "--progress-bar=off");
    strv_add(argv, "--only-binary=:all:");
    strv_add(argv, "--platform=any");
    strv_add(argv, "--implementation=py");
    strv_add(argv, "--abi=none");
    strv_addf(argv, "--python-version=%s", w->series);
}

static int run_pip(const struct strv *argv, const struct fetch_options *o, char **said, struct wl_err *err)
{
    struct client c = {.package = "python3-pip", .argv = argv->v, .o = o, .said = said};
    int r;

    if (o->offline) {
        wl_err_set(err, WL_E_FETCH, "the requirements have not been fetched before, and --offline forbids the network");
        return wl_err_hint(err, "run the same once without --offline");
    }
    r = client_run(&c, NULL, err);
    if (r < 0 && err->text && strstr(err->text, "No module named pip"))
        return wl_err_set(err, WL_E_FETCH, "pip is not installed: install the package python3-pip");
    return r;
}

/* The line of a text that has the words, from them on; the caller frees it. NULL: none has. */
static char *line_with(const char *text, const char *words)
{
    const char *at = text ? strstr(text, words) : NULL;

    return at ? xstrndup(at, strcspn(at, "\n")) : NULL;
}

static bool is_known(const char *name, const struct fetch_options *o)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    for (const char *const *a = (const char *const[]){"python3", "-m", "pip", "index", "versions", "--no-input",
                                                      "--disable-pip-version-check", "--retries=1", name, NULL};
         *a; a++)
        strv_add(&argv, *a);
    return run_pip(&argv, o, NULL, &ignored) == 0;
}

/* Says by name what pip says at length. */
static int explain(const struct wheels *w, const char *said, const struct fetch_options *o, struct wl_err *err)
{
    static const char none[] = "No matching distribution found for ";
    WL_CLEANUP_FREE char *missing = line_with(said, none), *conflict = line_with(said, "Cannot install ");
    WL_CLEANUP_FREE char *versions = line_with(said, "(from versions: "), *name = NULL;
    size_t n = 0;

    if (conflict) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", w->requirements, conflict);
        return wl_err_hint(err, "loosen one of these requirements");
    }
    if (!missing)
        return -(int)err->cls;
    for (const char *p = missing + strlen(none); isalnum((unsigned char)p[n]) || (p[n] && strchr("-_.", p[n]));)
        n++;
    name = xstrndup(missing + strlen(none), n);
    if (versions && !starts_with(versions, "(from versions: none")) {
        wl_err_set(err, WL_E_FETCH, "%s: %s has no wheel of pure Python in the version wanted: %s", w->requirements,
                   missing + strlen(none), versions);
        return wl_err_hint(err, "ask for one of these versions");
    }
    if (is_known(name, o)) {
        wl_err_set(err, WL_E_FETCH,
                   "%s: %s has no wheel of pure Python for Python %s: it has native code, or comes as source only",
                   w->requirements, name, w->series);
        return wl_err_hint(err, "leave it out, ask for a version that has one, or link its C code into Python "
                                "(docs/recipes.md, extensions)");
    }
    wl_err_set(err, WL_E_FETCH, "%s: nobody offers a package named %s", w->requirements, name);
    return wl_err_hint(err, "look at its name, or say by --find-links or --index-url in the file where it is");
}

/* "# ...": what a lock file is of. */
static char *heading(const struct wheels *w, const char sha256[HASH_HEX_SIZE])
{
    return xasprintf(
        "# The wheels of %s (sha256 %s) for Python %s, pinned by wl-make app; --update asks for newer ones.\n",
        path_base(w->requirements), sha256, w->series);
}

/* Options of the requirements file that say where packages are. */
static void add_options(const char *requirements, struct str *text)
{
    static const char *const places[] = {"--find-links",   "-f",        "--index-url", "-i", "--extra-index-url",
                                         "--trusted-host", "--no-index"};

    for (const char *line = requirements; *line; line += strcspn(line, "\n"), line += *line == '\n')
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
            if (starts_with(line, places[i]) && strchr(" =\t\r\n", line[strlen(places[i])]))
                str_addf(text, "%.*s\n", (int)strcspn(line, "\n"), line);
}

/* A line for each wheel in the folder: NAME-VERSION-....whl. */
static int add_wheels(const char *folder, struct str *text, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(folder, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *file = path_join(folder, names.v[i]);
        size_t name = strcspn(names.v[i], "-");
        const char *version = names.v[i] + name + (names.v[i][name] == '-');
        char sha256[HASH_HEX_SIZE];

        r = hash_file(file, sha256, err);
        if (r == 0)
            str_addf(text, "%.*s==%.*s --hash=sha256:%s\n", (int)name, names.v[i], (int)strcspn(version, "-"), version,
                     sha256);
    }
    return r;
}

static char *wheels_folder(const struct wheels *w)
{
    return path_join(w->scratch, "wheels");
}

int wheels_lock(const struct wheels *w, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *asked = NULL, *head = NULL, *there = NULL, *wheels = wheels_folder(w), *said = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_STR struct str text = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    char sha256[HASH_HEX_SIZE];
    int r = file_read(w->requirements, MAX_FILE, &asked, NULL, err);

    if (r == 0)
        r = hash_file(w->requirements, sha256, err);
    if (r < 0) {
        err->cls = WL_E_USAGE;
        return wl_err_hint(err, "-r takes a file with a requirement on each line, as pip does");
    }
    head = heading(w, sha256);
    if (!w->update && file_read(w->lock, MAX_FILE, &there, NULL, &ignored) == 0 && starts_with(there, head))
        return 0;
    r = make_dirs(wheels, err);
    if (r < 0)
        return r;
    add_pip(&argv, "download", o);
    add_pure(&argv, w);
    strv_addf(&argv, "--dest=%s", wheels);
    strv_addf(&argv, "--requirement=%s", w->requirements);
    r = run_pip(&argv, o, &said, err);
    if (r < 0)
        return explain(w, said, o, err);
    str_add(&text, head);
    add_options(asked, &text);
    r = add_wheels(wheels, &text, err);
    return r < 0 ? r : file_write(w->lock, text.s, text.len, err);
}

int wheels_install(const struct wheels *w, const char *folder, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *wheels = wheels_folder(w), *said = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    int r;

    add_pip(&argv, "install", o);
    add_pure(&argv, w);
    for (const char *const *a =
             (const char *const[]){"--no-deps", "--no-compile", "--require-hashes", "--root-user-action=ignore", NULL};
         *a; a++)
        strv_add(&argv, *a);
    if (path_is_dir(wheels)) {
        strv_add(&argv, "--no-index");
        strv_addf(&argv, "--find-links=%s", wheels);
    }
    strv_addf(&argv, "--target=%s", folder);
    strv_addf(&argv, "--requirement=%s", w->lock);
    r = run_pip(&argv, o, &said, err);
    if (r < 0 && said && strstr(said, "DO NOT MATCH THE HASHES")) {
        wl_err_set(err, WL_E_VERIFY, "%s: a wheel is not the one that is pinned there", w->lock);
        return wl_err_hint(err, "find out why, or resolve again with --update");
    }
    /* An empty list of requirements installs nothing. */
    return r < 0 ? r : make_dirs(folder, err);
}
