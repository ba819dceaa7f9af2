/* wl-make profile: measures where a Python spends its time, for the compiler. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "recipe/python.h"
#include "util/fs.h"

#include <string.h>

struct profile_options {
    char *file;
    bool native;
};

#define AT(m) .member = offsetof(struct profile_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the profile to FILE (default: profile-SERIES.xz)", "FILE", OPTION_TEXT, AT(file)},
    {0, "native", "make a profile for aot: of the module as a native program", NULL, OPTION_FLAG, AT(native)},
    {0},
};

static int run(struct app *a, struct wl_err *err)
{
    const struct profile_options *given = a->options.own;
    WL_CLEANUP_FREE char *port = NULL, *maker = NULL, *made = NULL, *series = NULL, *file = NULL, *started = NULL,
                         *start = NULL;
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options b;
    struct plan p = {0};
    const char *out;
    int r = a->options.args.n == 1 ? ports_resolve(&a->roots, a->options.args.v[0], &port, err) : 0;

    if (r < 0)
        return r;
    if (!port || !python_is(port)) {
        wl_err_set(err, WL_E_USAGE, "profile takes one Python");
        return wl_err_hint(err, "for example: wl-make profile python/v3.13.5");
    }
    maker = python_profile(port, given->native);
    strv_add(&names, maker);
    app_build_options(a, &b, false);
    r = app_build(a, &b, &names, &p, err);
    series = python_series(port);
    file = xasprintf("%s-%s.xz", given->native ? "native" : "profile", series);
    out = given->file ? given->file : file;
    if (r == 0) {
        made = app_artifact(a, &p, maker, "profile.xz");
        r = file_copy(made, out, 0644, err);
    }
    if (r == 0 && given->native) {
        size_t stem = strlen(out) - (ends_with(out, ".xz") ? strlen(".xz") : 0);

        started = app_artifact(a, &p, maker, "start");
        start = xasprintf("%.*s.start", (int)stem, out);
        r = file_copy(started, start, 0644, err);
    }
    plan_free(&p);
    if (r == 0 && !a->options.quiet)
        ui_print(stdout, "%s; to use it: wl-make %s%s --profile %s\n", out, given->native ? "aot " : "", port, out);
    return r;
}

const struct command command_profile = {
    .name = "profile",
    .usage = "profile PORT",
    .summary = "measure where a Python spends its time",
    .description =
        "Builds the same Python for this machine with counters, runs CPython's own training task, and writes\n"
        "a profile, which the compiler gets by --profile or from the recipe.",
    .options = options,
    .options_size = sizeof(struct profile_options),
    .shared = SHARED_BUILDING | SHARED_NO_SANDBOX,
    .run = run,
};
