/* wl-make outdated: finds the recipes whose sources offer a newer version. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "source/offers.h"
#include "util/fs.h"
#include "util/version.h"

#include <pthread.h>
#include <string.h>

enum { MAX_ASKING = 6, CONNECT_S = 6, STALL_S = 15 };

/* One address, and its answer. */
struct ask {
    struct offer_query query;
    char *newest; /* newer than the recipe's, or NULL */
    int result;
    struct wl_err err;
};

enum status { CURRENT, OUTDATED, UNKNOWN };
static const char *const status_names[] = {"current", "outdated", "unknown"};

struct row {
    char *port;
    struct recipe *recipe; /* NULL: broken says why */
    struct wl_err broken;
    struct ask *asks;
    size_t n;
    enum status status;
    const struct ask *best; /* the address with the newest version, or the first that answered; NULL: none */
};

struct survey {
    const struct cancel *cancel;
    struct offers *offers;
    struct row *rows;
    size_t n, row, ask; /* the next one to ask */
    pthread_mutex_t lock;
};

static struct ask *next_ask(struct survey *w)
{
    struct ask *found = NULL;

    pthread_mutex_lock(&w->lock);
    while (w->row < w->n && w->ask == w->rows[w->row].n) {
        w->row++;
        w->ask = 0;
    }
    if (w->row < w->n && !cancel_pending(w->cancel))
        found = &w->rows[w->row].asks[w->ask++];
    pthread_mutex_unlock(&w->lock);
    return found;
}

static void *worker(void *data)
{
    struct survey *w = data;
    struct ask *a;

    while ((a = next_ask(w)))
        a->result = offers_newest(w->offers, &a->query, &a->newest, &a->err);
    return NULL;
}

/* Only the first source decides: the others belong to it. */
static void add_asks(struct row *row)
{
    const struct recipe *r = row->recipe;

    for (size_t k = 0; r->sources_n && k < r->sources[0].source.n; k++) {
        const struct strv *urls = &r->sources[0].source.archives[k].urls;

        row->asks = xreallocarray(row->asks, row->n + urls->n, sizeof *row->asks);
        for (size_t i = 0; i < urls->n; i++)
            row->asks[row->n++] = (struct ask){.query = {urls->v[i], r->version, r->track}, .err = WL_ERR_INIT};
    }
}

static void find_status(struct row *row)
{
    row->status = UNKNOWN;
    for (size_t i = 0; i < row->n; i++) {
        const struct ask *a = &row->asks[i];

        if (a->result < 0)
            continue;
        if (!row->best || (a->newest && (!row->best->newest || version_compare(a->newest, row->best->newest) > 0)))
            row->best = a;
    }
    if (row->best)
        row->status = row->best->newest ? OUTDATED : CURRENT;
}

/* A family's port has no directory of its own. Its version is that of the port that it is made for. */
static bool is_of_family(const struct recipe *r)
{
    WL_CLEANUP_FREE char *end = xasprintf("/%s/recipe.yaml", r->name);

    return !ends_with(r->file, end);
}

static int add_rows(struct app *a, struct survey *w, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    bool all = !a->options.args.n;
    int r = all ? ports_list(&a->roots, false, &names, err) : app_ports(a, &names, err);

    for (size_t i = 0; r == 0 && i < names.n; i++) {
        struct row row = {.broken = WL_ERR_INIT};

        if (recipe_load(&a->roots, names.v[i], &row.recipe, &row.broken) == 0) {
            if (all && is_of_family(row.recipe)) {
                recipe_free(row.recipe);
                continue;
            }
            add_asks(&row);
        }
        row.port = xstrdup(names.v[i]);
        w->rows = xreallocarray(w->rows, w->n + 1, sizeof *w->rows);
        w->rows[w->n++] = row;
    }
    return r;
}

static const char *version_of(const struct row *row)
{
    return row->recipe ? row->recipe->version : "-";
}

static const char *newest_of(const struct row *row)
{
    if (row->status == UNKNOWN || !row->recipe)
        return "-";
    return row->best->newest ? row->best->newest : row->recipe->version;
}

/* The place that offers the version, or the reason why it is unknown. */
static char *source_of(const struct row *row)
{
    WL_CLEANUP_FREE char *place = NULL;

    if (row->best)
        return offers_place(row->best->query.url);
    if (!row->recipe)
        return xstrdup(row->broken.text);
    if (!row->n)
        return xstrdup("the recipe has no sources");
    place = offers_place(row->asks[0].query.url);
    return xasprintf("%s: %s%s", place, row->asks[0].err.text, row->n > 1 ? "; no other source answers" : "");
}

/* Prints the places that did not answer although others did, each once. */
static void print_unanswered(const struct survey *w)
{
    WL_CLEANUP_STRV struct strv places = {0}, lines = {0};

    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < w->rows[i].n; k++) {
            const struct ask *a = &w->rows[i].asks[k];
            WL_CLEANUP_FREE char *place = offers_place(a->query.url);

            if (a->result == 0 || w->rows[i].status == UNKNOWN || strv_has(&places, place))
                continue;
            strv_add(&places, place);
            strv_addf(&lines, "  %s: %s", place, a->err.text);
        }
    if (lines.n)
        ui_print(stdout, "\nThese did not answer, so they may have newer versions:\n");
    for (size_t i = 0; i < lines.n; i++)
        ui_print(stdout, "%s\n", lines.v[i]);
}

