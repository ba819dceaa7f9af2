/* https:, and http: to this machine alone (for tests and local mirrors), through libcurl. */
#include "source/kinds.h"
#include "util/clock.h"
#include "util/fs.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_REDIRECTS = 10, MAX_RETRIES = 5, RETRY_MS = 500, POLL_MS = 500 };

static void easy_cleanup(CURL **c)
{
    if (*c)
        curl_easy_cleanup(*c);
}

static void multi_cleanup(CURLM **m)
{
    if (*m)
        curl_multi_cleanup(*m);
}

static void url_cleanup(CURLU **u)
{
    if (*u)
        curl_url_cleanup(*u);
}

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

/* Takes an address apart: *host is "host:port" (the caller frees it), *http whether it is unencrypted. */
static bool split_address(const char *url, char **host, bool *http, bool *loopback)
{
    __attribute__((cleanup(url_cleanup))) CURLU *u = curl_url();
    CLEANUP_PART char *scheme = NULL, *name = NULL, *port = NULL, *user = NULL;

    if (!u || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &name, 0) != CURLUE_OK || !*name ||
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return false;
    if (strcmp(scheme, "https") && strcmp(scheme, "http"))
        return false;
    *http = !strcmp(scheme, "http");
    *loopback = is_loopback(name);
    *host = xasprintf("%s:%s", name, port);
    for (char *p = *host; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return true;
}

const char *web_host(const char *url)
{
    const char *colon = strchr(url, ':');

    return colon && starts_with(colon, "://") && colon[3] && !strchr("/?#", colon[3]) ? colon + 3 : NULL;
}

bool web_address_is_here(const char *url)
{
    WL_CLEANUP_FREE char *host = NULL;
    bool http, loopback;

    return split_address(url, &host, &http, &loopback) && loopback;
}

bool web_address_is_safe(const char *url)
{
    WL_CLEANUP_FREE char *host = NULL;
    bool http, loopback;

    return split_address(url, &host, &http, &loopback) && (!http || loopback);
}

char *web_address_host(const char *url)
{
    char *host = NULL;
    bool http, loopback;

    return split_address(url, &host, &http, &loopback) ? host : NULL;
}

char *web_address_join(const char *base, const char *link)
{
    __attribute__((cleanup(url_cleanup))) CURLU *u = curl_url();
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
    __attribute__((cleanup(url_cleanup))) CURLU *u = curl_url();
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

int check_web_address(const char *url, bool http, struct wl_err *err)
{
    __attribute__((cleanup(url_cleanup))) CURLU *u = curl_url();
    WL_CLEANUP_FREE char *host = NULL;
    CLEANUP_PART char *user = NULL, *path = NULL;
    bool is_http, loopback;

    /* libcurl also takes one slash, or three, for two. Everybody else who reads it counts on two. */
    if (!split_address(url, &host, &is_http, &loopback) || strpbrk(url, " \t\"<>") || !web_host(url))
        return wl_err_set(err, WL_E_RECIPE, "%s is not a well-formed address", url);
    if (is_http && !http)
        return wl_err_set(err, WL_E_RECIPE, "%s is not encrypted: it must be https:", url);
    if (is_http && !loopback)
        return wl_err_set(err, WL_E_RECIPE, "%s is not encrypted: http: is for addresses of this machine only", url);
    curl_url_set(u, CURLUPART_URL, url, 0);
    if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
        return wl_err_set(err, WL_E_RECIPE, "%s has a user name or password in it, which does not belong in a recipe",
                          url);
    if (curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK || !*path || ends_with(path, "/"))
        return wl_err_set(err, WL_E_RECIPE, "%s does not name a file", url);
    return 0;
}

static int check_https(const char *url, struct wl_err *err)
{
    return check_web_address(url, false, err);
}

static int check_http(const char *url, struct wl_err *err)
{
    return check_web_address(url, true, err);
}

/* One answer as it comes in. */
struct answer {
    CURL *curl;
    const struct transfer *t;
    const struct fetch_options *o;
    int fd;
    curl_off_t had;        /* bytes of the part when the request went out */
    curl_off_t got;        /* bytes that came in this answer */
    curl_off_t range_from; /* of Content-Range; -1: none */
    bool started, page, wrong_range, stalled, too_much;
    int write_errno;
};

/* Looks at status and headers before the first byte is kept. False ends the transfer. */
static bool start_body(struct answer *a)
{
    WL_CLEANUP_FREE char *name = source_file_name(a->t->url);
    const char *type = NULL;
    long status = 0;

    a->started = true;
    curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(a->curl, CURLINFO_CONTENT_TYPE, &type);
    if (!a->t->page && type && !strncasecmp(type, "text/html", 9) && !ends_with(name, ".html") &&
        !ends_with(name, ".htm")) {
        a->page = true;
        return false;
    }
    if (status == 206 && a->range_from == a->had)
        return true;
    if (status == 206) {
        a->wrong_range = true;
        return false;
    }
    /* The server sends all of it, whatever was asked for. */
    a->had = 0;
    if (ftruncate(a->fd, 0) < 0) {
        a->write_errno = errno;
        return false;
    }
    return true;
}

static long long most_bytes(const struct transfer *t)
{
    return t->most ? t->most : MOST_BYTES;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct answer *a = user;
    long status = 0;

    curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300)
        return size * n; /* the text of a redirect */
    if (!a->started && !start_body(a))
        return 0;
    if (a->had + a->got + (curl_off_t)(size * n) > most_bytes(a->t)) {
        a->too_much = true;
        return 0;
    }
    for (size_t done = 0; done < size * n;) {
        ssize_t w = pwrite(a->fd, data + done, size * n - done, a->had + a->got);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0) {
            a->write_errno = errno;
            return 0;
        }
        done += (size_t)w;
        a->got += w;
    }
    return size * n;
}

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
    static const char name[] = "content-range:";
    struct answer *a = user;
    char text[128];
    long long from;

    if (size * n > sizeof name && size * n < sizeof text && !strncasecmp(line, name, sizeof name - 1)) {
        memcpy(text, line, size * n);
        text[size * n] = '\0';
        if (sscanf(text + sizeof name - 1, " bytes %lld-", &from) == 1)
            a->range_from = from;
    }
    return size * n;
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct answer *a = user;

    (void)up_total;
    (void)up_now;
    (void)now;
    if (a->o->on_progress && a->started)
        a->o->on_progress(a->o->data, a->t->url, (unsigned long long)(a->had + a->got),
                          total > 0 ? (unsigned long long)(a->had + total) : 0);
    return cancel_pending(a->o->cancel);
}

