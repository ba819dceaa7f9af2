#include "net/secret.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HTTPS = 443, MOST_NAME = 100 };

static bool read_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;
    size_t n = strspn(text, "0123456789");

    if (!n || n > 5 || text[n])
        return false;
    value = strtoul(text, NULL, 10);
    *port = (uint16_t)value;
    return value >= 1 && value <= 65535;
}

static bool read_address(const char *text, struct net_address *a)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return net_from_sockaddr((struct sockaddr *)&four, sizeof four, a);
    return inet_pton(AF_INET6, text, &six.sin6_addr) == 1 && net_from_sockaddr((struct sockaddr *)&six, sizeof six, a);
}

/* Where the host ends and what the port is; NULL: none. */
static const char *split(const char **text, size_t *n)
{
    const char *end = **text == '[' ? strchr(*text, ']') : NULL, *colon = strchr(*text, ':');

    if (end) {
        ++*text;
        *n = (size_t)(end - *text);
        return end[1] == ':' ? end + 2 : end[1] ? "" : NULL;
    }
    if (colon && strchr(colon + 1, ':'))
        colon = NULL; /* an IPv6 address without a port */
    *n = colon ? (size_t)(colon - *text) : strlen(*text);
    return colon ? colon + 1 : NULL;
}

int net_secret_host(const char *text, struct net_secret_host *h, char why[NET_WHY_SIZE])
{
    const char *whole = text;
    char host[NET_NAME_SIZE];
    struct in_addr numbers;
    size_t n;
    const char *port = split(&text, &n);

    *h = (struct net_secret_host){.port = HTTPS};
    if (!n || n >= sizeof host)
        return net_say_why(why, "\"%.80s\" names no host", whole);
    memcpy(host, text, n);
    host[n] = '\0';
    if (port && !read_port(port, &h->port))
        return net_say_why(why, "\"%.80s\" does not end in a port; write HOST or HOST:PORT", whole);
    h->is_address = read_address(host, &h->address);
    if (h->is_address) {
        snprintf(h->text, sizeof h->text, "%s", host);
        return 0;
    }
    if (!net_name(host, h->text))
        return net_say_why(why, "\"%.80s\" is neither the name of a host nor an address", host);
    if (inet_aton(h->text, &numbers))
        return net_say_why(why, "\"%.80s\" is not a complete address; write all four numbers, in decimal", host);
    return 0;
}

static bool is_variable(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    size_t n = strspn(name, letters);

    return n > 0 && n <= MOST_NAME && !name[n] && !(name[0] >= '0' && name[0] <= '9');
}

int net_secret_check(const struct net_secret *s, char why[NET_WHY_SIZE])
{
    struct net_secret_host h;
    size_t n = s->value ? strlen(s->value) : NET_SECRET_LEAST;

    if (!is_variable(s->name))
        return net_say_why(why, "\"%.80s\" is not the name of a variable: letters, digits and _", s->name);
    if (net_secret_host(s->host, &h, why) < 0)
        return -1;
    if (n < NET_SECRET_LEAST || n > NET_SECRET_MOST)
        return net_say_why(why, "the value of %s has %zu bytes; it must have %d to %d", s->name, n, NET_SECRET_LEAST,
                           NET_SECRET_MOST);
    /* (JSON and HTML would change those in quotes, so that a value that comes back would not be found.) */
    for (const char *c = s->value; c && *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("\"'\\<>&", *c))
            return net_say_why(why, "the value of %s may have printable ASCII without blanks, quotes, \\, <, > and &",
                               s->name);
    return 0;
}
