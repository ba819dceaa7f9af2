/* wl-make test: builds ports and runs the tests of their recipes; for a Python, CPython's own test suite too, or the
 * suites of other projects. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "cmd/test_guest.h"
#include "cmd/test_runtime.h"
#include "pack/package_ports.h"
#include "recipe/python.h"
#include "regrtest/report.h"

#include <string.h>

enum { DEADLINE_S = 900, MAX_DEADLINE_S = 7 * 24 * 3600, PROCESSES = 16, MAX_PROCESSES = 256 };

struct test_options {
    char *runtime, *json, *junit;
    struct strv suites;
    int deadline;  /* seconds; 0: not given */
    int processes; /* likewise; OPTION_NONE: none */
    bool own;
};

#define AT(m) .member = offsetof(struct test_options, m)
static const struct option_spec options[] = {
    {0, "own", "for a Python, too, run only the tests of its recipe", NULL, OPTION_FLAG, AT(own)},
    {0, "suite", "for a Python, run the tests of another project: a port suites/NAME, or all", "NAME", OPTION_LIST,
     AT(suites)},
    {0, "deadline", "stop a test file after this time (default: 900)", "SECONDS", OPTION_NUMBER, AT(deadline),
     .max = MAX_DEADLINE_S},
    {0, "processes", "let a test file start N more processes of its Python (default: 16; 0: none)", "N", OPTION_NUMBER,
     AT(processes), .max = MAX_PROCESSES, .or_none = true},
    {0, "runtime", "run the tests by wl-run (the default), native, or a script in runtimes/", "NAME", OPTION_TEXT,
     AT(runtime)},
    {0, "json", "write the test results to FILE, as JSON", "FILE", OPTION_TEXT, AT(json)},
    {0, "junit", "write the test results to FILE, as JUnit XML", "FILE", OPTION_TEXT, AT(junit)},
    {0},
};

/* ---- the tests of recipes ---- */

static int run_recipe_tests(struct app *a, const struct make_options *o, const struct plan *p, const struct strv *names,
                            struct wl_err *err)
{
    size_t passed = 0, failed = 0;
    int r = 0, first = 0;

    for (size_t i = 0; r == 0 && i < p->n; i++) {
        WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
        size_t n = 0;
        int t;

        if (!p->nodes[i].root || !strv_has(names, p->nodes[i].recipe->name))
            continue;
        if (!p->nodes[i].recipe->tests_n) {
            ui_print(stdout, "%s: its recipe has no tests\n", p->nodes[i].recipe->name);
            continue;
        }
        t = make_test(o, p, i, &n, &why);
        passed += n;
        if (t == 0)
            continue;
        failed++;
        if (first == 0) {
            first = t;
            *err = why;
            why = (struct wl_err)WL_ERR_INIT;
        }
        if (!a->options.keep_going || t != -WL_E_FAILED)
            r = first;
    }
    ui_end_line(a->ui);
    if (passed + failed)
        ui_print(stdout, "%zu passed, %zu failed\n", passed, failed);
    fflush(stdout);
    return r < 0 ? r : first;
}

/* ---- tests in the guest ---- */

static void print_file(void *data, const struct test_file *f, size_t done, size_t n)
{
    const struct app *a = data;
    const char *color = f->state == FILE_PASSED ? UI_GREEN : f->state >= FILE_CRASHED || f->failed ? UI_RED : UI_YELLOW;

    if (a->options.quiet)
        return;
    ui_end_line(a->ui);
    ui_print(stdout, "[%zu/%zu] %s: %s%s%s", done, n, f->name, ui_color(&a->options, stdout, color),
             file_states[f->state], ui_color(&a->options, stdout, UI_RESET));
    if (f->cases_n)
        ui_print(stdout, ", %zu tests passed, %zu failed, %zu skipped", f->passed, f->failed, f->skipped);
    ui_print(stdout, " (%.1f s)%s%s\n", f->seconds, f->why ? ": " : "", f->why ? f->why : "");
    fflush(stdout);
}

