/* wl-make test: builds ports and runs the tests that their recipes bring; for a Python, CPython's own test suite too,
 * or the suites of other projects. */
#include "aot/aot.h"
#include "cmd/app.h"
#include "recipe/known_ports.h"
#include "recipe/python.h"
#include "regrtest/expectations.h"
#include "regrtest/regrtest.h"
#include "regrtest/report.h"
#include "store/compose.h"
#include "util/fs.h"
#include "util/run.h"

#include <string.h>
#include <unistd.h>

enum { DEADLINE_S = 900 };

/* ---- the tests of recipes ---- */

static int own_tests(struct app *a, const struct make_options *o, const struct plan *p, const struct strv *names,
                     struct wl_err *err)
{
    size_t passed = 0, failed = 0;
    int r = 0, first = 0;

    for (size_t i = 0; r == 0 && i < p->n; i++) {
        WL_CLEANUP_ERR struct wl_err test_err = WL_ERR_INIT;
        size_t n = 0;
        int t;

        if (!p->nodes[i].root || !strv_has(names, p->nodes[i].recipe->name))
            continue;
        if (!p->nodes[i].recipe->tests_n) {
            ui_print(stdout, "%s: its recipe has no tests\n", p->nodes[i].recipe->name);
            continue;
        }
        t = make_test(o, p, i, &n, &test_err);
        passed += n;
        if (t == 0)
            continue;
        failed++;
        if (first == 0) {
            first = t;
            *err = test_err;
            test_err = (struct wl_err)WL_ERR_INIT;
        }
        if (!a->options.keep_going || t != -WL_E_FAILED)
            r = first;
    }
    /* Its line of progress ends before the sums; what follows has another. */
    ui_free(a->ui);
    a->ui = ui_new(&a->options);
    a->events = ui_events(a->ui);
    if (passed + failed)
        ui_print(stdout, "%zu passed, %zu failed\n", passed, failed);
    fflush(stdout);
    return r < 0 ? r : first;
}

/* ---- inside the guest: CPython's, or suites ---- */

/* One Python, then names of files of tests. port: the one that the first word means. */
static bool is_for_guest(const struct app *a, const char *port)
{
    return !a->options.own && python_is(port) &&
           (a->options.args.n == 1 || a->options.suites.n || !strchr(a->options.args.v[1], '/'));
}

static void on_file(void *data, const struct test_file *f, size_t done, size_t n)
{
    const struct app *a = data;
    const char *color = f->state == FILE_PASSED ? UI_GREEN : f->state >= FILE_CRASHED || f->failed ? UI_RED : UI_YELLOW;

    if (a->options.quiet)
        return;
    ui_print(stdout, "[%zu/%zu] %s: %s%s%s", done, n, f->name, ui_color(&a->options, stdout, color),
             file_states[f->state], ui_color(&a->options, stdout, UI_RESET));
    if (f->cases_n)
        ui_print(stdout, ", %zu tests passed, %zu failed, %zu skipped", f->passed, f->failed, f->skipped);
    ui_print(stdout, " (%.1f s)%s%s\n", f->seconds, f->why ? ": " : "", f->why ? f->why : "");
    fflush(stdout);
}

#define RUNTIME_NATIVE "native"

static const char *runtime_of(const struct app *a)
{
    return a->options.runtime ? a->options.runtime : path_base(RUNNER_PORT);
}

static bool is_own_runner(const struct app *a)
{
    return !strcmp(runtime_of(a), path_base(RUNNER_PORT));
}

static bool is_native(const struct app *a)
{
    return !strcmp(runtime_of(a), RUNTIME_NATIVE);
}

/* The script in runtimes/ that starts another runtime; *title says which one it is. */
static int foreign_runtime(const struct app *a, char **program, char **title, struct wl_err *err)
{
    const char *name = runtime_of(a);
    WL_CLEANUP_FREE char *folder = path_join(a->roots.repo, "runtimes"), *output = NULL, *line = NULL;
    char *script = path_join(folder, name);
    char *const argv[] = {script, "--version", NULL};
    int status, r;

    *program = script;
    if (strchr(name, '/') || strchr(name, '.') || access(script, X_OK) < 0) {
        wl_err_set(err, WL_E_USAGE, "there is no runtime '%s'", name);
        return wl_err_hint(err, "--runtime takes %s, " RUNTIME_NATIVE ", or a script in %s", path_base(RUNNER_PORT),
                           folder);
    }
    r = run_capture(&(struct run){.argv = argv, .cancel = &a->cancel}, &status, &output, err);
    if (r < 0)
        return r;
    line = last_line(output);
    if (status != 0)
        return wl_err_set(err, WL_E_TOOLCHAIN, "%s", line);
    *title = starts_with(line, name) ? xstrdup(line) : xasprintf("%s %s", name, line);
    return 0;
}

