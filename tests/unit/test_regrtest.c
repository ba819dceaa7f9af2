#include "regrtest/expectations.h"
#include "regrtest/report.h"
#include "util/fs.h"

#include "testing.h"

#include <string.h>

/* A guest that does what the name of its test file says. */
static const char guest[] =
    "root=$1; name=$4; results=$root$5\n"
    "case $name in\n"
    "test_good) printf 'passed\\ttest.test_good.A.one\\t\\nskipped\\ttest.test_good.A.two\\tno\\n' >$results ;;\n"
    "test_bad) printf 'passed\\ttest.test_bad.A.one\\t\\nfailed\\ttest.test_bad.A.two\\t1 != <2> & \"3\"\\n' "
    ">$results\n"
    "  exit 2 ;;\n"
    "test_skipped) : >$results; echo 'test_skipped skipped -- no socket here' ;;\n"
    "test_empty) : >$results; exit 4 ;;\n"
    "test_trap) echo 'stopped: unreachable'; exit 134 ;;\n"
    "test_slow) sleep 60 ;;\n"
    "made_up/*) printf 'failed\\tmade_up/test_a.py::test_[*x]\\tno\\n' >$results; exit 2 ;;\n"
    "esac\n";

static size_t told;

static void on_file(void *data, const struct test_file *file, size_t done, size_t n)
{
    (void)data;
    assert_non_null(file->name);
    assert_true(done <= n);
    told++;
}

struct place {
    char *script, *library, *scratch, *logs;
    struct test_group group;
    struct strv patterns;
    struct regrtest r;
};

static void place_free(struct place *p)
{
    free(p->script);
    free(p->library);
    free(p->scratch);
    free(p->logs);
    strv_free(&p->group.files);
    strv_free(&p->group.command);
    strv_free(&p->patterns);
}

static void make_place(void **state, struct place *p)
{
    static const char *const names[] = {"test_good",  "test_bad",  "test_skipped",
                                        "test_empty", "test_trap", "test_slow"};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *tests = in_folder(state, "lib/test"), *package = in_folder(state, "lib/test/test_good"),
                         *other = in_folder(state, "lib/test/support.py");

    *p = (struct place){.script = in_folder(state, "guest.sh"),
                        .library = in_folder(state, "lib"),
                        .scratch = in_folder(state, "scratch"),
                        .logs = in_folder(state, "logs")};
    assert_ok(make_dirs(package, &err), &err);
    assert_ok(make_dirs(p->scratch, &err), &err);
    assert_ok(make_dirs(p->logs, &err), &err);
    write_text(p->script, guest);
    write_text(other, "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        WL_CLEANUP_FREE char *file = xasprintf("%s/%s%s", tests, names[i], i ? ".py" : "/__init__.py");

        write_text(file, "");
    }
    assert_ok(regrtest_files(p->library, &p->group.files, &err), &err);
    strv_add_all(&p->group.command, "sh", p->script, "{}", "-m", "wl_test", NULL);
    p->r = (struct regrtest){.groups = &p->group,
                             .groups_n = 1,
                             .patterns = &p->patterns,
                             .scratch = p->scratch,
                             .logs = p->logs,
                             .jobs = 3,
                             .deadline_s = 1,
                             .on_file = on_file};
}

static const struct test_file *file_of(const struct test_run *run, const char *name)
{
    for (size_t i = 0; i < run->n; i++)
        if (!strcmp(run->files[i].name, name))
            return &run->files[i];
    fail_msg("%s was not run", name);
    return NULL;
}

