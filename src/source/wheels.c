#include "source/wheels.h"

#include "source/client.h"
#include "util/fs.h"
#include "util/hash.h"
#include "util/version.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FILE = 1 << 20 };

/* A command of pip. given: the file that it is to read from its input (run_pip) and not from the disk, or NULL. */
static void add_pip(struct strv *argv, const struct wheels *w, const char *command, const char *given,
                    const struct fetch_options *o)
{
    strv_add_all(argv, "python3", w->ask_pip, w->version, given ? "given" : "pip", NULL);
    if (given)
        strv_add(argv, given);
    strv_add_all(argv, command, "--quiet", "--no-input", "--disable-pip-version-check", "--retries=1", NULL);
    strv_addf(argv, "--timeout=%d", fetch_connect_seconds(o));
}

/* Only what any machine can run, and so WASI; or also what x86-64 can, whatever machine this is: who has the lock file
 * elsewhere gets the same wheels. */
static void add_wanted(struct strv *argv, const struct wheels *w, bool native)
{
    static const char *const platforms[] = {"manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"};
    const char *dot = strchr(w->series, '.');

    strv_add_all(argv, "--progress-bar=off", "--only-binary=:all:", "--platform=any", "--abi=none", NULL);
    strv_addf(argv, "--python-version=%s", w->version);
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

static int run_pip(const struct strv *argv, const char *input, const struct fetch_options *o, char **said,
                   struct wl_err *err)
{
    struct client c = {
        .package = "python3-pip", .module = "pip", .argv = argv->v, .input = input, .o = o, .output_on_failure = said};

    if (o->offline) {
        wl_err_set(err, WL_E_FETCH, "the requirements have not been fetched before, and --offline forbids the network");
        return wl_err_hint(err, "run the same once without --offline");
    }
    return client_run(&c, NULL, err);
}

static const char none_found[] = "No matching distribution found for ";
static const char would_start[] = "ERROR: it would start "; /* of ask_pip.py */

static size_t name_length(const char *name)
{
    size_t n = 0;

    while (isalnum((unsigned char)name[n]) || (name[n] && strchr("-_.", name[n])))
        n++;
    return n;
}

/* Which package asks for what pip cannot find ("satisfies the requirement NAME (from PACKAGE)"), as far as pip says it;
 * NULL: the requirements file. The caller frees it. */
static char *asker(const char *said)
{
    const char *line = strstr(said, "Could not find a version that satisfies the requirement ");
    const char *end = line ? line + strcspn(line, "\n") : NULL, *from = line ? strstr(line, " (from ") : NULL;

    if (!from || from > end)
        return NULL;
    from += strlen(" (from ");
    return starts_with(from, "versions: ") || starts_with(from, "-r ") ? NULL : xstrndup(from, strcspn(from, ")>-"));
}

/* The line of a text that has the words, from them on; the caller frees it. NULL: none has. */
static char *line_with(const char *text, const char *words)
{
    const char *at = text ? strstr(text, words) : NULL;

    return at ? xstrndup(at, strcspn(at, "\n")) : NULL;
}

/* The value of an option that says where packages are, if the line is one of the requirements file's; NULL: it is not.
 * (--no-index has none, which is "".) */
static const char *place_of(const char *line, const char **option)
{
    static const char *const places[] = {"--find-links",   "-f",        "--index-url", "-i", "--extra-index-url",
                                         "--trusted-host", "--no-index"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t n = strlen(places[i]);

        if (starts_with(line, places[i]) && strchr(" =\t\r\n", line[n])) {
            *option = places[i];
            return line + n + strspn(line + n, " =\t");
        }
    }
    return NULL;
}

/* Those options as lines of a requirements file beside that one. */
static void add_options(const char *requirements, struct str *text)
{
    const char *option;

    for (const char *line = requirements; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (place_of(line, &option))
            str_addf(text, "%.*s\n", (int)strcspn(line, "\r\n"), line);
}

/* The same for a command. A folder is named from where the requirements file is, as pip does it. */
static void add_places(const char *file, const char *requirements, struct strv *argv)
{
    const char *option, *value;

    for (const char *line = requirements; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        WL_CLEANUP_FREE char *folder = NULL, *place = NULL, *near = NULL;

        value = place_of(line, &option);
        if (!value)
            continue;
        strv_add(argv, option);
        place = xstrndup(value, strcspn(value, " \t\r\n"));
        folder = path_dir(file);
        near = path_join(folder, place);
        if (*place)
            strv_add(argv, *place != '/' && path_exists(near) ? near : place);
    }
}

static bool is_known(const struct wheels *w, const char *asked, const char *name, const struct fetch_options *o)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    add_pip(&argv, w, "index", NULL, o);
    add_places(w->requirements, asked, &argv);
    strv_add_all(&argv, "versions", name, NULL);
    return run_pip(&argv, NULL, o, NULL, &ignored) == 0;
}

/* chain: who wants it, "a -> b -> name"; NULL or only the name where the requirements do. */
static int refuse(const struct wheels *w, const char *name, const char *chain, struct wl_err *err)
{
    bool wanted = chain && strcmp(chain, name) != 0;

    wl_err_set(err, WL_E_FETCH,
               "%s: %s has no wheel of pure Python for Python %s: it has native code, or comes as source only%s%s%s",
               w->requirements, name, w->series, wanted ? " (required by: " : "", wanted ? chain : "",
               wanted ? ")" : "");
    return wl_err_hint(err, "leave it out, ask for a version that has one, link its C code into Python "
                            "(docs/recipes.md, extensions), or give --without-native if it works without");
}

/* A requirement of which pip would run the code to learn what it is: a repository, a folder, an archive of source. */
static bool is_source(const char *line)
{
    static const char *const repositories[] = {"git+", "hg+", "svn+", "bzr+"};
    static const char *const archives[] = {".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"};
    const char *at = strstr(line, "@ ");
    const char *where = at ? at + 2 + strspn(at + 2, " ") : line;
    WL_CLEANUP_FREE char *word = xstrndup(where, strcspn(where, " \t\r;#"));

    if (starts_with(line, "-e ") || starts_with(line, "--editable"))
        return true;
    for (size_t i = 0; i < sizeof repositories / sizeof *repositories; i++)
        if (starts_with(word, repositories[i]))
            return true;
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
        if (ends_with(word, archives[i]))
            return true;
    return strchr(word, '/') && path_is_dir(word);
}

static int refuse_source(const struct wheels *w, const char *what, struct wl_err *err)
{
    wl_err_set(err, WL_E_FETCH, "%s: %s comes as source, and making a wheel of it would run its code on this machine",
               w->requirements, what);
    return wl_err_hint(err,
                       "make the wheel where you trust it (python3 -m pip wheel --no-deps ...), and name its file");
}

/* (What files that this one names require, and wheels, is stopped by ask_pip.py.) */
static int check_source(const struct wheels *w, const char *requirements, struct wl_err *err)
{
    for (const char *line = requirements; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t blank = strspn(line, " \t");
        WL_CLEANUP_FREE char *one = xstrndup(line + blank, strcspn(line + blank, "\r\n"));

        if (*one != '#' && is_source(one))
            return refuse_source(w, one, err);
        line += blank;
    }
    return 0;
}

/* Says by name what pip says at length. */
static int explain(const struct wheels *w, const char *asked, const char *said, const struct fetch_options *o,
                   struct wl_err *err)
{
    WL_CLEANUP_FREE char *missing = line_with(said, none_found), *conflict = line_with(said, "Cannot install ");
    WL_CLEANUP_FREE char *versions = line_with(said, "(from versions: "), *name = NULL;
    WL_CLEANUP_FREE char *gone = line_with(said, "No such file or directory: "), *error = line_with(said, "ERROR: ");
    WL_CLEANUP_FREE char *by = NULL;
    const char *wanted = missing ? missing + strlen(none_found) : NULL;

    if (said && strstr(said, would_start))
        return refuse_source(w, "one of the requirements, or of what they require,", err);
    if (conflict) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", w->requirements, conflict);
        return wl_err_hint(err, "loosen one of these requirements");
    }
    if (gone) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", w->requirements, gone);
        return wl_err_hint(err, "name files that exist");
    }
    if (!missing && error) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", w->requirements, error + strlen("ERROR: "));
        return wl_err_hint(err, "correct the requirement");
    }
    if (!missing)
        return -(int)err->cls;
    name = xstrndup(wanted, name_length(wanted));
    if (versions && !starts_with(versions, "(from versions: none")) {
        wl_err_set(err, WL_E_FETCH, "%s: %s has no wheel of pure Python in the version wanted: %s", w->requirements,
                   wanted, versions);
        return wl_err_hint(err, "ask for one of these versions");
    }
    by = asker(said);
    if (is_known(w, asked, name, o))
        return refuse(w, name, by, err);
    wl_err_set(err, WL_E_FETCH, "%s: nobody offers a package named %s%s%s%s", w->requirements, name,
               by ? " (required by: " : "", by ? by : "", by ? ")" : "");
    return wl_err_hint(err, "look at its name, or say by --find-links or --index-url in the file where it is");
}

