/* Wheels for an app, with the real pip, from directories of made-up wheels. */
#include "made_up_wheels.h"

#include "make_archive.h"
#include "pack/pip.h"
#include "util/fs.h"
#include "util/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The Python that a package requires is compared with the app's, when the package is chosen and when it is
 * installed. */
static void test_requires_python(void **state)
{
    WL_CLEANUP_FREE char *text = NULL, *site = in_folder(state, "site"), *file = in_folder(state, "site/newer.py");
    struct place p;

    skip_without_pip();
    wheel(state, "newer", "1.0", PURE, "Requires-Python: >=3.13.4,<3.13.6\n");
    wheel(state, "newer", "2.0", PURE, "Requires-Python: >=3.13.6\n");
    place_make(state, &p, "newer\n");
    assert_ok(lock(&p), &p.err);
    text = locked(&p);
    assert_contains(text, "newer==1.0 --hash=sha256:");
    assert_ok(install(&p, site), &p.err);
    assert_true(path_exists(file));
    place_free(&p);
}

/* Markers are those of the guest, not of this machine, in the file and in the requirements of packages. */
static void test_markers(void **state)
{
    WL_CLEANUP_FREE char *text = NULL;
    struct place p;

    skip_without_pip();
    wheel(state, "here", "1.0", PURE, "");
    wheel(state, "also", "1.0", PURE, "");
    wheel(state, "main", "1.0", PURE,
          "Requires-Dist: also; python_version == \"3.13\" and sys_platform == \"wasi\"\n"
          "Requires-Dist: lost; sys_platform == \"linux\" or platform_machine == \"x86_64\"\n");
    place_make(state, &p,
               "main\nlost; python_full_version != \"3.13.5\"\nhere; platform_machine == \"wasm32\"\n"
               "lost; platform_system == \"Linux\"\n");
    assert_ok(lock(&p), &p.err);
    text = locked(&p);
    assert_contains(text, "also==1.0 ");
    assert_contains(text, "here==1.0 ");
    assert_null(strstr(text, "lost"));
    place_free(&p);
}

/* The newest version has native code: an older one is taken with a message, or refused if it is an older major
 * version. */
static void test_old_versions(void **state)
{
    WL_CLEANUP_FREE char *text = NULL;
    struct place p;

    skip_without_pip();
    wheel(state, "core", "2.0", NATIVE, "");
    wheel(state, "model", "1.9", PURE, "");
    wheel(state, "model", "2.1", PURE, "Requires-Dist: core==2.0\n");
    wheel(state, "web", "3.0", PURE, "Requires-Dist: model\n");

    place_make(state, &p, "web\n");
    assert_class(lock(&p), WL_E_FETCH, &p.err);
    assert_contains(
        p.err.text,
        "r.txt: the newest model is 2.1, but core cannot be built: there is no source archive of it (web -> model "
        "-> core); "
        "the newest that can be packed is 1.9");
    assert_contains(p.err.hint, "add model<2 to the file");
    assert_false(path_exists(p.lock));
    place_free(&p);

    /* If the older version is asked for, it is taken without a message. */
    place_make(state, &p, "web\nmodel<2\n");
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 0);
    text = locked(&p);
    assert_contains(text, "model==1.9 ");
    place_free(&p);

    /* The newest version is taken if its native code is not needed. */
    {
        char *names[] = {(char *)"Core", NULL};
        struct strv without = {names, 1};
        WL_CLEANUP_FREE char *newest = NULL;

        place_make(state, &p, "web\n# again\n");
        p.w.without_native = &without;
        assert_ok(lock(&p), &p.err);
        newest = locked(&p);
        assert_contains(newest, "model==2.1 ");
        assert_contains(newest, "core==2.0 ");
        place_free(&p);
    }
}

static void test_slightly_old_versions(void **state)
{
    WL_CLEANUP_FREE char *text = NULL;
    struct place p;

    skip_without_pip();
    wheel(state, "core", "2.0", NATIVE, "");
    wheel(state, "tool", "1.4", PURE, "");
    wheel(state, "tool", "1.10", PURE, "Requires-Dist: core\n");
    place_make(state, &p, "tool\n");
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 1);
    assert_string_equal(p.notes.v[0],
                        "tool 1.4 is used instead of 1.10: core cannot be built: there is no source archive "
                        "of it (tool -> core)");
    text = locked(&p);
    assert_contains(text, "# tool 1.4 is used instead of 1.10: ");
    assert_contains(text, "tool==1.4 ");
    /* The lock file is used as it is. */
    strv_free(&p.notes);
    p.notes = (struct strv){0};
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 0);
    place_free(&p);
}

