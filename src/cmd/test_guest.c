#include "cmd/test_guest.h"

#include "cmd/test_runtime.h"
#include "recipe/python.h"
#include "regrtest/expectations.h"
#include "util/fs.h"

#include <string.h>

/* The plain flavour is tested by another module: the same one linked with CPython's modules for tests, which the port
 * of the tests brings. */
static bool has_test_modules(const struct guest_tests *t)
{
    return t->own_tests && !plan_find(t->plan, t->port)->recipe->flavour;
}

/* ---- expectations ---- */

static void add_expectations(const struct plan *p, const char *port, struct strv *files)
{
    const struct strv *chain = &plan_find(p, port)->recipe->chain;

    for (size_t i = 0; i < chain->n; i++) {
        WL_CLEANUP_FREE char *dir = path_dir(chain->v[i]), *file = path_join(dir, "expectations.yaml");

        strv_add_once(files, file);
    }
}

/* They are beside the recipes of the Python, its flavour and the suites, and beside the runtime's script. */
static int read_expectations(const struct guest_tests *t, struct expectations *e, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv files = {0};
    int r = 0;

    e->test_modules = has_test_modules(t);
    e->processes = t->processes && (!strcmp(t->runtime, RUNTIME_WL_RUN) || !strcmp(t->runtime, RUNTIME_NATIVE));
    add_expectations(t->plan, t->port, &files);
    for (size_t i = 0; i < t->suites->n; i++)
        add_expectations(t->plan, t->suites->v[i], &files);
    strv_addf(&files, "%s/runtimes/%s.yaml", t->app->roots.repo, t->runtime);
    for (size_t i = 0; r == 0 && i < files.n; i++)
        r = expectations_read(e, files.v[i], err);
    return r;
}

/* ---- the commands that run test files ---- */

/* Ends the command of a group. The guest's root is a directory of each file's own, since tests create directories
 * there. */
static void end_command(const struct test_runtime *rt, const char *python_module, struct strv *argv)
{
    strv_add(argv, "--dir={}::/");
    strv_add(argv, "--env=TMPDIR=/tmp");
    strv_add(argv, "--env=HOME=/tmp");
    test_runtime_add_network(rt, argv);
    test_runtime_end(rt, python_module, argv);
}

static int make_own_group(const struct guest_tests *t, struct test_runtime *rt, struct test_group *group,
                          struct wl_err *err)
{
    WL_CLEANUP_FREE char *series = python_series(t->python);
    WL_CLEANUP_FREE char *root = app_artifact(t->app, t->plan, t->own_tests, NULL);
    WL_CLEANUP_FREE char *place = xasprintf("/usr/local/lib/python%s", series),
                         *library = xasprintf("%s%s", root, place);
    int r = regrtest_files(library, &group->files, err);

    if (r == 0)
        r = test_runtime_begin(rt, &group->command, err);
    if (r == 0)
        r = test_runtime_add_dir(rt, library, place, &group->command, err);
    /* It comes before the library of byte code, because tests read the source. */
    strv_addf(&group->command, "--env=PYTHONPATH=%s", place);
    end_command(rt, "wl_test", &group->command);
    return r;
}

/* Adds the packages of the ports that a suite's tests need. */
static int add_needs(const struct guest_tests *t, struct test_runtime *rt, const char *suite, struct strv *argv,
                     struct str *python_path, struct wl_err *err)
{
    const struct recipe_needs *needs = &plan_find(t->plan, suite)->recipe->test_needs;
    int r = 0;

    for (size_t i = 0; r == 0 && i < needs->n; i++) {
        WL_CLEANUP_FREE char *port = NULL, *packages = NULL, *place = xasprintf("/needs/%zu", i);

        r = ports_resolve(&t->app->roots, needs->v[i], &port, err);
        if (r < 0)
            return r;
        packages = app_artifact(t->app, t->plan, port, "packages");
        r = test_runtime_add_dir(rt, packages, place, argv, err);
        str_addf(python_path, ":%s", place);
    }
    return r;
}

