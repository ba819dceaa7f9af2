#include "regrtest/regrtest.h"

#include "util/clock.h"
#include "util/fs.h"
#include "util/run.h"

#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The exit statuses of regrtest (Lib/test/libregrtest, RunTests.get_exitcode). */
enum { STATUS_FAILED = 2, STATUS_CHANGED = 3, STATUS_NONE_RAN = 4, STATUS_TRAP = 134 };
enum { MAX_RESULTS = 64 << 20, MAX_OUTPUT = 4 << 20 };

const char *const file_states[] = {"passed", "failed", "skipped", "ran no test", "crashed", "took too long"};

struct pool {
    const struct regrtest *r;
    struct test_run *run;
    pthread_mutex_t lock;
    size_t next, done;
    int result;
    struct wl_err *err;
};

/* ---- which files there are ---- */

static char *take(char **at, char until)
{
    char *word = *at, *end = strchr(word, until);

    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return word;
}

/* Whether a pattern matches a file: its full name, its last part, or that without "test_" and ".py". */
static bool means(const char *pattern, const char *name)
{
    const char *base = path_base(name);
    size_t n = strlen(base);
    WL_CLEANUP_FREE char *stem = xstrndup(base, ends_with(base, ".py") ? n - strlen(".py") : n);

    return fnmatch(pattern, name, 0) == 0 || fnmatch(pattern, base, 0) == 0 || fnmatch(pattern, stem, 0) == 0 ||
           (starts_with(stem, "test_") && fnmatch(pattern, stem + strlen("test_"), 0) == 0);
}

static bool is_wanted(const struct regrtest *r, const char *name, bool *met)
{
    bool wanted = r->patterns->n == 0;

    for (size_t i = 0; i < r->patterns->n; i++)
        if (means(r->patterns->v[i], name))
            wanted = met[i] = true;
    return wanted;
}

static int find_files(const struct regrtest *r, struct test_run *run, struct wl_err *err)
{
    bool *met = xcalloc(r->patterns->n + 1, sizeof *met);
    int status = 0;

    for (size_t g = 0; g < r->groups_n; g++)
        for (size_t i = 0; i < r->groups[g].files.n; i++) {
            const char *name = r->groups[g].files.v[i];

            if (!is_wanted(r, name, met))
                continue;
            run->files = xreallocarray(run->files, run->n + 1, sizeof *run->files);
            run->files[run->n++] = (struct test_file){.name = xstrdup(name), .command = &r->groups[g].command};
        }
    for (size_t i = 0; status == 0 && i < r->patterns->n; i++)
        if (!met[i]) {
            wl_err_set(err, WL_E_USAGE, "there is no test file named '%s'", r->patterns->v[i]);
            status = wl_err_hint(err, "test files are named %s ...; * and ? are wildcards",
                                 r->groups_n && r->groups[0].files.n ? r->groups[0].files.v[0] : "test_json");
        }
    free(met);
    return status;
}

static bool is_package(const char *folder, const char *name)
{
    WL_CLEANUP_FREE char *dir = path_join(folder, name), *init = path_join(dir, "__init__.py");

    return path_exists(init);
}

int regrtest_files(const char *library, struct strv *files, struct wl_err *err)
{
    WL_CLEANUP_FREE char *folder = path_join(library, "test");
    WL_CLEANUP_STRV struct strv names = {0};
    int status = dir_list(folder, &names, err);

    for (size_t i = 0; status == 0 && i < names.n; i++) {
        size_t n = strlen(names.v[i]);
        bool file = ends_with(names.v[i], ".py");

        if (starts_with(names.v[i], "test_") && (file || is_package(folder, names.v[i])))
            strv_take(files, xstrndup(names.v[i], file ? n - 3 : n));
    }
    return status;
}

int regrtest_suite_files(const char *artifact, const char *suite, struct strv *files, struct wl_err *err)
{
    WL_CLEANUP_FREE char *list = path_join(artifact, "tests"), *text = NULL;
    int status = file_read(list, MAX_RESULTS, &text, NULL, err);
    char *at = text;
    const char *name;

    while (status == 0 && (name = take(&at, '\n')))
        strv_addf(files, "%s/%s", suite, name);
    return status;
}

/* ---- one of them ---- */

static void read_cases(struct test_file *f, char *text)
{
    char *at = text, *state, *name, *reason;

    while ((state = take(&at, '\t')) && (name = take(&at, '\t')) && (reason = take(&at, '\n'))) {
        struct test_case c = {.name = xstrdup(starts_with(name, "test.") ? name + strlen("test.") : name),
                              .reason = xstrdup(reason),
                              .state = !strcmp(state, "passed")   ? TEST_PASSED
                                       : !strcmp(state, "failed") ? TEST_FAILED
                                                                  : TEST_SKIPPED};

        f->passed += c.state == TEST_PASSED;
        f->failed += c.state == TEST_FAILED;
        f->skipped += c.state == TEST_SKIPPED;
        f->cases = xreallocarray(f->cases, f->cases_n + 1, sizeof *f->cases);
        f->cases[f->cases_n++] = c;
    }
}

