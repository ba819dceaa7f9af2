#include "util/str.h"

#include "testing.h"

#include <string.h>

static void test_str_grows(void **state)
{
    WL_CLEANUP_STR struct str s = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        str_addc(&s, (char)('a' + i % 26));
    assert_int_equal(s.len, 1000);
    assert_int_equal(strlen(s.s), 1000);
    str_addn(&s, "xyz123", 3);
    str_addf(&s, "%d-%s", 42, "end");
    assert_string_equal(s.s + 1000, "xyz42-end");
}

static void test_str_take(void **state)
{
    WL_CLEANUP_FREE char *empty = NULL, *text = NULL;
    struct str s = {0};

    (void)state;
    empty = str_take(&s);
    assert_string_equal(empty, "");
    str_add(&s, "abc");
    text = str_take(&s);
    assert_string_equal(text, "abc");
    assert_null(s.s);
    assert_int_equal(s.len, 0);
}

static void test_str_add_nothing(void **state)
{
    WL_CLEANUP_STR struct str s = {0};

    (void)state;
    str_addn(&s, NULL, 0);
    assert_string_equal(s.s, "");
}

static void test_strv(void **state)
{
    WL_CLEANUP_STRV struct strv l = {0}, more = {0};

    (void)state;
    strv_add(&l, "one");
    strv_addf(&l, "%s-%d", "two", 2);
    strv_take(&l, xstrdup("three"));
    assert_int_equal(l.n, 3);
    assert_null(l.v[3]);
    assert_string_equal(l.v[1], "two-2");
    assert_true(strv_has(&l, "three"));
    assert_false(strv_has(&l, "four"));
    strv_add_once(&l, "one");
    assert_int_equal(l.n, 3);
    strv_add_once(&l, "four");
    assert_int_equal(l.n, 4);
    strv_add(&more, "five");
    strv_add(&more, "one");
    strv_addv(&l, &more);
    assert_int_equal(l.n, 6);
    assert_string_equal(l.v[4], "five");
    assert_null(l.v[6]);
    strv_free(&l);
    assert_int_equal(l.n, 0);
    assert_false(strv_has(&l, "one"));
}

static void test_starts_and_ends(void **state)
{
    (void)state;
    assert_true(starts_with("debian:pool", "debian:"));
    assert_true(starts_with("abc", ""));
    assert_false(starts_with("ab", "abc"));
    assert_true(ends_with("a.tar.xz", ".xz"));
    assert_true(ends_with("abc", ""));
    assert_false(ends_with("xz", ".xz"));
    assert_false(ends_with("a.xz.part", ".xz"));
}

static void test_shell_quote(void **state)
{
    static const char *const cases[][2] = {
        {"plain-1.0/file_name", "plain-1.0/file_name"},
        {"", "''"},
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"$HOME", "'$HOME'"},
        {"`id`;|&", "'`id`;|&'"},
        {"tést", "'tést'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *q = shell_quote(cases[i][0]);

        assert_string_equal(q, cases[i][1]);
    }
}

static void test_json(void **state)
{
    WL_CLEANUP_STR struct str b = {0};

    (void)state;
    str_add_json(&b, "a\"b\\c\n\x01 \xc3\xbc");
    assert_string_equal(b.s, "\"a\\\"b\\\\c\\u000a\\u0001 \xc3\xbc\"");
    str_free(&b);
    str_add_json(&b, "x\xff");
    assert_string_equal(b.s, "\"x\\ufffd\"");
}

static void test_json_without_control_characters(void **state)
{
    WL_CLEANUP_STR struct str b = {0};

    (void)state;
    str_add_json(&b, "\x1b[2J\x7f \xc2\x9b"
                     "31m \xc2\xa0 \xc3\xa9");
    assert_string_equal(b.s, "\"\\u001b[2J\\u007f \\u009b31m \xc2\xa0 \xc3\xa9\"");
}

static void test_shown(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *shown;
    } cases[] = {
        {"plain\ttext\n", 11, "plain\ttext\n"},
        {"\xc3\xa9\xe2\x80\x93\xf0\x9f\x90\x8d", 9, "\xc3\xa9\xe2\x80\x93\xf0\x9f\x90\x8d"},
        {"a\r\nb\rc", 6, "a\nb\\x0dc"},
        {"\x1b]0;title\a\x7f\b", 12, "\\x1b]0;title\\x07\\x7f\\x08"},
        {"zero\0byte", 9, "zero\\x00byte"},
        {"\xc2\x9b"
         "2J\x9b"
         "2J",
         7, "\\x9b2J\\x9b2J"},
        {"\xc2\xa0\xff\xc3", 4, "\xc2\xa0\\xff\\xc3"},
        {"\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xaa\xe2\x80\xa9", 12, "\\u202e\\u2066\xe2\x81\xaa\xe2\x80\xa9"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_STR struct str b = {0};

        str_add_shown(&b, cases[i].text, cases[i].n);
        assert_string_equal(b.s, cases[i].shown);
    }
}

