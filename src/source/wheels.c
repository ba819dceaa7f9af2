#include "wheels.h"

#include "fs.h"
#include "hash.h"
#include "kinds.h"

#include <ctype.h>
#include <string.h>

enum { MAX_FILE = 1 << 20 };

static void add_pip(struct strv *argv, const char *command, const struct fetch_options *o)
{
    strv_add_all(argv, "python3", "-m", "pip", command, "--quiet", "--no-input", "--disable-pip-version-check",
                 "--retries=1", NULL);
    strv_addf(argv, "--timeout=%d", connect_seconds(o));
}

/* Only what any machine can run, and so WASI; or also what x86-64 can, whatever machine this is: who has the lock file
 * elsewhere gets the same wheels. */
static void add_wanted(struct strv *argv, const struct wheels *w, bool native)
{
    static const char *const platforms[] = {"manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"};
    const char *dot = strchr(w->series, '.');

    strv_add_all(argv, "--progress-bar=off", "--only-binary=:all:", "--platform=any", "--abi=none", NULL);
    strv_addf(argv, "--python-version=%s", w->series);
    strv_addf(argv, "--implementation=%s", native ? "cp" : "py");
    if (!native)
        return;
    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++)
        strv_addf(argv, "--platform=%s", platforms[i]);
    strv_add(argv, "--abi=abi3");
    strv_addf(argv, "--abi=cp%.*s%s", (int)strcspn(w->series, "."), w->series, dot ? dot + 1 : "");
}

/* Whether two names are the same package's (https://packaging.python.org/en/latest/specifications/name-normalization/).
 */
static bool same_name(const char *a, size_t n, const char *b)
{
    if (strlen(b) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]) &&
            !(strchr("-_.", a[i]) && strchr("-_.", b[i])))
            return false;
    return true;
}

static bool works_without_native(const struct wheels *w, const char *name, size_t n)
{
    /* Each does the same in Python where its compiled module is missing. */
    static const char *const known[] = {"markupsafe", "msgpack", "pyyaml"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (same_name(name, n, known[i]))
            return true;
    for (size_t i = 0; w->without_native && i < w->without_native->n; i++)
        if (same_name(name, n, w->without_native->v[i]))
            return true;
    return false;
}

static int run_pip(const struct strv *argv, const struct fetch_options *o, char **said, struct wl_err *err)
{
    struct client c = {.package = "python3-pip", .module = "pip", .argv = argv->v, .o = o, .said = said};

    if (o->offline) {
        wl_err_set(err, WL_E_FETCH, "the requirements have not been fetched before, and --offline forbids the network");
        return wl_err_hint(err, "run the same once without --offline");
    }
    return client_run(&c, NULL, err);
}

static const char none_found[] = "No matching distribution found for ";

static size_t name_length(const char *name)
{
    size_t n = 0;

    while (isalnum((unsigned char)name[n]) || (name[n] && strchr("-_.", name[n])))
        n++;
    return n;
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

    add_pip(&argv, "index", o);
    strv_add_all(&argv, "versions", name, NULL);
    return run_pip(&argv, o, NULL, &ignored) == 0;
}

static int refuse(const struct wheels *w, const char *name, struct wl_err *err)
{
    wl_err_set(err, WL_E_FETCH,
               "%s: %s has no wheel of pure Python for Python %s: it has native code, or comes as source only",
               w->requirements, name, w->series);
    return wl_err_hint(err, "leave it out, ask for a version that has one, link its C code into Python "
                            "(docs/recipes.md, extensions), or give --without-native if it works without");
}

/* Says by name what pip says at length. */
static int explain(const struct wheels *w, const char *said, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *missing = line_with(said, none_found), *conflict = line_with(said, "Cannot install ");
    WL_CLEANUP_FREE char *versions = line_with(said, "(from versions: "), *name = NULL;
    WL_CLEANUP_FREE char *gone = line_with(said, "No such file or directory: "), *error = line_with(said, "ERROR: ");
    const char *wanted = missing ? missing + strlen(none_found) : NULL;

    if (conflict) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", w->requirements, conflict);
        return wl_err_hint(err, "loosen one of these requirements");
    }
    if (gone) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", w->requirements, gone);
        return wl_err_hint(err, "name files that are there");
    }
    if (!missing && error) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", w->requirements, error + strlen("ERROR: "));
        return wl_err_hint(err, "mend the requirement");
    }
    if (!missing)
        return -(int)err->cls;
    name = xstrndup(wanted, name_length(wanted));
    if (versions && !starts_with(versions, "(from versions: none")) {
        wl_err_set(err, WL_E_FETCH, "%s: %s has no wheel of pure Python in the version wanted: %s", w->requirements,
                   wanted, versions);
        return wl_err_hint(err, "ask for one of these versions");
    }
    if (is_known(name, o))
        return refuse(w, name, err);
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

