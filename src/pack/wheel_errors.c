#include "pack/wheel_errors.h"

#include "pack/builds.h"
#include "pack/pip.h"
#include "pack/requirements.h"

#include <string.h>

char *pip_required_by(const char *output)
{
    const char *line = strstr(output, "Could not find a version that satisfies the requirement ");
    const char *end = line ? line + strcspn(line, "\n") : NULL, *from = line ? strstr(line, " (from ") : NULL;

    if (!from || from > end)
        return NULL;
    from += strlen(" (from ");
    return starts_with(from, "versions: ") || starts_with(from, "-r ") ? NULL : xstrndup(from, strcspn(from, ")>-"));
}

char *pip_line(const char *output, const char *words)
{
    const char *at = output ? strstr(output, words) : NULL;

    return at ? xstrndup(at, strcspn(at, "\n")) : NULL;
}

/* Whether the address at the end of a line, ".../simple/NAME/", is that of the package. */
static bool is_address_of(const char *line, const char *end, const char *name)
{
    const char *start;

    while (end > line && (end[-1] == '/' || end[-1] == '\r'))
        end--;
    for (start = end; start > line && start[-1] != '/';)
        start--;
    return package_same_name(start, (size_t)(end - start), name);
}

char *pip_unanswered(const char *output, const char *name)
{
    static const char words[] = " after connection broken by '";

    /* ... after connection broken by 'ReadTimeoutError("WHERE: Read timed out.")': /simple/NAME/ */
    for (const char *at = output; at && (at = strstr(at, words)); at++) {
        const char *why = at + strlen(words), *line_end = at + strcspn(at, "\n"), *end = strstr(why, "': /");

        if (!end || end > line_end || !is_address_of(end, line_end, name))
            continue;
        for (const char *p = why; p < end; p++)
            if (p[0] == ':' && p[1] == ' ')
                why = p + 2;
        if (end > why && end[-1] == ')')
            end--;
        if (end > why && (end[-1] == '\'' || end[-1] == '"'))
            end--;
        return xstrndup(why, (size_t)(end - why));
    }
    return NULL;
}

/* Whether an index knows the package at all. output: what pip prints if none does. */
static bool is_known(const struct resolution *s, const char *name, char **output)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    pip_add_command(&argv, s->w->ask_pip, s->w->version, "index", NULL, s->o);
    requirements_add_places(s->w->requirements, s->requirements, &argv);
    strv_add_all(&argv, "versions", name, NULL);
    return pip_run(&argv, NULL, s->o, output, &ignored) == 0;
}

const char *why_unbuilt(const struct resolution *s, const char *name)
{
    for (size_t i = 0; i + 1 < s->unbuilt->n; i += 2)
        if (package_same_name(s->unbuilt->v[i], strcspn(s->unbuilt->v[i], "="), name))
            return s->unbuilt->v[i + 1];
    return NULL;
}

int no_usable_wheel(const struct resolution *s, const char *name, const char *chain, struct wl_err *err)
{
    const char *why = why_unbuilt(s, name);
    bool required = chain && strcmp(chain, name) != 0;

    if (why)
        wl_err_set(err, WL_E_FETCH, "%s: %s has native code that cannot be built for Python %s: %s%s%s%s",
                   wheels_title(s->w), name, s->w->series, why, required ? " (required by: " : "",
                   required ? chain : "", required ? ")" : "");
    else
        wl_err_set(
            err, WL_E_FETCH,
            "%s: %s has no pure-Python wheel for Python %s: it has native code, or is only available as source%s%s%s",
            wheels_title(s->w), name, s->w->series, required ? " (required by: " : "", required ? chain : "",
            required ? ")" : "");
    return wl_err_hint(err,
                       "remove it, ask for a version that has such a wheel%s, or pass --without-native if it works "
                       "without that code",
                       builds_possible(s->w->series) ? ""
                                                     : ", use a Python from 3.12 on, for which native code is built");
}

int is_only_source(const struct wheels *w, const char *what, struct wl_err *err)
{
    wl_err_set(err, WL_E_FETCH, "%s: %s is source, and building a wheel from it would run its code on this machine",
               wheels_title(w), what);
    return wl_err_hint(
        err, "build the wheel where you trust it (python3 -m pip wheel --no-deps ...), and require that file instead");
}

static int requirement_error(const struct resolution *s, const char *text, const char *hint, struct wl_err *err)
{
    wl_err_set(err, WL_E_FETCH, "%s: %s", wheels_title(s->w), text);
    return wl_err_hint(err, "%s", hint);
}

static int no_answer(const struct resolution *s, const char *name, const char *why, struct wl_err *err)
{
    wl_err_set(err, WL_E_FETCH, "%s: the package index did not answer when asked for %s: %s", wheels_title(s->w), name,
               why);
    return wl_err_hint(err, "check the network, and run the same command again");
}

/* missing: the requirement that pip does not find. */
static int explain_missing(const struct resolution *s, const char *missing, const char *output, struct wl_err *err)
{
    WL_CLEANUP_FREE char *versions = pip_line(output, "(from versions: "), *by = pip_required_by(output);
    WL_CLEANUP_FREE char *name = xstrndup(missing, package_name_length(missing)), *asked = NULL;
    WL_CLEANUP_FREE char *broken = pip_unanswered(output, name), *broken_again = NULL;

    if (versions && !starts_with(versions, "(from versions: none")) {
        wl_err_set(err, WL_E_FETCH, "%s: %s has no pure-Python wheel of the required version: %s", wheels_title(s->w),
                   missing, versions);
        return wl_err_hint(err, "require one of these versions");
    }
    /* If it is known why the package cannot be built, the index has answered. */
    if (broken && !why_unbuilt(s, name))
        return no_answer(s, name, broken, err);
    if (is_known(s, name, &asked))
        return no_usable_wheel(s, name, by, err);
    broken_again = pip_unanswered(asked, name);
    if (broken_again)
        return no_answer(s, name, broken_again, err);
    wl_err_set(err, WL_E_FETCH, "%s: there is no package named %s%s%s%s", wheels_title(s->w), name,
               by ? " (required by: " : "", by ? by : "", by ? ")" : "");
    return wl_err_hint(err, "check its name, or say with --find-links or --index-url in the file where it is");
}

int explain_failure(const struct resolution *s, const char *output, struct wl_err *err)
{
    WL_CLEANUP_FREE char *missing = pip_line(output, PIP_NONE_FOUND), *conflict = pip_line(output, "Cannot install ");
    WL_CLEANUP_FREE char *gone = pip_line(output, "No such file or directory: "), *error = pip_line(output, "ERROR: ");

    if (output && strstr(output, PIP_WOULD_START))
        return is_only_source(s->w, "one of the requirements, or of their requirements,", err);
    if (conflict)
        return requirement_error(s, conflict, "loosen one of these requirements", err);
    if (gone)
        return requirement_error(s, gone, "name files that exist", err);
    if (missing)
        return explain_missing(s, missing + strlen(PIP_NONE_FOUND), output, err);
    if (error)
        return requirement_error(s, error + strlen("ERROR: "), "fix the requirement", err);
    return -(int)err->cls;
}
