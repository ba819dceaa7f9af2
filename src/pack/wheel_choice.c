#include "pack/wheel_choice.h"

#include "pack/builds.h"
#include "pack/pip.h"
#include "pack/requirements.h"
#include "pack/wheel_errors.h"
#include "util/fs.h"
#include "util/version.h"

#include <stdio.h>
#include <string.h>

/* Downloads what the requirements file asks for, or only the package `what`. */
static int download(const struct resolution *s, const char *dir, const char *what, bool native, char **output,
                    struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};

    pip_add_command(&argv, s->w->ask_pip, s->w->version, "download", what ? NULL : s->w->requirements, s->o);
    pip_add_selection(&argv, s->w, native);
    strv_addf(&argv, "--dest=%s", dir);
    if (what) {
        strv_add(&argv, "--no-deps");
        requirements_add_places(s->w->requirements, s->requirements, &argv);
        strv_add(&argv, what);
    } else {
        strv_addf(&argv, "--requirement=%s", s->w->requirements);
    }
    return pip_run(&argv, what ? NULL : s->requirements, s->o, output, err);
}

static bool is_given_without_native(const struct wheels *w, const char *name, size_t n)
{
    for (size_t i = 0; w->without_native && i < w->without_native->n; i++)
        if (package_same_name(name, n, w->without_native->v[i]))
            return true;
    return false;
}

