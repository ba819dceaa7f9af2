/* Secrets: what a caller gives (net/secret.h), requests (door/head.h), and texts that are replaced (door/filter.h). */
#include "door/door.h"
#include "door/filter.h"
#include "door/head.h"
#include "net/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_hosts(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
        bool is_address;
    } cases[] = {
        {"api.example.com", "api.example.com", 443, false},
        {"API.Example.com.:8443", "api.example.com", 8443, false},
        {"127.0.0.1:1", "127.0.0.1", 1, true},
        {"[::1]:65535", "::1", 65535, true},
        {"[::1]", "::1", 443, true},
        {"2001:db8::7", "2001:db8::7", 443, true},
        {"", NULL, 0, false},
        {":80", NULL, 0, false},
        {"h:", NULL, 0, false},
        {"h:0", NULL, 0, false},
        {"h:65536", NULL, 0, false},
        {"h:80x", NULL, 0, false},
        {"http://h", NULL, 0, false},
        {"h/path", NULL, 0, false},
        {"*.example.com", NULL, 0, false},
        {"user@h", NULL, 0, false},
        {"127.1", NULL, 0, false},
        {"2130706433", NULL, 0, false},
        {"[::1", NULL, 0, false},
        {"[::1]80", NULL, 0, false},
    };
    struct net_secret_host h;
    char why[NET_WHY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int r = net_secret_host(cases[i].text, &h, why);

        if (r != (cases[i].host ? 0 : -1))
            fail_msg("%s: %d", cases[i].text, r);
        if (!cases[i].host)
            continue;
        assert_string_equal(h.text, cases[i].host);
        assert_int_equal(h.port, cases[i].port);
        assert_int_equal(h.is_address, cases[i].is_address);
    }
}

/* A stream in parts of all sizes is as the whole. */
static void test_filter_parts(void **state)
{
    static const char text[] = "xxabcabcdabcdefabcdababcdefgabcabcd";
    static const char given[] = "aabababc-abcabx";
    char out[256], one[256];

    (void)state;
    for (size_t size = 1; size <= sizeof text - 1; size++) {
        struct filter f = {0};
        size_t n = 0;

        assert_int_equal(filter_add(&f, "abcd", "1234", 4), 0);
        assert_int_equal(filter_add(&f, "abcdef", "ABCDEF", 6), 0);
        for (size_t at = 0; at < sizeof text - 1; at += size) {
            const size_t part = sizeof text - 1 - at < size ? sizeof text - 1 - at : size;
            const size_t got = filter_pass(&f, text + at, part, false, one);

            memcpy(out + n, one, got);
            n += got;
        }
        n += filter_pass(&f, NULL, 0, true, out + n);
        out[n] = '\0';
        assert_string_equal(out, "xxabc1234ABCDEF1234abABCDEFgabc1234");
        filter_free(&f);
    }
    for (size_t size = 1; size <= sizeof given - 1; size++) {
        struct filter f = {0};
        size_t n = 0;

        assert_int_equal(filter_add(&f, "ababc", "12345", 5), 0);
        for (size_t at = 0; at < sizeof given - 1; at += size)
            n += filter_pass(&f, given + at, sizeof given - 1 - at < size ? sizeof given - 1 - at : size, false,
                             out + n);
        n += filter_pass(&f, NULL, 0, true, out + n);
        out[n] = '\0';
        assert_string_equal(out, "aab12345-abcabx");
        filter_free(&f);
    }
}

/* Nothing waits that cannot be the beginning of a secret. */
static void test_filter_holds_back_little(void **state)
{
    struct filter f = {0};
    char out[64];

    (void)state;
    assert_int_equal(filter_add(&f, "secret", "SECRET", 6), 0);
    assert_int_equal(filter_pass(&f, "data: one\n\n", 11, false, out), 11);
    assert_int_equal(filter_pass(&f, "a se", 4, false, out), 2);
    assert_int_equal(filter_pass(&f, "cre", 3, false, out), 0);
    assert_int_equal(filter_pass(&f, "am", 2, false, out), 7);
    assert_memory_equal(out, "secream", 7);
    filter_free(&f);
}

static int parse(const char *text, size_t n, struct head *h)
{
    static char copy[4096];

    assert_true(n < sizeof copy);
    memcpy(copy, text, n);
    return head_parse(copy, n, h);
}

#define PARSE(text, h) parse(text, sizeof text - 1, h)

