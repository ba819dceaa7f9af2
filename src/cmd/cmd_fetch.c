/* wl-make fetch: downloads the sources of the named ports, and of the ports that they need, into the cache. */
#include "cmd/app.h"
#include "cmd/command.h"

static bool is_missing(const struct node_source *s)
{
    return !s->path && !s->unwanted;
}

/* Counts the sources and those that are missing; if `print` is set, prints the missing ones. */
static size_t count_missing(const struct plan *p, bool print, size_t *sources)
{
    size_t missing = 0;

    *sources = 0;
    for (size_t i = 0; i < p->n; i++)
        for (size_t s = 0; s < p->nodes[i].recipe->sources_n; s++) {
            const struct recipe *r = p->nodes[i].recipe;

            ++*sources;
            if (!is_missing(&p->nodes[i].sources[s]))
                continue;
            missing++;
            if (print)
                ui_print(stdout, "%s: %s\n", r->name, r->sources[s].source.archives[0].urls.v[0]);
        }
    return missing;
}

static int run(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct fetch_options cached = {.cache = a->store.sources};
    struct make_options o;
    struct plan p = {0};
    size_t sources = 0, missing = 0, before = 0;
    int r = app_ports(a, &names, err);

    if (r < 0)
        return r;
    app_build_options(a, &o, true);
    r = store_hold_sources(&a->store, &a->cancel, err);
    if (r == 0)
        r = plan_make(&o.plan, &names, &p, err);
    if (r == 0)
        r = plan_keys(&o.plan, &cached, &p, err);
    if (r == 0)
        before = missing = count_missing(&p, a->options.dry_run, &sources);
    /* The archive that a source came from can require another source (only-with). */
    while (r == 0 && missing && !a->options.dry_run) {
        r = make_fetch(&o, &p, false, err);
        if (r == 0)
            r = plan_keys(&o.plan, &cached, &p, err);
        missing = count_missing(&p, false, &sources);
    }
    if (r == 0 && !a->options.quiet && !a->options.dry_run)
        ui_print(stdout,
                 before ? "%zu sources are in the cache\n"
                        : "nothing to do: all %zu sources are already in the cache\n",
                 sources);
    plan_free(&p);
    return r;
}

const struct command command_fetch = {
    .name = "fetch",
    .usage = "fetch PORT...",
    .summary = "download sources, to build offline later",
    .description =
        "Downloads the sources of the ports, of the ports they need and of their tests into the cache. Then\n"
        "they can be built with --offline.",
    .shared = SHARED_BUILDING | SHARED_DRY_RUN | SHARED_KEEP_GOING | SHARED_FLAVOUR | SHARED_PACKAGES | SHARED_OUTPUT,
    .run = run,
};
