#include "cmd/command.h"

#include "testing.h"

#include <string.h>

/* A command that takes every kind of option. */
struct sample_options {
    bool flag;
    char *text, *file;
    struct strv list, given;
    int number, most, choice;
};

static const char *const choices[] = {"red", "green", "blue", NULL};

#define AT(m) .member = offsetof(struct sample_options, m)
static const struct option_spec sample_specs[] = {
    {'f', "flag", "a flag", NULL, OPTION_FLAG, AT(flag)},
    {'t', "text", "a text", "NAME", OPTION_TEXT, AT(text)},
    {'o', "output", "a file", "FILE", OPTION_TEXT, AT(file)},
    {0, "list", "a list", "DIR", OPTION_LIST, AT(list)},
    {0, "number", "a number", "N", OPTION_NUMBER, AT(number), .max = 90},
    {0, "most", "a number or none", "N", OPTION_NUMBER, AT(most), .max = 9, .or_none = true},
    {0, "choice", "a choice", "NAME", OPTION_CHOICE, AT(choice), .choices = choices},
    {0, "forward", "for another program", "A=B", OPTION_FORWARD, AT(given)},
    {0, "fast", "for another program", NULL, OPTION_FORWARD, AT(given)},
    {0},
};

static const struct command sample = {
    .name = "sample",
    .usage = "sample",
    .summary = "a sample",
    .description = "A sample.",
    .options = sample_specs,
    .options_size = sizeof(struct sample_options),
    .shared = SHARED_BUILDING | SHARED_KEEP_GOING,
};

/* Splits words at spaces, so that a test reads like a command line. They live as long as *words. */
static int parse(struct options *o, const struct command *command, const char *line, struct strv *words,
                 struct wl_err *err)
{
    for (const char *w = line; *w; w += strspn(w, " ")) {
        size_t n = strcspn(w, " ");

        strv_take(words, xstrndup(w, n));
        w += n;
    }
    return options_parse(o, command, (int)words->n, words->v, err);
}

static void test_shared(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv words = {0};
    struct options o;

    (void)state;
    assert_ok(parse(&o, command_find("build"),
                    "a/b -vk -j3 --offline --source=x.tgz --output out --cache-dir c --ports p --ports=q --debug "
                    "--dry-run --no-sandbox --keep-build --color=never c/d -- --not-an-option",
                    &words, &err),
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
}

static void test_own(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv words = {0};
    const struct sample_options *own;
    struct options o;

    (void)state;
    assert_ok(
        parse(&o, &sample,
              "-fqt one --text=two -oa --list x --list=y --number 90 --most 0 --choice green --forward a=b --fast "
              "--forward=c=d",
              &words, &err),
        &err);
    own = o.own;
    assert_true(own->flag && o.quiet);
    assert_string_equal(own->text, "two"); /* the last one counts */
    /* --output is the command's own: the shared one is not touched. */
    assert_string_equal(own->file, "a");
    assert_null(o.output);
    assert_int_equal(own->list.n, 2);
    assert_string_equal(own->list.v[1], "y");
    assert_int_equal(own->number, 90);
    assert_int_equal(own->most, OPTION_NONE);
    assert_int_equal(own->choice, 2);
    assert_int_equal(own->given.n, 3);
    assert_string_equal(own->given.v[0], "--forward=a=b");
    assert_string_equal(own->given.v[1], "--fast");
    assert_string_equal(own->given.v[2], "--forward=c=d");
    options_free(&o);
    assert_null(o.own);
}

static void test_nothing_given(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv words = {0}, dash = {0};
    const struct sample_options *own;
    struct options o;

    (void)state;
    assert_ok(parse(&o, &sample, "", &words, &err), &err);
    own = o.own;
    assert_int_equal(o.args.n, 0);
    assert_int_equal(own->choice, 0);
    assert_int_equal(own->most, 0);
    assert_null(own->text);
    options_free(&o);
    assert_ok(parse(&o, &sample, "-", &dash, &err), &err);
    assert_int_equal(o.args.n, 1);
    options_free(&o);
}

static void test_run(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv words = {0}, script = {0}, help = {0};
    const struct command *run = command_find("run");
    struct options o;

    (void)state;
    /* After "--" all words are the guest's. */
    assert_ok(parse(&o, run, "--engine native p/v -- -c code --help -- x", &words, &err), &err);
    assert_int_equal(o.args.n, 1);
    assert_int_equal(o.guest.n, 5);
    assert_string_equal(o.guest.v[0], "-c");
    assert_string_equal(o.guest.v[2], "--help");
    assert_string_equal(o.guest.v[3], "--");
    assert_false(o.help);
    options_free(&o);
    /* So they are from the second word that is not an option. */
    assert_ok(parse(&o, run, "p/v script.py --flag -x", &script, &err), &err);
    assert_int_equal(o.guest.n, 3);
    assert_string_equal(o.guest.v[1], "--flag");
    options_free(&o);
    assert_ok(parse(&o, run, "p/v --help", &help, &err), &err);
    assert_true(o.help);
    options_free(&o);
}

static void refuse(const struct command *command, const char *line, const char *text, const char *hint)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv words = {0};
    struct options o;

    assert_class(parse(&o, command, line, &words, &err), WL_E_USAGE, &err);
    assert_contains(err.text, text);
    assert_contains(err.hint, hint);
    options_free(&o);
}