/* What is run by one and the same guest command, and what it takes to make that. */
struct guest {
    const char *port, *module; /* the Python, and the port that the module comes from */
    const char *scratch;
    struct strv copied; /* folders that have a copy: scratch/N */
    char *runtime;      /* what to call what runs it */
};

static void guest_free(struct guest *g)
{
    strv_free(&g->copied);
    free(g->runtime);
}

/* A folder that the guest may only read. Other runtimes know no such folders: they get a copy. */
static int add_library(const struct app *a, struct guest *g, const char *folder, const char *place, struct strv *argv,
                       struct wl_err *err)
{
    WL_CLEANUP_FREE char *copy = NULL;
    size_t i = 0;

    if (is_own_runner(a) || is_native(a)) {
        strv_addf(argv, "--dir=%s::%s::ro", folder, place);
        return 0;
    }
    while (i < g->copied.n && strcmp(g->copied.v[i], folder) != 0)
        i++;
    copy = xasprintf("%s/%zu", g->scratch, i);
    strv_addf(argv, "--dir=%s::%s::ro", copy, place);
    if (i < g->copied.n)
        return 0;
    strv_add(&g->copied, folder);
    return copy_tree(folder, copy, err);
}

/* What is tested: the flavour as it is, or, of the plain one, what the tests bring: the same linked with the modules
 * that are there to be tested with. */
static bool has_test_modules(const struct plan *p, const char *port)
{
    return plan_find(p, port)->recipe->flavour == NULL;
}

static void add_expectations(const struct plan *p, const char *port, struct strv *files)
{
    const struct strv *chain = &plan_find(p, port)->recipe->chain;

    for (size_t i = 0; i < chain->n; i++) {
        WL_CLEANUP_FREE char *dir = path_dir(chain->v[i]), *file = path_join(dir, "expectations.yaml");

        strv_add_once(files, file);
    }
}

/* What is expected stands beside the recipes that the Python is made from, the flavour's too, beside those of suites,
 * and beside the runtime. */
static int read_expectations(const struct app *a, const struct plan *p, const char *port, const struct strv *suites,
                             struct expectations *e, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv files = {0};
    int r = 0;

    e->test_modules = !suites->n && has_test_modules(p, port);
    add_expectations(p, port, &files);
    for (size_t i = 0; i < suites->n; i++)
        add_expectations(p, suites->v[i], &files);
    strv_addf(&files, "%s/runtimes/%s.yaml", a->roots.repo, runtime_of(a));
    for (size_t i = 0; r == 0 && i < files.n; i++)
        r = expectations_read(e, files.v[i], err);
    return r;
}

/* What runs the guest, up to where its folders and variables are told. */
static int begin_command(struct app *a, const struct plan *p, struct guest *g, struct strv *argv, struct wl_err *err)
{
    WL_CLEANUP_FREE char *own = app_artifact(a, p, g->port, "usr/local"), *program = NULL;
    int r = 0;

    if (is_own_runner(a)) {
        program = app_artifact(a, p, RUNNER_PORT, RUNNER_PROGRAM);
    } else if (is_native(a)) {
        WL_CLEANUP_FREE char *module = app_module(a, p, g->module);

        r = app_native(a, p, &(struct native_source){.module = module, .key = plan_find(p, g->module)->key}, true,
                       &program, err);
    } else if (!g->runtime) {
        r = foreign_runtime(a, &program, &g->runtime, err);
    } else {
        program = xasprintf("%s/runtimes/%s", a->roots.repo, runtime_of(a));
    }
    if (r < 0)
        return r;
    if (!g->runtime)
        g->runtime = xstrdup(runtime_of(a));
    strv_add(argv, program);
    if (is_own_runner(a))
        strv_addf(argv, "--cache-dir=%s/compiled", a->store.cache);
    return path_is_dir(own) ? add_library(a, g, own, "/usr/local", argv, err) : 0;
}

/* The rest of it, up to the arguments that regrtest_run adds; test: the Python module that runs a file. */
static void end_command(struct app *a, const struct plan *p, const struct guest *g, const char *test, struct strv *argv)
{
    WL_CLEANUP_FREE char *module = app_module(a, p, g->module);

    /* Its own root, since tests make folders from there on. */
    strv_add(argv, "--dir={}::/");
    strv_add(argv, "--env=TMPDIR=/tmp");
    strv_add(argv, "--env=HOME=/tmp");
    strv_add_all(argv, is_native(a) ? "--" : module, "-m", test, NULL);
}