static bool works_without_native(const struct wheels *w, const char *name, size_t n)
{
    /* Each of these falls back to Python code if its compiled module is missing. */
    static const char *const known[] = {"markupsafe", "msgpack", "pyyaml"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (package_same_name(name, n, known[i]))
            return true;
    return is_given_without_native(w, name, n);
}

/* Whether a wheel has native code that runs on Linux only. */
static bool is_foreign(const char *wheel)
{
    return !ends_with(wheel, "-none-any.whl") && !wheel_is_wasi(wheel);
}

/* Whether a package is to be built although it has a pure wheel. Not all such packages have a wheel for this Python on
 * Linux, so the kind of the wheel says nothing about that. */
static int is_wanted_native(const struct resolution *s, const char *wheel, bool *wanted, struct wl_err *err)
{
    size_t n = strcspn(wheel, "-");
    WL_CLEANUP_FREE char *name = xstrndup(wheel, n);

    *wanted = false;
    if (!builds_possible(s->w->series) || is_given_without_native(s->w, name, n))
        return 0;
    return builds_native(s->w, name, wanted, err);
}

/* The wheels in a directory that cannot be used as they are: those with native code, and those of packages whose native
 * code is wanted. The others of which there is a pure wheel of the same version are replaced. */
static int find_native(const struct resolution *s, const char *dir, struct strv *native, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r = dir_list(dir, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        WL_CLEANUP_FREE char *file = path_join(dir, names.v[i]), *pin = wheel_pin(names.v[i]);
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
        bool wanted;

        if (wheel_is_wasi(names.v[i]))
            continue;
        r = is_wanted_native(s, names.v[i], &wanted, err);
        if (r < 0)
            return r;
        if (!wanted && !is_foreign(names.v[i]))
            continue;
        if (!wanted && download(s, dir, pin, false, NULL, &ignored) == 0)
            r = remove_tree(file, err);
        else
            strv_add(native, names.v[i]);
    }
    return r;
}

/* Replaces a wheel of a package that cannot be built by the pure wheel of the same version, unless it is that wheel.
 * *replaced: there is one. */
static int replace_by_pure(const struct resolution *s, const char *dir, const char *wheel, bool *replaced,
                           struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(dir, wheel), *pin = wheel_pin(wheel);
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *name = xstrndup(wheel, strcspn(wheel, "-")), *note = NULL;
    const char *why = why_unbuilt(s, name);
    int r = is_wanted_native(s, wheel, replaced, err);

    if (r < 0 || !*replaced)
        return r;
    *replaced = !is_foreign(wheel) || download(s, dir, pin, false, NULL, &ignored) == 0;
    if (!*replaced)
        return 0;
    note = xasprintf("%s is used without its native code, which cannot be built%s%s", name, why ? ": " : "",
                     why ? why : "");
    strv_add_once(notes, note);
    return is_foreign(wheel) ? remove_tree(file, err) : 0;
}

/* Replaces the wheels with native code by what WASI can use: a pure wheel, the package's source, or the same wheel if
 * the package works without that code. The remaining ones are the blockers. */
static int replace_native(const struct resolution *s, const char *dir, struct strv *blockers, struct strv *notes,
                          struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv native = {0}, pins = {0};
    int r = find_native(s, dir, &native, err);

    for (size_t i = 0; i < native.n && builds_possible(s->w->series); i++)
        if (!is_given_without_native(s->w, native.v[i], strcspn(native.v[i], "-")))
            strv_take(&pins, wheel_pin(native.v[i]));
    if (r == 0)
        r = builds_find(s, &pins, s->built, s->unbuilt, err);
    for (size_t i = 0; r == 0 && i < native.n; i++) {
        size_t n = strcspn(native.v[i], "-");
        WL_CLEANUP_FREE char *name = xstrndup(native.v[i], n), *file = path_join(dir, native.v[i]);
        bool replaced = false;

        if (packages_find(s->built, name)) {
            r = remove_tree(file, err);
            continue;
        }
        r = replace_by_pure(s, dir, native.v[i], &replaced, notes, err);
        if (r == 0 && !replaced && !works_without_native(s->w, name, n))
            strv_add(blockers, native.v[i]);
    }
    return r;
}

/* Whether the pure wheels have the same versions as those that pip chooses without the restriction to pure Python, and
 * no native code is wanted. */
static int are_enough(const struct resolution *s, const char *pure, const char *native, bool *enough,
                      struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv ours = {0}, theirs = {0};
    int r = dir_list(pure, &ours, err);

    *enough = true;
    if (r == 0)
        r = dir_list(native, &theirs, err);
    for (size_t i = 0; r == 0 && *enough && i < theirs.n; i++) {
        const char *wheel = theirs.v[i];
        size_t n = strcspn(wheel, "-");
        WL_CLEANUP_FREE char *name = xstrndup(wheel, n), *version = wheel_version(&ours, name);
        bool wanted = false;

        r = is_wanted_native(s, wheel, &wanted, err);
        *enough = !wanted && wheel[n] && version && starts_with(wheel + n + 1, version) &&
                  wheel[n + 1 + strlen(version)] == '-';
    }
    return r;
}

/* ---- why an old version is used, or none ---- */

/* What ask_pip.py prints about a wheel. */
struct reported {
    const char *name, *version;
    const char *required_by; /* the chain of packages from the requirements to it, "a -> b -> name" */
    const char *needs;       /* the chain from it to the nearest blocker; "": it needs none */
};

/* Parses a line of it, in which the tabs are overwritten; false: it is not such a line. */
static bool parse_package(char *line, struct reported *p)
{
    const char *parts[4];

    if (!pip_parts(line, parts, 4))
        return false;
    *p = (struct reported){parts[0], parts[1], parts[2], parts[3]};
    return true;
}

static int query_chains(const struct resolution *s, const char *dir, const struct strv *blockers, char **output,
                        struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};

    strv_add_all(&argv, "python3", s->w->ask_pip, s->w->version, "chains", dir, NULL);
    strv_addv(&argv, blockers);
    return pip_query(&argv, NULL, s->o, output, err);
}