static void test_heads(void **state)
{
    struct head h;

    (void)state;
    assert_int_equal(PARSE("GET /a?b=c HTTP/1.1\r\nHost: x\r\nAuthorization:\tBearer y \r\n\r\n", &h), 0);
    assert_string_equal(h.method, "GET");
    assert_string_equal(h.target, "/a?b=c");
    assert_true(h.keep && !h.old && !h.chunked && h.length == -1 && h.n == 2);
    assert_string_equal(h.lines[1].name, "Authorization");
    assert_string_equal(h.lines[1].value, "Bearer y");
    assert_int_equal(PARSE("POST / HTTP/1.0\r\ncontent-length: 12\r\nExpect: 100-continue\r\n\r\n", &h), 0);
    assert_true(!h.keep && h.old && h.length == 12 && !h.expects);
    assert_int_equal(PARSE("PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\nConnection: x, close\r\n\r\n", &h), 0);
    assert_true(h.chunked && !h.keep);
    assert_int_equal(PARSE("TRACE / HTTP/1.1\r\n\r\n", &h), 405);
    assert_int_equal(PARSE("CONNECT a:1 HTTP/1.1\r\n\r\n", &h), 405);
    assert_int_equal(PARSE("GET a HTTP/1.1\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET //a/@b HTTP/1.1\r\n\r\n", &h), 0);
    assert_int_equal(PARSE("GET /a#b HTTP/1.1\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1 \r\n\r\n", &h), 400);
    assert_int_equal(PARSE("G\"T / HTTP/1.1\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1\r\nA : b\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1\r\n\tb: c\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1\r\nA: b\r\n", &h), 400);
    assert_int_equal(PARSE("", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", &h), 400);
    assert_int_equal(PARSE("GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", &h), 501);
    assert_int_equal(PARSE("HEAD / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", &h), 400);
}

static void test_credentials(void **state)
{
    struct filter secrets = {0}, answers = {0};
    char bearer[] = "Bearer PLACEHOLDER", basic[] = "Basic dXNlcjpQTEFDRUhPTERFUg==", broken[] = "Basic PLACEHOLDER!";
    char back[] = "dXNlcjpTRUNSRVRWQUxVRQ==";

    (void)state;
    assert_true(head_has_credentials("authorization") && head_has_credentials("X-API-Key"));
    assert_false(head_has_credentials("X-Amz-Meta-Key") || head_has_credentials("Cookie"));
    assert_false(head_goes_on("Range") || head_goes_on("accept-encoding") || head_goes_on("host"));
    assert_int_equal(filter_add(&secrets, "PLACEHOLDER", "SECRETVALUE", 11), 0);
    assert_int_equal(head_put_secrets(bearer, &secrets, &answers), 0);
    assert_string_equal(bearer, "Bearer SECRETVALUE");
    assert_int_equal(head_put_secrets(basic, &secrets, &answers), 0);
    assert_string_equal(basic, "Basic dXNlcjpTRUNSRVRWQUxVRQ==");
    filter_text(&answers, back, strlen(back));
    assert_string_equal(back, "dXNlcjpQTEFDRUhPTERFUg==");
    assert_int_equal(head_put_secrets(broken, &secrets, &answers), 0);
    assert_string_equal(broken, "Basic PLACEHOLDER!");
    filter_free(&secrets);
    filter_free(&answers);
}

/* Names get addresses of their own, one for a host; a second secret of the same name is the same variable. */
static void test_doors(void **state)
{
    const struct net_secret secrets[] = {{"A", "0123456789abcdef", "one.example"},
                                         {"A", "0123456789abcdef", "two.example:8443"},
                                         {"B", "another-value-of-it", "one.example:444"}};
    const struct net_secret wrong[] = {{"A", "0123456789abcdef", "one.example"},
                                       {"A", "fedcba9876543210", "two.example"}};
    const struct net_secret blank[] = {{"A", "with a blank", "h"}};
    struct net_address one, two, other = {0};
    const struct net_gate *gate;
    const char *const *variables;
    char why[NET_WHY_SIZE] = "";
    struct doors *d;
    struct err err;
    size_t n;

    (void)state;
    d = doors_new(secrets, 3, NULL, &err);
    if (!d && strstr(err.text, "libcurl"))
        skip();
    assert_non_null(d);
    variables = doors_variables(d, &n);
    assert_int_equal(n, 2);
    assert_int_equal(strlen(variables[0]), strlen("A=0123456789abcdef"));
    assert_null(strstr(variables[0], "0123456789abcdef"));
    gate = doors_gate(d);
    assert_true(gate->resolve(gate->arg, "one.example", &one) && gate->resolve(gate->arg, "two.example", &two));
    assert_false(gate->resolve(gate->arg, "three.example", &other));
    assert_memory_not_equal(one.bytes, two.bytes, sizeof one.bytes);
    assert_true(net_is_special(&one) && net_is_special(&two));
    one.port = 443;
    assert_int_equal(gate->connect(gate->arg, &one, -1, why), -1);
    assert_non_null(strstr(why, "http://one.example"));
    assert_int_equal(gate->connect(gate->arg, &other, -1, why), 1);
    doors_free(d);
    assert_null(doors_new(wrong, 2, NULL, &err));
    assert_non_null(strstr(err.text, "another value"));
    assert_null(strstr(err.text, "0123"));
    assert_null(doors_new(blank, 1, NULL, &err));
    doors_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_filter_parts),
        cmocka_unit_test(test_filter_holds_back_little),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_doors),
    };

    return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
