#include "net/policy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RULES = 4096, MAX_RANGES = 32 };

enum rule_kind { RULE_EVERY, RULE_NAME, RULE_BELOW, RULE_BLOCK };

struct range {
    uint16_t first, last;
};

struct rule {
    enum rule_kind kind;
    char name[NET_NAME_SIZE]; /* RULE_NAME; RULE_BELOW: without the "*." */
    uint8_t bytes[16];        /* RULE_BLOCK */
    unsigned bits;            /* of 128 */
    bool names_special;       /* RULE_BLOCK: lies within a block of special addresses */
    size_t ranges_n;          /* 0: all ports */
    struct range ranges[MAX_RANGES];
};

struct rules {
    struct rule *list;
    size_t n;
};

struct net_policy {
    struct rules connect, listen;
};

/* The blocks of the IANA's registries of special-purpose addresses (RFC 6890), multicast, and the one public address
 * that is a cloud's metadata service. IPv4 inside IPv6 is treated as IPv4, see embedded(). */
static const struct {
    const char *text;
    unsigned bits;
} special_v4[] =
    {
        {"0.0.0.0", 8},        {"10.0.0.0", 8},     {"100.64.0.0", 10},  {"127.0.0.0", 8},
        {"168.63.129.16", 32}, {"169.254.0.0", 16}, {"172.16.0.0", 12},  {"192.0.0.0", 24},
        {"192.0.2.0", 24},     {"192.88.99.0", 24}, {"192.168.0.0", 16}, {"198.18.0.0", 15},
        {"198.51.100.0", 24},  {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4},
},
  special_v6[] = {
      {"::", 96},     {"64:ff9b:1::", 48}, {"100::", 64},  {"2001::", 23}, {"2001:db8::", 32}, {"3fff::", 20},
      {"5f00::", 16}, {"fc00::", 7},       {"fe80::", 10}, {"fec0::", 10}, {"ff00::", 8},
};

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return !memcmp(a, b, whole) && (!rest || ((a[whole] ^ b[whole]) & (0xff00 >> rest & 0xff)) == 0);
}

static bool is_v4(const uint8_t bytes[16])
{
    return !memcmp(bytes, mapped, sizeof mapped);
}

static void put_v4(uint8_t to[16], const void *four)
{
    memcpy(to, mapped, sizeof mapped);
    memcpy(to + 12, four, 4);
}

/* Whether the block of that many bits lies within one of special addresses. */
static bool is_special_block(const uint8_t bytes[16], unsigned bits)
{
    uint8_t block[16];

    if (is_v4(bytes) && bits >= 96) {
        for (size_t i = 0; i < sizeof special_v4 / sizeof *special_v4; i++) {
            inet_pton(AF_INET, special_v4[i].text, block);
            if (bits - 96 >= special_v4[i].bits && same_bits(bytes + 12, block, special_v4[i].bits))
                return true;
        }
        return false;
    }
    for (size_t i = 0; i < sizeof special_v6 / sizeof *special_v6; i++) {
        inet_pton(AF_INET6, special_v6[i].text, block);
        if (bits >= special_v6[i].bits && same_bits(bytes, block, special_v6[i].bits))
            return true;
    }
    return false;
}

/* The IPv4 address that routers make of an IPv6 one: NAT64 (RFC 6052) and 6to4 (RFC 3056). */
static bool embedded(const uint8_t bytes[16], uint8_t v4[16])
{
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};

    if (!memcmp(bytes, nat64, sizeof nat64))
        put_v4(v4, bytes + 12);
    else if (bytes[0] == 0x20 && bytes[1] == 0x02)
        put_v4(v4, bytes + 2);
    else
        return false;
    return true;
}

bool net_is_special(const struct net_address *a)
{
    uint8_t v4[16];

    return is_special_block(a->bytes, 128) || (embedded(a->bytes, v4) && is_special_block(v4, 128));
}

/* ---- Names and addresses ---- */

bool net_name(const char *text, char name[NET_NAME_SIZE])
{
    size_t n = strlen(text), label = 0;

    if (n && text[n - 1] == '.')
        n--;
    if (!n || n >= NET_NAME_SIZE)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '.' ? !label : !(isascii(c) && (isalnum(c) || c == '-' || c == '_')))
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
        name[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    name[n] = '\0';
    return label > 0;
}

