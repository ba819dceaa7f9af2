/* wl-make build: builds ports and puts them into the output folder. */
#include "cmd/app.h"
#include "store/compose.h"

static bool is_current(void *data, const struct plan *p, size_t node)
{
    const struct app *a = data;

    return compose_current(p, node, a->output);
}

int cmd_build(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options o;
    struct plan p = {0};
    int r = app_ports(a, &names, err), composed;

    if (r < 0)
        return r;
    app_build_options(a, &o, false);
    o.is_current = is_current;
    o.data = a;
    r = app_build(a, &o, &names, &p, err);
    if (a->options.dry_run) {
        plan_free(&p);
        return r;
    }
    /* With --keep-going what was built well is delivered, even when something else failed. */
    for (size_t i = 0; i < p.n && (r == 0 || a->options.keep_going); i++) {
        WL_CLEANUP_ERR struct wl_err compose_err = WL_ERR_INIT;

        if (!p.nodes[i].root || !p.nodes[i].stored)
            continue;
        composed = app_compose(a, &p, i, &compose_err);
        if (composed < 0 && r == 0) {
            r = composed;
            *err = compose_err;
            compose_err = (struct wl_err)WL_ERR_INIT;
        }
    }
    plan_free(&p);
    return r;
}