/* "# ...": what a lock file is of. */
static char *heading(const struct wheels *w, const char sha256[HASH_HEX_SIZE])
{
    return xasprintf(
        "# The wheels of %s (sha256 %s) for Python %s, pinned by wl-make app; --update asks for newer ones.\n",
        path_base(w->requirements), sha256, w->series);
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

/* What is known while wheels are looked for. */
struct search {
    const struct wheels *w;
    const struct fetch_options *o;
    const char *asked; /* the requirements file's text */
};

/* Into a folder: what the requirements want, or (only) `what`. */
static int download(const struct search *s, const char *folder, const char *what, bool native, char **said,
                    struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};

    add_pip(&argv, s->w, "download", what ? NULL : s->w->requirements, s->o);
    add_wanted(&argv, s->w, native);
    strv_addf(&argv, "--dest=%s", folder);
    if (what) {
        strv_add(&argv, "--no-deps");
        add_places(s->w->requirements, s->asked, &argv);
        strv_add(&argv, what);
    } else {
        strv_addf(&argv, "--requirement=%s", s->w->requirements);
    }
    return run_pip(&argv, what ? NULL : s->asked, s->o, said, err);
}

/* Replaces each wheel with native code by the pure one of the same version, or keeps it where the package works without
 * that code. The others are the blockers. */
