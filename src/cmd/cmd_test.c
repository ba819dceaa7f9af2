/* wl-make test: builds ports and runs the tests that their recipes bring; for a Python, CPython's own test suite too.
 */
#include "aot.h"
#include "app.h"
#include "compose.h"
#include "expectations.h"
#include "fs.h"
#include "regrtest.h"
#include "report.h"
#include "run.h"

#include <string.h>
#include <unistd.h>

enum { DEADLINE_S = 900 };

/* ---- the tests of recipes ---- */

static int own_tests(struct app *a, const struct build_options *o, const struct plan *p, const struct strv *names,
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
            printf("%s: its recipe has no tests\n", p->nodes[i].recipe->name);
            continue;
        }
        t = build_test(o, p, i, &n, &test_err);
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
    ui_free(a->ui);
    a->ui = NULL;
    if (passed + failed)
        printf("%zu passed, %zu failed\n", passed, failed);
    fflush(stdout);
    return r < 0 ? r : first;
}

/* ---- CPython's ---- */

/* One Python, then names of files of tests. */
static bool is_suite(const struct app *a)
{
    return a->options.args.n > 0 && !a->options.own && strstr(a->options.args.v[0], "python/") &&
           !strstr(a->options.args.v[0], "build-python/") &&
           (a->options.args.n == 1 || !strchr(a->options.args.v[1], '/'));
}

