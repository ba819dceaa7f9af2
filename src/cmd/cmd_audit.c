/* wl-make audit: compares what is in a port with a database of vulnerabilities, and with a list of licences. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "sbom/license.h"
#include "sbom/osv.h"

#include <string.h>

struct audit_options {
    char *database, *licenses;
    struct strv ignore;
    bool json, tools;
};

#define AT(m) .member = offsetof(struct audit_options, m)
static const struct option_spec options[] = {
    {0, "database", "the database: a file or a directory of records in the format OSV", "PATH", OPTION_TEXT,
     AT(database)},
    {0, "licenses", "the licenses that are allowed: a file with an SPDX identifier on each line", "FILE", OPTION_TEXT,
     AT(licenses)},
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

/* The number of vulnerabilities that are not ignored. */
static size_t report_matches(const struct app *a, const struct osv_report *report, json_t *list)
{
    const struct audit_options *own = a->options.own;
    size_t found = 0;

    for (size_t i = 0; i < report->n; i++) {
        if (is_ignored(own, &report->v[i]))
            continue;
        found++;
        if (own->json)
            json_array_append_new(list, match_json(&report->v[i]));
        else
            print_match(&report->v[i]);
    }
    return found;
}

/* The number of ports whose licence is not allowed. */
static size_t report_licenses(const struct app *a, const struct sbom *s, const struct strv *allowed, json_t *list)
{
    const struct audit_options *own = a->options.own;
    size_t found = 0;

    for (size_t i = 0; i < s->parts_n; i++) {
        const struct sbom_part *x = &s->parts[i];
        enum license_answer answer;

        if (!x->contained && !own->tools)
            continue;
        answer = license_check(x->license, allowed);
        if (answer == LICENSE_ALLOWED)
            continue;
        found++;
        if (own->json)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "port", x->port, "version", x->version,
                                                  "purl", x->purl, "license", x->license));
        else
            ui_print(stdout, "%s %s: the license %s is %s\n", x->port, x->version, x->license,
                     answer == LICENSE_UNREADABLE ? "no SPDX expression" : "not allowed");
    }
    return found;
}

static size_t count_parts(const struct app *a, const struct sbom *s)
{
    const struct audit_options *own = a->options.own;
    size_t n = 0;

    for (size_t i = 0; i < s->parts_n; i++)
        n += s->parts[i].contained || own->tools;
    return n;
}

static int audit_plan(struct app *a, const struct make_options *o, const struct plan *p, const struct strv *names,
                      struct wl_err *err)
{
    const struct audit_options *own = a->options.own;
    WL_CLEANUP_STRV struct strv allowed = {0};
    struct osv_report report = {0};
    struct sbom s = {0};
    json_t *list = json_array();
    size_t vulnerable = 0, unlicensed = 0;
    int r = own->licenses ? license_list(own->licenses, &allowed, err) : 0;

    if (r == 0)
        r = sbom_collect(o, p, names, &s, err);
    if (r == 0 && own->database)
        r = osv_audit(&s, own->database, own->tools, &report, err);
    if (r == 0) {
        vulnerable = report_matches(a, &report, list);
        unlicensed = own->licenses ? report_licenses(a, &s, &allowed, list) : 0;
        a->status = vulnerable ? EXIT_VULNERABLE : unlicensed ? EXIT_LICENSE : 0;
    }
    if (r == 0 && own->json) {
        char *text = json_dumps(list, JSON_INDENT(1));

        printf("%s\n", text);
        free(text);
    } else if (r == 0 && !a->options.quiet) {
        ui_print(stdout, "%zu ports", count_parts(a, &s));
        if (own->database)
            ui_print(stdout, ", %zu records: %zu vulnerabilities", report.records, vulnerable);
        if (own->licenses)
            ui_print(stdout, "%s %zu licenses that are not allowed", own->database ? "," : ":", unlicensed);
        ui_print(stdout, "\n");
    }
    json_decref(list);
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

    if (!own->database && !own->licenses) {
        wl_err_set(err, WL_E_USAGE, "--database or --licenses is missing: audit does not use the network");
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
    .usage = "audit [--database PATH] [--licenses FILE] [OPTION...] PORT...",
    .summary = "compare what is in a port with known vulnerabilities",
    .description =
        "Compares the version of each port, library and package that is in the ports with a database of records in\n"
        "the format OSV, which was downloaded before, and its license with a list of those that are allowed. Nothing\n"
        "is built, and the network is not used.",
    .options = options,
    .options_size = sizeof(struct audit_options),
    .shared = SHARED_QUIET | SHARED_FLAVOUR,
    .run = run,
};