/* If a package has a native and a pure wheel, the native one does not matter. */
static void test_both_kinds(void **state)
{
    WL_CLEANUP_FREE char *text = NULL, *site = in_folder(state, "site");
    struct place p;

    skip_without_pip();
    wheel(state, "both", "1.0", NATIVE, "");
    wheel(state, "both", "1.0", PURE, "");
    wheel(state, "markupsafe", "3.0", NATIVE, "");
    wheel(state, "user", "1.0", PURE, "Requires-Dist: both\n");
    place_make(state, &p, "user\nMarkupSafe\n");
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 0);
    text = locked(&p);
    assert_contains(text, "both==1.0 ");
    assert_contains(text, "markupsafe==3.0 ");
    {
        WL_CLEANUP_FREE char *wheels = path_join(p.folder, "wheels/both-1.0-" NATIVE ".whl");

        assert_false(path_exists(wheels));
    }
    assert_ok(install(&p, site), &p.err);
    place_free(&p);
}

/* A lock file is enough, even if a directory has wheels of both kinds and each is pinned by another package. */
static void test_both_kinds_pinned(void **state)
{
    WL_CLEANUP_FREE char *site = in_folder(state, "site"), *fast = in_folder(state, "site/fast.py");
    WL_CLEANUP_FREE char *slow = in_folder(state, "site/slow.py"), *text = NULL;
    WL_CLEANUP_STRV struct strv without = {0};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct place p;

    skip_without_pip();
    wheel(state, "slow", "1.0", PURE, "");
    wheel(state, "slow", "1.0", NATIVE, "");
    wheel(state, "fast", "1.0", NATIVE, "");
    place_make(state, &p, "slow\nfast\n");
    strv_add(&without, "fast");
    p.w.without_native = &without;
    assert_ok(lock(&p), &p.err);
    assert_ok(remove_tree(p.folder, &err), &err);
    wheel(state, "fast", "1.0", PURE, "Summary: not the one that is pinned\n");
    assert_ok(install(&p, site), &p.err);
    assert_true(path_exists(slow));
    assert_true(path_exists(fast));
    /* If a pinned wheel is missing, that is still reported. */
    text = locked(&p);
    memcpy(strstr(text, "sha256:") + strlen("sha256:"), "0123456789", 10);
    assert_ok(remove_tree(p.folder, &err), &err);
    assert_ok(remove_tree(site, &err), &err);
    assert_class(wheels_install(&p.w, text, site, &p.o, &p.err), WL_E_VERIFY, &p.err);
    assert_contains(p.err.text, "a wheel does not match its pinned hash");
    place_free(&p);
}

/* Puts a python3 first in PATH that does something before it becomes the real one. */
static char *first_in_path(void **state, const char *command)
{
    WL_CLEANUP_FREE char *bin = in_folder(state, "bin"), *python = in_folder(state, "bin/python3"), *text = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char *old = xstrdup(getenv("PATH")), *path = xasprintf("%s:%s", bin, old);

    assert_ok(make_dirs(bin, &err), &err);
    text = xasprintf("#!/bin/sh\n%s\nPATH='%s'\nexec python3 \"$@\"\n", command, old);
    write_text(python, text);
    assert_int_equal(chmod(python, 0755), 0);
    setenv("PATH", path, 1);
    free(path);
    return old;
}