/* The error for the first of the blockers, with the packages that require it. */
static int refuse_blocker(const struct resolution *s, const char *dir, const struct strv *blockers, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL, *name = xstrndup(blockers->v[0], strcspn(blockers->v[0], "-"));
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct reported p;

    if (query_chains(s, dir, blockers, &text, &ignored) == 0)
        for (char *state, *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
            if (parse_package(line, &p) && package_same_name(name, strlen(name), p.name))
                return no_usable_wheel(s, name, p.required_by, err);
    return no_usable_wheel(s, name, NULL, err);
}

static unsigned long major_of(const char *version)
{
    const char *epoch = strchr(version, '!');

    return strtoul(epoch ? epoch + 1 : version, NULL, 10);
}

/* Adds why the newest version of a package is not used. */
static void add_reason(const struct resolution *s, const struct reported *p, struct str *text)
{
    const char *rest = strstr(p->needs, " -> "), *last = p->needs, *why;

    if (!*p->needs) {
        str_add(text, "it requires other versions of packages than those that can be used");
        return;
    }
    for (const char *arrow = rest; arrow; arrow = strstr(last, " -> "))
        last = arrow + strlen(" -> ");
    why = why_unbuilt(s, last);
    str_addf(text, why ? "%s cannot be built: %s" : "%s has no pure-Python wheel", last, why);
    if (rest || strcmp(p->required_by, p->name) != 0)
        str_addf(text, " (%s%s)", p->required_by, rest ? rest : "");
}

/* Packages of which only an older major version can be used. */
struct gaps {
    struct str first;     /* the text about the first one */
    bool first_has_cause; /* it is behind because of a blocker, and not because of another package that is behind */
    struct str bounds;    /* requirements that would allow the older versions: "a<2, b<3" */
};

static void add_gap(const struct resolution *s, struct gaps *g, const struct reported *p, const char *used)
{
    bool has_cause = *p->needs;

    if (g->first.len && g->first_has_cause && !has_cause)
        return;
    if (g->first.len && has_cause && !g->first_has_cause) {
        str_free(&g->first);
        str_free(&g->bounds);
    }
    if (!g->first.len) {
        g->first_has_cause = has_cause;
        str_addf(&g->first, "the newest %s is %s, but ", p->name, p->version);
        add_reason(s, p, &g->first);
        str_addf(&g->first, "; the newest that can be packed is %s", used);
    }
    str_addf(&g->bounds, "%s%s<%lu", g->bounds.len ? ", " : "", p->name, major_of(used) + 1);
}

/* Notes each package in `pure` that is older than in `native`, and why. An older major version is an error, so that
 * nobody gets one without asking for it. */
static int compare_versions(const struct resolution *s, const char *pure, const char *native,
                            const struct strv *blockers, struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv ours = {0};
    WL_CLEANUP_FREE char *text = NULL;
    struct gaps g = {0};
    struct reported p;
    int r = dir_list(pure, &ours, err);

    if (r == 0)
        r = query_chains(s, native, blockers, &text, err);
    if (r < 0)
        return r;
    for (char *state, *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        WL_CLEANUP_FREE char *used = parse_package(line, &p) ? wheel_version(&ours, p.name) : NULL;
        WL_CLEANUP_STR struct str note = {0};

        if (!used || version_compare(used, p.version) >= 0)
            continue;
        if (major_of(used) != major_of(p.version))
            add_gap(s, &g, &p, used);
        str_addf(&note, "%s %s is used instead of %s: ", p.name, used, p.version);
        add_reason(s, &p, &note);
        strv_take(notes, str_take(&note));
    }
    if (g.first.len) {
        wl_err_set(err, WL_E_FETCH, "%s: %s", wheels_title(s->w), g.first.s);
        r = wl_err_hint(
            err,
            "add %s to the file if an old version is good enough, or pass --without-native for packages that work "
            "without their native code",
            g.bounds.s);
    }
    str_free(&g.first);
    str_free(&g.bounds);
    return r;
}

static bool has_note(const struct strv *notes, const char *name)
{
    WL_CLEANUP_FREE char *start = xasprintf("%s ", name);

    for (size_t i = 0; i < notes->n; i++)
        if (starts_with(notes->v[i], start))
            return true;
    return false;
}

/* The versions that pip knows and that are newer than the wheels in dir, as wheels or not. */
static int query_newer(const struct resolution *s, const char *dir, char **output, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};

    strv_add_all(&argv, "python3", s->w->ask_pip, s->w->version, "newer", dir, "--no-input",
                 "--disable-pip-version-check", "--retries=1", NULL);
    strv_addf(&argv, "--timeout=%d", fetch_connect_seconds(s->o));
    strv_addf(&argv, "--python-version=%s", s->w->version);
    requirements_add_places(s->w->requirements, s->requirements, &argv);
    return pip_query(&argv, s->requirements, s->o, output, err);
}

/* Notes each package whose newest version is only available as source: pip, which may use only wheels, does not see
 * that version. */