static int make_suite_group(const struct guest_tests *t, struct test_runtime *rt, const char *suite,
                            struct test_group *group, struct wl_err *err)
{
    WL_CLEANUP_FREE char *root = app_artifact(t->app, t->plan, suite, NULL), *source = path_join(root, "source");
    WL_CLEANUP_FREE char *dir = path_join(rt->scratch, path_base(suite)), *copy = path_join(dir, "source");
    WL_CLEANUP_FREE char *compiled = path_join(rt->scratch, "compiled");
    WL_CLEANUP_STR struct str python_path = {0};
    struct strv *argv = &group->command;
    int r = regrtest_suite_files(root, suite_name(suite), &group->files, err);

    str_add(&python_path, "/suite/packages");
    if (r == 0)
        r = test_runtime_begin(rt, argv, err);
    if (r == 0)
        r = test_runtime_add_dir(rt, root, "/suite", argv, err);
    if (r == 0)
        r = add_needs(t, rt, suite, argv, &python_path, err);
    /* Some tests write into their own directory. */
    if (r == 0)
        r = make_dirs(dir, err);
    if (r == 0)
        r = copy_tree(source, copy, err);
    strv_addf(argv, "--dir=%s::/source", copy);
    /* All suites share the byte code, so that each source file is compiled once. */
    if (r == 0)
        r = make_dirs(compiled, err);
    strv_addf(argv, "--env=PYTHONPATH=%s", python_path.s);
    strv_addf(argv, "--dir=%s::/compiled", compiled);
    strv_add(argv, "--env=PYTHONPYCACHEPREFIX=/compiled");
    end_command(rt, "wl_pytest", argv);
    return r;
}

static void groups_free(struct test_group *groups, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        strv_free(&groups[i].files);
        strv_free(&groups[i].command);
    }
    free(groups);
}

/* ---- the run ---- */

static int run_groups(const struct guest_tests *t, struct test_runtime *rt, struct guest_results *results,
                      struct wl_err *err)
{
    size_t n = t->own_tests ? 1 : t->suites->n;
    struct test_group *groups = xcalloc(n, sizeof *groups);
    int r = t->own_tests ? make_own_group(t, rt, &groups[0], err) : 0;

    for (size_t i = 0; r == 0 && !t->own_tests && i < n; i++)
        r = make_suite_group(t, rt, t->suites->v[i], &groups[i], err);
    if (r == 0)
        r = regrtest_run(&(struct regrtest){.groups = groups,
                                            .groups_n = n,
                                            .patterns = t->patterns,
                                            .scratch = rt->scratch,
                                            .logs = results->logs,
                                            .jobs = t->jobs,
                                            .deadline_s = t->deadline_s,
                                            .cancel = &t->app->cancel,
                                            .on_file = t->on_file,
                                            .data = t->data},
                         &results->run, err);
    groups_free(groups, n);
    return r;
}

int guest_tests_run(const struct guest_tests *t, struct guest_results *results, struct wl_err *err)
{
    const char *kind = t->own_tests ? "regrtest" : "pytest";
    const char *flavour = plan_find(t->plan, t->port)->recipe->flavour;
    struct store_work work = {.lock = -1};
    struct expectations expected = {0};
    struct test_runtime rt = {0};
    int r;

    *results = (struct guest_results){.logs = xasprintf("%s/logs/%s", t->app->store.cache, kind)};
    r = read_expectations(t, &expected, err);
    if (r == 0)
        r = work_begin(&work, &t->app->store, kind, &(struct store_calls){.cancel = &t->app->cancel}, err);
    if (r == 0)
        r = make_dirs(results->logs, err);
    if (r == 0)
        r = test_runtime_open(&rt, t->runtime, t->app, t->plan, t->port, has_test_modules(t) ? t->own_tests : t->port,
                              work.dir, err);
    rt.processes = t->processes;
    expected.threads = rt.threads;
    if (r == 0) {
        results->title = xasprintf("%s, %s, %s%s", t->python, flavour ? flavour : FLAVOUR_PLAIN, rt.title,
                                   t->own_tests ? "" : ", suites");
        r = run_groups(t, &rt, results, err);
    }
    work_end(&work, false);
    if (r == 0)
        expectations_compare(&expected, &results->run, &results->unexpected);
    test_runtime_close(&rt);
    expectations_free(&expected);
    return r;
}

void guest_results_free(struct guest_results *results)
{
    free(results->title);
    free(results->logs);
    test_run_free(&results->run);
    strv_free(&results->unexpected);
}