/* The variables the curl program reads too; the library does not do it by itself. */
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

static bool is_same_host(const char *a, const char *b)
{
    WL_CLEANUP_FREE char *one = web_address_host(a), *other = web_address_host(b);

    return one && other && !strcmp(one, other) && starts_with(a, "https:") == starts_with(b, "https:");
}

static CURL *new_request(const struct transfer *t, const char *url, const struct fetch_options *o, char *text)
{
    CURL *c = curl_easy_init();

    if (!c)
        return NULL;
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, text);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "wl-make/" WL_VERSION);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)connect_seconds(o));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)stall_seconds(o));
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    set_ca(c, t->ca);
    if (t->proxy)
        curl_easy_setopt(c, CURLOPT_PROXY, t->proxy);
    if (t->login && is_same_host(t->url, url))
        curl_easy_setopt(c, CURLOPT_USERPWD, t->login);
    else if (t->netrc)
        curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    return c;
}

/* Whether the failure came before there was a connection that could have carried a request. */
static bool never_connected(CURL *c, const char *url)
{
    curl_off_t t = 0;

    curl_easy_getinfo(c, starts_with(url, "https:") ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T, &t);
    return t == 0;
}

/* Like curl_easy_perform, but wakes up at once on cancel, and gives up when a (may be NULL) gets nothing for the time
 * that is allowed: curl's own limit is on the average of some seconds, and so comes late. */
static CURLcode perform(CURL *c, const char *url, const struct fetch_options *o, struct answer *a)
{
    __attribute__((cleanup(multi_cleanup))) CURLM *m = curl_multi_init();
    struct curl_waitfd wait = {.fd = o->cancel ? o->cancel->fd : -1, .events = CURL_WAIT_POLLIN};
    CURLcode result = CURLE_FAILED_INIT;
    double since = clock_seconds();
    curl_off_t had = 0;
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
        if (!a || a->got != had || never_connected(c, url)) {
            since = clock_seconds();
            had = a ? a->got : 0;
        } else if (clock_seconds() - since > stall_seconds(o)) {
            a->stalled = true;
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

static char *reason_of(CURL *c, const char *url, CURLcode code, const struct fetch_options *o, const char *text)
{
    long status = 0, tunnel = 0, os = 0;

    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &os);
    switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
        return xasprintf("HTTP %ld%s", status, status == 404 ? ", no such file there" : "");
    case CURLE_COULDNT_RESOLVE_HOST:
        return xstrdup("no such host");
    case CURLE_COULDNT_RESOLVE_PROXY:
        return xstrdup("no such proxy host");
    case CURLE_COULDNT_CONNECT:
        return os ? xasprintf("%s", strerror((int)os)) : xstrdup("cannot connect");
    case CURLE_OPERATION_TIMEDOUT:
        if (never_connected(c, url))
            return xasprintf("no answer within %d s", connect_seconds(o));
        return xasprintf("stalled: nothing came for %d s", stall_seconds(o));
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
        return xstrdup("the connection broke off");
    case CURLE_PEER_FAILED_VERIFICATION:
        return xasprintf("its certificate is not trusted: %s", text);
    default:
        if (tunnel >= 400)
            return xasprintf("the proxy refused: HTTP %ld", tunnel);
        return xstrdup(*text ? text : curl_easy_strerror(code));
    }
}

