/* wl-make info: what a port is made of, and where its result and logs are. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/module_info.h"
#include "cmd/module_table.h"
#include "recipe/fields.h"
#include "store/compose.h"
#include "util/fs.h"

#include <string.h>

static void print_list(const char *label, char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ui_print(stdout, "%-12s %s\n", i ? "" : label, list[i]);
}

/* Prints the sources that have been fetched. */
static void print_cached_sources(const struct node *n)
{
    for (size_t s = 0, printed = 0; s < n->recipe->sources_n; s++)
        if (n->sources[s].path)
            ui_print(stdout, "%-12s %s\n", printed++ ? "" : "fetched", n->sources[s].path);
}

/* For a flavour: its name, and its port. For any other port: its flavours. */
static void print_flavours(struct app *a, const struct recipe *r)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv flavours = {0};

    if (r->flavour)
        ui_print(stdout, "%-12s %s of %s\n", "flavour", r->flavour, r->flavour_of);
    else if (ports_flavours(&a->roots, r->name, &flavours, &ignored) == 0 && flavours.n) {
        ui_print(stdout, "%-12s %s", "flavours", FLAVOUR_PLAIN);
        for (size_t i = 0; i < flavours.n; i++)
            ui_print(stdout, " %s", flavours.v[i]);
        putchar('\n');
    }
}

static void print_node(struct app *a, const struct plan *p, size_t i)
{
    const struct node *n = &p->nodes[i];
    const struct recipe *r = n->recipe;
    WL_CLEANUP_FREE char *dir = compose_dir(a->output, r), *artifact = store_path(&a->store, n->key);
    WL_CLEANUP_FREE char *logs = store_log_dir(&a->store, r->name, n->key);

    ui_print(stdout, "%-12s %s\n", "port", r->name);
    print_flavours(a, r);
    FOR_EACH_FIELD (f) {
        WL_CLEANUP_STRV struct strv lines = {0};

        field_show(f, r, &lines);
        print_list(f->key, lines.v, lines.n);
    }
    print_cached_sources(n);
    print_list("recipe", r->chain.v, r->chain.n);
    ui_print(stdout, "%-12s %s\n", "key", n->key);
    ui_print(stdout, "%-12s %s%s\n", "artifact", artifact, store_has(&a->store, n->key) ? "" : " (not built)");
    ui_print(stdout, "%-12s %s%s\n", "output", dir, compose_made(dir, r->flavour) ? "" : " (not there)");
    if (path_is_dir(logs))
        ui_print(stdout, "%-12s %s\n", "logs", logs);
}

static void print_row(const struct module_row *r, const size_t width[2])
{
    int module = (int)(width[0] - utf8_length(r->module)), status = (int)(width[1] - utf8_length(r->status));

    ui_print(stdout, "%s%*s  %s", r->module, module, "", r->status);
    if (*r->note)
        ui_print(stdout, "%*s  %s", status, "", r->note);
    putchar('\n');
}

static int print_modules(struct app *a, const struct node *n, struct wl_err *err)
{
    WL_CLEANUP_FREE char *artifact = store_path(&a->store, n->key), *file = path_join(artifact, MODULE_TABLE);
    const char *port = n->recipe->name;
    WL_CLEANUP_FREE char *damage = NULL;
    struct module_table t;
    size_t width[2];
    int r = store_check(&a->store, n->key, &damage, err);

    if (r < 0)
        return r;
    if (damage) {
        wl_err_set(err, WL_E_VERIFY, "the stored artifact of %s was damaged (%s) and has been removed", port, damage);
        return wl_err_hint(err, "build it again: wl-make build %s%s", port, a->options.debug ? " --debug" : "");
    }
    if (r == 0) {
        wl_err_set(err, WL_E_USAGE, "%s has not been built, so its modules are not known", port);
        return wl_err_hint(err, "build it first: wl-make build %s%s", port, a->options.debug ? " --debug" : "");
    }
    if (!path_exists(file)) {
        wl_err_set(err, WL_E_USAGE, "%s has no table of modules (%s in its artifact)", port, MODULE_TABLE);
        return wl_err_hint(err, "--modules takes a Python, for example python/v3.11.2");
    }
    r = module_table_read(file, &t, err);
    width[0] = r < 0 ? 0 : utf8_length(t.head.module);
    width[1] = r < 0 ? 0 : utf8_length(t.head.status);
    for (size_t i = 0; r == 0 && i < t.n; i++)
        width[0] = utf8_length(t.rows[i].module) > width[0] ? utf8_length(t.rows[i].module) : width[0];
    if (r == 0)
        print_row(&t.head, width);
    for (size_t i = 0; r == 0 && i < t.n; i++)
        print_row(&t.rows[i], width);
    if (r == 0)
        ui_print(stdout, "\n%s: %zu modules, %zu yes, %zu no\n", port, t.n, t.yes, t.n - t.yes);
    module_table_free(&t);
    return r;
}

struct info_options {
    bool modules;
};

static const struct option_spec options[] = {
    {0, "modules", "show the modules of a Python, and of a built one why others are missing", NULL, OPTION_FLAG,
     .member = offsetof(struct info_options, modules)},
    {0},
};

/* Shows the ports among the arguments. */
static int show_ports(struct app *a, const struct strv *names, struct wl_err *err)
{
    const struct info_options *given = a->options.own;
    struct make_options o;
    struct plan p = {0};
    bool first = true;
    int r;

    app_build_options(a, &o, false);
    r = app_plan(a, &o, names, &p, err);
    for (size_t i = 0; r == 0 && i < p.n; i++)
        if (p.nodes[i].root) {
            if (!first)
                putchar('\n');
            first = false;
            if (given->modules)
                r = print_modules(a, &p.nodes[i], err);
            else
                print_node(a, &p, i);
        }
    plan_free(&p);
    return r;
}

static int show_files(struct app *a, struct wl_err *err)
{
    const struct info_options *given = a->options.own;
    int r = 0;

    for (size_t i = 0; r == 0 && i < a->options.args.n; i++) {
        const char *file = a->options.args.v[i];

        if (!module_info_is_file(file)) {
            wl_err_set(err, WL_E_USAGE, "info takes either ports or files, not both: %s is a port", file);
            return wl_err_hint(err, "ask for them one after the other");
        }
        if (i)
            putchar('\n');
        r = module_info_print(a, file, given->modules, err);
    }
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    int r;

    for (size_t i = 0; i < a->options.args.n; i++)
        if (module_info_is_file(a->options.args.v[i]))
            return show_files(a, err);
    r = app_ports(a, &names, err);
    return r < 0 ? r : show_ports(a, &names, err);
}

const struct command command_info = {
    .name = "info",
    .usage = "info PORT... | FILE.wasm...",
    .summary = "show what a port or a module is made of",
    .description =
        "Shows a port's sources, patches, needs, steps, key and directories, or the modules of a built Python. Of a\n"
        "file, shows what the WebAssembly module imports, exports and needs, and what it was made from.",
    .options = options,
    .options_size = sizeof(struct info_options),
    .shared = SHARED_VARIANT | SHARED_FLAVOUR | SHARED_PACKAGES | SHARED_OUTPUT,
    .run = run,
};