static void judge(struct test_file *f, bool late, bool told, const char *output)
{
    if (late)
        f->state = FILE_TIMEOUT;
    else if (!told || (f->status != 0 && f->status != STATUS_FAILED && f->status != STATUS_CHANGED &&
                       f->status != STATUS_NONE_RAN))
        f->state = FILE_CRASHED;
    else if (f->failed || f->status == STATUS_FAILED)
        f->state = FILE_FAILED;
    else if (f->passed == 0 && strstr(output, " skipped -- ")) /* (a part of it may be skipped) */
        f->state = FILE_SKIPPED;
    else if (f->passed + f->skipped == 0)
        f->state = FILE_EMPTY;
    else
        f->state = FILE_PASSED;
    if (f->state == FILE_SKIPPED)
        f->why = last_line_with(output, " skipped -- ");
    else if (f->state == FILE_CRASHED || (f->state == FILE_FAILED && !f->failed))
        f->why = *output ? last_line(output) : NULL;
}

/* A flat name for the test's own files. */
static char *flat_name(const char *name)
{
    char *flat = xstrdup(name);

    for (char *c = flat; (c = strchr(c, '/'));)
        *c = '.';
    return flat;
}

static int run_file(const struct regrtest *r, struct test_file *f, struct wl_err *err)
{
    WL_CLEANUP_FREE char *flat = flat_name(f->name), *folder = path_join(r->scratch, flat),
                         *tmp = path_join(folder, "tmp"), *results = path_join(tmp, "results");
    WL_CLEANUP_FREE char *log_name = xasprintf("%s.log", flat), *log = path_join(r->logs, log_name);
    WL_CLEANUP_FREE char *output = NULL, *text = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct run run = {.cancel = r->cancel, .timeout_ms = r->deadline_s * 1000, .max_output = MAX_OUTPUT};
    bool late = false, told;
    double begun = clock_seconds();
    int status = make_dirs(tmp, err);

    if (status < 0)
        return status;
    for (size_t i = 0; i < f->command->n; i++) {
        const char *word = f->command->v[i], *own = strstr(word, "{}");

        if (own)
            strv_addf(&argv, "%.*s%s%s", (int)(own - word), word, folder, own + 2);
        else
            strv_add(&argv, word);
    }
    strv_add(&argv, f->name);
    strv_add(&argv, "/tmp/results");
    run.argv = argv.v;
    status = run_capture(&run, &f->status, &output, err);
    f->seconds = clock_seconds() - begun;
    if (status < 0 && err->cls == WL_E_FAILED) { /* late, or it printed without end */
        late = f->seconds >= r->deadline_s;
        f->status = STATUS_TRAP;
        output = xstrdup(err->text);
        status = 0;
    }
    if (status < 0)
        return status;
    status = file_write(log, output, strlen(output), err);
    told = file_read(results, MAX_RESULTS, &text, NULL, &ignored) == 0;
    if (told)
        read_cases(f, text);
    judge(f, late, told, output);
    remove_tree(folder, &ignored);
    return status;
}

/* ---- all of them ---- */

static void *work(void *arg)
{
    struct pool *p = arg;

    pthread_mutex_lock(&p->lock);
    while (p->result == 0 && p->next < p->run->n) {
        struct test_file *f = &p->run->files[p->next++];
        struct wl_err err = WL_ERR_INIT;
        int r;

        pthread_mutex_unlock(&p->lock);
        r = run_file(p->r, f, &err);
        pthread_mutex_lock(&p->lock);
        if (r < 0 && p->result == 0) {
            p->result = r;
            *p->err = err;
            err = (struct wl_err)WL_ERR_INIT;
        } else if (r == 0) {
            p->r->on_file(p->r->data, f, ++p->done, p->run->n);
        }
        wl_err_free(&err);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int regrtest_run(const struct regrtest *r, struct test_run *run, struct wl_err *err)
{
    struct pool p = {.r = r, .run = run, .lock = PTHREAD_MUTEX_INITIALIZER, .err = err};
    pthread_t *threads = xcalloc((size_t)r->jobs, sizeof *threads);
    int started = 0, status = find_files(r, run, err);

    if (status == 0) {
        while (started < r->jobs - 1 && pthread_create(&threads[started], NULL, work, &p) == 0)
            started++;
        work(&p);
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return status < 0 ? status : p.result;
}

void test_run_free(struct test_run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        struct test_file *f = &run->files[i];

        for (size_t k = 0; k < f->cases_n; k++) {
            free(f->cases[k].name);
            free(f->cases[k].reason);
        }
        free(f->cases);
        free(f->name);
        free(f->why);
    }
    free(run->files);
    *run = (struct test_run){0};
}