/* A host that failed to connect in this run is not asked again. */
static int refuse_dead(const char *host, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *why = dead_hosts_find(o->dead, host);

    if (why)
        return wl_err_set(err, WL_E_FETCH, "%s; not tried again", why);
    return 0;
}

/* What became of one request. */
enum outcome { DONE, REDIRECT, BROKE, START_AGAIN };

static int request(const struct transfer *t, char **url, struct answer *a, enum outcome *out, struct wl_err *err)
{
    __attribute__((cleanup(easy_cleanup))) CURL *c = NULL;
    WL_CLEANUP_FREE char *host = NULL, *why = NULL;
    char text[CURL_ERROR_SIZE] = "", range[32];
    bool http, loopback;
    const char *next = NULL;
    long status = 0;
    CURLcode code;
    struct stat st;

    if (!split_address(*url, &host, &http, &loopback))
        return wl_err_set(err, WL_E_FETCH, "redirected to what is no address of the web: %s", *url);
    if (http && !t->any_http && !loopback)
        return wl_err_set(err, WL_E_FETCH, "redirected to %s, which is not encrypted", *url);
    /* What listens here may do things when it is asked, for this machine's users alone. */
    if (loopback && !web_address_is_here(t->url))
        return wl_err_set(err, WL_E_FETCH, "redirected to %s, which is on this machine", *url);
    if (cancel_pending(a->o->cancel))
        return cancel_error(err);
    if (refuse_dead(host, a->o, err) < 0)
        return -WL_E_FETCH;
    c = new_request(t, *url, a->o, text);
    if (!c || fstat(a->fd, &st) < 0)
        return wl_err_set(err, WL_E_FETCH, "libcurl cannot start");
    *a = (struct answer){.curl = c, .t = t, .o = a->o, .fd = a->fd, .had = st.st_size, .range_from = -1};
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, a);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    if (st.st_size > 0) {
        snprintf(range, sizeof range, "%lld-", (long long)st.st_size);
        curl_easy_setopt(c, CURLOPT_RANGE, range);
    }
    code = perform(c, *url, a->o, a);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_ABORTED_BY_CALLBACK || cancel_pending(a->o->cancel))
        return cancel_error(err);
    if (a->write_errno) {
        errno = a->write_errno;
        return wl_err_errno(err, WL_E_IO, "cannot keep what comes from %s", *url);
    }
    if (a->too_much) {
        /* What came of it is no beginning that would be worth keeping. */
        if (ftruncate(a->fd, 0) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot keep what comes from %s", *url);
        return wl_err_set(err, WL_E_FETCH, "the server sent more than %lld bytes", most_bytes(t));
    }
    if (a->page)
        return wl_err_set(err, WL_E_FETCH, "the server sent a web page (text/html) instead of the file");
    *out = START_AGAIN;
    if (a->wrong_range || (st.st_size > 0 && (status == 416 || code == CURLE_RANGE_ERROR)))
        return 0;
    if (code == CURLE_OK) {
        *out = DONE;
        if (status < 300 || status >= 400) {
            /* A file of no bytes has no first byte that would have been looked at. */
            if (!a->started && a->fd >= 0 && ftruncate(a->fd, 0) < 0)
                return wl_err_errno(err, WL_E_IO, "cannot keep what comes from %s", *url);
            return 0;
        }
        curl_easy_getinfo(c, CURLINFO_REDIRECT_URL, &next);
        if (!next)
            return wl_err_set(err, WL_E_FETCH, "HTTP %ld without a new address", status);
        free(*url);
        *url = xstrdup(next);
        *out = REDIRECT;
        return 0;
    }
    why = reason_of(c, *url, code, a->o, text);
    if (never_connected(c, *url))
        dead_hosts_add(a->o->dead, host, why);
    wl_err_set(err, WL_E_FETCH, "%s", why);
    *out = BROKE;
    /* Who breaks off after some bytes may give the rest; who falls silent would do so again. */
    return a->got > 0 && !a->stalled && code != CURLE_OPERATION_TIMEDOUT ? 0 : -WL_E_FETCH;
}

