#include "access.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

/* ---- with a token ---- */

/* Takes the same time wherever the two differ. */
static bool same_secret(const char *given, const char *secret)
{
    size_t n = strlen(given), its = strlen(secret);
    unsigned difference = n != its;

    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)given[i] ^ (unsigned char)(i < its ? secret[i] : 0);
    return difference == 0;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool has_token(struct MHD_Connection *connection, const char *token)
{
    /* The others are of E2B's clients, and of LibreChat. */
    static const char *const headers[] = {"Authorization", "X-Access-Token", "X-API-Key"};

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const char *given = header(connection, headers[i]);

        if (given && i == 0)
            given = strncmp(given, "Bearer ", 7) ? NULL : given + 7;
        if (given && same_secret(given, token))
            return true;
    }
    return false;
}

/* ---- without ----
 *
 * A page in a browser on this machine can send requests to the server, too. The browser says in Origin where the page
 * is from. And where a name of that page's owner leads to this machine (DNS rebinding), Host has that name. */

enum { MOST_HOST = 255 };

/* The host of "HOST[:PORT]", without the brackets of an address; false: it is none. */
static bool split(const char *text, char host[MOST_HOST + 1])
{
    const char *end = *text == '[' ? strchr(text, ']') : text + strcspn(text, ":");
    size_t n;

    text += *text == '[';
    n = end ? (size_t)(end - text) : 0;
    if (n == 0 || n > MOST_HOST)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    return true;
}

static bool is_of_machine(const char *host)
{
    struct in_addr v4;

    return !strcasecmp(host, "localhost") || !strcmp(host, "::1") ||
           (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

static bool is_address(const char *host)
{
    struct in6_addr any;

    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

static bool is_given(const char *host, const struct http_config *config)
{
    for (size_t i = 0; i < config->host_count; i++)
        if (!strcasecmp(host, config->hosts[i]))
            return true;
    return false;
}

/* An address is no name that leads somewhere else tomorrow. (Requests of HTTP/1.0 may come without a name.) */
static bool host_is_right(const char *text, const struct http_config *config)
{
    char host[MOST_HOST + 1];

    return !text || (split(text, host) && (is_of_machine(host) || is_address(host) || is_given(host, config)));
}

static bool origin_is_right(const char *text, const struct http_config *config)
{
    char host[MOST_HOST + 1];
    const char *at = text ? strstr(text, "://") : NULL;

    return !text || (at && split(at + 3, host) && (is_of_machine(host) || is_given(host, config)));
}

enum access access_of(struct MHD_Connection *connection, const struct http_config *config)
{
    if (config->token)
        return has_token(connection, config->token) ? ACCESS_GIVEN : ACCESS_NO_TOKEN;
    /* (No browser connects to a Unix socket.) */
    if (*config->listen == '/' ||
        (host_is_right(header(connection, "Host"), config) && origin_is_right(header(connection, "Origin"), config)))
        return ACCESS_GIVEN;
    return ACCESS_FOREIGN;
}