static void test_hide_logins(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"nothing", "nothing"},
        {"https://a.example/b@c", "https://a.example/b@c"},
        {"https://me:secret@a.example/x, http://token@b:1 (why)", "https://***@a.example/x, http://***@b:1 (why)"},
        {"https://a@b@c.example", "https://***@c.example"},
        {"file:///a@b and me@c.example", "file:///a@b and me@c.example"},
        {"git+https://me:@h/?x=https://u:p@i/", "git+https://***@h/?x=https://***@i/"},
        {"at '://me@' end ://", "at '://***@' end ://"},
        {"https://a.example?to=me@b.example", "https://a.example?to=me@b.example"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *hidden = hide_logins(cases[i][0]);

        assert_string_equal(hidden, cases[i][1]);
    }
}

static void test_utf8(void **state)
{
    static const char *const good[] = {"", "a", "\xc3\xbc", "\xe2\x80\x93", "\xf0\x9f\x90\x8d", "\xed\x9f\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc3",
                                      "\xc0\xaf",
                                      "\xe0\x80\xaf",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xe2\x80",
                                      "\xe2\x28\xa1",
                                      "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    assert_int_equal(utf8_length("m\xc3\xbc\xe2\x80\x93\xf0\x9f\x90\x8dx"), 5);
}

static void test_edit_distance(void **state)
{
    (void)state;
    assert_int_equal(edit_distance("", ""), 0);
    assert_int_equal(edit_distance("", "abc"), 3);
    assert_int_equal(edit_distance("abc", ""), 3);
    assert_int_equal(edit_distance("python", "pyhton"), 2);
    assert_int_equal(edit_distance("kitten", "sitting"), 3);
    assert_int_equal(edit_distance("same", "same"), 0);
}

static void test_human_size(void **state)
{
    static const struct {
        unsigned long long bytes;
        const char *text;
    } cases[] = {{0, "0 B"},
                 {999, "999 B"},
                 {1000, "1.0 kB"},
                 {9500000, "9.5 MB"},
                 {123456789, "123 MB"},
                 {2500000000ULL, "2.5 GB"},
                 {999950000, "1.0 GB"},
                 {~0ULL, "18446744 TB"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *s = human_size(cases[i].bytes);

        assert_string_equal(s, cases[i].text);
    }
}

static void test_percent_decode(void **state)
{
    static const char *const cases[][2] = {{"", ""},        {"a%20b", "a b"},     {"%2f%2F", "//"},  {"%", "%"},
                                           {"%2", "%2"},    {"a%zzb", "a%zzb"},   {"%2525", "%25"},  {"%00x", "_x"},
                                           {"%c3%BC", "ü"}, {"100%25%", "100%%"}, {"%4g%41", "%4gA"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *s = percent_decode(cases[i][0], strlen(cases[i][0]));

        assert_string_equal(s, cases[i][1]);
    }
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

        assert_int_equal(hex_digit((char)c), at ? (at - digits) % 16 : -1);
    }
    {
        WL_CLEANUP_FREE char *cut = percent_decode("a%41", 3); /* bytes beyond n are not read */

        assert_string_equal(cut, "a%4");
    }
}

static void test_last_lines(void **state)
{
    static const struct {
        const char *text;
        size_t lines;
        const char *end;
    } cases[] = {{"", 3, ""},
                 {"a", 1, "a"},
                 {"a\n", 1, "a\n"},
                 {"a\nb\nc\n", 2, "b\nc\n"},
                 {"a\nb", 1, "b"},
                 {"a\nb\n", 5, "a\nb\n"},
                 {"a\n\n\n", 2, "\n\n"},
                 {"\n", 1, "\n"},
                 {"a\nb\n", 2, "a\nb\n"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(last_lines(cases[i].text, strlen(cases[i].text), cases[i].lines), cases[i].end);
    {
        WL_CLEANUP_FREE char *with = last_line_with("x one\ny two\nx three\ny four\n", "x "),
                             *none = last_line_with("one\ntwo", "e\nt"), *last = last_line_with("a\nb", "b");

        assert_string_equal(with, "x three");
        assert_null(none); /* not across lines */
        assert_string_equal(last, "b");
    }
}

static void test_alloc(void **state)
{
    char *p = xreallocarray(NULL, 10, 4), *zero = xcalloc(4, 4), *copy = xstrndup("abcdef", 3);

    (void)state;
    assert_non_null(p);
    for (int i = 0; i < 16; i++)
        assert_int_equal(zero[i], 0);
    assert_string_equal(copy, "abc");
    free(p);
    free(zero);
    free_charp(&copy);
    assert_null(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_str_grows),
        cmocka_unit_test(test_str_take),
        cmocka_unit_test(test_str_add_nothing),
        cmocka_unit_test(test_strv),
        cmocka_unit_test(test_starts_and_ends),
        cmocka_unit_test(test_shell_quote),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_without_control_characters),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_hide_logins),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_edit_distance),
        cmocka_unit_test(test_human_size),
        cmocka_unit_test(test_percent_decode),
        cmocka_unit_test(test_last_lines),
        cmocka_unit_test(test_alloc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