static void print_table(struct app *a, const struct survey *w)
{
    const char *bold = ui_color(&a->options, stdout, UI_BOLD), *reset = ui_color(&a->options, stdout, UI_RESET);
    size_t port = strlen("port"), version = strlen("version"), newest = strlen("newest"), count[3] = {0};

    for (size_t i = 0; i < w->n; i++) {
        const struct row *row = &w->rows[i];

        port = strlen(row->port) > port ? strlen(row->port) : port;
        version = strlen(version_of(row)) > version ? strlen(version_of(row)) : version;
        newest = strlen(newest_of(row)) > newest ? strlen(newest_of(row)) : newest;
        count[row->status]++;
    }
    ui_print(stdout, "%-*s  %-*s  %-*s  %-8s  %s\n", (int)port, "port", (int)version, "version", (int)newest, "newest",
             "status", "source");
    for (size_t i = 0; i < w->n; i++) {
        const struct row *row = &w->rows[i];
        WL_CLEANUP_FREE char *source = source_of(row);
        bool mark = row->status == OUTDATED;

        ui_print(stdout, "%-*s  %-*s  %s%-*s  %-8s%s  %s\n", (int)port, row->port, (int)version, version_of(row),
                 mark ? bold : "", (int)newest, newest_of(row), status_names[row->status], mark ? reset : "", source);
    }
    print_unanswered(w);
    ui_print(stdout, "\n%zu current, %zu outdated, %zu unknown\n", count[CURRENT], count[OUTDATED], count[UNKNOWN]);
}

static void add_field(struct str *out, const char *name, const char *value, bool last)
{
    str_add_json(out, name);
    str_add(out, ": ");
    if (value)
        str_add_json(out, value);
    else
        str_add(out, "null");
    str_add(out, last ? "" : ", ");
}

static void print_json(const struct survey *w)
{
    WL_CLEANUP_STR struct str out = {0};

    for (size_t i = 0; i < w->n; i++) {
        const struct row *row = &w->rows[i];
        const struct recipe *r = row->recipe;

        str_add(&out, i ? ",\n  {" : "\n  {");
        add_field(&out, "port", row->port, false);
        add_field(&out, "version", r ? r->version : NULL, false);
        add_field(&out, "track", r && *r->track ? r->track : NULL, false);
        add_field(&out, "status", status_names[row->status], false);
        add_field(&out, "newest", row->status == UNKNOWN ? NULL : newest_of(row), false);
        add_field(&out, "source", row->best ? row->best->query.url : NULL, false);
        add_field(&out, "error", r ? r->sources_n ? NULL : "the recipe has no sources" : row->broken.text, false);
        str_add(&out, "\"sources\": [");
        for (size_t k = 0; k < row->n; k++) {
            const struct ask *a = &row->asks[k];

            str_add(&out, k ? ",\n    {" : "\n    {");
            add_field(&out, "url", a->query.url, false);
            add_field(&out, "newer", a->newest, false);
            add_field(&out, "error", a->result < 0 ? a->err.text : NULL, true);
            str_add(&out, "}");
        }
        str_add(&out, "]}");
    }
    ui_print(stdout, "[%s\n]\n", out.s ? out.s : "");
}

static void survey_free(struct survey *w)
{
    for (size_t i = 0; i < w->n; i++) {
        for (size_t k = 0; k < w->rows[i].n; k++) {
            free(w->rows[i].asks[k].newest);
            wl_err_free(&w->rows[i].asks[k].err);
        }
        free(w->rows[i].asks);
        free(w->rows[i].port);
        recipe_free(w->rows[i].recipe);
        wl_err_free(&w->rows[i].broken);
    }
    free(w->rows);
    offers_free(w->offers);
    pthread_mutex_destroy(&w->lock);
}

struct outdated_options {
    bool json;
};

static const struct option_spec options[] = {
    {0, "json", "print JSON, for programs", NULL, OPTION_FLAG, .member = offsetof(struct outdated_options, json)},
    {0},
};

static int run(struct app *a, struct wl_err *err)
{
    const struct outdated_options *o = a->options.own;
    WL_CLEANUP_FREE char *dir = path_join(a->store.cache, "offers");
    struct dead_hosts *dead = dead_hosts_new();
    const struct fetch_options f = {
        .cancel = &a->cancel, .connect_timeout_s = CONNECT_S, .stall_timeout_s = STALL_S, .dead = dead};
    struct survey w = {.cancel = &a->cancel, .offers = offers_new(&f, dir), .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[MAX_ASKING];
    int started = 0, broken = 0, r = add_rows(a, &w, err);

    while (r == 0 && started < MAX_ASKING && pthread_create(&threads[started], NULL, worker, &w) == 0)
        started++;
    if (r == 0 && !started)
        worker(&w);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (r == 0 && cancel_pending(&a->cancel))
        r = cancel_error(err);
    for (size_t i = 0; r == 0 && i < w.n; i++) {
        find_status(&w.rows[i]);
        broken += !w.rows[i].recipe;
        if (w.rows[i].status == OUTDATED)
            a->status = EXIT_OUTDATED;
    }
    if (r == 0 && o->json)
        print_json(&w);
    else if (r == 0)
        print_table(a, &w);
    survey_free(&w);
    dead_hosts_free(dead);
    if (r == 0 && broken)
        return wl_err_set(err, WL_E_RECIPE, "%d recipe%s cannot be read (see above)", broken, broken == 1 ? "" : "s");
    return r;
}

const struct command command_outdated = {
    .name = "outdated",
    .usage = "outdated [PORT...]",
    .summary = "show which recipes have newer sources",
    .description =
        "Asks the sources of the ports, or of all ports, which versions exist. Exits with status 10 if one has\n"
        "a newer version than its recipe.",
    .options = options,
    .options_size = sizeof(struct outdated_options),
    .shared = SHARED_OUTPUT,
    .run = run,
};