/* CPython's own tests. */
static int make_own_group(struct app *a, const struct plan *p, struct guest *g, const char *tests, const char *plain,
                          struct test_group *group, struct wl_err *err)
{
    WL_CLEANUP_FREE char *series = python_series(plain), *root = app_artifact(a, p, tests, NULL);
    WL_CLEANUP_FREE char *library = NULL, *place = NULL;
    int r;

    library = xasprintf("%s/usr/local/lib/python%s", root, series);
    place = xasprintf("/usr/local/lib/python%s", series);
    r = regrtest_files(library, &group->files, err);
    if (r == 0)
        r = begin_command(a, p, g, &group->command, err);
    if (r == 0)
        r = add_library(a, g, library, place, &group->command, err);
    /* Before the library of byte code alone: tests read sources. */
    strv_addf(&group->command, "--env=PYTHONPATH=%s", place);
    end_command(a, p, g, "wl_test", &group->command);
    return r;
}

/* A suite: its own packages, and those of the ports that its tests need. */
static int make_suite_group(struct app *a, const struct plan *p, struct guest *g, const char *suite,
                            struct test_group *group, struct wl_err *err)
{
    const struct recipe_needs *needs = &plan_find(p, suite)->recipe->test_needs;
    WL_CLEANUP_FREE char *root = app_artifact(a, p, suite, NULL), *source = path_join(root, "source"),
                         *folder = path_join(g->scratch, path_base(suite)), *copy = path_join(folder, "source"),
                         *compiled = path_join(g->scratch, "compiled");
    WL_CLEANUP_STR struct str path = {0};
    int r = regrtest_suite_files(root, suite_name(suite), &group->files, err);

    if (r == 0)
        r = begin_command(a, p, g, &group->command, err);
    if (r == 0)
        r = add_library(a, g, root, "/suite", &group->command, err);
    str_add(&path, "/suite/packages");
    for (size_t i = 0; r == 0 && i < needs->n; i++) {
        WL_CLEANUP_FREE char *port = NULL, *packages = NULL, *place = xasprintf("/needs/%zu", i);

        r = ports_resolve(&a->roots, needs->v[i], &port, err);
        if (r < 0)
            break;
        packages = app_artifact(a, p, port, "packages");
        r = add_library(a, g, packages, place, &group->command, err);
        str_addf(&path, ":%s", place);
    }
    /* Some tests write beside themselves. */
    if (r == 0)
        r = make_dirs(folder, err);
    if (r == 0)
        r = copy_tree(source, copy, err);
    strv_addf(&group->command, "--dir=%s::/source", copy);
    if (r == 0)
        r = make_dirs(compiled, err);
    strv_addf(&group->command, "--env=PYTHONPATH=%s", path.s);
    /* One place for the byte code of all, so that each file is compiled once. */
    strv_addf(&group->command, "--dir=%s::/compiled", compiled);
    strv_add(&group->command, "--env=PYTHONPYCACHEPREFIX=/compiled");
    end_command(a, p, g, "wl_pytest", &group->command);
    return r;
}

/* Of suites, a line each. */
static void suites_summary(const struct test_run *run, const struct strv *suites)
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

static int summary(const char *title, const char *logs, const struct test_run *run, const struct strv *unexpected,
                   struct wl_err *err)
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
        ui_print(stdout, "not as expected: %s\n", unexpected->v[i]);
    fflush(stdout);
    if (!unexpected->n)
        return 0;
    wl_err_set(err, WL_E_FAILED, "%zu results are not as expected", unexpected->n);
    return wl_err_hint(err, "the logs of the files are in %s", logs);
}