/* One line for each suite. */
static void print_suites(const struct test_run *run, const struct strv *suites)
{
    for (size_t i = 0; i < suites->n; i++) {
        const char *suite = suite_name(suites->v[i]);
        size_t files = 0, passed = 0, failed = 0, skipped = 0;

        for (size_t k = 0; k < run->n; k++) {
            const struct test_file *f = &run->files[k];

            if (!starts_with(f->name, suite) || f->name[strlen(suite)] != '/')
                continue;
            files++;
            passed += f->passed;
            failed += f->failed;
            skipped += f->skipped;
        }
        ui_print(stdout, "%s: %zu files, %zu tests passed, %zu failed, %zu skipped\n", suite, files, passed, failed,
                 skipped);
    }
}

static void print_summary(const char *title, const struct test_run *run, const struct strv *unexpected)
{
    size_t files[FILE_TIMEOUT + 1] = {0}, passed = 0, failed = 0, expected = 0, skipped = 0;

    for (size_t i = 0; i < run->n; i++) {
        const struct test_file *f = &run->files[i];

        files[f->state]++;
        passed += f->passed;
        skipped += f->skipped;
        failed += f->failed;
        for (size_t k = 0; k < f->cases_n; k++)
            expected += f->cases[k].state == TEST_FAILED && f->cases[k].expected;
    }
    ui_print(stdout,
             "%s\nfiles: %zu passed, %zu failed, %zu skipped, %zu ran no test, %zu crashed, %zu took too long\n", title,
             files[FILE_PASSED], files[FILE_FAILED], files[FILE_SKIPPED], files[FILE_EMPTY], files[FILE_CRASHED],
             files[FILE_TIMEOUT]);
    ui_print(stdout, "tests: %zu passed, %zu failed (%zu of them as expected), %zu skipped\n", passed, failed, expected,
             skipped);
    for (size_t i = 0; i < unexpected->n; i++)
        ui_print(stdout, "unexpected: %s\n", unexpected->v[i]);
    fflush(stdout);
}

/* Writes the reports, prints the summary, and fails if a result is unexpected. */
static int report(const struct test_options *o, const struct guest_results *results, const struct strv *suites,
                  struct wl_err *err)
{
    int r = 0;

    if (o->json)
        r = report_json(o->json, results->title, &results->run, err);
    if (r == 0 && o->junit)
        r = report_junit(o->junit, results->title, &results->run, err);
    if (r < 0)
        return r;
    print_suites(&results->run, suites);
    print_summary(results->title, &results->run, &results->unexpected);
    if (!results->unexpected.n)
        return 0;
    wl_err_set(err, WL_E_FAILED, "%zu unexpected result%s", results->unexpected.n,
               results->unexpected.n == 1 ? "" : "s");
    return wl_err_hint(err, "the logs of the test files are in %s", results->logs);
}

/* ---- the command ---- */

/* Adds the ports that --suite names; "all" names all suites. */
static int find_suites(struct app *a, struct strv *suites, struct wl_err *err)
{
    const struct test_options *o = a->options.own;
    int r = 0;

    for (size_t i = 0; r == 0 && i < o->suites.n; i++) {
        WL_CLEANUP_FREE char *given = suite_port(o->suites.v[i]), *port = NULL;
        WL_CLEANUP_STRV struct strv all = {0};

        if (strcmp(o->suites.v[i], "all") != 0) {
            r = ports_resolve(&a->roots, given, &port, err);
            if (r < 0 && package_has_tests(&a->roots, o->suites.v[i])) {
                wl_err_set(err, WL_E_USAGE, "the suite %s tests a package that this Python does not have",
                           o->suites.v[i]);
                return wl_err_hint(err, "add --with %s", o->suites.v[i]);
            }
            if (r == 0)
                strv_add_once(suites, port);
            continue;
        }
        r = ports_list(&a->roots, false, &all, err);
        for (size_t k = 0; r == 0 && k < all.n; k++)
            if (suite_is(all.v[k]))
                strv_add_once(suites, all.v[k]);
    }
    return r;
}

/* The words are one Python and names of test files, which are run in the guest, and not several ports. python: the
 * port that the first word means. */
static bool runs_in_guest(const struct app *a, const char *python)
{
    const struct test_options *o = a->options.own;
    const struct strv *args = &a->options.args;

    return !o->own && python && python_is(python) && (args->n == 1 || o->suites.n || !strchr(args->v[1], '/'));
}

/* Runs the tests of one Python, in the guest and of its recipe. t has the app, the suites, the Python, and its port in
 * the flavour that is tested. */