static int check_native(const struct search *s, const char *folder, struct strv *blockers, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(folder, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        const char *wheel = names.v[i];
        WL_CLEANUP_FREE char *file = path_join(folder, wheel), *exact = NULL;
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

        if (ends_with(wheel, "-none-any.whl"))
            continue;
        exact = pinned(wheel);
        if (download(s, folder, exact, false, NULL, &ignored) == 0)
            r = remove_tree(file, err);
        else if (!works_without_native(s->w, wheel, strcspn(wheel, "-")))
            strv_add(blockers, wheel);
    }
    return r;
}

/* The version of a package in a folder of wheels, or NULL; the caller frees it. */
static char *version_in(const struct strv *wheels, const char *name)
{
    for (size_t i = 0; i < wheels->n; i++) {
        size_t n = strcspn(wheels->v[i], "-");

        if (wheels->v[i][n] && same_name(wheels->v[i], n, name))
            return xstrndup(wheels->v[i] + n + 1, strcspn(wheels->v[i] + n + 1, "-"));
    }
    return NULL;
}

/* Whether the wheels of pure Python are those that there would be without this restriction, but for native code. */
static int are_newest(const char *pure, const char *native, bool *newest, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv ours = {0}, theirs = {0};
    int r = dir_list(pure, &ours, err);

    *newest = true;
    if (r == 0)
        r = dir_list(native, &theirs, err);
    for (size_t i = 0; r == 0 && i < theirs.n; i++) {
        const char *wheel = theirs.v[i];
        size_t n = strcspn(wheel, "-");
        WL_CLEANUP_FREE char *name = xstrndup(wheel, n), *version = version_in(&ours, name);

        *newest = *newest && wheel[n] && version && starts_with(wheel + n + 1, version) &&
                  wheel[n + 1 + strlen(version)] == '-';
    }
    return r;
}

