#include "pack/wheel_errors.h"

#include "pack/builds.h"
#include "pack/pip.h"
#include "pack/requirements.h"

#include <string.h>

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
        return pip_no_answer(wheels_title(s->w), name, broken, err);
    if (is_known(s, name, &asked))
        return no_usable_wheel(s, name, by, err);
    broken_again = pip_unanswered(asked, name);
    if (broken_again)
        return pip_no_answer(wheels_title(s->w), name, broken_again, err);
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
