/* wl-make fetch: brings every source of the named ports, and of what they need, into the cache. */
#include "app.h"

int cmd_fetch(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct build_options o;
    struct fetch_options cached;
    struct plan p = {0};
    size_t sources = 0, missing = 0;
    int r = app_ports(a, &names, err);

    if (r < 0)
        return r;
    app_build_options(a, &o, true);
    cached = (struct fetch_options){.cache = a->store.sources};
    r = plan_make(&o.plan, &names, &p, err);
    if (r == 0)
        r = plan_keys(&o.plan, &cached, &p, err);
    for (size_t i = 0; r == 0 && i < p.n; i++)
        for (size_t s = 0; s < p.nodes[i].recipe->sources_n; s++) {
            sources++;
            missing += !p.nodes[i].sources[s].path;
            if (a->options.dry_run && !p.nodes[i].sources[s].path)
                printf("%s: %s\n", p.nodes[i].recipe->name, p.nodes[i].recipe->sources[s].source.archives[0].urls.v[0]);
        }
    if (r == 0 && !a->options.dry_run)
        r = build_fetch(&o, &p, false, err);
    if (r == 0 && !a->options.quiet && !a->options.dry_run)
        printf("%zu sources are in the cache%s\n", sources, missing ? "" : " already: nothing to do");
    plan_free(&p);
    return r;
}