/* Whether a name is one that inet_aton() takes for an address, as 127.1, 0x7f000001 or 2130706433 are. */
static bool looks_numeric(const char *name)
{
    struct in_addr ignored;

    return inet_aton(name, &ignored) != 0;
}

/* Whether the name means this machine by definition (RFC 6761). */
static bool is_localhost(const char *name)
{
    size_t n = strlen(name);

    return !strcmp(name, "localhost") || (n > 10 && !strcmp(name + n - 10, ".localhost"));
}

bool net_from_sockaddr(const struct sockaddr *from, socklen_t size, struct net_address *a)
{
    if (size >= sizeof(struct sockaddr_in) && from->sa_family == AF_INET) {
        struct sockaddr_in four;

        memcpy(&four, from, sizeof four);
        put_v4(a->bytes, &four.sin_addr);
        a->port = ntohs(four.sin_port);
        return true;
    }
    if (size >= sizeof(struct sockaddr_in6) && from->sa_family == AF_INET6) {
        struct sockaddr_in6 six;

        memcpy(&six, from, sizeof six);
        memcpy(a->bytes, &six.sin6_addr, sizeof a->bytes);
        a->port = ntohs(six.sin6_port);
        return true;
    }
    return false;
}

socklen_t net_to_sockaddr(const struct net_address *a, int family, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (family == AF_INET && is_v4(a->bytes)) {
        struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(a->port)};

        memcpy(&four.sin_addr, a->bytes + 12, 4);
        memcpy(to, &four, sizeof four);
        return sizeof four;
    }
    if (family == AF_INET6) {
        struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};

        memcpy(&six.sin6_addr, a->bytes, 16);
        memcpy(to, &six, sizeof six);
        return sizeof six;
    }
    return 0;
}

void net_address_text(const struct net_address *a, char text[NET_ADDRESS_TEXT])
{
    char number[INET6_ADDRSTRLEN] = "";

    if (is_v4(a->bytes)) {
        inet_ntop(AF_INET, a->bytes + 12, number, sizeof number);
        snprintf(text, NET_ADDRESS_TEXT, "%s:%u", number, a->port);
    } else {
        inet_ntop(AF_INET6, a->bytes, number, sizeof number);
        snprintf(text, NET_ADDRESS_TEXT, "[%s]:%u", number, a->port);
    }
}

/* ---- Reading a rule ---- */

int net_say_why(char why[NET_WHY_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, NET_WHY_SIZE, format, args);
    va_end(args);
    return -1;
}

/* A decimal number without sign, at most `most`; moves *text behind it. */
static bool number(const char **text, unsigned long most, unsigned *value)
{
    unsigned long v = 0;
    const char *p = *text;

    while (*p >= '0' && *p <= '9' && p - *text < 6)
        v = v * 10 + (unsigned long)(*p++ - '0');
    if (p == *text || (*p >= '0' && *p <= '9') || v > most)
        return false;
    *text = p;
    *value = (unsigned)v;
    return true;
}

static int read_ports(struct rule *r, const char *text, char why[NET_WHY_SIZE])
{
    const char *p = text;

    for (;;) {
        unsigned first, last;

        if (!number(&p, 65535, &first))
            return net_say_why(why, "\"%.80s\" is not a list of ports; write numbers and ranges, as in 443,8000-8010",
                               text);
        last = first;
        if (*p == '-' && (p++, !number(&p, 65535, &last) || last < first))
            return net_say_why(why, "\"%.80s\" has a range of ports that does not end behind its start", text);
        if (r->ranges_n == MAX_RANGES)
            return net_say_why(why, "\"%.80s\" has more than %d ranges of ports", text, MAX_RANGES);
        r->ranges[r->ranges_n++] = (struct range){(uint16_t)first, (uint16_t)last};
        if (!*p)
            return 0;
        if (*p++ != ',')
            return net_say_why(why, "\"%.80s\" is not a list of ports; write numbers and ranges, as in 443,8000-8010",
                               text);
    }
}