/* The contents of a file when it was read are resolved, hashed and installed, even if the file changes later. */
static void test_files_that_change(void **state)
{
    WL_CLEANUP_FREE char *site = in_folder(state, "site"), *old = in_folder(state, "site/old.py"), *path = NULL;
    WL_CLEANUP_FREE char *command = NULL, *text = NULL;
    struct place p;

    skip_without_pip();
    wheel(state, "old", "1.0", PURE, "");
    wheel(state, "new", "1.0", PURE, "");
    place_make(state, &p, "old\n");
    command = xasprintf("printf -- '--no-index\\n--find-links wheels\\nnew\\n' >'%s'", p.requirements);
    path = first_in_path(state, command);
    assert_ok(lock(&p), &p.err);
    setenv("PATH", path, 1);
    text = locked(&p);
    assert_contains(text, "old==1.0 ");
    assert_null(strstr(text, "new=="));
    assert_int_equal(p.notes.n, 0);
    free_charp(&path);
    free_charp(&command);
    assert_ok(remove_tree(p.folder, &p.err), &p.err);
    command = xasprintf("echo 'nonsense ==' >'%s'", p.lock);
    path = first_in_path(state, command);
    assert_ok(install(&p, site), &p.err);
    setenv("PATH", path, 1);
    assert_true(path_exists(old));
    place_free(&p);
}

/* A newest version that comes only as source is reported, unless nobody asked for it. */
static void test_newer_source(void **state)
{
    struct place p;

    skip_without_pip();
    wheel(state, "main", "1.0", PURE, "Requires-Dist: held<3\nRequires-Dist: both\n");
    sdist(state, "main", "1.1");
    sdist(state, "main", "2.0b1");
    sdist(state, "main", "0.4.src"); /* as some packages have one from long ago, and an older pip lists it */
    wheel(state, "held", "2.0", PURE, "");
    sdist(state, "held", "3.0");
    wheel(state, "both", "1.0", PURE, "");
    sdist(state, "both", "1.0");
    place_make(state, &p, "main>=1 # not 2\n");
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 1);
    assert_contains(p.notes.v[0], "main 1.0 is used instead of 1.1, which is only available as source");
    place_free(&p);
    place_make(state, &p, "main==1.0\nheld\n");
    assert_ok(lock(&p), &p.err);
    assert_int_equal(p.notes.n, 0);
    place_free(&p);
}

static void test_who_wants_it(void **state)
{
    struct place p;

    skip_without_pip();
    wheel(state, "fast", "1.0", NATIVE, "");
    wheel(state, "middle", "1.0", PURE, "Requires-Dist: fast>=1\n");
    wheel(state, "document", "1.0", PURE, "Requires-Dist: middle\n");
    place_make(state, &p, "document\n");
    assert_class(lock(&p), WL_E_FETCH, &p.err);
    assert_contains(p.err.text,
                    "fast has native code that cannot be built for Python 3.13: there is no source archive");
    assert_contains(p.err.text, "(required by: document -> middle -> fast)");
    place_free(&p);
    place_make(state, &p, "nothing-like-this\n");
    assert_class(lock(&p), WL_E_FETCH, &p.err);
    assert_contains(p.err.text, "there is no package named nothing-like-this");
    place_free(&p);
}

/* An index that cannot be reached has not said that there is no such package. */
static void test_no_answer(void **state)
{
    struct place p;

    skip_without_pip();
    place_make(state, &p, "");
    /* Nothing listens there. */
    write_text(p.requirements, "--index-url http://127.0.0.1:9/simple\nSome.package\n");
    assert_class(lock(&p), WL_E_FETCH, &p.err);
    assert_contains(p.err.text, "r.txt: the package index did not answer when asked for Some.package: ");
    assert_contains(p.err.text, "Connection refused");
    assert_contains(p.err.hint, "check the network");
    assert_false(path_exists(p.lock));
    place_free(&p);
}

/* The wheel is in a directory, but an archive of its source may be in the index. */
static void test_no_answer_for_a_source(void **state)
{
    struct place p;

    skip_without_pip();
    wheel(state, "fast", "1.0", NATIVE, "");
    place_make(state, &p, "");
    write_text(p.requirements, "--index-url http://127.0.0.1:9/simple\n--find-links wheels\nfast\n");
    assert_class(lock(&p), WL_E_FETCH, &p.err);
    assert_contains(p.err.text, "r.txt: the package index did not answer when asked for fast: ");
    assert_contains(p.err.hint, "check the network");
    assert_false(path_exists(p.lock));
    place_free(&p);
}

