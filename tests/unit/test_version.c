#include "util/version.h"

#include "testing.h"
#include "util/str.h"

static void test_order(void **state)
{
    static const char *const rising[] = {
        "",      "1.0~git1", "1.0a1",  "1.0-alpha.2", "1.0b1",    "1.0-beta.2", "1.0rc1",    "1.0-rc2", "1.0",
        "1.0-1", "1.0.1",    "1.0a",   "1.0b",        "1.1",      "2.9",        "2.10",      "3",       "3.9",
        "3.11",  "3.11.1",   "3.11.2", "3.11.15",     "3.15.0a1", "3.15.0b2",   "3.15.0rc1", "3.15.0",  "10.0",
    };
    enum { N = sizeof rising / sizeof *rising };

    (void)state;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            int c = version_compare(rising[i], rising[j]);

            if ((c < 0 ? -1 : c > 0) != (i < j ? -1 : i > j))
                print_error("%s and %s\n", rising[i], rising[j]);
            assert_int_equal(c < 0 ? -1 : c > 0, i < j ? -1 : i > j);
        }
    assert_int_equal(version_compare("1.02", "1.2"), 0);
    assert_true(version_compare("99999999999999999999998", "99999999999999999999999") < 0);
    /* Names of ports. */
    assert_true(version_compare("python/v3.9", "python/v3.10") < 0);
    assert_true(version_compare("python/v3.15.0rc1", "python/v3.15.0") < 0);
    assert_true(version_compare("libs/zlib", "libs/zlib-ng") < 0);
    assert_true(version_compare("libs/a", "libs/a1") < 0);
    assert_true(version_compare("libs/c", "libs/c1") < 0);
}

static void test_newer(void **state)
{
    (void)state;
    assert_false(version_is_newer("1.0.42.0", "1.0.42"));
    assert_false(version_is_newer("1.0.42", "1.0.42.0"));
    assert_true(version_is_newer("1.0.42.1", "1.0.42"));
    assert_true(version_is_newer("1.0.43", "1.0.42.0"));
    assert_true(version_is_newer("10", "1.0"));
    assert_true(version_is_newer("2.10.0", "2.1"));
    assert_false(version_is_newer("0", "0.0"));
}

static void test_prerelease(void **state)
{
    static const char *const pre[] = {"3.15.0a1",        "3.15.0b2",     "3.15.0rc1",
                                      "1.0-rc2",         "1.0.0-beta.1", "1.0.dev3",
                                      "1.0~git20260423", "1.0-alpha",    "2.0-nightly.20241030"};
    static const char *const real[] = {"3.15.0",    "1.1.1w",        "2026f", "1.0-1",
                                       "1.0.post1", "5.8.1-windows", "rc",    "alpha1"};

    (void)state;
    for (size_t i = 0; i < sizeof pre / sizeof *pre; i++)
        assert_true(version_is_prerelease(pre[i]));
    for (size_t i = 0; i < sizeof real / sizeof *real; i++)
        assert_false(version_is_prerelease(real[i]));
}

static void test_series(void **state)
{
    (void)state;
    assert_true(version_in_series("3.5.7", "3.5"));
    assert_true(version_in_series("3.5", "3.5"));
    assert_true(version_in_series("3.5rc1", "3.5"));
    assert_false(version_in_series("3.50.1", "3.5"));
    assert_false(version_in_series("3", "3.5"));
    assert_false(version_in_series("13.5", "3.5"));
    assert_true(version_in_series("3", ""));
    assert_true(version_in_series("3", "any"));
    assert_true(version_in_series("3", NULL));
}

static void test_series_of(void **state)
{
    static const char *const cases[][2] = {{"3.13.5", "3.13"}, {"3.15.0b1", "3.15"}, {"3.13", "3.13"}, {"3", "3"},
                                           {"", ""},           {"1.2.3.4", "1.2"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *series = version_series(cases[i][0]);

        assert_string_equal(series, cases[i][1]);
    }
}

static void test_plain(void **state)
{
    static const char *const plain[] = {"1",        "1.2.3",   "2026f",     "1.1.1w",
                                        "3.15.0a1", "1.0-rc1", "1.0.post1", "1.0-beta.2"};
    static const char *const other[] = {"",      "v1",   "1.3.dfsg", "5.8.1-windows",
                                        "1.0-1", "1..2", "1.2-rc1x", "0.0~git2026.1"};

    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_true(version_is_plain(plain[i]));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_false(version_is_plain(other[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),  cmocka_unit_test(test_newer),     cmocka_unit_test(test_prerelease),
        cmocka_unit_test(test_series), cmocka_unit_test(test_series_of), cmocka_unit_test(test_plain),
    };

    return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