static int note_sources(const struct resolution *s, const char *dir, struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL, *other = path_join(s->w->scratch, "newer");
    WL_CLEANUP_STRV struct strv before = {0};
    struct reported p;
    int r = query_newer(s, dir, &text, err);

    strv_addv(&before, notes);
    for (char *state, *line = r < 0 ? NULL : strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        /* name, version, newer version; pip's own messages are between these lines */
        WL_CLEANUP_FREE char *whole = xasprintf("%s\t", line), *pin = NULL;
        WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
        const char *newer;

        if (!parse_package(whole, &p) || has_note(&before, p.name))
            continue;
        newer = p.required_by;
        pin = xasprintf("%s==%s", p.name, newer);
        /* If there is a wheel of it, it was not used for another reason. */
        if (download(s, other, pin, true, NULL, &ignored) < 0)
            strv_addf(notes, "%s %s is used instead of %s, which is only available as source", p.name, p.version,
                      newer);
    }
    return r;
}

/* Whether wheels with native code can help, or show what requires one, if the pure wheels alone are not enough. In a
 * conflict, one of the packages may have no pure wheel. */
static bool native_may_help(const struct wheels *w, const char *output)
{
    WL_CLEANUP_FREE char *missing = pip_line(output, PIP_NONE_FOUND), *by = pip_required_by(output);
    const char *name = missing ? missing + strlen(PIP_NONE_FOUND) : NULL;

    if (!name)
        return strstr(output, "Cannot install ") != NULL;
    return by || builds_possible(w->series) || works_without_native(w, name, package_name_length(name));
}

/* Replaces pure wheels, which are used because newer versions cannot be, by sources of the packages whose native code
 * is wanted. */
static int build_wanted(const struct resolution *s, const char *pure, struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv none = {0};

    return replace_native(s, pure, &none, notes, err);
}

/* Chooses between the pure wheels and those that any Linux would use. *chosen: `pure` if there are pure ones for all
 * requirements, else NULL; gets the directory to use. */
static int choose(const struct resolution *s, const char *pure, const char *native, const char **chosen,
                  struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv blockers = {0};
    bool enough = false;
    int r = *chosen ? are_enough(s, pure, native, &enough, err) : 0;

    if (r < 0 || enough)
        return r;
    r = replace_native(s, native, &blockers, notes, err);
    if (r < 0)
        return r;
    if (!blockers.n) {
        *chosen = native;
        return 0;
    }
    packages_free(s->built);
    if (!*chosen)
        return refuse_blocker(s, native, &blockers, err);
    r = compare_versions(s, pure, native, &blockers, notes, err);
    return r < 0 ? r : build_wanted(s, pure, notes, err);
}

int wheels_choose(const struct resolution *s, const char *dir, struct strv *notes, struct wl_err *err)
{
    WL_CLEANUP_FREE char *pure = path_join(s->w->scratch, "pure"), *native = path_join(s->w->scratch, "native");
    WL_CLEANUP_FREE char *pure_output = NULL, *native_output = NULL;
    WL_CLEANUP_ERR struct wl_err other = WL_ERR_INIT;
    const char *chosen = NULL;
    int r = make_dirs(pure, err);

    /* The pure wheels are resolved alone, because pip uses an older version if the newest has native code. All wheels
     * are resolved as well, to know what the newest versions are. */
    if (r == 0)
        r = make_dirs(native, err);
    if (r == 0)
        r = download(s, pure, NULL, false, &pure_output, err);
    if (r == 0)
        chosen = pure;
    else if (!pure_output)
        return r;
    else if (!native_may_help(s->w, pure_output))
        return explain_failure(s, pure_output, err);
    if (download(s, native, NULL, true, &native_output, &other) == 0)
        r = choose(s, pure, native, &chosen, notes, err);
    else if (!chosen)
        return explain_failure(s, strstr(pure_output, "Cannot install ") && native_output ? native_output : pure_output,
                               err);
    else {
        strv_addf(notes, "cannot find out whether newer versions have native code: %s", other.text);
        r = build_wanted(s, pure, notes, err);
    }
    if (r == 0 && note_sources(s, chosen, notes, &other) < 0) {
        if (other.cls == WL_E_INTERRUPTED)
            return cancel_error(err);
        strv_addf(notes, "cannot find out whether newer versions are only available as source: %s", other.text);
    }
    if (r == 0 && rename(chosen, dir) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot move the wheels to %s", dir);
    return r;
}