/* tests: the port with CPython's own, which are run when no suites are named. */
static int run_in_guest(struct app *a, const struct make_options *o, const struct plan *p, const char *port,
                        const char *plain, const char *tests, const struct strv *suites, struct wl_err *err)
{
    const char *kind = suites->n ? "pytest" : "regrtest";
    WL_CLEANUP_FREE char *title = NULL, *logs = xasprintf("%s/logs/%s", a->store.cache, kind);
    WL_CLEANUP_STRV struct strv patterns = {0}, unexpected = {0};
    struct store_work work = {.lock = -1};
    size_t n = suites->n ? suites->n : 1;
    struct test_group *groups = xcalloc(n, sizeof *groups);
    struct guest g = {.port = port, .module = !suites->n && has_test_modules(p, port) ? tests : port};
    struct expectations e = {0};
    struct test_run run = {0};
    struct regrtest r;
    int status;

    for (size_t i = 1; i < a->options.args.n; i++)
        strv_add(&patterns, a->options.args.v[i]);
    status = read_expectations(a, p, port, suites, &e, err);
    if (status == 0)
        status = work_begin(&work, &a->store, kind, &(struct store_calls){.cancel = &a->cancel}, err);
    if (status == 0)
        status = make_dirs(logs, err);
    g.scratch = work.dir;
    if (status == 0 && !suites->n)
        status = make_own_group(a, p, &g, tests, plain, &groups[0], err);
    for (size_t i = 0; status == 0 && i < suites->n; i++)
        status = make_suite_group(a, p, &g, suites->v[i], &groups[i], err);
    title = xasprintf("%s, %s, %s%s", plain, a->options.flavour ? a->options.flavour : FLAVOUR_PLAIN,
                      g.runtime ? g.runtime : "", suites->n ? ", suites" : "");
    r = (struct regrtest){.groups = groups,
                          .groups_n = n,
                          .patterns = &patterns,
                          .scratch = work.dir,
                          .logs = logs,
                          .jobs = o->jobs,
                          .deadline_s = a->options.deadline ? a->options.deadline : DEADLINE_S,
                          .cancel = &a->cancel,
                          .on_file = on_file,
                          .data = a};
    ui_free(a->ui);
    a->ui = NULL;
    if (status == 0)
        status = regrtest_run(&r, &run, err);
    work_end(&work, false);
    if (status == 0)
        expectations_compare(&e, &run, &unexpected);
    if (status == 0 && a->options.json_file)
        status = report_json(a->options.json_file, title, &run, err);
    if (status == 0 && a->options.junit_file)
        status = report_junit(a->options.junit_file, title, &run, err);
    if (status == 0)
        suites_summary(&run, suites);
    if (status == 0)
        status = summary(title, logs, &run, &unexpected, err);
    for (size_t i = 0; i < n; i++) {
        strv_free(&groups[i].files);
        strv_free(&groups[i].command);
    }
    free(groups);
    guest_free(&g);
    test_run_free(&run);
    expectations_free(&e);
    return status;
}

/* The ports that --suite names; "all": every one there is. */
static int find_suites(struct app *a, struct strv *suites, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < a->options.suites.n; i++) {
        WL_CLEANUP_FREE char *given = suite_port(a->options.suites.v[i]), *port = NULL;
        WL_CLEANUP_STRV struct strv all = {0};

        if (strcmp(a->options.suites.v[i], "all") != 0) {
            r = ports_resolve(&a->roots, given, &port, err);
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

int cmd_test(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0}, roots = {0}, suites = {0};
    WL_CLEANUP_FREE char *port = NULL, *plain = NULL, *tests = NULL;
    struct make_options o;
    struct plan p = {0};
    bool guest = false;
    int r = find_suites(a, &suites, err);

    if (r == 0 && a->options.args.n)
        r = ports_resolve(&a->roots, a->options.args.v[0], &plain, err);
    if (r == 0 && plain)
        guest = is_for_guest(a, plain);
    if (r == 0 && guest) {
        r = app_port(a, a->options.args.v[0], &port, err);
        if (r == 0)
            strv_add(&names, port);
    } else if (r == 0) {
        r = app_ports(a, &names, err);
    }
    if (r < 0)
        return r;
    strv_addv(&roots, &names);
    if (suites.n && !guest) {
        wl_err_set(err, WL_E_USAGE, "--suite is for a Python, and names of files of tests behind it");
        return wl_err_hint(err, "for example wl-make test --suite %s python/v3.13.5", a->options.suites.v[0]);
    }
    if (guest && !suites.n) {
        tests = python_tests(plain);
        strv_add(&roots, tests);
    }
    if (guest) {
        strv_addv(&roots, &suites);
        if (is_native(a))
            aot_ports(&roots);
        else
            strv_add(&roots, RUNNER_PORT);
    }
    app_build_options(a, &o, true);
    r = app_build(a, &o, &roots, &p, err);
    /* With suites or names of files nothing but those is asked for. */
    if (r == 0 && !(guest && (suites.n || a->options.args.n > 1)))
        r = own_tests(a, &o, &p, &names, err);
    if (r == 0 && guest)
        r = run_in_guest(a, &o, &p, port, plain, tests, &suites, err);
    plan_free(&p);
    return r;
}
