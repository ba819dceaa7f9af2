#include "cmd/options.h"

#include "testing.h"

#include <string.h>

/* Splits a string at spaces, so that a test reads like a command line. */
static int parse(struct options *o, enum command_bit command, const char *line, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv words = {0};

    for (const char *w = line; *w; w += strspn(w, " ")) {
        size_t n = strcspn(w, " ");

        strv_take(&words, xstrndup(w, n));
        w += n;
    }
    *o = (struct options){0};
    return options_parse(o, command, (int)words.n, words.v, err);
}

static void test_build(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct options o;

    (void)state;
    assert_ok(parse(&o, CMD_BUILD,
                    "a/b -vk -j3 --offline --source=x.tgz --output out --cache-dir c --ports p --ports=q --debug "
                    "--dry-run --no-sandbox --keep-build --color=never c/d -- --not-an-option",
                    &err),
              &err);
    assert_true(o.verbose && o.keep_going && o.offline && o.debug && o.dry_run && o.no_sandbox && o.keep_build);
    assert_false(o.quiet || o.help);
    assert_int_equal(o.jobs, 3);
    assert_string_equal(o.source, "x.tgz");
    assert_string_equal(o.output, "out");
    assert_string_equal(o.cache_dir, "c");
    assert_int_equal(o.ports.n, 2);
    assert_int_equal(o.color, COLOR_NEVER);
    assert_int_equal(o.args.n, 3);
    assert_string_equal(o.args.v[1], "c/d");
    assert_string_equal(o.args.v[2], "--not-an-option");
    options_free(&o);
    assert_ok(parse(&o, CMD_BUILD, "--source a --source b -j 2 -j4", &err), &err);
    assert_string_equal(o.source, "b"); /* the last one counts */
    assert_int_equal(o.jobs, 4);
    options_free(&o);
    assert_ok(parse(&o, CMD_BUILD, "", &err), &err);
    assert_int_equal(o.args.n, 0);
    options_free(&o);
    assert_ok(parse(&o, CMD_BUILD, "-", &err), &err);
    assert_int_equal(o.args.n, 1);
    options_free(&o);
}

static void test_run(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct options o;

    (void)state;
    /* After "--" everything belongs to the guest. */
    assert_ok(parse(&o, CMD_RUN, "--dir .::/ p/v --env A=1 --mapdir /x::y -- -c code --help -- x", &err), &err);
    assert_int_equal(o.args.n, 1);
    assert_int_equal(o.guest.n, 5);
    assert_string_equal(o.guest.v[0], "-c");
    assert_string_equal(o.guest.v[2], "--help");
    assert_string_equal(o.guest.v[3], "--");
    assert_int_equal(o.runner.n, 3);
    assert_string_equal(o.runner.v[0], "--dir=.::/");
    assert_false(o.help);
    options_free(&o);
    /* The same applies after the first word that is not an option. */
    assert_ok(parse(&o, CMD_RUN, "p/v script.py --flag -x", &err), &err);
    assert_int_equal(o.guest.n, 3);
    assert_string_equal(o.guest.v[1], "--flag");
    options_free(&o);
    assert_ok(parse(&o, CMD_RUN, "p/v --help", &err), &err);
    assert_true(o.help);
    options_free(&o);
}

static void refuse(enum command_bit command, const char *line, const char *text, const char *hint)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct options o;

    assert_class(parse(&o, command, line, &err), WL_E_USAGE, &err);
    assert_contains(err.text, text);
    assert_contains(err.hint, hint);
    options_free(&o);
}

static void test_refused(void **state)
{
    (void)state;
    refuse(CMD_BUILD, "--ofline", "unknown option --ofline", "did you mean --offline?");
    refuse(CMD_BUILD, "--ofline=x", "unknown option --ofline", "did you mean --offline?");
    refuse(CMD_BUILD, "--xyzzyx", "unknown option --xyzzyx", "--help lists the options");
    refuse(CMD_BUILD, "-z", "unknown option -z", "--help");
    refuse(CMD_BUILD, "-vz", "unknown option -z", "--help");
    refuse(CMD_LIST, "--jobs 2", "unknown option --jobs", "--help");
    refuse(CMD_LIST, "-j2", "unknown option -j", "--help");
    refuse(CMD_BUILD, "--source", "--source needs a value", "--help");
    refuse(CMD_BUILD, "-j", "--jobs needs a value", "--help");
    refuse(CMD_BUILD, "--source=", "--source takes a path", "--help");
    refuse(CMD_BUILD, "--quiet=1", "--quiet takes no value", "--help");
    refuse(CMD_BUILD, "-j0", "--jobs takes a number from 1 to 1024, not '0'", "--jobs 2");
    refuse(CMD_BUILD, "-j1025", "not '1025'", "--jobs 2");
    refuse(CMD_BUILD, "-j-1", "not '-1'", "--jobs 2");
    refuse(CMD_BUILD, "-j2k", "not '2k'", "--jobs 2");
    refuse(CMD_BUILD, "--jobs=99999999999999999999999", "--jobs takes", "--jobs 2");
    refuse(CMD_BUILD, "--color=pink", "--color takes auto, always or never, not 'pink'", "--color never");
}

static enum command_bit command_of(const char *word)
{
    return !strcmp(word, "build")      ? CMD_BUILD
           : !strcmp(word, "test")     ? CMD_TEST
           : !strcmp(word, "outdated") ? CMD_OUTDATED
           : !strcmp(word, "clean")    ? CMD_CLEAN
                                       : (enum command_bit)0;
}

static void test_first_word(void **state)
{
    static const struct {
        const char *line;
        int word;
    } cases[] = {
        {"build a/b", 0},
        {"-v build a/b", 1},
        {"--cache-dir x build", 2},
        {"--cache-dir=x build", 1},
        {"-j 2 a/b", 2},
        {"-j2 a/b", 1},
        {"-vj 2 a/b", 2},
        {"--help", 1},
        {"-v --unknown a/b", 2},
        {"-- build", 2},
        {"", 0},
        {"-", 0},
        {"--color always x", 2},
        {"--ports p --ports=q x", 3},
        /* The same name with a value and without. */
        {"--json r.json test a/b", 2},
        {"--json=r.json test a/b", 1},
        {"--json outdated", 1},
        {"--json test test a/b", 2},
        {"--color never --json outdated test", 3},
        {"--cache-dir test build a/b", 2},
        {"--all clean", 1},
        {"-- test", 2},
        {"a/b test", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_STRV struct strv words = {0};

        for (const char *w = cases[i].line; *w; w += strspn(w, " ")) {
            size_t n = strcspn(w, " ");

            strv_take(&words, xstrndup(w, n));
            w += n;
        }
        assert_int_equal(options_first_word((int)words.n, words.v, command_of), cases[i].word);
    }
}

/* The help lists every option of a command, and no line is too long for a terminal. */
static void test_help(void **state)
{
    static const char *const of_build[] = {"-j, --jobs N", "-v, --verbose", "--source FILE", "--color WHEN",
                                           "-h, --help"};
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    (void)state;
    options_help(to, CMD_BUILD);
    fclose(to);
    for (size_t i = 0; i < sizeof of_build / sizeof *of_build; i++)
        assert_contains(text, of_build[i]);
    assert_null(strstr(text, "--mapdir"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),      cmocka_unit_test(test_run),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_first_word), cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
