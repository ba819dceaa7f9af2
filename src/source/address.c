#include "source/address.h"

#include "util/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

static void url_cleanup(CURLU **u)
{
    if (*u)
        curl_url_cleanup(*u);
}
#define CLEANUP_URL __attribute__((cleanup(url_cleanup)))

static void part_freep(char **s)
{
    curl_free(*s);
}
#define CLEANUP_PART __attribute__((cleanup(part_freep)))

static bool is_loopback(const char *host)
{
    struct in_addr v4;

    if (!strcasecmp(host, "localhost") || !strcmp(host, "[::1]"))
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool web_address_parse(const char *url, struct web_address *a)
{
    CLEANUP_URL CURLU *u = curl_url();
    CLEANUP_PART char *scheme = NULL, *name = NULL, *port = NULL;

    *a = (struct web_address){0};
    if (!u || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &name, 0) != CURLUE_OK || !*name ||
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return false;
    if (strcmp(scheme, "https") && strcmp(scheme, "http"))
        return false;
    *a = (struct web_address){
        .host = xasprintf("%s:%s", name, port), .encrypted = !strcmp(scheme, "https"), .loopback = is_loopback(name)};
    for (char *p = a->host; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return true;
}

void web_address_free(struct web_address *a)
{
    free(a->host);
    *a = (struct web_address){0};
}

const char *web_host(const char *url)
{
    const char *colon = strchr(url, ':');

    return colon && starts_with(colon, "://") && colon[3] && !strchr("/?#", colon[3]) ? colon + 3 : NULL;
}

bool web_address_is_loopback(const char *url)
{
    WL_CLEANUP_WEB_ADDRESS struct web_address a;

    return web_address_parse(url, &a) && a.loopback;
}

bool web_address_is_safe(const char *url)
{
    WL_CLEANUP_WEB_ADDRESS struct web_address a;

    return web_address_parse(url, &a) && (a.encrypted || a.loopback);
}

bool web_address_same_host(const char *a, const char *b)
{
    WL_CLEANUP_WEB_ADDRESS struct web_address one, other = {0};

    return web_address_parse(a, &one) && web_address_parse(b, &other) && !strcmp(one.host, other.host);
}

char *web_address_join(const char *base, const char *link)
{
    CLEANUP_URL CURLU *u = curl_url();
    CLEANUP_PART char *whole = NULL;

    if (!u || curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK ||
        curl_url_set(u, CURLUPART_URL, link, 0) != CURLUE_OK ||
        curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_URL, &whole, 0) != CURLUE_OK)
        return NULL;
    return xstrdup(whole);
}

char *web_address_login(const char *url, char **bare)
{
    CLEANUP_URL CURLU *u = curl_url();
    CLEANUP_PART char *user = NULL, *password = NULL, *rest = NULL;

    *bare = NULL;
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        curl_url_get(u, CURLUPART_USER, &user, CURLU_URLDECODE);
        curl_url_get(u, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
        curl_url_set(u, CURLUPART_USER, NULL, 0);
        curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
        curl_url_get(u, CURLUPART_URL, &rest, 0);
    }
    *bare = xstrdup(user && rest ? rest : url);
    return user ? xasprintf("%s:%s", user, password ? password : "") : NULL;
}

int web_address_check(const char *url, bool http, struct wl_err *err)
{
    CLEANUP_URL CURLU *u = curl_url();
    WL_CLEANUP_WEB_ADDRESS struct web_address a;
    CLEANUP_PART char *user = NULL, *path = NULL;

    /* libcurl also accepts one slash, or three, instead of two. Everything else that reads the URL expects two. */
    if (!web_address_parse(url, &a) || strpbrk(url, " \t\"<>") || !web_host(url))
        return wl_err_set(err, WL_E_RECIPE, "%s is not a valid URL", url);
    if (!a.encrypted && !http)
        return wl_err_set(err, WL_E_RECIPE, "%s is not encrypted: it must be https:", url);
    if (!a.encrypted && !a.loopback)
        return wl_err_set(err, WL_E_RECIPE, "%s is not encrypted: http: is only allowed to this machine", url);
    curl_url_set(u, CURLUPART_URL, url, 0);
    if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
        return wl_err_set(err, WL_E_RECIPE, "%s contains a user name or password, which does not belong in a recipe",
                          url);
    if (curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK || !*path || ends_with(path, "/"))
        return wl_err_set(err, WL_E_RECIPE, "%s does not name a file", url);
    return 0;
}

bool plain_text(const char *s, const char *extra)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr(extra, *s))
            return false;
    return true;
}