/* ADDRESS or ADDRESS/BITS. 1: it is one; 0: it is not; -1 with why: nearly. */
static int read_block(struct rule *r, const char *host, char why[NET_WHY_SIZE])
{
    char text[INET6_ADDRSTRLEN + 1];
    size_t n = strcspn(host, "/");
    const char *p = host + n;
    uint8_t four[4];
    unsigned most, bits;

    if (n >= sizeof text)
        return 0;
    memcpy(text, host, n);
    text[n] = '\0';
    if (inet_pton(AF_INET, text, four) == 1) {
        put_v4(r->bytes, four);
        most = 32;
    } else if (inet_pton(AF_INET6, text, r->bytes) == 1) {
        most = 128;
    } else if (*p) {
        return net_say_why(why, "\"%.80s\" is not an address; /BITS can only follow one", text);
    } else {
        return 0;
    }
    bits = most;
    if (*p && (p++, !number(&p, most, &bits) || *p))
        return net_say_why(why, "\"%.80s\" is not a number of bits from 0 to %u", host + n + 1, most);
    r->kind = RULE_BLOCK;
    r->bits = bits + (most == 32 ? 96 : 0);
    for (unsigned i = r->bits; i < 128; i++)
        if (r->bytes[i / 8] & (0x80 >> i % 8))
            return net_say_why(why, "%.80s has bits set behind the first %u", host, bits);
    /* ::/0 and its like hold IPv4's addresses, too; that is not what a person means who writes it. */
    r->names_special = is_special_block(r->bytes, r->bits);
    return 1;
}

static int read_host(struct rule *r, const char *host, char why[NET_WHY_SIZE])
{
    const bool below = !strncmp(host, "*.", 2);
    int block;

    if (!strcmp(host, "*")) {
        r->kind = RULE_EVERY;
        return 0;
    }
    block = below ? 0 : read_block(r, host, why);
    if (block)
        return block < 0 ? -1 : 0;
    if (!net_name(host + (below ? 2 : 0), r->name))
        return net_say_why(why, "\"%.80s\" is neither an address nor the name of a host", host);
    if (looks_numeric(r->name))
        return net_say_why(why, "\"%.80s\" is not a complete address; write all four numbers, in decimal", host);
    r->kind = below ? RULE_BELOW : RULE_NAME;
    return 0;
}

/* HOST[:PORTS] */
static int read_rule(struct rule *r, const char *text, char why[NET_WHY_SIZE])
{
    char host[NET_NAME_SIZE + 8];
    const char *colon = strchr(text, ':'), *end;
    size_t n;

    if (*text == '[') {
        end = strchr(text, ']');
        if (!end || (end[1] && end[1] != ':'))
            return net_say_why(why, "\"%.80s\" has no ] that ends the address", text);
        text++;
        colon = end[1] ? end + 1 : NULL;
    } else if (colon && strchr(colon + 1, ':')) {
        colon = NULL; /* an IPv6 address without ports */
        end = text + strlen(text);
    } else {
        end = colon ? colon : text + strlen(text);
    }
    n = (size_t)(end - text);
    if (!n || n >= sizeof host)
        return net_say_why(why, "\"%.80s\" has no host before the port", text);
    memcpy(host, text, n);
    host[n] = '\0';
    if (read_host(r, host, why) < 0)
        return -1;
    return colon ? read_ports(r, colon + 1, why) : 0;
}

static int add(struct rules *rules, const struct rule *r, char why[NET_WHY_SIZE])
{
    struct rule *more = rules->n < MAX_RULES ? realloc(rules->list, (rules->n + 1) * sizeof *more) : NULL;

    if (!more)
        return net_say_why(why, "there are more than %d rules", MAX_RULES);
    rules->list = more;
    more[rules->n++] = *r;
    return 0;
}

struct net_policy *net_policy_new(void)
{
    return calloc(1, sizeof(struct net_policy));
}

void net_policy_free(struct net_policy *p)
{
    if (!p)
        return;
    free(p->connect.list);
    free(p->listen.list);
    free(p);
}

int net_policy_allow(struct net_policy *p, const char *rule, char why[NET_WHY_SIZE])
{
    struct rule r = {0};

    return read_rule(&r, rule, why) < 0 ? -1 : add(&p->connect, &r, why);
}