static void test_refused(void **state)
{
    const struct command *build = command_find("build"), *list = command_find("list");

    (void)state;
    refuse(build, "--ofline", "unknown option --ofline", "did you mean --offline?");
    refuse(build, "--ofline=x", "unknown option --ofline", "did you mean --offline?");
    refuse(build, "--xyzzyx", "unknown option --xyzzyx", "wl-make build --help lists the options");
    refuse(build, "-z", "unknown option -z", "--help");
    refuse(build, "-vz", "unknown option -z", "--help");
    refuse(list, "--jobs 2", "unknown option --jobs", "wl-make list --help");
    refuse(list, "-j2", "unknown option -j", "--help");
    refuse(command_find("run"), "--xyzzyx p/v", "unknown option --xyzzyx", "come after --");
    refuse(build, "--source", "--source needs a value", "--help");
    refuse(build, "-j", "--jobs needs a value", "--help");
    refuse(build, "--source=", "--source FILE: the value is empty", "--help");
    refuse(build, "--quiet=1", "--quiet takes no value", "--help");
    refuse(build, "-j0", "--jobs takes a number from 1 to 1024, not '0'", "--jobs 2");
    refuse(build, "-j1025", "not '1025'", "--jobs 2");
    refuse(build, "-j-1", "not '-1'", "--jobs 2");
    refuse(build, "-j2k", "not '2k'", "--jobs 2");
    refuse(build, "--jobs=99999999999999999999999", "--jobs takes", "--jobs 2");
    refuse(build, "--color=pink", "--color takes auto, always or never, not 'pink'", "--color auto");
    refuse(&sample, "--number 91", "--number takes a number from 1 to 90, not '91'", "--number 2");
    refuse(&sample, "--most 10", "--most takes a number from 0 to 9, not '10'", "--most 2");
    refuse(&sample, "--choice yellow", "--choice takes red, green or blue, not 'yellow'", "--choice red");
    /* What was set before the error is freed. */
    refuse(&sample, "--text x --list y --forward z --choice yellow", "--choice takes", "--choice red");
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
        assert_int_equal(options_first_word((int)words.n, words.v, commands), cases[i].word);
    }
}

static char *printed(void (*print)(FILE *to, const struct command *command), const struct command *command)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    print(to, command);
    fclose(to);
    return text;
}

static void test_help(void **state)
{
    static const char *const of_build[] = {"-j, --jobs N", "-v, --verbose", "--source FILE", "--color WHEN",
                                           "-h, --help"};
    WL_CLEANUP_FREE char *text = printed(options_help, command_find("build")), *own = printed(options_help, &sample);

    (void)state;
    for (size_t i = 0; i < sizeof of_build / sizeof *of_build; i++)
        assert_contains(text, of_build[i]);
    assert_null(strstr(text, "--mapdir"));
    assert_contains(own, "  -o, --output FILE    a file\n");
    assert_contains(own, "      --choice NAME    a choice\n");
    assert_null(strstr(own, "--output DIR"));
}

static void test_list(void **state)
{
    WL_CLEANUP_FREE char *text = printed(options_list, &sample);

    (void)state;
    assert_contains(text, "--flag\t\t\n-f\t\t\n");
    assert_contains(text, "--output\tFILE\t\n-o\tFILE\t\n");
    assert_contains(text, "--choice\tNAME\tred green blue\n");
    assert_contains(text, "--color\tWHEN\tauto always never\n");
    assert_contains(text, "--jobs\tN\t\n-j\tN\t\n");
    assert_null(strstr(text, "--source"));
}

/* A command with a mistake in its table would show it only when that option is used. */
static void test_tables(void **state)
{
    (void)state;
    for (const struct command *const *c = commands; *c; c++) {
        assert_ptr_equal(command_find((*c)->name), *c);
        assert_non_null((*c)->run);
        assert_contains((*c)->usage, (*c)->name);
        assert_true(strlen((*c)->summary) < 60);
        assert_int_equal(!(*c)->options, !(*c)->options_size);
        for (const struct option_spec *s = (*c)->options; s && s->name; s++) {
            assert_true(s->member < (*c)->options_size);
            assert_int_equal(s->kind == OPTION_NUMBER, s->max > 0);
            assert_int_equal(s->kind == OPTION_CHOICE, s->choices != NULL);
            assert_true(s->kind == OPTION_FORWARD || (s->kind == OPTION_FLAG) == !s->argument);
            for (const struct option_spec *t = (*c)->options; t < s; t++) {
                assert_string_not_equal(t->name, s->name);
                assert_true(!s->letter || t->letter != s->letter);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared), cmocka_unit_test(test_own),     cmocka_unit_test(test_nothing_given),
        cmocka_unit_test(test_run),    cmocka_unit_test(test_refused), cmocka_unit_test(test_first_word),
        cmocka_unit_test(test_help),   cmocka_unit_test(test_list),    cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
