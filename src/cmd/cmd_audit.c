/* wl-make audit: compares what is in a port with a database of vulnerabilities. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "sbom/osv.h"

#include <string.h>

struct audit_options {
    char *database;
    struct strv ignore;
    bool json, tools;
};

#define AT(m) .member = offsetof(struct audit_options, m)
static const struct option_spec options[] = {
    {0, "database", "the database: a file or a directory of records in the format OSV", "PATH", OPTION_TEXT,
     AT(database)},
    {0, "ignore", "leave out the vulnerability with this name; may be repeated", "ID", OPTION_LIST, AT(ignore)},
    {0, "tools", "check the tools that ports are only made with, too", NULL, OPTION_FLAG, AT(tools)},
    {0, "json", "print JSON", NULL, OPTION_FLAG, AT(json)},
    {0},
};

/* By its own name or one of the others that it has. */
static bool is_ignored(const struct audit_options *own, const struct osv_match *m)
{
    WL_CLEANUP_FREE char *names = xasprintf(" %s %s ", m->id, m->aliases);

    for (size_t i = 0; i < own->ignore.n; i++) {
        WL_CLEANUP_FREE char *word = xasprintf(" %s ", own->ignore.v[i]);

        if (strstr(names, word))
            return true;
    }
    return false;
}

static void print_match(const struct osv_match *m)
{
    ui_print(stdout, "%s %s: %s", m->part->port, m->part->version, m->id);
    if (*m->aliases)
        ui_print(stdout, " (%s)", m->aliases);
    if (*m->severity)
        ui_print(stdout, ", severity %s", m->severity);
    if (*m->fixed)
        ui_print(stdout, ", fixed in %s", m->fixed);
    ui_print(stdout, "%s%s\n", *m->summary ? ": " : "", m->summary);
}

static json_t *match_json(const struct osv_match *m)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "port", m->part->port, "version", m->part->version,
                     "purl", m->part->purl, "id", m->id, "aliases", m->aliases, "severity", m->severity, "fixed",
                     m->fixed, "summary", m->summary);
}

static size_t print_report(const struct app *a, const struct sbom *s, const struct osv_report *report)
{
    const struct audit_options *own = a->options.own;
    json_t *list = json_array();
    size_t found = 0, parts = 0;

    for (size_t i = 0; i < report->n; i++) {
        if (is_ignored(own, &report->v[i]))
            continue;
        found++;
        if (own->json)
            json_array_append_new(list, match_json(&report->v[i]));
        else
            print_match(&report->v[i]);
    }
    for (size_t i = 0; i < s->parts_n; i++)
        parts += s->parts[i].contained || own->tools;
    if (own->json) {
        char *text = json_dumps(list, JSON_INDENT(1));

        printf("%s\n", text);
        free(text);
    } else if (!a->options.quiet) {
        ui_print(stdout, "%zu ports, %zu records: %zu vulnerabilities\n", parts, report->records, found);
    }
    json_decref(list);
    return found;
}

static int audit_plan(struct app *a, const struct make_options *o, const struct plan *p, const struct strv *names,
                      struct wl_err *err)
{
    const struct audit_options *own = a->options.own;
    struct osv_report report = {0};
    struct sbom s = {0};
    int r = sbom_collect(o, p, names, &s, err);

    if (r == 0)
        r = osv_audit(&s, own->database, own->tools, &report, err);
    if (r == 0 && print_report(a, &s, &report))
        a->status = EXIT_VULNERABLE;
    osv_report_free(&report);
    sbom_free(&s);
    return r;
}

static int run(struct app *a, struct wl_err *err)
{
    const struct audit_options *own = a->options.own;
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options o;
    struct plan p = {0};
    int r;

    if (!own->database) {
        wl_err_set(err, WL_E_USAGE, "--database is missing: audit does not use the network");
        return wl_err_hint(err, "download a database in the format OSV, unpack it, and name its directory");
    }
    r = app_ports(a, &names, err);
    if (r < 0)
        return r;
    app_build_options(a, &o, false);
    r = app_plan(a, &o, &names, &p, err);
    if (r == 0)
        r = audit_plan(a, &o, &p, &names, err);
    plan_free(&p);
    return r;
}

const struct command command_audit = {
    .name = "audit",
    .usage = "audit --database PATH [OPTION...] PORT...",
    .summary = "compare what is in a port with known vulnerabilities",
    .description =
        "Compares the version of each port, library and package that is in the ports with a database of records in\n"
        "the format OSV, which was downloaded before. Nothing is built, and the network is not used.",
    .options = options,
    .options_size = sizeof(struct audit_options),
    .shared = SHARED_QUIET | SHARED_FLAVOUR,
    .run = run,
};
