/* Lock files: what is written is read again, and nothing else is. */
#include "testing.h"

#include "pack/lock.h"
#include "util/str.h"

#include <string.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char whole[] = "# The wheels of r.txt\n"
                            "--find-links wheels\n"
                            "pure==1.0 --hash=sha256:" A " # wheel pure-1.0-py3-none-any.whl\n"
                            "fast-er==2.0 --hash=sha256:" B " # source fast_er-2.0.tar.gz\n"
                            "#requires fast-er: setuptools==84.2.1 setuptools-84.2.1-py3-none-any.whl sha256:" A "\n"
                            "#crate fast-er: unicode_ident==1.0.22+x sha256:" B "\n"
                            "here==3 --hash=sha256:" B " # wheel here-3-cp313-cp313-wasi_wasm32.whl\n"
                            "old==4 --hash=sha256:" A "\n";

static void test_all_kinds_of_lines(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_PACKAGES struct packages p = {0};
    WL_CLEANUP_STR struct str again = {0};
    WL_CLEANUP_FREE char *wheels = lock_wheels(whole);
    const struct package *fast;

    (void)state;
    assert_ok(lock_parse("r.lock", whole, &p, &err), &err);
    assert_int_equal(p.n, 4);
    fast = packages_find(&p, "Fast_er");
    assert_non_null(fast);
    assert_true(fast->source);
    assert_string_equal(fast->file, "fast_er-2.0.tar.gz");
    assert_string_equal(fast->sha256, B);
    assert_int_equal(fast->requires.n, 1);
    assert_string_equal(fast->requires.v[0].version, "84.2.1");
    assert_int_equal(fast->crates.n, 1);
    assert_string_equal(fast->crates.v[0].name, "unicode_ident");
    assert_string_equal(fast->crates.v[0].version, "1.0.22+x");
    assert_string_equal(fast->crates.v[0].sha256, B);
    assert_true(package_is_native(packages_find(&p, "here")));
    assert_false(package_is_native(packages_find(&p, "pure")));
    assert_null(packages_find(&p, "old")->file);
    for (size_t i = 0; i < p.n; i++)
        lock_add(&again, &p.v[i]);
    assert_string_equal(again.s, strstr(whole, "pure=="));
    /* pip installs only what has no native code. */
    assert_string_equal(wheels, "# The wheels of r.txt\n--find-links wheels\n"
                                "pure==1.0 --hash=sha256:" A " # wheel pure-1.0-py3-none-any.whl\n"
                                "old==4 --hash=sha256:" A "\n");
}

static void test_other_lines(void **state)
{
    static const char *const lines[] = {
        "numpy",
        "numpy==1",
        "==1 --hash=sha256:" A,
        "a== --hash=sha256:" A,
        "a==1\"2 --hash=sha256:" A,
        "a==1 2 --hash=sha256:" A,
        "a==1 --hash=sha256:short",
        "a==1 --hash=sha256:" A " # wheel ../a.whl",
        "a==1 --hash=sha256:" A " # source /etc/passwd",
        "a==1 --hash=sha256:" A " # source -x.tar.gz",
        "#requires a: b==1 b.whl sha256:" A,
        "a==1 --hash=sha256:" A " # source a.tar.gz\n#requires b: c==1 c.whl sha256:" A,
        "a==1 --hash=sha256:" A " # source a.tar.gz\n#requires a: c==1 c.whl",
        "a==1 --hash=sha256:" A " # source a.tar.gz\n#requires a: c==1 sub/c.whl sha256:" A,
        "#crate a: b==1 sha256:" A,
        "a==1 --hash=sha256:" A " # wheel a.whl\n#crate a: b==1 sha256:" A,
        "a==1 --hash=sha256:" A " # source a.tar.gz\n#crate b: c==1 sha256:" A,
        "a==1 --hash=sha256:" A " # source a.tar.gz\n#crate a: c==1",
        "a==1 --hash=sha256:" A " # source a.tar.gz\n#crate a: ../c==1 sha256:" A,
        "a==1 --hash=sha256:" A " # source a.tar.gz\n#crate a: c==1 sha256:short",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_PACKAGES struct packages p = {0};

        assert_class(lock_parse("r.lock", lines[i], &p, &err), WL_E_USAGE, &err);
        assert_contains(err.text, "r.lock: a line is not one of a lock file: ");
        assert_contains(err.hint, "--update");
    }
}

/* A package is written in Rust if one of the two that build such packages is required. */
static void test_rust(void **state)
{
    static const char *const required[] = {"maturin", "setuptools-rust", "setuptools_rust", "setuptools", "meson"};

    (void)state;
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        struct package p = {0};

        packages_add(&p.requires, required[i], strlen(required[i]), "1", 1, NULL, 0);
        assert_int_equal(package_is_rust(&p), i < 3);
        packages_free(&p.requires);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_kinds_of_lines), cmocka_unit_test(test_other_lines),
                                       cmocka_unit_test(test_rust)};

    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
