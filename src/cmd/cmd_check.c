/* wl-make check: builds the tool again with the address and undefined-behaviour sanitizers, and runs the project's
 * tests with it. */
#include "cmd/app.h"
#include "cmd/command.h"
#include "util/fs.h"
#include "util/run.h"

#include <string.h>
#include <unistd.h>

/* A reason for which tests were skipped, and how many were. */
struct reason {
    char *text;
    size_t n;
};

struct counts {
    size_t passed, failed, skipped;
    struct reason *reasons;
    size_t reasons_n;
};

static void counts_free(struct counts *c)
{
    for (size_t i = 0; i < c->reasons_n; i++)
        free(c->reasons[i].text);
    free(c->reasons);
}

/* The text of an XML element, with the entities that Meson writes replaced by their characters. */
static char *element_text(const char *s, size_t n)
{
    static const char *const names[][2] = {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}};
    struct str out = {0};

    for (size_t i = 0; i < n; i++) {
        const char *c = NULL;

        for (size_t k = 0; !c && k < sizeof names / sizeof *names; k++)
            if (n - i >= strlen(names[k][0]) && !strncmp(s + i, names[k][0], strlen(names[k][0]))) {
                c = names[k][1];
                i += strlen(names[k][0]) - 1;
            }
        if (c)
            str_add(&out, c);
        else
            str_addc(&out, (unsigned char)s[i] < 0x20 ? ' ' : s[i]);
    }
    while (out.len && out.s[out.len - 1] == ' ')
        out.s[--out.len] = '\0';
    return str_take(&out);
}

/* The reason that a skipped <testcase> gives: Meson writes it into <system-out>. */
static char *skip_reason(const char *testcase, size_t n)
{
    static const char open[] = "<system-out>", close[] = "</system-out>";
    const char *start, *end = memmem(testcase, n, "</testcase>", strlen("</testcase>"));
    size_t left;

    n = end ? (size_t)(end - testcase) : n;
    start = memmem(testcase, n, open, strlen(open));
    end = NULL;
    if (start) {
        start += strlen(open);
        left = n - (size_t)(start - testcase);
        end = memmem(start, left, close, strlen(close));
    }
    if (!end || end == start)
        return xstrdup("no reason given");
    return element_text(start, (size_t)(end - start));
}

static void add_reason(struct counts *c, char *text)
{
    for (size_t i = 0; i < c->reasons_n; i++)
        if (!strcmp(c->reasons[i].text, text)) {
            c->reasons[i].n++;
            free(text);
            return;
        }
    c->reasons = xreallocarray(c->reasons, c->reasons_n + 1, sizeof *c->reasons);
    c->reasons[c->reasons_n++] = (struct reason){text, 1};
}

static int most_first(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->text, y->text);
}

/* Reads Meson's report in JUnit's format: a <testcase> has passed unless it contains <failure>, <error> or <skipped>.
 */
static struct counts count_results(const char *xml)
{
    struct counts c = {0};

    for (const char *p = strstr(xml, "<testcase"); p;) {
        const char *next = strstr(p + 1, "<testcase"), *end = next ? next : p + strlen(p);
        size_t n = (size_t)(end - p);

        if (memmem(p, n, "<failure", 8) || memmem(p, n, "<error", 6))
            c.failed++;
        else if (memmem(p, n, "<skipped", 8)) {
            c.skipped++;
            add_reason(&c, skip_reason(p, n));
        } else
            c.passed++;
        p = next;
    }
    if (c.reasons_n)
        qsort(c.reasons, c.reasons_n, sizeof *c.reasons, most_first);
    return c;
}

/* Prints a line for each reason, and last the sums. */
static void print_counts(const struct counts *c)
{
    if (c->skipped)
        ui_print(stdout, "\n%zu skipped:\n", c->skipped);
    for (size_t i = 0; i < c->reasons_n; i++)
        ui_print(stdout, "  %zu %s\n", c->reasons[i].n, c->reasons[i].text);
    ui_print(stdout, "%zu passed, %zu failed", c->passed, c->failed);
    ui_print(stdout, c->skipped ? ", %zu skipped\n" : "\n", c->skipped);
    fflush(stdout);
}

static int show_output(void *data, const char *text, size_t n, struct wl_err *err)
{
    const struct app *a = data;

    (void)err;
    if (!a->options.quiet)
        ui_print(stdout, "%.*s", (int)n, text);
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
        r = wl_err_set(err, WL_E_FAILED, "cannot build the tests in %s", dir);
    return r;
}

/* tests/ has these suites. Any other word is the name of a test. `more` has tests that take long and are similar to
 * others: they are run only on request. */
static bool is_suite(const char *word)
{
    static const char *const suites[] = {"unit", "e2e", "libs", "python", "docs", "host", "more"};

    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (!strcmp(word, suites[i]))
            return true;
    return false;
}

static int run(struct app *a, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(a->roots.repo, ".build/check"), *xml = NULL;
    WL_CLEANUP_FREE char *report = path_join(dir, "meson-logs/testlog.junit.xml");
    WL_CLEANUP_STRV struct strv argv = {0};
    __attribute__((cleanup(counts_free))) struct counts c = {0};
    size_t suites = 0;
    int status = 0, r;

    for (size_t i = 0; i < a->options.args.n; i++)
        suites += is_suite(a->options.args.v[i]);
    if (suites && suites != a->options.args.n) {
        wl_err_set(err, WL_E_USAGE, "check takes either suites or single tests, not both");
        return wl_err_hint(err, "the suites are unit, e2e, libs, python, docs, host and more");
    }
    /* The tests start the tool themselves. They get the options of this call in the environment. */
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
        wl_err_set(err, WL_E_FAILED, "no test was run: meson test exited with status %d", status);
        return wl_err_hint(err, "the arguments are names of tests; without arguments, all suites except more are run");
    }
    c = count_results(xml);
    print_counts(&c);
    if (c.failed || status != 0) {
        wl_err_set(err, WL_E_FAILED, "%zu of the project's tests failed", c.failed);
        return wl_err_hint(err, "the whole log is %s/meson-logs/testlog.txt", dir);
    }
    return 0;
}

const struct command command_check = {
    .name = "check",
    .usage = "check [TEST...]",
    .summary = "run the project's own tests",
    .description =
        "Builds the tool with sanitizers and runs the project's tests, or only the tests or groups that are\n"
        "named. The groups are unit, e2e, libs, python, docs, host, and more, which is not run by default.",
    .shared = SHARED_BUILDING | SHARED_OUTPUT,
    .run = run,
};
