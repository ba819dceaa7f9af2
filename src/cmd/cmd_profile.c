/* wl-make profile: where a Python spends its time, as data for the compiler. */
#include "cmd/app.h"
#include "recipe/python.h"
#include "util/fs.h"

#include <string.h>

int cmd_profile(struct app *a, struct wl_err *err)
{
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
    maker = python_profile(port, a->options.native);
    strv_add(&names, maker);
    app_build_options(a, &b, false);
    r = app_build(a, &b, &names, &p, err);
    series = python_series(port);
    file = xasprintf("%s-%s.xz", a->options.native ? "native" : "profile", series);
    out = a->options.file ? a->options.file : file;
    if (r == 0) {
        made = app_artifact(a, &p, maker, "profile.xz");
        r = file_copy(made, out, 0644, err);
    }
    if (r == 0 && a->options.native) {
        size_t stem = strlen(out) - (ends_with(out, ".xz") ? strlen(".xz") : 0);

        started = app_artifact(a, &p, maker, "start");
        start = xasprintf("%.*s.start", (int)stem, out);
        r = file_copy(started, start, 0644, err);
    }
    plan_free(&p);
    if (r == 0 && !a->options.quiet)
        ui_print(stdout, "%s; to compile with it: wl-make %s%s --profile %s\n", out, a->options.native ? "aot " : "",
                 port, out);
    return r;
}