static int test_python(struct guest_tests *t, struct wl_err *err)
{
    struct app *a = t->app;
    const struct test_options *o = a->options.own;
    WL_CLEANUP_STRV struct strv names = {0}, roots = {0}, patterns = {0};
    WL_CLEANUP_FREE char *own_tests = NULL;
    const char *port = t->port;
    struct guest_results results = {0};
    struct make_options m;
    struct plan p = {0};
    int r;

    for (size_t i = 1; i < a->options.args.n; i++)
        strv_add(&patterns, a->options.args.v[i]);
    strv_add(&names, port);
    strv_add(&roots, port);
    if (!t->suites->n)
        strv_add(&roots, own_tests = python_tests(t->python));
    strv_addv(&roots, t->suites);
    t->runtime = o->runtime ? o->runtime : RUNTIME_WL_RUN;
    test_runtime_ports(t->runtime, &roots);
    app_build_options(a, &m, true);
    r = app_build(a, &m, &roots, &p, err);
    /* The recipe's own tests are not run if suites or test files are named. */
    if (r == 0 && !t->suites->n && !patterns.n)
        r = run_recipe_tests(a, &m, &p, &names, err);
    if (r == 0) {
        t->plan = &p;
        t->own_tests = own_tests;
        t->patterns = &patterns;
        t->jobs = m.jobs;
        t->processes = o->processes == OPTION_NONE ? 0 : o->processes ? o->processes : PROCESSES;
        t->deadline_s = o->deadline ? o->deadline : DEADLINE_S;
        t->on_file = print_file;
        t->data = a;
        r = guest_tests_run(t, &results, err);
        ui_end_line(a->ui);
    }
    if (r == 0)
        r = report(o, &results, t->suites, err);
    guest_results_free(&results);
    plan_free(&p);
    return r;
}

static int test_ports(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};
    struct make_options m;
    struct plan p = {0};
    int r = app_ports(a, &names, err);

    if (r < 0)
        return r;
    app_build_options(a, &m, true);
    r = app_build(a, &m, &names, &p, err);
    if (r == 0)
        r = run_recipe_tests(a, &m, &p, &names, err);
    plan_free(&p);
    return r;
}

/* The packages of the Python come first: their own tests are suites, too. */
static int test_in_guest(struct app *a, const char *python, struct wl_err *err)
{
    const struct test_options *o = a->options.own;
    WL_CLEANUP_STRV struct strv suites = {0};
    WL_CLEANUP_FREE char *port = NULL;
    int r;

    a->whole_packages = o->suites.n > 0;
    r = app_port(a, a->options.args.v[0], &port, err);
    if (r == 0)
        r = find_suites(a, &suites, err);
    if (r < 0)
        return r;
    return test_python(&(struct guest_tests){.app = a, .python = python, .port = port, .suites = &suites}, err);
}

static int run(struct app *a, struct wl_err *err)
{
    const struct test_options *o = a->options.own;
    WL_CLEANUP_FREE char *python = NULL;
    int r = a->options.args.n ? ports_resolve(&a->roots, a->options.args.v[0], &python, err) : 0;

    if (r < 0)
        return r;
    if (runs_in_guest(a, python))
        return test_in_guest(a, python, err);
    if (!o->suites.n)
        return test_ports(a, err);
    wl_err_set(err, WL_E_USAGE, "--suite takes a Python, and optionally names of test files");
    return wl_err_hint(err, "for example wl-make test --suite %s python/v3.13.5", o->suites.v[0]);
}

const struct command command_test = {
    .name = "test",
    .usage = "test PORT... | test PYTHON [PATTERN...]",
    .summary = "run the tests of a port, or CPython's own",
    .description =
        "Builds the ports and runs the tests of their recipes; for a Python, then CPython's own test suite inside the\n"
        "guest, or only the test files that are named; with --suite the tests of other projects instead. Succeeds if\n"
        "all results are as expected.",
    .options = options,
    .options_size = sizeof(struct test_options),
    .shared = SHARED_BUILDING | SHARED_VARIANT | SHARED_KEEP_GOING | SHARED_KEEP_BUILD | SHARED_FLAVOUR |
              SHARED_PACKAGES | SHARED_OUTPUT,
    .run = run,
};