static void on_file(void *data, const struct test_file *f, size_t done, size_t n)
{
    const struct app *a = data;
    const char *color = f->state == FILE_PASSED ? UI_GREEN : f->state >= FILE_CRASHED || f->failed ? UI_RED : UI_YELLOW;

    if (a->options.quiet)
        return;
    printf("[%zu/%zu] %s: %s%s%s", done, n, f->name, ui_color(&a->options, stdout, color), file_states[f->state],
           ui_color(&a->options, stdout, UI_RESET));
    if (f->cases_n)
        printf(", %zu tests passed, %zu failed, %zu skipped", f->passed, f->failed, f->skipped);
    printf(" (%.1f s)%s%s\n", f->seconds, f->why ? ": " : "", f->why ? f->why : "");
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

/* A folder that the guest may only read. Other runtimes know no such folders: they get a copy. */
static int add_library(const struct app *a, const char *scratch, const char *folder, const char *guest,
                       struct strv *argv, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = xasprintf("library%zu", argv->n), *copy = path_join(scratch, name);

    if (is_own_runner(a) || is_native(a)) {
        strv_addf(argv, "--dir=%s::%s::ro", folder, guest);
        return 0;
    }
    strv_addf(argv, "--dir=%s::%s::ro", copy, guest);
    return copy_tree(folder, copy, err);
}

/* What is tested: the flavour as it is, or, of the plain one, what the tests bring: the same linked with the modules
 * that are there to be tested with. */
static bool has_test_modules(const struct plan *p, const char *port)
{
    return plan_find(p, port)->recipe->flavour == NULL;
}

/* What is expected stands beside the recipes that the Python is made from, the flavour's too, and beside the runtime.
 */
static int read_expectations(const struct app *a, const struct plan *p, const char *port, struct expectations *e,
                             struct wl_err *err)
{
    const struct strv *chain = &plan_find(p, port)->recipe->chain;
    WL_CLEANUP_STRV struct strv files = {0};
    int r = 0;

    e->test_modules = has_test_modules(p, port);
    for (size_t i = 0; i < chain->n; i++) {
        WL_CLEANUP_FREE char *dir = path_dir(chain->v[i]), *file = path_join(dir, "expectations.yaml");

        strv_add_once(&files, file);
    }
    strv_addf(&files, "%s/runtimes/%s.yaml", a->roots.repo, runtime_of(a));
    for (size_t i = 0; r == 0 && i < files.n; i++)
        r = expectations_read(e, files.v[i], err);
    return r;
}

/* What runs the guest; regrtest_run adds its arguments. *title: what to call that. */
static int make_command(struct app *a, const struct plan *p, const char *port, const char *tests, const char *scratch,
                        const char *library, const char *guest_library, struct strv *argv, char **title,
                        struct wl_err *err)
{
    const char *from = has_test_modules(p, port) ? tests : port;
    WL_CLEANUP_FREE char *own = app_artifact(a, p, port, "usr/local"), *module = app_module(a, p, from),
                         *program = NULL;
    int r = 0;

    if (is_own_runner(a))
        program = app_artifact(a, p, RUNNER_PORT, RUNNER_PROGRAM);
    else if (is_native(a))
        r = app_native(a, p, plan_find(p, from)->key, module, true, &program, err);
    else
        r = foreign_runtime(a, &program, title, err);
    if (r < 0)
        return r;
    if (!*title)
        *title = xstrdup(runtime_of(a));
    strv_add(argv, program);
    if (is_own_runner(a))
        strv_addf(argv, "--cache-dir=%s/compiled", a->store.cache);
    if (path_is_dir(own))
        r = add_library(a, scratch, own, "/usr/local", argv, err);
    if (r == 0)
        r = add_library(a, scratch, library, guest_library, argv, err);
    /* Its own root, since tests make folders from there on. */
    strv_add(argv, "--dir={}::/");
    /* Before the library of byte code alone: tests read sources. */
    strv_addf(argv, "--env=PYTHONPATH=%s", guest_library);
    strv_add(argv, "--env=TMPDIR=/tmp");
    strv_add(argv, "--env=HOME=/tmp");
    strv_add(argv, is_native(a) ? "--" : module);
    return r;
}

static int summary(struct app *a, const char *title, const struct test_run *run, const struct strv *unexpected,
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
    printf("%s\nfiles: %zu passed, %zu failed, %zu skipped, %zu ran no test, %zu crashed, %zu took too long\n", title,
           files[FILE_PASSED], files[FILE_FAILED], files[FILE_SKIPPED], files[FILE_EMPTY], files[FILE_CRASHED],
           files[FILE_TIMEOUT]);
    printf("tests: %zu passed, %zu failed (%zu of them as expected), %zu skipped\n", passed, failed, expected, skipped);
    for (size_t i = 0; i < unexpected->n; i++)
        printf("not as expected: %s\n", unexpected->v[i]);
    fflush(stdout);
    if (!unexpected->n)
        return 0;
    wl_err_set(err, WL_E_FAILED, "%zu results are not as expected", unexpected->n);
    return wl_err_hint(err, "the logs of the files are in %s/logs/regrtest", a->store.cache);
}

static int run_suite(struct app *a, const struct build_options *o, const struct plan *p, const char *port,
                     const char *plain, const char *tests, struct wl_err *err)
{
    WL_CLEANUP_FREE char *series = xstrdup(plain + strlen("python/v")), *root = app_artifact(a, p, tests, NULL);
    WL_CLEANUP_FREE char *library = NULL, *guest = NULL, *scratch = NULL,
                         *logs = path_join(a->store.cache, "logs/regrtest");
    WL_CLEANUP_FREE char *title = NULL, *runtime = NULL;
    WL_CLEANUP_STRV struct strv command = {0}, patterns = {0}, unexpected = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FD int lock = -1;
    struct expectations e = {0};
    struct test_run run = {0};
    struct regrtest r;
    int status;

    *strrchr(series, '.') = '\0';
    library = xasprintf("%s/usr/local/lib/python%s", root, series);
    guest = xasprintf("/usr/local/lib/python%s", series);
    for (size_t i = 1; i < a->options.args.n; i++)
        strv_add(&patterns, a->options.args.v[i]);
    status = read_expectations(a, p, port, &e, err);
    if (status == 0)
        status = store_lock(&a->store, "regrtest", &a->cancel, NULL, NULL, &lock, err);
    if (status == 0)
        status = store_scratch(&a->store, "regrtest", &scratch, err);
    if (status == 0)
        status = make_dirs(logs, err);
    if (status == 0)
        status = make_command(a, p, port, tests, scratch, library, guest, &command, &runtime, err);
    title =
        xasprintf("%s, %s, %s", plain, a->options.flavour ? a->options.flavour : FLAVOUR_PLAIN, runtime ? runtime : "");
    r = (struct regrtest){.library = library,
                          .patterns = &patterns,
                          .command = &command,
                          .scratch = scratch,
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
    if (scratch)
        remove_tree(scratch, &ignored);
    if (status == 0)
        expectations_compare(&e, &run, &unexpected);
    if (status == 0 && a->options.json_file)
        status = report_json(a->options.json_file, title, &run, err);
    if (status == 0 && a->options.junit_file)
        status = report_junit(a->options.junit_file, title, &run, err);
    if (status == 0)
        status = summary(a, title, &run, &unexpected, err);
    test_run_free(&run);
    expectations_free(&e);
    return status;
}

int cmd_test(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0}, roots = {0};
    WL_CLEANUP_FREE char *port = NULL, *plain = NULL, *tests = NULL;
    struct build_options o;
    struct plan p = {0};
    bool suite = is_suite(a);
    int r;

    if (suite) {
        r = ports_resolve(&a->roots, a->options.args.v[0], &plain, err);
        if (r == 0)
            r = app_port(a, a->options.args.v[0], &port, err);
        if (r == 0)
            strv_add(&names, port);
    } else {
        r = app_ports(a, &names, err);
    }
    if (r < 0)
        return r;
    strv_addv(&roots, &names);
    suite = suite && starts_with(plain, "python/v");
    if (suite) {
        tests = xasprintf("python-tests/%s", plain + strlen("python/"));
        strv_add(&roots, tests);
        strv_add(&roots, is_native(a) ? AOT_WABT_PORT : RUNNER_PORT);
    }
    app_build_options(a, &o, true);
    r = app_build(a, &o, &roots, &p, err);
    /* With names of files nothing but those is asked for. */
    if (r == 0 && !(suite && a->options.args.n > 1))
        r = own_tests(a, &o, &p, &names, err);
    if (r == 0 && suite)
        r = run_suite(a, &o, &p, port, plain, tests, err);
    plan_free(&p);
    return r;
}
