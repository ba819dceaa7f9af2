/* guest/system/strftime.c, which is part of the guest, compared with this machine's C library, glibc. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

size_t wl_strftime(char *restrict out, size_t size, const char *restrict format, const struct tm *restrict tm);

/* %z with flags is left out, because glibc pads its sign and its digits separately. %+ is a flag of newer glibc
 * versions. */
static void compare(const char *format, const struct tm *tm)
{
    char theirs[256] = "", ours[256] = "";
    size_t n = strftime(theirs, sizeof theirs, format, tm), m = wl_strftime(ours, sizeof ours, format, tm);

    if (n != m || strcmp(theirs, ours) != 0)
        fail_msg("%s in the year %d: \"%s\" and not \"%s\"", format, tm->tm_year + 1900, ours, theirs);
}

static void test_every_directive(void **state)
{
    static const char *const flags[] = {"",   "_",  "-",  "0",  "^",  "#", "5", "_5", "-5",
                                        "05", "^5", "^#", "10", "-3", "1", "E", "O",  "^E"};

    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    for (int day = 0; day < 1000; day++) {
        /* The first ten centuries in steps, then each week of some years, then years with five digits. */
        time_t time = day < 300   ? -62135596800 + (time_t)day * 86400 * 1217 + day * 977
                      : day < 900 ? 1700000000 + (time_t)day * 86400 * 5 + day * 3607
                                  : 253402300800 + (time_t)day * 86400 * 300;
        struct tm tm;

        gmtime_r(&time, &tm);
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
            for (char letter = ' '; letter <= '~'; letter++) {
                char format[32];

                if (letter == '+' || (strchr("zE", letter) && *flags[i]))
                    continue;
                snprintf(format, sizeof format, "<%%%s%c>", flags[i], letter);
                compare(format, &tm);
            }
        }
    }
}

static void test_odd_times(void **state)
{
    struct tm tm = {.tm_year = -1955, .tm_mon = 12, .tm_wday = 7, .tm_mday = -3, .tm_hour = 23, .tm_isdst = -1};

    (void)state;
    compare("%Y %C %y %a %A %b %B %d %e %H %I %p %P %k %l %z %F %x", &tm);
}

static void test_text_and_ends(void **state)
{
    static const char *const formats[] = {
        "", "%", "100%", "%5", "%-", "%E", "%_10", "a%", "\xe2\x82\xac %d \xe2\x82\xac", "%%%%%", "%n%t"};
    struct tm tm = {.tm_year = 126, .tm_mon = 6, .tm_mday = 1};

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        compare(formats[i], &tm);
}

static void test_what_does_not_fit(void **state)
{
    struct tm tm = {.tm_year = 126};
    char out[8] = "-------";

    (void)state;
    assert_int_equal(wl_strftime(out, 0, "%Y", &tm), 0);
    assert_int_equal(wl_strftime(out, 4, "%Y", &tm), 0);
    assert_int_equal(wl_strftime(out, 5, "%Y", &tm), 4);
    assert_string_equal(out, "2026");
    assert_int_equal(wl_strftime(out, sizeof out, "%2147483647d", &tm), 0);
    assert_int_equal(wl_strftime(out, sizeof out, "%99999999999999999999Y", &tm), 0);
    assert_int_equal(wl_strftime(out, sizeof out, "%F", &tm), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_directive),
        cmocka_unit_test(test_odd_times),
        cmocka_unit_test(test_text_and_ends),
        cmocka_unit_test(test_what_does_not_fit),
    };

    return cmocka_run_group_tests_name("strftime", tests, NULL, NULL);
}