/* ---- why an old version is taken, or none ---- */

/* What ask_pip.py tells of a wheel. */
struct package {
    const char *name, *version, *wanted, *needs;
};

/* A line of it, whose tabs become ends; false: it is none. */
static bool read_package(char *line, struct package *p)
{
    const char **const parts[] = {&p->name, &p->version, &p->wanted, &p->needs};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *tab = line ? strchr(line, '\t') : NULL;

        if (!line)
            return false;
        *parts[i] = line;
        if (tab)
            *tab++ = '\0';
        line = tab;
    }
    return true;
}

static int tell(const struct search *s, const char *folder, const struct strv *blockers, char **text,
                struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    struct client c = {.package = "python3-pip", .module = "pip", .o = s->o};

    strv_add_all(&argv, "python3", s->w->ask_pip, s->w->version, "tell", folder, NULL);
    strv_addv(&argv, blockers);
    c.argv = argv.v;
    return client_run(&c, text, err);
}

/* Refuses the first of the blockers, with who wants it. */
static int refuse_blocker(const struct search *s, const char *folder, const struct strv *blockers, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL, *name = xstrndup(blockers->v[0], strcspn(blockers->v[0], "-"));
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct package p;

    if (tell(s, folder, blockers, &text, &ignored) == 0)
        for (char *state, *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
            if (read_package(line, &p) && same_name(name, strlen(name), p.name))
                return refuse(s->w, name, p.wanted, err);
    return refuse(s->w, name, NULL, err);
}

static unsigned long major_of(const char *version)
{
    const char *epoch = strchr(version, '!');

    return strtoul(epoch ? epoch + 1 : version, NULL, 10);
}

/* Why the newest version of a package is not taken. */
static void add_reason(const struct package *p, struct str *text)
{
    const char *rest = strstr(p->needs, " -> "), *last = p->needs;

    if (!*p->needs) {
        str_add(text, "it requires versions of other packages that are not taken");
        return;
    }
    for (const char *arrow = rest; arrow; arrow = strstr(last, " -> "))
        last = arrow + strlen(" -> ");
    str_addf(text, "%s has no wheel of pure Python", last);
    if (rest || strcmp(p->wanted, p->name) != 0)
        str_addf(text, " (%s%s)", p->wanted, rest ? rest : "");
}

/* What is told of the packages that are older than they would be. */
struct gaps {
    struct str first, bounds; /* of the first that is a major version behind, and what would allow all of those */
    bool first_needs;         /* whether the first is behind for its own reasons, not for those of others */
};

static void add_gap(struct gaps *g, const struct package *p, const char *taken)
{
    bool needs = *p->needs;

    if (g->first.len && g->first_needs && !needs)
        return;
    if (g->first.len && needs && !g->first_needs) {
        str_free(&g->first);
        str_free(&g->bounds);
    }
    if (!g->first.len) {
        g->first_needs = needs;
        str_addf(&g->first, "the newest %s is %s, but ", p->name, p->version);
        add_reason(p, &g->first);
        str_addf(&g->first, "; the newest that can be packed is %s", taken);
    }
    str_addf(&g->bounds, "%s%s<%lu", g->bounds.len ? ", " : "", p->name, major_of(taken) + 1);
}

/* Tells of each package in `pure` that is older than in `native`, and why; a major version is too much to be taken
 * unasked. */
static int compare(const struct search *s, const char *pure, const char *native, const struct strv *blockers,
                   struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv ours = {0};
    WL_CLEANUP_FREE char *text = NULL;
    struct gaps g = {0};
    struct package p;
    int r = dir_list(pure, &ours, err);

    if (r == 0)
        r = tell(s, native, blockers, &text, err);
    if (r < 0)
        return r;
    for (char *state, *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        WL_CLEANUP_FREE char *taken = read_package(line, &p) ? version_in(&ours, p.name) : NULL;
        WL_CLEANUP_STR struct str note = {0};

        if (!taken || version_compare(taken, p.version) >= 0)
            continue;
        if (major_of(taken) != major_of(p.version))
            add_gap(&g, &p, taken);
        str_addf(&note, "%s %s is taken, not %s: ", p.name, taken, p.version);
        add_reason(&p, &note);
        strv_take(notes, str_take(&note));
    }
    if (g.first.len) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", s->w->requirements, g.first.s);
        r = wl_err_hint(err,
                        "add %s to the file if an old version will do, or give --without-native for what works "
                        "without its native code",
                        g.bounds.s);
    }
    str_free(&g.first);
    str_free(&g.bounds);
    return r;
}

