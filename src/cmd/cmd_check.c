/* wl-make check: builds the tool once more, under the address and undefined-behaviour sanitizers, and runs all of the
 * project's tests with it. */
#include "app.h"
#include "fs.h"
#include "run.h"

#include <string.h>
#include <unistd.h>

struct counts {
    size_t passed, failed, skipped;
};

/* Meson's report in JUnit's form: a <testcase> is passed unless it holds <failure>, <error> or <skipped>. */
static struct counts count_results(const char *xml)
{
    struct counts c = {0};

    for (const char *p = strstr(xml, "<testcase"); p;) {
        const char *next = strstr(p + 1, "<testcase"), *end = next ? next : p + strlen(p);
        size_t n = (size_t)(end - p);

        if (memmem(p, n, "<failure", 8) || memmem(p, n, "<error", 6))
            c.failed++;
        else if (memmem(p, n, "<skipped", 8))
            c.skipped++;
        else
            c.passed++;
        p = next;
    }
    return c;
}

static int show_output(void *data, const char *text, size_t n, struct wl_err *err)
{
    const struct app *a = data;

    (void)err;
    if (!a->options.quiet)
        fwrite(text, 1, n, stdout);
    fflush(stdout);
    return 0;
}

static int meson(struct app *a, char *const *argv, int *status, struct wl_err *err)
{
    return run_command(&(struct run){.argv = argv, .cancel = &a->cancel, .on_output = show_output, .data = a}, status,
                       err);
}

static int set_up(struct app *a, char *dir, struct wl_err *err)
{
    WL_CLEANUP_FREE char *ninja = path_join(dir, "build.ninja");
    char *setup[] = {"meson",
                     "setup",
                     "--werror",
                     "-Dtests=true",
                     "-Doptimization=1",
                     "-Db_sanitize=address,undefined",
                     "-Db_lundef=false",
                     dir,
                     a->roots.repo,
                     NULL};
    char *compile[] = {"meson", "compile", "-C", dir, NULL};
    int status = 0, r = 0;

    if (!path_exists(ninja))
        r = meson(a, setup, &status, err);
    if (r == 0 && status == 0)
        r = meson(a, compile, &status, err);
    if (r == 0 && status != 0)
        r = wl_err_set(err, WL_E_FAILED, "the tests cannot be built in %s", dir);
    return r;
}

/* tests/ has these groups; any other word is a single test's name. `more` has what takes long and is much like the
 * rest: it is run only when it is asked for. */
static bool is_suite(const char *word)
{
    static const char *const suites[] = {"unit", "e2e", "libs", "python", "docs", "host", "more"};

    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (!strcmp(word, suites[i]))
            return true;
    return false;
}

int cmd_check(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(a->roots.repo, ".build/check"), *xml = NULL;
    WL_CLEANUP_FREE char *report = path_join(dir, "meson-logs/testlog.junit.xml");
    WL_CLEANUP_STRV struct strv argv = {0};
    struct counts c = {0};
    size_t suites = 0;
    int status = 0, r;

    for (size_t i = 0; i < a->options.args.n; i++)
        suites += is_suite(a->options.args.v[i]);
    if (suites && suites != a->options.args.n) {
        wl_err_set(err, WL_E_USAGE, "check takes suites, or single tests, but not both at once");
        return wl_err_hint(err, "the suites are unit, e2e, libs, python, docs, host and more");
    }
    /* The tests start the tool themselves: they get the choices of this call through the environment. */
    setenv("WL_CHECK_CACHE", a->store.cache, 1);
    if (a->options.offline)
        setenv("WL_CHECK_OFFLINE", "1", 1);
    r = set_up(a, dir, err);
    if (r < 0)
        return r;
    unlink(report);
    for (const char *const *p = (const char *const[]){"meson", "test", "--no-rebuild", "--print-errorlogs", "-C", NULL};
         *p; p++)
        strv_add(&argv, *p);
    strv_add(&argv, dir);
    if (a->options.jobs)
        strv_addf(&argv, "--num-processes=%d", a->options.jobs);
    for (size_t i = 0; i < a->options.args.n; i++) {
        if (is_suite(a->options.args.v[i]))
            strv_add(&argv, "--suite");
        strv_add(&argv, a->options.args.v[i]);
    }
    if (a->options.args.n == 0)
        strv_add(&argv, "--no-suite=more");
    r = meson(a, argv.v, &status, err);
    if (r < 0)
        return r;
    if (file_read(report, 256u << 20, &xml, NULL, err) < 0) {
        wl_err_set(err, WL_E_FAILED, "no test was run: meson test ended with status %d", status);
        return wl_err_hint(err, "the arguments name tests; without any, all but the suite more are run");
    }
    c = count_results(xml);
    printf("%zu passed, %zu failed", c.passed, c.failed);
    printf(c.skipped ? ", %zu skipped\n" : "\n", c.skipped);
    fflush(stdout);
    if (c.failed || status != 0) {
        wl_err_set(err, WL_E_FAILED, "%zu of the project's tests failed", c.failed);
        return wl_err_hint(err, "the whole log is %s/meson-logs/testlog.txt", dir);
    }
    return 0;
}
