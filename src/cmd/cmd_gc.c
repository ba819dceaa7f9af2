/* wl-make gc: removes from the cache what was not used for long. */
#include "cli/values.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "store/gc.h"
#include "util/fs.h"

#include <errno.h>
#include <string.h>

struct gc_options {
    char *max_size, *older_than;
};

#define AT(m) .member = offsetof(struct gc_options, m)
static const struct option_spec options[] = {
    {0, "max-size", "remove what was not used for longest until the cache has at most SIZE, for example 10G", "SIZE",
     OPTION_TEXT, AT(max_size)},
    {0, "older-than", "remove what was not used for TIME, for example 30d (w, d or h)", "TIME", OPTION_TEXT,
     AT(older_than)},
    {0},
};

static const char *const kinds[] = {[GC_ARTIFACT] = "artifact",
                                    [GC_SOURCE] = "source",
                                    [GC_COMPILED] = "compiled module",
                                    [GC_BUILD] = "failed build",
                                    [GC_PART] = "part of a download"};

/* "30d": a number and a unit. */
static int parse_time(const char *text, long long *seconds, struct wl_err *err)
{
    static const struct {
        char letter;
        long long seconds;
    } units[] = {{'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    long long n;
    char *end;

    errno = 0;
    n = strtoll(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !errno && n <= 100000 && *end && !end[1])
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (*end == units[i].letter) {
                *seconds = n * units[i].seconds;
                return 0;
            }
    wl_err_set(err, WL_E_USAGE, "--older-than takes weeks, days or hours up to 100000, not '%s'", text);
    return wl_err_hint(err, "for example 4w, 30d or 12h");
}

static int read_options(const struct gc_options *own, struct gc *g, struct wl_err *err)
{
    uint64_t bytes = 0;

    if (!own->max_size && !own->older_than) {
        wl_err_set(err, WL_E_USAGE, "gc removes nothing unless --older-than or --max-size says what");
        return wl_err_hint(err, "for example: wl-make gc --older-than 30d; to remove everything: wl-make clean --all");
    }
    if (own->max_size && !parse_size(own->max_size, &bytes)) {
        wl_err_set(err, WL_E_USAGE, "--max-size takes a number of bytes, not '%s'", own->max_size);
        return wl_err_hint(err, "for example 10G or 500M");
    }
    g->by_size = own->max_size != NULL;
    g->max_size = bytes;
    g->by_age = own->older_than != NULL;
    return g->by_age ? parse_time(own->older_than, &g->older_than, err) : 0;
}

static void print_item(void *data, const struct gc_item *x)
{
    const struct app *a = data;
    WL_CLEANUP_FREE char *size = human_size(x->size);
    long long days = (long long)(time(NULL) - x->used) / 86400;

    if (!a->options.quiet)
        ui_print(stdout, "%s %s %s (%s, last used %lld days ago)\n", a->options.dry_run ? "would remove" : "removed",
                 kinds[x->kind], *x->what ? x->what : path_base(x->path), size, days > 0 ? days : 0);
}

static int run(struct app *a, struct wl_err *err)
{
    struct gc g = {.store = &a->store,
                   .cancel = &a->cancel,
                   .dry_run = a->options.dry_run,
                   .now = time(NULL),
                   .on_remove = print_item,
                   .data = a};
    WL_CLEANUP_FREE char *artifacts = NULL, *sources = NULL, *freed = NULL, *left = NULL;
    int artifacts_fd = -1, sources_fd = -1, r;

    if (a->options.args.n) {
        wl_err_set(err, WL_E_USAGE, "gc takes no ports");
        return wl_err_hint(err, "to remove what belongs to a port: wl-make clean PORT");
    }
    r = read_options(a->options.own, &g, err);
    if (r == 0 && !g.dry_run)
        r = app_artifacts_alone(a, &artifacts, &artifacts_fd, err);
    if (r == 0 && !g.dry_run)
        r = app_sources_alone(a, &sources, &sources_fd, err);
    if (r == 0)
        r = gc_run(&g, err);
    if (artifacts)
        lock_end(artifacts, &artifacts_fd);
    if (sources)
        lock_end(sources, &sources_fd);
    freed = human_size(g.freed);
    left = human_size(g.left);
    if (r == 0 && !a->options.quiet)
        ui_print(stdout, "%s: %s; %s %s\n", g.dry_run ? "would free" : "freed", freed, left,
                 g.dry_run ? "would be left" : "are left");
    return r;
}

const struct command command_gc = {
    .name = "gc",
    .usage = "gc [--older-than TIME] [--max-size SIZE]",
    .summary = "remove what was not used for long from the cache",
    .description =
        "Removes artifacts, sources, compiled modules and the directories of failed builds that were not used for a\n"
        "time, or that make the cache too large, those first that were not used for longest.",
    .options = options,
    .options_size = sizeof(struct gc_options),
    .shared = SHARED_QUIET | SHARED_DRY_RUN,
    .run = run,
};