static bool is_told(const struct strv *notes, const char *name)
{
    WL_CLEANUP_FREE char *start = xasprintf("%s ", name);

    for (size_t i = 0; i < notes->n; i++)
        if (starts_with(notes->v[i], start))
            return true;
    return false;
}

/* What pip knows of versions newer than the wheels in the folder, wheels or not. */
static int ask_newer(const struct search *s, const char *folder, char **text, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    struct client c = {.package = "python3-pip", .module = "pip", .input = s->asked, .o = s->o};

    strv_add_all(&argv, "python3", s->w->ask_pip, s->w->version, "newer", folder, "--no-input",
                 "--disable-pip-version-check", "--retries=1", NULL);
    strv_addf(&argv, "--timeout=%d", fetch_connect_seconds(s->o));
    strv_addf(&argv, "--python-version=%s", s->w->version);
    add_places(s->w->requirements, s->asked, &argv);
    c.argv = argv.v;
    return client_run(&c, text, err);
}

/* Tells of each wheel in the folder that is not the newest version, since that comes as source only: pip, which is to
 * take nothing but wheels, does not see it. (What has a wheel was left for other reasons.) */
static int tell_sources(const struct search *s, const char *folder, struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL, *other = path_join(s->w->scratch, "newer");
    WL_CLEANUP_STRV struct strv already = {0};
    struct package p;
    int r = ask_newer(s, folder, &text, err);

    strv_addv(&already, notes);
    for (char *state, *line = r < 0 ? NULL : strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        WL_CLEANUP_FREE char *whole = xasprintf("%s\t", line), *exact = NULL;
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

        /* (pip's own words stand between.) */
        if (!read_package(whole, &p) || is_told(&already, p.name))
            continue;
        exact = xasprintf("%s==%s", p.name, p.wanted);
        if (download(s, other, exact, true, NULL, &ignored) < 0)
            strv_addf(notes, "%s %s is taken, not %s: that comes as source only", p.name, p.version, p.wanted);
    }
    return r;
}

/* Whether wheels with native code can help, or show who wants one, where those of pure Python alone do not do. (In a
 * conflict the requirements of packages that may have no pure wheel are meant.) */
static bool may_help(const struct wheels *w, const char *said)
{
    WL_CLEANUP_FREE char *missing = line_with(said, none_found), *by = asker(said);
    const char *name = missing ? missing + strlen(none_found) : NULL;

    if (!name)
        return strstr(said, "Cannot install ") != NULL;
    return by || works_without_native(w, name, name_length(name));
}

/* Chooses between the wheels of pure Python (if there are) and those that any Linux would take, some with native code.
 */
