#include "source/request.h"

#include "util/clock.h"

#include <string.h>
#include <strings.h>

enum { POLL_MS = 500 };

void request_easy_cleanup(CURL **c)
{
    if (*c)
        curl_easy_cleanup(*c);
}

static void multi_cleanup(CURLM **m)
{
    if (*m)
        curl_multi_cleanup(*m);
}
#define CLEANUP_MULTI __attribute__((cleanup(multi_cleanup)))

struct http_pool {
    CURLM *multi;
};

struct http_pool *http_pool_new(void)
{
    struct http_pool *p = xcalloc(1, sizeof *p);

    p->multi = curl_multi_init();
    return p;
}

void http_pool_free(struct http_pool *p)
{
    if (p)
        multi_cleanup(&p->multi);
    free(p);
}

/* The variables that the program curl reads. The library does not read them by itself. */
static void set_ca(CURL *c, const char *given)
{
    const char *file = getenv("CURL_CA_BUNDLE"), *dir = NULL;

    if (given) {
        file = given;
    } else if (!file || !*file) {
        dir = getenv("SSL_CERT_DIR");
        file = getenv("SSL_CERT_FILE");
    }
    if (file && *file) {
        curl_easy_setopt(c, CURLOPT_CAINFO, file);
        curl_easy_setopt(c, CURLOPT_PROXY_CAINFO, file);
    }
    if (dir && *dir) {
        curl_easy_setopt(c, CURLOPT_CAPATH, dir);
        curl_easy_setopt(c, CURLOPT_PROXY_CAPATH, dir);
    }
}

static bool may_get_login(const struct transfer *t, const char *url)
{
    return web_address_same_host(t->url, url) && starts_with(t->url, "https:") == starts_with(url, "https:");
}

CURL *request_new(const struct transfer *t, const char *url, const struct fetch_options *o, char *text)
{
    CURL *c = curl_easy_init();

    if (!c)
        return NULL;
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, text);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "wl-make/" WL_VERSION);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)fetch_connect_seconds(o));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, t->min_rate ? (long)t->min_rate : 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)fetch_stall_seconds(o));
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    set_ca(c, t->ca);
    if (t->proxy)
        curl_easy_setopt(c, CURLOPT_PROXY, t->proxy);
    if (t->login && may_get_login(t, url))
        curl_easy_setopt(c, CURLOPT_USERPWD, t->login);
    else if (t->netrc)
        curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    if (t->sigv4 && may_get_login(t, url))
        curl_easy_setopt(c, CURLOPT_AWS_SIGV4, t->sigv4);
    if (t->headers && may_get_login(t, url))
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    return c;
}

bool request_never_connected(CURL *c, const struct transfer *t, const char *url)
{
    curl_off_t time = 0;
    long sent = 0;

    curl_easy_getinfo(c, starts_with(url, "https:") ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T, &time);
    /* A connection that was open already took no time. */
    curl_easy_getinfo(c, CURLINFO_REQUEST_SIZE, &sent);
    return time == 0 && !(t->pool && sent > 0);
}

CURLcode request_perform(CURL *c, const struct transfer *t, const char *url, const struct fetch_options *o,
                         struct request_watch *w)
{
    CLEANUP_MULTI CURLM *own = t->pool ? NULL : curl_multi_init();
    CURLM *m = t->pool ? t->pool->multi : own;
    struct curl_waitfd wait = {.fd = o->cancel ? o->cancel->fd : -1, .events = CURL_WAIT_POLLIN};
    CURLcode result = CURLE_FAILED_INIT;
    double since = clock_seconds();
    curl_off_t moved = 0;
    int running = 1, left;
    CURLMsg *msg;

    if (!m || curl_multi_add_handle(m, c) != CURLM_OK)
        return CURLE_FAILED_INIT;
    while (curl_multi_perform(m, &running) == CURLM_OK && running) {
        if (curl_multi_poll(m, &wait, wait.fd >= 0, POLL_MS, NULL) != CURLM_OK)
            break;
        if (cancel_pending(o->cancel)) {
            result = CURLE_ABORTED_BY_CALLBACK;
            break;
        }
        if (!w || w->moved != moved || request_never_connected(c, t, url)) {
            since = clock_seconds();
            moved = w ? w->moved : 0;
        } else if (clock_seconds() - since > fetch_stall_seconds(o)) {
            w->stalled = true;
            result = CURLE_OPERATION_TIMEDOUT;
            break;
        }
    }
    while ((msg = curl_multi_info_read(m, &left)))
        if (msg->msg == CURLMSG_DONE)
            result = msg->data.result;
    curl_multi_remove_handle(m, c);
    return result;
}

char *request_reason(CURL *c, const struct transfer *t, const char *url, CURLcode code, const struct fetch_options *o,
                     const char *text)
{
    long status = 0, tunnel = 0, os = 0;

    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &os);
    switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
        return xasprintf("HTTP %ld%s", status, status == 404 ? ", no such file" : "");
    case CURLE_COULDNT_RESOLVE_HOST:
        return xstrdup("no such host");
    case CURLE_COULDNT_RESOLVE_PROXY:
        return xstrdup("no such proxy host");
    case CURLE_COULDNT_CONNECT:
        return os ? xasprintf("%s", strerror((int)os)) : xstrdup("cannot connect");
    case CURLE_OPERATION_TIMEDOUT:
        if (request_never_connected(c, t, url))
            return xasprintf("no answer within %d s", fetch_connect_seconds(o));
        if (t->min_rate)
            return xasprintf("too slow: less than %d bytes a second for %d s", t->min_rate, fetch_stall_seconds(o));
        return xasprintf("stalled: received nothing for %d s", fetch_stall_seconds(o));
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
        return xstrdup("the connection was lost");
    case CURLE_PEER_FAILED_VERIFICATION:
        return xasprintf("its certificate is not trusted: %s", text);
    default:
        if (tunnel >= 400)
            return xasprintf("the proxy refused: HTTP %ld", tunnel);
        return xstrdup(*text ? text : curl_easy_strerror(code));
    }
}

int request_refuse_dead(const char *host, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *why = dead_hosts_find(o->dead, host);

    if (why)
        return wl_err_set(err, WL_E_FETCH, "%s; not tried again", why);
    return 0;
}

int request_check_target(const struct transfer *t, const char *url, const struct web_address *a, struct wl_err *err)
{
    if (!a->host)
        return wl_err_set(err, WL_E_FETCH, "%san invalid URL: %s", strcmp(url, t->url) ? "redirected to " : "", url);
    if (!a->encrypted && !t->any_http && !a->loopback)
        return wl_err_set(err, WL_E_FETCH, "redirected to %s, which is not encrypted", url);
    /* A server elsewhere must not reach services that this machine offers to its own users only. */
    if (a->loopback && !web_address_is_loopback(t->url))
        return wl_err_set(err, WL_E_FETCH, "redirected to %s, which is on this machine", url);
    return 0;
}
