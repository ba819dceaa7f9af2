/* wl-make test-recipe: everything that can be tested of a Python's recipe, one after the other, with one report. For
 * versions whose archive not everybody can download: who has it can say what works. */
#include "cmd/again.h"
#include "cmd/app.h"
#include "cmd/command.h"
#include "recipe/python.h"
#include "util/fs.h"
#include "util/hash.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* MOST_LINES: of a step that failed, the last ones; SUMMARY: of tests that passed. */
enum { MOST_SECONDS = 12 * 3600, MOST_LINES = 400, SUMMARY = 5, MOST_TEXT = 1 << 16 };

struct test_recipe_options {
    char *report;
    bool quick;
};

#define AT(m) .member = offsetof(struct test_recipe_options, m)
static const struct option_spec options[] = {
    {'o', "output", "write the report to FILE (default: NAME-report.md)", "FILE", OPTION_TEXT, AT(report)},
    {0, "quick", "leave out CPython's own test suite, which takes half an hour and more", NULL, OPTION_FLAG, AT(quick)},
    {0},
};

static const struct step {
    const char *title;
    const struct command *command;
    const char *option, *flavour;
    bool slow;
} steps[] = {
    {"build it", &command_build, NULL, NULL, false},
    {"its recipe's tests", &command_test, "--own", NULL, false},
    {"build the flavour single", &command_build, NULL, "single", false},
    {"the recipe's tests with single", &command_test, "--own", "single", false},
    {"build the flavour snapshot", &command_build, NULL, "snapshot", false},
    {"the recipe's tests with snapshot", &command_test, "--own", "snapshot", false},
    {"CPython's own tests", &command_test, NULL, NULL, true},
};

enum { STEPS = sizeof steps / sizeof *steps };

struct done {
    bool ran;
    int status;
    double seconds;
    char *command, *output; /* owned; NULL: it did not run */
};

struct report {
    struct app *a;
    const char *file;
    char *port, *machine, *archive;
    struct done done[STEPS];
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- the report --- */

static char *machine(void)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    WL_CLEANUP_FREE char *release = NULL;
    static const char key[] = "PRETTY_NAME=\"";
    const char *name = "";
    struct utsname u;

    if (file_read("/etc/os-release", MOST_TEXT, &release, NULL, &ignored) == 0 && (name = strstr(release, key)))
        name += sizeof key - 1;
    if (!name || uname(&u) < 0)
        return xstrdup("");
    return xasprintf("%s %s %s, %.*s, %ld processors", u.sysname, u.release, u.machine, (int)strcspn(name, "\"\n"),
                     name, sysconf(_SC_NPROCESSORS_ONLN));
}

static char *archive(const struct app *a, struct wl_err *err)
{
    char hex[HASH_HEX_SIZE];

    if (!a->options.source)
        return xstrdup("that of the recipe");
    return hash_file(a->options.source, hex, err) < 0 ? NULL
                                                      : xasprintf("%s, SHA-256 %s", path_base(a->options.source), hex);
}

/* Adds the last lines, and warnings before them, indented as Markdown wants what is shown as it is. */
static void add_lines(struct str *s, const char *text, size_t last)
{
    size_t skip = 0;

    for (const char *p = text; (p = strchr(p, '\n')); p++)
        skip++;
    skip = skip > last ? skip - last : 0;
    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");

        if (!skip || (n > 17 && !strncmp(line, "wl-make: warning:", 17)))
            str_addf(s, "    %.*s\n", (int)n, line);
        skip -= skip > 0;
        line += n + (line[n] == '\n');
    }
}

static size_t lines_of(const struct step *step, const struct done *d)
{
    return d->status != 0 || step->slow ? MOST_LINES : step->command == &command_test ? SUMMARY : 0;
}

static const char *result_of(const struct done *d)
{
    return !d->ran ? "not done" : d->status == 0 ? "succeeded" : "**failed**";
}

/* Written again after each step, so that a run that is interrupted leaves one, too. */
static int write_report(const struct report *r, struct wl_err *err)
{
    WL_CLEANUP_STR struct str s = {0};

    str_addf(&s,
             "# %s\n\n- wl-make " WL_VERSION "\n- %s\n- archive: %s\n\n| step | result | seconds |\n|---|---|---|\n",
             r->port, r->machine, r->archive);
    for (int i = 0; i < STEPS; i++)
        if (r->done[i].ran)
            str_addf(&s, "| %s | %s | %.0f |\n", steps[i].title, result_of(&r->done[i]), r->done[i].seconds);
        else
            str_addf(&s, "| %s | %s | |\n", steps[i].title, result_of(&r->done[i]));
    for (int i = 0; i < STEPS; i++) {
        if (!r->done[i].ran)
            continue;
        str_addf(&s, "\n## %s\n\n`%s`", steps[i].title, r->done[i].command);
        if (r->done[i].status != 0)
            str_addf(&s, " ended with status %d", r->done[i].status);
        str_add(&s, ":\n\n");
        add_lines(&s, r->done[i].output, lines_of(&steps[i], &r->done[i]));
    }
    return file_write(r->file, s.s, s.len, err);
}