static void test_states(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv left = {0};
    struct place p;
    struct test_run run = {0};
    const struct test_file *f;

    make_place(state, &p);
    told = 0;
    assert_ok(regrtest_run(&p.r, &run, &err), &err);
    assert_int_equal(run.n, 6);
    assert_int_equal(told, 6);
    f = file_of(&run, "test_good");
    assert_int_equal(f->state, FILE_PASSED);
    assert_int_equal(f->passed, 1);
    assert_int_equal(f->skipped, 1);
    assert_string_equal(f->cases[1].name, "test_good.A.two");
    assert_string_equal(f->cases[1].reason, "no");
    f = file_of(&run, "test_bad");
    assert_int_equal(f->state, FILE_FAILED);
    assert_int_equal(f->failed, 1);
    f = file_of(&run, "test_skipped");
    assert_int_equal(f->state, FILE_SKIPPED);
    assert_contains(f->why, "no socket here");
    assert_int_equal(file_of(&run, "test_empty")->state, FILE_EMPTY);
    f = file_of(&run, "test_trap");
    assert_int_equal(f->state, FILE_CRASHED);
    assert_string_equal(f->why, "stopped: unreachable");
    assert_int_equal(file_of(&run, "test_slow")->state, FILE_TIMEOUT);
    assert_ok(dir_list(p.scratch, &left, &err), &err);
    assert_int_equal(left.n, 0);
    test_run_free(&run);
    place_free(&p);
}

static void test_patterns(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct place p;
    struct test_run run = {0};

    make_place(state, &p);
    strv_add(&p.patterns, "good");
    strv_add(&p.patterns, "test_s?ipped");
    assert_ok(regrtest_run(&p.r, &run, &err), &err);
    assert_int_equal(run.n, 2);
    test_run_free(&run);
    strv_add(&p.patterns, "nonesuch");
    assert_class(regrtest_run(&p.r, &run, &err), WL_E_USAGE, &err);
    assert_contains(err.text, "'nonesuch'");
    test_run_free(&run);
    place_free(&p);
}

static void test_expectations(void **state)
{
    static const char all[] = "- {test: test_bad.A.two, reason: clock, why: Because.}\n"
                              "- {test: test_trap, reason: bug, why: It is one.}\n"
                              "- {test: test_slow, reason: bug, why: It is slow.}\n"
                              "- {test: test_s*, reason: no sockets, why: There are none.}\n"
                              "- {test: test_good.A.one, reason: memory, why: Not so.}\n"
                              "- {test: test_other, reason: memory, why: Was not run.}\n";
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *file = in_folder(state, "expectations.yaml"), *none = in_folder(state, "none.yaml"),
                         *more = in_folder(state, "more.yaml");
    WL_CLEANUP_STRV struct strv unexpected = {0};
    struct expectations e = {0};
    struct place p;
    struct test_run run = {0};

    make_place(state, &p);
    assert_ok(regrtest_run(&p.r, &run, &err), &err);
    assert_ok(expectations_read(&e, none, &err), &err);
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 5);
    strv_free(&unexpected);

    write_text(file, all);
    write_text(more, "- {test: test_empty, reason: no test modules, why: It needs them.}\n");
    assert_ok(expectations_read(&e, file, &err), &err);
    assert_ok(expectations_read(&e, more, &err), &err);
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 1);
    assert_contains(unexpected.v[0], "passed: test_good.A.one, which ");
    assert_contains(unexpected.v[0], "expectations.yaml lists as expected to fail (memory)");
    strv_free(&unexpected);
    e.test_modules = true;
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 2);
    assert_true(starts_with(unexpected.v[0], "ran no test: test_empty") ||
                starts_with(unexpected.v[1], "ran no test: test_empty"));
    expectations_free(&e);

    /* Where there are threads, nothing may fail because they are missing. */
    strv_free(&unexpected);
    write_text(more, "- {test: test_empty, reason: no threads, why: It starts some.}\n");
    assert_ok(expectations_read(&e, file, &err), &err);
    assert_ok(expectations_read(&e, more, &err), &err);
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 1);
    strv_free(&unexpected);
    e.threads = true;
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 2);
    expectations_free(&e);

    /* The same for processes, but a test of another program is excused. */
    e.threads = false;
    strv_free(&unexpected);
    write_text(more, "- {test: test_empty, reason: no processes, why: It starts itself.}\n");
    assert_ok(expectations_read(&e, file, &err), &err);
    assert_ok(expectations_read(&e, more, &err), &err);
    e.processes = true;
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 2);
    expectations_free(&e);
    strv_free(&unexpected);
    write_text(more, "- {test: test_empty, reason: no other programs, why: It starts a shell.}\n");
    assert_ok(expectations_read(&e, file, &err), &err);
    assert_ok(expectations_read(&e, more, &err), &err);
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 1);
    expectations_free(&e);

    /* A missing resource does not excuse a hang. */
    strv_free(&unexpected);
    write_text(file, "- {test: \"test_*\", reason: no sockets, why: There are none.}\n");
    assert_ok(expectations_read(&e, file, &err), &err);
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 2);
    assert_true(starts_with(unexpected.v[0], "took too long: test_slow") ||
                starts_with(unexpected.v[1], "took too long: test_slow"));
    expectations_free(&e);
    write_text(file, "- {test: a, reason: laziness, why: So.}\n");
    assert_class(expectations_read(&e, file, &err), WL_E_RECIPE, &err);
    assert_contains(err.text, "'laziness', the reason of a");
    expectations_free(&e);
    write_text(file, "- {test: a, reason: clock}\n");
    assert_class(expectations_read(&e, file, &err), WL_E_RECIPE, &err);
    expectations_free(&e);
    test_run_free(&run);
    place_free(&p);
}