int transfer_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = xstrdup(t->url);
    WL_CLEANUP_FD int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct answer a = {.o = o, .fd = fd};
    enum outcome out = BROKE;
    struct stat st;
    int r = 0;

    if (fd < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", part);
    for (int redirects = 0, broken = 0; redirects <= MAX_REDIRECTS;) {
        r = request(t, &url, &a, &out, err);
        if (r < 0)
            break;
        if (out == DONE) {
            if (t->from)
                *t->from = xstrdup(url);
            return 0;
        }
        if (out == REDIRECT) {
            redirects++;
            continue;
        }
        if (++broken > MAX_RETRIES) {
            r = wl_err_set(err, WL_E_FETCH, "broken off %d times%s%s", broken, err->text ? ", at last: " : "",
                           err->text ? err->text : "");
            break;
        }
        if (out == START_AGAIN && ftruncate(fd, 0) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot write %s", part);
        if (out == BROKE && cancel_sleep_ms(o->cancel, RETRY_MS))
            return cancel_error(err);
    }
    if (r == 0)
        r = wl_err_set(err, WL_E_FETCH, "redirected more than %d times", MAX_REDIRECTS);
    /* Nothing came: leave nothing. */
    if (fstat(fd, &st) == 0 && st.st_size == 0)
        unlink(part);
    return r;
}

int transfer_probe(const char *url, const struct fetch_options *o, struct wl_err *err)
{
    __attribute__((cleanup(easy_cleanup))) CURL *c = NULL;
    const struct transfer t = {.url = url};
    WL_CLEANUP_FREE char *host = NULL, *why = NULL;
    char text[CURL_ERROR_SIZE] = "";
    bool http, loopback;
    CURLcode code;

    if (!split_address(url, &host, &http, &loopback))
        return wl_err_set(err, WL_E_FETCH, "%s is no address of the web", url);
    if (refuse_dead(host, o, err) < 0)
        return -WL_E_FETCH;
    c = new_request(&t, url, o, text);
    if (!c)
        return wl_err_set(err, WL_E_FETCH, "libcurl cannot start");
    curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    code = perform(c, url, o, NULL);
    if (cancel_pending(o->cancel))
        return cancel_error(err);
    if (code == CURLE_OK)
        return 0;
    why = reason_of(c, url, code, o, text);
    dead_hosts_add(o->dead, host, why);
    return wl_err_set(err, WL_E_FETCH, "%s", why);
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    const struct transfer t = {.url = url};

    (void)sha256;
    return transfer_get(&t, part, o, err);
}

static int ask_page(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    return listing_get(&(struct transfer){.url = data}, part, offers_fetch(o), names, err);
}

static int list(struct offers *o, const char *folder, const struct strv **names, struct wl_err *err)
{
    return offers_list(o, folder, ask_page, folder, names, err);
}

/* Which of the parts of a release's address at GitHub is its tag, or NULL: OWNER/REPO/releases/download/TAG/FILE or
 * OWNER/REPO/archive/[refs/tags/]TAG.tar.gz. Those pages are no listings, but the tags can be had. */
static const char *release_tag(const struct strv *parts)
{
    if (parts->n == 6 && !strcmp(parts->v[2], "releases") && !strcmp(parts->v[3], "download"))
        return parts->v[4];
    return parts->n > 3 && !strcmp(parts->v[2], "archive") ? parts->v[parts->n - 1] : NULL;
}

static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    const char *host = web_host(q->url), *path;
    WL_CLEANUP_FREE char *root = NULL, *rest = NULL;
    struct listing l = {.list = list};
    int r;

    (void)own;
    if (!host)
        return wl_err_set(err, WL_E_USAGE, "it is not a well-formed address");
    path = host + strcspn(host, "/?#");
    root = xasprintf("%.*s/", (int)(path - q->url), q->url);
    rest = xstrndup(path, strcspn(path, "?#"));
    for (char *save = NULL, *part = strtok_r(rest, "/", &save); part; part = strtok_r(NULL, "/", &save))
        strv_add(&l.parts, part);
    l.root = root;
    if (!strcmp(root, "https://github.com/") && release_tag(&l.parts)) {
        WL_CLEANUP_FREE char *repo = xasprintf("%s%s/%s", root, l.parts.v[0], l.parts.v[1]);
        const char *tag = release_tag(&l.parts);
        WL_CLEANUP_FREE char *like = ends_with(tag, ".tar.gz") ? xstrndup(tag, strlen(tag) - 7) : xstrdup(tag);
        const struct strv *tags;

        r = git_tags(o, repo, &tags, err);
        r = r < 0 ? r : tags_versions(tags, like, q, found, err);
    } else {
        r = listing_versions(o, &l, q, found, err);
    }
    strv_free(&l.parts);
    return r;
}

const struct source_kind source_https = {"https:", true, check_https, get, versions};
const struct source_kind source_http = {"http:", true, check_http, get, versions};