/* --- the steps --- */

static int do_step(const struct report *r, const struct step *step, struct done *d, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    double start = now();
    int result;

    again_begin(r->a, step->command, &argv);
    if (step->option)
        strv_add(&argv, step->option);
    if (step->flavour)
        strv_addf(&argv, "--flavour=%s", step->flavour);
    if (!r->a->options.verbose && step->command == &command_build)
        strv_add(&argv, "--verbose");
    strv_add(&argv, r->port);
    if (!r->a->options.quiet)
        ui_print(stdout, "test-recipe: %s\n", step->title);
    result = again_run(r->a, &argv, MOST_SECONDS, &d->output, &d->status, err);
    if (result < 0)
        return result;
    d->ran = true;
    d->seconds = now() - start;
    d->command = xasprintf("wl-make %s%s%s%s%s %s", step->command->name, step->option ? " " : "",
                           step->option ? step->option : "", step->flavour ? " --flavour " : "",
                           step->flavour ? step->flavour : "", r->port);
    if (!r->a->options.quiet)
        ui_print(stdout, "test-recipe: %s %s after %.0f s\n", step->title, d->status == 0 ? "succeeded" : "failed",
                 d->seconds);
    return write_report(r, err);
}

static int run_steps(struct report *r, const struct test_recipe_options *own, size_t *failed, struct wl_err *err)
{
    bool built[STEPS] = {false};
    int result = write_report(r, err);

    *failed = 0;
    for (int i = 0; result == 0 && i < STEPS; i++) {
        const struct step *step = &steps[i];
        bool wanted = !step->slow || !own->quick;

        /* What was not built is not tested; and all flavours come from the plain one. */
        for (int k = 0; wanted && k < i; k++)
            if (steps[k].command == &command_build && !built[k] &&
                (!steps[k].flavour || (step->flavour && !strcmp(steps[k].flavour, step->flavour))))
                wanted = false;
        if (!wanted)
            continue;
        result = do_step(r, step, &r->done[i], err);
        built[i] = result == 0 && r->done[i].status == 0;
        *failed += result == 0 && !built[i];
    }
    return result;
}

static int test_recipe(struct report *r, struct wl_err *err)
{
    const struct test_recipe_options *own = r->a->options.own;
    const struct strv *args = &r->a->options.args;
    WL_CLEANUP_FREE char *file = NULL;
    size_t failed = 0;
    int result = args->n == 1 ? ports_resolve(&r->a->roots, args->v[0], &r->port, err) : 0;

    if (result < 0)
        return result;
    if (!r->port || !python_is(r->port)) {
        wl_err_set(err, WL_E_USAGE, "test-recipe takes one Python");
        return wl_err_hint(err, "for example: wl-make test-recipe python/v3.14.10 --source Python-3.14.10.tar.xz");
    }
    r->machine = machine();
    r->archive = archive(r->a, err);
    if (!r->archive)
        return -(int)err->cls;
    file = xasprintf("%s-report.md", r->port);
    for (char *p = file; (p = strchr(p, '/'));)
        *p = '-';
    r->file = own->report ? own->report : file;
    result = run_steps(r, own, &failed, err);
    if (result == 0 && failed) {
        wl_err_set(err, WL_E_FAILED, "%zu steps failed", failed);
        return wl_err_hint(err, "%s says which, and why", r->file);
    }
    if (result == 0 && !r->a->options.quiet)
        ui_print(stdout, "%s says what succeeded\n", r->file);
    return result;
}

static int run(struct app *a, struct wl_err *err)
{
    struct report r = {.a = a};
    int result = test_recipe(&r, err);

    for (int i = 0; i < STEPS; i++) {
        free(r.done[i].command);
        free(r.done[i].output);
    }
    free(r.port);
    free(r.machine);
    free(r.archive);
    return result;
}

const struct command command_test_recipe = {
    .name = "test-recipe",
    .usage = "test-recipe [OPTION...] PYTHON",
    .summary = "test a Python's recipe in every way, with one report",
    .description = "Builds the Python in its flavours and runs its tests, one after the other, as far as they go, and\n"
                   "writes one file that says what worked and shows what did not. With --source it tests a version\n"
                   "whose archive nobody here has: send the report to the project.",
    .options = options,
    .options_size = sizeof(struct test_recipe_options),
    .shared = SHARED_BUILDING | SHARED_SOURCE | SHARED_NO_SANDBOX,
    .run = run,
};