/* Test files of a suite are named by their paths; their tests may have brackets in their names. */
static void test_suite(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *artifact = in_folder(state, "made_up"), *list = in_folder(state, "made_up/tests"),
                         *file = in_folder(state, "expectations.yaml"), *log = NULL;
    WL_CLEANUP_STRV struct strv unexpected = {0};
    struct expectations e = {0};
    struct place p;
    struct test_run run = {0};

    make_place(state, &p);
    strv_free(&p.group.files);
    assert_ok(make_dirs(artifact, &err), &err);
    write_text(list, "tests/test_a.py\ntests/more/test_b.py\n");
    assert_ok(regrtest_suite_files(artifact, "made_up", &p.group.files, &err), &err);
    assert_int_equal(p.group.files.n, 2);
    assert_string_equal(p.group.files.v[1], "made_up/tests/more/test_b.py");
    strv_add_all(&p.patterns, "a", "test_b", "made_up/*/test_b.py", NULL);
    assert_ok(regrtest_run(&p.r, &run, &err), &err);
    assert_int_equal(run.n, 2);
    assert_int_equal(run.files[0].failed, 1);
    log = path_join(p.logs, "made_up.tests.test_a.py.log");
    assert_true(path_exists(log));

    write_text(file, "- {test: 'made_up/test_a.py::test_[xy]', reason: clock, why: Is no pattern.}\n");
    assert_ok(expectations_read(&e, file, &err), &err);
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 2);
    strv_free(&unexpected);
    write_text(file, "- {test: 'made_up/test_a.py::test_[*]', reason: clock, why: Is one.}\n");
    assert_ok(expectations_read(&e, file, &err), &err);
    expectations_compare(&e, &run, &unexpected);
    assert_int_equal(unexpected.n, 0);
    expectations_free(&e);
    test_run_free(&run);
    place_free(&p);
}

static void test_reports(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *json = in_folder(state, "r.json"), *junit = in_folder(state, "r.xml"), *text = NULL;
    struct place p;
    struct test_run run = {0};

    make_place(state, &p);
    strv_add(&p.patterns, "bad");
    assert_ok(regrtest_run(&p.r, &run, &err), &err);
    assert_ok(report_json(json, "a \"title\"", &run, &err), &err);
    assert_ok(file_read(json, 1 << 20, &text, NULL, &err), &err);
    assert_contains(text, "\"title\": \"a \\\"title\\\"\"");
    assert_contains(text, "\"state\": \"failed\", \"passed\": 1, \"failed\": 1, \"skipped\": 0");
    assert_contains(text, "{\"name\": \"test_bad.A.two\", \"state\": \"failed\", \"reason\": \"1 != <2> & \\\"3\\\"\"");
    free(text);
    assert_ok(report_junit(junit, "t", &run, &err), &err);
    assert_ok(file_read(junit, 1 << 20, &text, NULL, &err), &err);
    assert_contains(text, "<testsuite name=\"test_bad\" tests=\"2\" failures=\"1\" skipped=\"0\"");
    assert_contains(text, "<failure message=\"1 != &lt;2> &amp; &quot;3&quot;\"/>");
    test_run_free(&run);
    place_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_states), TEST_IN_FOLDER(test_patterns), TEST_IN_FOLDER(test_expectations),
        TEST_IN_FOLDER(test_suite),  TEST_IN_FOLDER(test_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