/* What pip prints about its first attempt, if it tries again. */
static void test_what_pip_says_of_no_answer(void **state)
{
    static const char retry[] = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by '";
    WL_CLEANUP_FREE char *timed_out =
        xasprintf("%sReadTimeoutError(\"HTTPSConnectionPool(host='example.org', port=443): Read timed out. (read "
                  "timeout=10.0)\")': "
                  "/simple/some-package/\nERROR: No matching distribution found for other\n",
                  retry);
    WL_CLEANUP_FREE char *two =
        xasprintf("%sA('a: one')': /simple/other/\n%sB('b: two')': /index/simple/x/\n", retry, retry);
    WL_CLEANUP_FREE char *first = pip_unanswered(timed_out, "some_package"), *second = pip_unanswered(two, "x");

    (void)state;
    assert_string_equal(first, "Read timed out. (read timeout=10.0)");
    assert_string_equal(second, "two");
    assert_null(pip_unanswered(timed_out, "other"));
    assert_null(pip_unanswered(timed_out, "package"));
    assert_null(pip_unanswered("ERROR: No matching distribution found for x\n", "x"));
    assert_null(pip_unanswered(NULL, "x"));
}

/* The file: address of a path; the caller frees it. */
static char *as_url(const char *path)
{
    struct str url = {0};

    str_add(&url, "file://");
    for (; *path; path++)
        if (*path == ' ' || (unsigned char)*path > 0x7e)
            str_addf(&url, "%%%02x", (unsigned char)*path);
        else
            str_addc(&url, *path);
    return str_take(&url);
}

/* A source is refused before its code is run, however it is named. */
static void test_source(void **state)
{
    WL_CLEANUP_FREE char *trace = in_folder(state, "trace"), *folder = in_folder(state, "project");
    WL_CLEANUP_FREE char *archive = in_folder(state, "evil-1.0.tar.gz"), *setup = in_folder(state, "project/setup.py");
    WL_CLEANUP_FREE char *code =
        xasprintf("open('%s', 'w')\nimport setuptools\nsetuptools.setup(name='evil')\n", trace);
    WL_CLEANUP_FREE char *nested = in_folder(state, "nested.txt");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *address = as_url(archive), *direct = xasprintf("Requires-Dist: evil @ %s\n", address);
    const char *forms[] = {"git+https://nowhere.invalid/x\n",
                           "x @ git+file:///nowhere\n",
                           "-e .\n",
                           "%s\n",
                           "evil @ %s\n",
                           "%s/\n",
                           "-r nested.txt\n",
                           "asks\n"};

    skip_without_pip();
    assert_ok(make_dirs(folder, &err), &err);
    write_text(setup, code);
    make_archive(archive, "tar.gz", (struct entry[]){{'f', "evil-1.0/setup.py", code, 0}, {0}});
    wheel(state, "asks", "1.0", PURE, direct);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *name = i == 4 ? address : i == 5 ? folder : archive, *mark = strstr(forms[i], "%s");
        WL_CLEANUP_FREE char *line =
            mark ? xasprintf("%.*s%s%s", (int)(mark - forms[i]), forms[i], name, mark + 2) : xstrdup(forms[i]);
        struct place p;

        write_text(nested, archive);
        place_make(state, &p, line);
        assert_class(lock(&p), WL_E_FETCH, &p.err);
        assert_contains(p.err.text, "source");
        assert_contains(p.err.hint, "pip wheel");
        assert_false(path_exists(trace));
        assert_false(path_exists(p.lock));
        place_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_requires_python),
        TEST_IN_FOLDER(test_markers),
        TEST_IN_FOLDER(test_old_versions),
        TEST_IN_FOLDER(test_slightly_old_versions),
        TEST_IN_FOLDER(test_both_kinds),
        TEST_IN_FOLDER(test_who_wants_it),
        TEST_IN_FOLDER(test_no_answer),
        TEST_IN_FOLDER(test_no_answer_for_a_source),
        cmocka_unit_test(test_what_pip_says_of_no_answer),
        TEST_IN_FOLDER(test_source),
        TEST_IN_FOLDER(test_newer_source),
        TEST_IN_FOLDER(test_both_kinds_pinned),
        TEST_IN_FOLDER(test_files_that_change),
    };

    return cmocka_run_group_tests_name("wheels", tests, NULL, NULL);
}
