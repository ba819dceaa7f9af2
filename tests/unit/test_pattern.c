/* Versions in the names of files, and the names in a page. */
#include "source/pattern.h"

#include "source/listing.h"
#include "testing.h"

#include <string.h>

static void test_match(void **state)
{
    /* A name, its version, another name, and the version in that name. */
    static const char *const cases[][4] = {
        {"zlib-1.3.1.tar.gz", "1.3.1", "zlib-1.3.2.tar.gz", "1.3.2"},
        {"zlib-1.3.1.tar.gz", "1.3.1", "zlib-1.3.2.tar.xz", "1.3.2"}, /* another compression */
        {"zlib-1.3.1.tar.gz", "1.3.1", "zlib-1.3.2.zip", "1.3.2"},
        {"zlib-1.3.1.tar.gz", "1.3.1", "zlib-1.3.2.tar.gz.asc", NULL},
        {"zlib-1.3.1.tar.gz", "1.3.1", "zlib-ng-2.0.tar.gz", NULL},
        {"zlib-1.3.1.tar.gz", "1.3.1", "zlib-1.3.2-src.tar.gz", NULL},
        {"zlib-1.3.1.tar.gz", "1.3.1", "zlib-.tar.gz", NULL},
        {"zlib-1.3.1.tar.gz", "1.3.1", "zlib-1.3.2", NULL},
        {"xz-5.8.1.tar.xz", "5.8.1", "xz-5.9.0-windows.zip", NULL},
        {"xz-5.8.1.tar.xz", "5.8.1", "xz-5.9.0beta.tar.xz", "5.9.0beta"},
        {"v2.41", "2.41", "v2.42", "2.42"},
        {"v2.41", "2.41", "v2.42-rc1", "2.42-rc1"},
        {"R_2_8_3", "2.8.3", "R_2_9_0", "2.9.0"},
        {"curl-8_1_0", "8.1.0", "curl-8_2_0", "8.2.0"},
        {"v49.0.2-x86_64-linux.tar.xz", "49.0.2", "v50.0.1-x86_64-linux.tar.xz", "50.0.1"},
        {"v49.0.2-x86_64-linux.tar.xz", "49.0.2", "v50.0.1-aarch64-linux.tar.xz", NULL},
        {"a-0.0~git1.tar.gz", "0.0~git1", "a-0.0~git2.abc.tar.gz", "0.0~git2.abc"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *version = NULL, *again = NULL, *stem = xstrdup(cases[i][0]);
        struct pattern p;

        assert_true(pattern_make(cases[i][0], cases[i][1], &p));
        version = pattern_match(&p, cases[i][2]);
        if (cases[i][3])
            assert_string_equal(version ? version : "none", cases[i][3]);
        else
            assert_null(version);
        again = pattern_fill(&p, cases[i][1]);
        assert_true(starts_with(stem, again));
        pattern_free(&p);
    }
}

static void test_not_in_the_name(void **state)
{
    static const char *const cases[][2] = {
        {"sqlite-autoconf-3460100.tar.gz", "3.46.1"},
        {"a-13.1.tar.gz", "3.1"},
        {"a-3.10.tar.gz", "3.1"},
        {"a-3.1.4.tar.gz", "3.1"},
        {"a-2.3.1.tar.gz", "3.1"},
        {"", "1"},
        {"a-1", ""},
        {"a.tar.gz", "1"},
    };
    struct pattern p;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_false(pattern_make(cases[i][0], cases[i][1], &p));
}

static void test_debian(void **state)
{
    static const char *const cases[][3] = {
        {"zlib", "zlib_1.3.dfsg+really1.3.2.orig.tar.gz", "1.3.2"},
        {"zlib", "zlib_1.3.dfsg+really1.3.2-1+b1.dsc", "1.3.2"},
        {"zlib", "zlib_1.2.13.dfsg.orig.tar.gz", "1.2.13"},
        {"zlib", "zlib-ng_2.0.orig.tar.gz", NULL},
        {"zlib", "zlib_1.3-1.debian.tar.xz", NULL},
        {"zlib", "zlib_1.3.orig.tar.gz.asc", NULL},
        {"libzstd", "libzstd_1.5.7+dfsg.orig.tar.xz", "1.5.7"},
        {"wasi-libc", "wasi-libc_0.0~git20260423.161b319-2_all.deb", "0.0~git20260423.161b319"},
        {"wasi-libc", "wasi-libc_0.0~git20260423.161b319-2.dsc", "0.0~git20260423.161b319"},
        {"python3.13", "python3.13_3.13.5.orig.tar.xz", "3.13.5"},
        {"a", "a_1.2-3-4.dsc", "1.2-3"},
        {"a", "a_1.2.dsc", "1.2"},
        {"a", "a_x.dsc", NULL},
        {"a", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *version = pattern_debian(cases[i][0], cases[i][1]);

        if (cases[i][2])
            assert_string_equal(version ? version : "none", cases[i][2]);
        else
            assert_null(version);
    }
}

static void test_page(void **state)
{
    static const char page[] =
        "<a href=\"../\">up</a> <A HREF='v1.2/'>x</A><a class=x href = \"/a/b/zlib-1.3.2.tar.gz?x=1#y\">"
        "<a href=zlib-1.3.3.tar.gz>y</a><a href=\"a%2Bb%7e.txt\"><a href=\"\"><a href=\"./\">"
        "<a href><a href=\"https://e.org/c/d.zip\"><a href=\"d.zip\"><a hrefx=\"no\"><a href=\"open";
    static const char *const expected[] = {"v1.2", "zlib-1.3.2.tar.gz", "zlib-1.3.3.tar.gz", "a+b~.txt", "d.zip"};
    WL_CLEANUP_STRV struct strv names = {0};

    (void)state;
    listing_parse(page, &names);
    assert_int_equal(names.n, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < names.n; i++)
        assert_string_equal(names.v[i], expected[i]);
}

static void test_place(void **state)
{
    static const char *const cases[][2] = {
        {"https://www.example.org/a/b.tar", "www.example.org"},
        {"git+https://example.org/a.git#00", "example.org"},
        {"debian:pool/main/z/zlib/zlib_1.orig.tar.gz", "debian:zlib"},
        {"pypi:wasmtime==1/x.whl", "pypi:wasmtime"},
        {"npm:@a/b@1.2", "npm:@a/b"},
        {"crate:x@1", "crate:x"},
        {"file:/a/b", "file:/a/b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *place = offers_place(cases[i][0]);

        assert_string_equal(place, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match), cmocka_unit_test(test_not_in_the_name), cmocka_unit_test(test_debian),
        cmocka_unit_test(test_page),  cmocka_unit_test(test_place),
    };

    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