static int choose(const struct search *s, const char *pure, const char *native, const char **chosen, struct strv *notes,
                  struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv blockers = {0};
    bool newest = false;
    int r = *chosen ? are_newest(pure, native, &newest, err) : 0;

    if (r < 0 || newest)
        return r;
    r = check_native(s, native, &blockers, err);
    if (r < 0)
        return r;
    if (!blockers.n) {
        *chosen = native;
        return 0;
    }
    return *chosen ? compare(s, pure, native, &blockers, notes, err) : refuse_blocker(s, native, &blockers, err);
}

/* Brings the wheels. Those of pure Python are looked at alone, since pip takes an older version where the newest has
 * native code; and all that there are, to know what the newest is. */
static int bring(const struct search *s, const char *folder, struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_FREE char *pure = path_join(s->w->scratch, "pure"), *native = path_join(s->w->scratch, "native");
    WL_CLEANUP_FREE char *said = NULL, *again = NULL;
    WL_CLEANUP_ERR struct wl_err other = WL_ERR_INIT;
    const char *chosen = NULL;
    int r = make_dirs(pure, err);

    if (r == 0)
        r = make_dirs(native, err);
    if (r == 0)
        r = download(s, pure, NULL, false, &said, err);
    if (r == 0)
        chosen = pure;
    else if (!said)
        return r;
    else if (!may_help(s->w, said))
        return explain(s->w, s->asked, said, s->o, err);
    if (download(s, native, NULL, true, &again, &other) == 0)
        r = choose(s, pure, native, &chosen, notes, err);
    else if (!chosen)
        return explain(s->w, s->asked, strstr(said, "Cannot install ") && again ? again : said, s->o, err);
    else
        strv_addf(notes, "cannot find out whether newer versions have native code: %s", other.text);
    if (r == 0 && tell_sources(s, chosen, notes, &other) < 0) {
        if (other.cls == WL_E_INTERRUPTED)
            return cancel_error(err);
        strv_addf(notes, "cannot find out whether newer versions come as source only: %s", other.text);
    }
    if (r == 0 && rename(chosen, folder) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot move the wheels to %s", folder);
    return r;
}

static int read_text(const char *file, char **text, struct wl_err *err)
{
    size_t n = 0;
    int r = file_read(file, MAX_FILE, text, &n, err);

    return r == 0 && strlen(*text) != n ? wl_err_set(err, WL_E_USAGE, "%s has a zero byte in it", file) : r;
}

static void hash_text(const char *text, char sha256[HASH_HEX_SIZE])
{
    struct hash *h = hash_new();

    hash_add(h, text, strlen(text));
    hash_end(h, sha256);
}

int wheels_lock(const struct wheels *w, const struct fetch_options *o, struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_FREE char *asked = NULL, *head = NULL, *there = NULL, *wheels = wheels_folder(w);
    WL_CLEANUP_STR struct str text = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct search s = {.w = w, .o = o};
    char sha256[HASH_HEX_SIZE];
    int r = read_text(w->requirements, &asked, err);

    if (r < 0) {
        err->cls = WL_E_USAGE;
        return wl_err_hint(err, "-r takes a file with a requirement on each line, as pip does");
    }
    hash_text(asked, sha256);
    head = heading(w, sha256);
    if (!w->update && file_read(w->lock, MAX_FILE, &there, NULL, &ignored) == 0 && starts_with(there, head))
        return 0;
    s.asked = asked;
    r = check_source(w, asked, err);
    if (r == 0)
        r = make_dirs(w->scratch, err);
    if (r == 0)
        r = bring(&s, wheels, notes, err);
    if (r < 0)
        return r;
    str_add(&text, head);
    for (size_t i = 0; i < notes->n; i++)
        str_addf(&text, "# %s\n", notes->v[i]);
    add_options(asked, &text);
    r = add_wheels(wheels, &text, err);
    return r < 0 ? r : file_write(w->lock, text.s, text.len, err);
}

/* The pins of a lock file without its options: the wheels are in a folder, and
 * nobody else is to offer others of the same names. (Folders, unlike indexes, do not tell pip the hashes of what they
 * have before it has chosen.) */
static char *only_pins(const char *pinned)
{
    struct str pins = {0};

    for (const char *line = pinned; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (*line != '-' && *line != '#')
            str_addf(&pins, "%.*s\n", (int)strcspn(line, "\n"), line);
    return str_take(&pins);
}

/* pip for the text of a lock file. */
static void add_pinned(struct strv *argv, const struct wheels *w, const char *command, bool native,
                       const struct fetch_options *o)
{
    add_pip(argv, w, command, w->lock, o);
    add_wanted(argv, w, native);
    /* pip would compare what the packages require with the Python that runs it. What is pinned was chosen for the
     * app's. */
    strv_add_all(argv, "--no-deps", "--require-hashes", "--ignore-requires-python", NULL);
    strv_addf(argv, "--requirement=%s", w->lock);
}

static int install(const struct wheels *w, const char *text, const char *wheels, const char *folder,
                   const struct fetch_options *o, char **said, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};

    free_charp(said);
    add_pinned(&argv, w, "install", true, o);
    strv_add_all(&argv, "--no-compile", "--root-user-action=ignore", NULL);
    if (wheels) {
        strv_add(&argv, "--no-index");
        strv_addf(&argv, "--find-links=%s", wheels);
    }
    strv_addf(&argv, "--target=%s", folder);
    return run_pip(&argv, text, o, said, err);
}

static const char other_bytes[] = "DO NOT MATCH THE HASHES"; /* of pip */

/* Brings the pinned wheels one by one. Where a folder has a wheel with native code and one of pure Python of the same
 * version, pip takes the first for all packages or the second; which of them is pinned is another matter for each. */
static int bring_each(const struct wheels *w, const char *pinned, const char *wheels, const struct fetch_options *o,
                      char **said, struct wl_err *err)
{
    WL_CLEANUP_STR struct str options = {0};
    int r = make_dirs(wheels, err);

    add_options(pinned, &options);
    for (const char *line = pinned; r == 0 && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        WL_CLEANUP_FREE char *text = xasprintf("%s%.*s\n", options.s ? options.s : "", (int)strcspn(line, "\n"), line);
        bool native = true;

        if (*line == '-' || *line == '#' || *line == '\n')
            continue;
        do {
            WL_CLEANUP_STRV struct strv argv = {0};

            free_charp(said);
            add_pinned(&argv, w, "download", native, o);
            strv_addf(&argv, "--dest=%s", wheels);
            r = run_pip(&argv, text, o, said, err);
            native = !native;
        } while (r < 0 && !native && *said && strstr(*said, other_bytes));
    }
    return r;
}

int wheels_install(const struct wheels *w, const char *pinned, const char *folder, const struct fetch_options *o,
                   struct wl_err *err)
{
    WL_CLEANUP_FREE char *wheels = wheels_folder(w), *pins = only_pins(pinned), *said = NULL;
    bool here = path_is_dir(wheels);
    int r = install(w, here ? pins : pinned, here ? wheels : NULL, folder, o, &said, err);

    if (r < 0 && !here && said && strstr(said, other_bytes)) {
        r = bring_each(w, pinned, wheels, o, &said, err);
        if (r == 0)
            r = install(w, pins, wheels, folder, o, &said, err);
    }
    if (r < 0 && said && strstr(said, would_start)) {
        wl_err_set(err, WL_E_FETCH, "%s: what is pinned there comes as source", w->lock);
        return wl_err_hint(err, "resolve again with --update");
    }
    if (r < 0 && said && strstr(said, other_bytes)) {
        wl_err_set(err, WL_E_VERIFY, "%s: a wheel is not the one that is pinned there", w->lock);
        return wl_err_hint(err, "find out why, or resolve again with --update");
    }
    /* An empty list of requirements installs nothing. */
    return r < 0 ? r : make_dirs(folder, err);
}