int net_policy_listen(struct net_policy *p, const char *rule, char why[NET_WHY_SIZE])
{
    struct rule r = {0};

    if (read_rule(&r, rule, why) < 0)
        return -1;
    if (r.kind == RULE_BELOW || (r.kind == RULE_NAME && strcmp(r.name, "localhost") != 0))
        return net_say_why(why, "\"%.80s\" is not an address to listen on; write an address, localhost or *", rule);
    if (!r.ranges_n)
        return net_say_why(why, "\"%.80s\" names no port; write ADDRESS:PORT, with port 0 for any free one", rule);
    return add(&p->listen, &r, why);
}

/* ---- Asking ---- */

static bool has_port(const struct rule *r, uint16_t port)
{
    for (size_t i = 0; i < r->ranges_n; i++)
        if (port >= r->ranges[i].first && port <= r->ranges[i].last)
            return true;
    return !r->ranges_n;
}

static bool covers_name(const struct rule *r, const char *name)
{
    size_t n = strlen(name), m = strlen(r->name);

    switch (r->kind) {
    case RULE_NAME:
        return !strcmp(r->name, name);
    case RULE_BELOW:
        return n > m + 1 && name[n - m - 1] == '.' && !strcmp(name + n - m, r->name);
    default:
        return false;
    }
}

static bool same_family(const struct rule *r, const struct net_address *a)
{
    return is_v4(a->bytes) == (is_v4(r->bytes) && r->bits >= 96);
}

/* 0.0.0.0 or ::, which for a listener are all addresses of the machine. */
static bool is_unspecified(const struct rule *r)
{
    static const uint8_t zero[16];

    return r->bits == 128 && !memcmp(r->bytes + 12, zero, 4) && (is_v4(r->bytes) || !memcmp(r->bytes, zero, 12));
}

static bool covers_address(const struct rule *r, const struct net_address *a, bool special)
{
    if (r->kind == RULE_EVERY)
        return !special;
    return r->kind == RULE_BLOCK && same_family(r, a) && same_bits(a->bytes, r->bytes, r->bits) &&
           (!special || r->names_special);
}

static bool is_loopback(const struct net_address *a)
{
    return is_v4(a->bytes) ? a->bytes[12] == 127 : IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)a->bytes);
}

bool net_policy_name(const struct net_policy *p, const char *name)
{
    for (size_t i = 0; i < p->connect.n; i++)
        if ((p->connect.list[i].kind == RULE_EVERY && !is_localhost(name)) || covers_name(&p->connect.list[i], name))
            return true;
    return false;
}

/* Whether a rule for the name lets it give that address: a special one only if the name means this machine by
 * definition. */
static bool gives(const struct rule *r, const char *name, const struct net_address *a, bool special)
{
    return covers_name(r, name) && (!special || (is_localhost(name) && is_loopback(a)));
}

bool net_policy_answer(const struct net_policy *p, const char *name, const struct net_address *a)
{
    const bool special = net_is_special(a);

    for (size_t i = 0; i < p->connect.n; i++)
        if (gives(&p->connect.list[i], name, a, special) || covers_address(&p->connect.list[i], a, special))
            return true;
    return false;
}

bool net_policy_connect(const struct net_policy *p, const struct net_address *a, const char *name)
{
    const bool special = net_is_special(a);

    for (size_t i = 0; i < p->connect.n; i++) {
        const struct rule *r = &p->connect.list[i];

        if (has_port(r, a->port) && (covers_address(r, a, special) || (name && gives(r, name, a, special))))
            return true;
    }
    return false;
}

bool net_policy_bind(const struct net_policy *p, const struct net_address *a, bool any_port)
{
    for (size_t i = 0; i < p->listen.n; i++) {
        const struct rule *r = &p->listen.list[i];
        bool here = r->kind == RULE_EVERY || (r->kind == RULE_NAME && is_loopback(a)) ||
                    (r->kind == RULE_BLOCK && same_family(r, a) &&
                     (is_unspecified(r) || same_bits(a->bytes, r->bytes, r->bits)));

        if (here && (has_port(r, a->port) || (any_port && has_port(r, 0))))
            return true;
    }
    return false;
}