/* NAME==VERSION of a wheel, whose file is called NAME-VERSION-....whl; the caller frees it. */
static char *pinned(const char *wheel)
{
    size_t name = strcspn(wheel, "-");
    const char *version = wheel + name + (wheel[name] == '-');

    return xasprintf("%.*s==%.*s", (int)name, wheel, (int)strcspn(version, "-"), version);
}

/* A line for each wheel in the folder. */
static int add_wheels(const char *folder, struct str *text, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(folder, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *file = path_join(folder, names.v[i]), *pin = pinned(names.v[i]);
        char sha256[HASH_HEX_SIZE];

        r = hash_file(file, sha256, err);
        if (r == 0)
            str_addf(text, "%s --hash=sha256:%s\n", pin, sha256);
    }
    return r;
}

static char *wheels_folder(const struct wheels *w)
{
    return path_join(w->scratch, "wheels");
}

static int download(const struct wheels *w, const char *folder, const char *what, bool native,
                    const struct fetch_options *o, char **said, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};

    add_pip(&argv, "download", o);
    add_wanted(&argv, w, native);
    strv_addf(&argv, "--dest=%s", folder);
    if (what) {
        strv_add(&argv, "--no-deps");
        strv_add(&argv, what);
    } else {
        strv_addf(&argv, "--requirement=%s", w->requirements);
    }
    return run_pip(&argv, o, said, err);
}

/* Replaces each wheel with native code by the pure one of the same version, keeps it where the package works without
 * that code, or refuses it. */
static int check_native(const struct wheels *w, const char *folder, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(folder, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        const char *wheel = names.v[i];
        size_t n = strcspn(wheel, "-");
        WL_CLEANUP_FREE char *name = xstrndup(wheel, n), *file = path_join(folder, wheel), *exact = NULL;
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

        if (ends_with(wheel, "-none-any.whl"))
            continue;
        exact = pinned(wheel);
        if (download(w, folder, exact, false, o, NULL, &ignored) == 0)
            r = remove_tree(file, err);
        else if (!works_without_native(w, wheel, n))
            r = refuse(w, name, err);
    }
    return r;
}

/* Brings the wheels. First only pure ones are looked at, of all versions; then also others, if that can help. */
static int bring(const struct wheels *w, const char *folder, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *said = NULL, *missing = NULL, *again = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    const char *name;
    int r = download(w, folder, NULL, false, o, &said, err);

    if (r == 0 || !said)
        return r;
    missing = line_with(said, none_found);
    name = missing ? missing + strlen(none_found) : NULL;
    /* (In a conflict the requirements of packages that may have no pure wheel are meant.) */
    if ((name && !works_without_native(w, name, name_length(name))) || (!name && !strstr(said, "Cannot install ")))
        return explain(w, said, o, err);
    if (download(w, folder, NULL, true, o, &again, &ignored) < 0)
        return explain(w, strstr(said, "Cannot install ") && again ? again : said, o, err);
    return check_native(w, folder, o, err);
}

int wheels_lock(const struct wheels *w, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *asked = NULL, *head = NULL, *there = NULL, *wheels = wheels_folder(w);
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
    r = bring(w, wheels, o, err);
    if (r < 0)
        return r;
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
    add_wanted(&argv, w, true);
    strv_add_all(&argv, "--no-deps", "--no-compile", "--require-hashes", "--root-user-action=ignore", NULL);
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
