/* Hints for a user's first mistakes. */
#include "cli/hint.h"
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The tests work in their own directory, which has files/script.py and lib/python313.zip. */
static int set_up(void **state)
{
    char *folder = strdup("/tmp/wl-hint.XXXXXX");
    FILE *f;

    if (!folder || !mkdtemp(folder) || chdir(folder) < 0 || mkdir("files", 0755) < 0 || mkdir("lib", 0755) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        f = fopen(i ? "lib/python313.zip" : "files/script.py", "w");
        if (!f || fclose(f) != 0)
            return -1;
    }
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    unlink("files/script.py");
    unlink("lib/python313.zip");
    rmdir("files");
    rmdir("lib");
    if (chdir("/") < 0 || rmdir(*state) < 0)
        return -1;
    free(*state);
    return 0;
}

static void test_mapping(void **state)
{
    static const struct {
        bool swapped;
        const char *host, *guest, *text;
    } cases[] = {
        {false, "files:/w", "files:/w", "put two colons between the names: --dir files::/w"},
        {false, "files:/w:ro", "files:/w:ro", "put two colons between the names: --dir files::/w::ro"},
        {true, "/w:files", "/w:files", "put two colons between the names: --mapdir /w::files"},
        {false, "files", "/w:ro", "put two colons before ro: --dir files::/w::ro"},
        {false, "files", "/w:rw", "put two colons before ro: --dir files::/w"},
        {true, "/no/w", "files",
         "--mapdir takes GUEST::HOST, and there is no directory /no/w here: name one that exists, or swap the "
         "names (--mapdir /no/w::files)"},
        {false, "/no/w", "files",
         "--dir takes HOST::GUEST, and there is no directory /no/w here: name one that exists, or swap the "
         "names (--dir files::/no/w)"},
        {false, "files/script.py", "/w", "files/script.py is a file; share the directory it is in"},
        {false, "files/script.py", "files", "files/script.py is a file; share the directory it is in"},
        {false, "files", "/w", NULL},
        {false, "files", "files", NULL},
        {true, "files", "/", NULL},
        {false, "/no/w", "/no/x", NULL},
        {false, "/no/w", "/", NULL},
    };
    char text[HINT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool told = hint_mapping(cases[i].swapped, cases[i].host, cases[i].guest, text);

        assert_int_equal(told, cases[i].text != NULL);
        if (told)
            assert_string_equal(text, cases[i].text);
    }
}

static bool failed(struct folder *folders, const char *program, const char *arg, const char *variable,
                   char text[HINT_SIZE])
{
    const char *args[] = {program, "-v", arg}, *env[] = {variable};
    struct run_options run = {.folders = folders, .args = args, .args_n = 3, .env = env, .env_n = variable ? 1 : 0};

    while (folders[run.folders_n].host)
        run.folders_n++;
    return hint_failed(&run, text);
}

static void test_unshared(void **state)
{
    static struct folder none[] = {{0}}, root[] = {{".", "/", false}, {0}}, here[] = {{".", ".", false}, {0}},
                         work[] = {{"files", "/w/", false}, {0}},
                         hidden[] = {{"files", "/w", false}, {"lib", "/w", false}, {0}},
                         deep[] = {{".", "/", false}, {"lib", "/files", false}, {0}};
    static const char share[] =
        "the program sees only the directories it is given: share one with --dir files::/data, and name "
        "the file /data/script.py";
    char text[HINT_SIZE];

    (void)state;
    assert_true(failed(none, "p", "files/script.py", NULL, text));
    assert_string_equal(text, share);
    assert_true(failed(none, "p", "files", NULL, text));
    assert_string_equal(
        text, "the program sees only the directories it is given: share this one with --dir files::/data, and "
              "name it /data");
    assert_false(failed(root, "p", "files/script.py", NULL, text));
    assert_false(failed(root, "p", "/files/script.py", NULL, text));
    assert_false(failed(here, "p", "./files/script.py", NULL, text));
    assert_false(failed(work, "p", "/w/script.py", NULL, text));
    assert_true(failed(work, "p", "files/script.py", NULL, text));
    assert_string_equal(text, "files/script.py is /w/script.py for the program, in the directory it is given");
    /* The guest sees the later of two directories with the same name. If two names fit, the longer one counts. */
    assert_true(failed(hidden, "p", "files/script.py", NULL, text));
    assert_string_equal(text, share);
    assert_true(failed(deep, "p", "files/script.py", NULL, text));
    assert_string_equal(text, share);
    assert_false(failed(none, "p", "no/such/file", NULL, text));
    assert_false(failed(none, "p", "print(1)", NULL, text));
}

static void test_library(void **state)
{
    static struct folder none[] = {{0}}, good[] = {{".", "/usr/local", false}, {0}},
                         bad[] = {{".", "/usr/local/", false}, {"files", "/usr/local", false}, {0}};
    char text[HINT_SIZE];

    (void)state;
    assert_true(failed(none, "bin/python.wasm", "x", NULL, text));
    assert_non_null(strstr(text, "Python does not find its library: share the directory usr/local beside bin/"));
    assert_false(failed(none, "bin/python.wasm", "x", "PYTHONHOME=/x", text));
    assert_false(failed(none, "bin/python-single.wasm", "x", NULL, text));
    assert_false(failed(good, "python.wasm", "x", NULL, text));
    assert_true(failed(bad, "python.wasm", "x", NULL, text));
    assert_string_equal(text,
                        "Python looks for its library in /usr/local/lib, which is files/lib here: share your directory "
                        "under another name, for example /data");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mapping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unshared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_library, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
