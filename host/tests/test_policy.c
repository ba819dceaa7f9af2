/* Connections that rules allow and refuse: see net/policy.h. */
#include "net/policy.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct net_address at(const char *text, uint16_t port)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct net_address a;

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        assert_true(net_from_sockaddr((struct sockaddr *)&four, sizeof four, &a));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
        assert_true(net_from_sockaddr((struct sockaddr *)&six, sizeof six, &a));
    }
    return a;
}

/* rules: separated by spaces; name: the name that the address was looked up by, or NULL. */
static bool connects(const char *rules, const char *address, uint16_t port, const char *name)
{
    struct net_policy *p = net_policy_new();
    struct net_address a = at(address, port);
    char copy[256], why[NET_WHY_SIZE], *rest;
    bool may;

    snprintf(copy, sizeof copy, "%s", rules);
    for (char *rule = strtok_r(copy, " ", &rest); rule; rule = strtok_r(NULL, " ", &rest))
        if (net_policy_allow(p, rule, why) < 0)
            fail_msg("%s: %s", rule, why);
    may = net_policy_connect(p, &a, name);
    net_policy_free(p);
    return may;
}

static void test_connect(void **state)
{
    static const struct {
        const char *rules, *address;
        uint16_t port;
        const char *name;
        bool may;
    } cases[] = {
        /* Nothing without a rule. */
        {"", "93.184.215.14", 80, NULL, false},
        {"", "93.184.215.14", 80, "example.com", false},
        /* Every address that is not special. */
        {"*", "93.184.215.14", 80, NULL, true},
        {"*", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", 80, NULL, true},
        {"*:443", "93.184.215.14", 443, NULL, true},
        {"*:443", "93.184.215.14", 80, NULL, false},
        {"*", "127.0.0.1", 80, NULL, false},
        {"*", "127.8.8.8", 80, NULL, false},
        {"*", "0.0.0.0", 80, NULL, false},
        {"*", "10.0.0.1", 80, NULL, false},
        {"*", "100.64.0.1", 80, NULL, false},
        {"*", "100.128.0.1", 80, NULL, true},
        {"*", "172.15.0.1", 80, NULL, true},
        {"*", "172.16.0.1", 80, NULL, false},
        {"*", "172.31.255.255", 80, NULL, false},
        {"*", "172.32.0.0", 80, NULL, true},
        {"*", "192.168.1.1", 80, NULL, false},
        {"*", "169.254.169.254", 80, NULL, false},
        {"*", "168.63.129.16", 80, NULL, false},
        {"*", "168.63.129.17", 80, NULL, true},
        {"*", "224.0.0.1", 80, NULL, false},
        {"*", "255.255.255.255", 80, NULL, false},
        {"*", "::", 80, NULL, false},
        {"*", "::1", 80, NULL, false},
        {"*", "::127.0.0.1", 80, NULL, false},
        {"*", "::ffff:127.0.0.1", 80, NULL, false},
        {"*", "::ffff:10.1.1.1", 80, NULL, false},
        {"*", "::ffff:93.184.215.14", 80, NULL, true},
        {"*", "64:ff9b::7f00:1", 80, NULL, false},
        {"*", "64:ff9b::a9fe:a9fe", 80, NULL, false},
        {"*", "64:ff9b::5db8:d70e", 80, NULL, true},
        {"*", "2002:7f00:1::1", 80, NULL, false},
        {"*", "2002:5db8:d70e::1", 80, NULL, true},
        {"*", "2001::1", 80, NULL, false},
        {"*", "2001:db8::1", 80, NULL, false},
        {"*", "fe80::1", 80, NULL, false},
        {"*", "fd00:ec2::254", 80, NULL, false},
        {"*", "fec0::1", 80, NULL, false},
        {"*", "ff02::1", 80, NULL, false},
        /* An address, with and without ports. */
        {"93.184.215.14", "93.184.215.14", 80, NULL, true},
        {"93.184.215.14", "93.184.215.15", 80, NULL, false},
        {"93.184.215.14:80,8000-8010", "93.184.215.14", 8005, NULL, true},
        {"93.184.215.14:80,8000-8010", "93.184.215.14", 8011, NULL, false},
        {"[2606:2800::1]:443", "2606:2800::1", 443, NULL, true},
        {"[2606:2800::1]:443", "2606:2800::1", 80, NULL, false},
        {"2606:2800::1", "2606:2800::1", 80, NULL, true},
        {"127.0.0.1:8080", "127.0.0.1", 8080, NULL, true},
        {"127.0.0.1:8080", "::ffff:127.0.0.1", 8080, NULL, true},
        {"127.0.0.1:8080", "127.0.0.1", 8081, NULL, false},
        {"127.0.0.1", "127.0.0.2", 80, NULL, false},
        {"169.254.169.254", "169.254.169.254", 80, NULL, true},
        /* A block names special addresses only if it lies within theirs. */
        {"10.0.0.0/8", "10.2.3.4", 80, NULL, true},
        {"10.0.0.0/8", "11.2.3.4", 80, NULL, false},
        {"10.1.0.0/16", "10.2.0.1", 80, NULL, false},
        {"0.0.0.0/0", "93.184.215.14", 80, NULL, true},
        {"0.0.0.0/0", "127.0.0.1", 80, NULL, false},
        {"0.0.0.0/0", "2606:2800::1", 80, NULL, false},
        {"128.0.0.0/1", "192.168.0.1", 80, NULL, false},
        {"::/0", "2606:2800::1", 80, NULL, true},
        {"::/0", "::1", 80, NULL, false},
        {"::/0", "93.184.215.14", 80, NULL, false},
        {"::/0", "::ffff:127.0.0.1", 80, NULL, false},
        {"fd00::/8", "fd12::1", 80, NULL, true},
        /* A name allows the addresses that it resolved to, at its ports. */
        {"example.com", "93.184.215.14", 80, "example.com", true},
        {"example.com", "93.184.215.14", 80, NULL, false},
        {"example.com:443", "93.184.215.14", 80, "example.com", false},
        {"example.com:443", "93.184.215.14", 443, "example.com", true},
        {"EXAMPLE.com.", "93.184.215.14", 443, "example.com", true},
        {"example.com", "93.184.215.14", 80, "www.example.com", false},
        {"*.example.com", "93.184.215.14", 80, "www.example.com", true},
        {"*.example.com", "93.184.215.14", 80, "a.b.example.com", true},
        {"*.example.com", "93.184.215.14", 80, "example.com", false},
        {"*.example.com", "93.184.215.14", 80, "evilexample.com", false},
        /* ... but not into this machine or its network: the owner of a name can let it point anywhere. */
        {"example.com", "127.0.0.1", 80, "example.com", false},
        {"example.com", "169.254.169.254", 80, "example.com", false},
        {"example.com", "::ffff:10.0.0.1", 80, "example.com", false},
        {"*.example.com", "192.168.0.1", 80, "a.example.com", false},
        {"example.com 10.0.0.0/8", "10.0.0.1", 80, "example.com", true},
        /* The machine's own name means the machine. */
        {"localhost:8080", "127.0.0.1", 8080, "localhost", true},
        {"localhost:8080", "::1", 8080, "localhost", true},
        {"localhost:8080", "127.0.0.1", 8081, "localhost", false},
        {"localhost", "10.0.0.1", 80, "localhost", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (connects(cases[i].rules, cases[i].address, cases[i].port, cases[i].name) != cases[i].may)
            fail_msg("\"%s\" %s %s %u by %s", cases[i].rules, cases[i].may ? "does not allow" : "allows",
                     cases[i].address, cases[i].port, cases[i].name ? cases[i].name : "address");
}

static void test_names(void **state)
{
    static const struct {
        const char *rule, *name;
        bool may;
    } cases[] = {
        {"*", "example.com", true},
        {"*:443", "example.com", true},
        {"*", "localhost", false},
        {"*", "a.localhost", false},
        {"localhost", "localhost", true},
        {"*.localhost", "a.localhost", true},
        {"example.com", "example.com", true},
        {"example.com", "www.example.com", false},
        {"10.0.0.0/8", "example.com", false},
        {"*.example.com", "www.example.com", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct net_policy *p = net_policy_new();
        char why[NET_WHY_SIZE];

        assert_int_equal(net_policy_allow(p, cases[i].rule, why), 0);
        if (net_policy_name(p, cases[i].name) != cases[i].may)
            fail_msg("%s and %s", cases[i].rule, cases[i].name);
        net_policy_free(p);
    }
}

static void test_listen(void **state)
{
    static const struct {
        const char *rule, *address;
        uint16_t port;
        bool any_port, may;
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080, false, true},
        {"127.0.0.1:8080", "127.0.0.1", 8081, false, false},
        {"127.0.0.1:8080", "0.0.0.0", 8080, false, false},
        {"127.0.0.1:8080", "127.0.0.2", 8080, false, false},
        {"localhost:8080", "127.0.0.1", 8080, false, true},
        {"localhost:8080", "::1", 8080, false, true},
        {"localhost:8080", "0.0.0.0", 8080, false, false},
        {"*:8080", "0.0.0.0", 8080, false, true},
        {"*:8080", "::", 8080, false, true},
        {"*:8080", "192.168.0.1", 8080, false, true},
        {"0.0.0.0:8080", "127.0.0.1", 8080, false, true},
        {"0.0.0.0:8080", "::1", 8080, false, false},
        {"127.0.0.1:0", "127.0.0.1", 34567, true, true},
        {"127.0.0.1:0", "127.0.0.1", 34567, false, false},
        {"127.0.0.1:8080", "127.0.0.1", 34567, true, false},
        {"[::1]:8000-8010", "::1", 8005, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct net_policy *p = net_policy_new();
        struct net_address a = at(cases[i].address, cases[i].port);
        char why[NET_WHY_SIZE];

        assert_false(net_policy_bind(p, &a, cases[i].any_port));
        assert_int_equal(net_policy_listen(p, cases[i].rule, why), 0);
        if (net_policy_bind(p, &a, cases[i].any_port) != cases[i].may)
            fail_msg("%s and %s:%u", cases[i].rule, cases[i].address, cases[i].port);
        assert_false(net_policy_connect(p, &a, NULL));
        net_policy_free(p);
    }
}

static void test_bad_rules(void **state)
{
    static const char *const connect[] = {
        "",
        ":80",
        "a b",
        "example.com:",
        "example.com:80,",
        "example.com:80-",
        "host:65536",
        "host:9-8",
        "host:-1",
        "host:http",
        "127.1",
        "0x7f000001",
        "2130706433",
        "10.0.0.1/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/8/8",
        "example.com/8",
        "[::1",
        "[::1]80",
        "[]:80",
        "[fe80::1%eth0]",
        "*.",
        "*.*.com",
        "a..b",
        ".a",
        "*a.com",
        "exämple.com",
        "example.com:80:81",
        "http://example.com",
        "host:1000000000000000000",
        "host:00000080",
    };
    static const char *const listen[] = {"127.0.0.1", "example.com:80", "*.localhost:80", "*", "host:80"};
    struct net_policy *p = net_policy_new();
    struct net_address a = at("93.184.215.14", 80);
    char long_name[400], why[NET_WHY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof connect / sizeof *connect; i++) {
        *why = '\0';
        if (net_policy_allow(p, connect[i], why) == 0)
            fail_msg("\"%s\" is taken", connect[i]);
        assert_int_not_equal(strlen(why), 0);
        assert_null(strchr(why, '\n'));
    }
    for (size_t i = 0; i < sizeof listen / sizeof *listen; i++)
        if (net_policy_listen(p, listen[i], why) == 0)
            fail_msg("\"%s\" is taken", listen[i]);
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(net_policy_allow(p, long_name, why), -1);
    for (size_t i = 50; i < sizeof long_name - 1; i += 50)
        long_name[i] = '.';
    assert_int_equal(net_policy_allow(p, long_name, why), -1);
    assert_false(net_policy_connect(p, &a, NULL));
    net_policy_free(p);
}

static void test_texts(void **state)
{
    struct net_address four = at("192.0.2.1", 80), six = at("2001:db8::1", 443), mapped = at("::ffff:192.0.2.1", 80);
    struct sockaddr_storage s;
    char text[NET_ADDRESS_TEXT];

    (void)state;
    net_address_text(&four, text);
    assert_string_equal(text, "192.0.2.1:80");
    net_address_text(&six, text);
    assert_string_equal(text, "[2001:db8::1]:443");
    assert_memory_equal(four.bytes, mapped.bytes, sizeof four.bytes);
    assert_int_equal(net_to_sockaddr(&four, AF_INET, &s), sizeof(struct sockaddr_in));
    assert_int_equal(net_to_sockaddr(&four, AF_INET6, &s), sizeof(struct sockaddr_in6));
    assert_int_equal(net_to_sockaddr(&six, AF_INET, &s), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),   cmocka_unit_test(test_names), cmocka_unit_test(test_listen),
        cmocka_unit_test(test_bad_rules), cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
