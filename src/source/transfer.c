#include "source/transfer.h"

#include "source/request.h"
#include "util/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_REDIRECTS = 10, MAX_RETRIES = 5, RETRY_MS = 500 };

/* A response while it is received. */
struct response {
    CURL *curl;
    const struct transfer *t;
    const struct fetch_options *o;
    int fd;
    curl_off_t start;      /* bytes that the part had when the request was sent */
    curl_off_t offset;     /* where the body goes in the part: start, or 0 if the server sends the whole file */
    curl_off_t received;   /* bytes of this response */
    curl_off_t range_from; /* of Content-Range; -1: none */
    struct request_watch watch;
    bool started, page, wrong_range, too_much;
    int write_errno;
};

/* Looks at status and headers before the first byte is written. False ends the transfer. */
static bool start_body(struct response *res)
{
    WL_CLEANUP_FREE char *path = xstrndup(res->t->url, strcspn(res->t->url, "?#"));
    const char *type = NULL;
    long status = 0;

    res->started = true;
    curl_easy_getinfo(res->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(res->curl, CURLINFO_CONTENT_TYPE, &type);
    if (!res->t->page && type && !strncasecmp(type, "text/html", 9) && !ends_with(path, ".html") &&
        !ends_with(path, ".htm")) {
        res->page = true;
        return false;
    }
    if (status == 206 && res->range_from == res->offset)
        return true;
    if (status == 206) {
        res->wrong_range = true;
        return false;
    }
    /* The server sends the whole file, whatever range was requested. */
    res->offset = 0;
    if (ftruncate(res->fd, 0) < 0) {
        res->write_errno = errno;
        return false;
    }
    return true;
}

static long long max_bytes(const struct transfer *t)
{
    return t->max_bytes ? t->max_bytes : MAX_TRANSFER_BYTES;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct response *res = user;
    long status = 0;

    curl_easy_getinfo(res->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300)
        return size * n; /* the body of a redirect */
    if (!res->started && !start_body(res))
        return 0;
    if (res->offset + res->received + (curl_off_t)(size * n) > max_bytes(res->t)) {
        res->too_much = true;
        return 0;
    }
    for (size_t done = 0; done < size * n;) {
        ssize_t w = pwrite(res->fd, data + done, size * n - done, res->offset + res->received);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0) {
            res->write_errno = errno;
            return 0;
        }
        done += (size_t)w;
        res->received += w;
        res->watch.moved += w;
    }
    return size * n;
}

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
    static const char name[] = "content-range:";
    struct response *res = user;
    char text[128];
    long long from;

    if (size * n > sizeof name && size * n < sizeof text && !strncasecmp(line, name, sizeof name - 1)) {
        memcpy(text, line, size * n);
        text[size * n] = '\0';
        if (sscanf(text + sizeof name - 1, " bytes %lld-", &from) == 1)
            res->range_from = from;
    }
    return size * n;
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct response *res = user;

    (void)up_total;
    (void)up_now;
    (void)now;
    if (res->o->on_progress && res->started)
        res->o->on_progress(res->o->data, res->t->url, (unsigned long long)(res->offset + res->received),
                            total > 0 ? (unsigned long long)(res->offset + total) : 0);
    return cancel_pending(res->o->cancel);
}

/* The result of one request. */
enum outcome { DONE, REDIRECT, LOST, START_AGAIN };

static int write_error(const char *url, struct wl_err *err)
{
    return wl_err_errno(err, WL_E_IO, "cannot save the download of %s", url);
}

/* Starts a response behind what the part holds already. */
static int start_response(const struct transfer *t, const char *url, struct response *res, char *text,
                          struct wl_err *err)
{
    CURL *c = request_new(t, url, res->o, text);
    char range[32];
    struct stat st;

    if (!c || fstat(res->fd, &st) < 0) {
        request_easy_cleanup(&c);
        return wl_err_set(err, WL_E_FETCH, "libcurl cannot start");
    }
    *res = (struct response){
        .curl = c, .t = t, .o = res->o, .fd = res->fd, .start = st.st_size, .offset = st.st_size, .range_from = -1};
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, res);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, res);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, res);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    if (res->start > 0) {
        snprintf(range, sizeof range, "%lld-", (long long)res->start);
        curl_easy_setopt(c, CURLOPT_RANGE, range);
    }
    return 0;
}

/* A response that curl has no complaint about: the file, or a redirect. */
static int finish_response(struct response *res, char **url, enum outcome *out, struct wl_err *err)
{
    const char *next = NULL;
    long status = 0;

    curl_easy_getinfo(res->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 300 || status >= 400) {
        *out = DONE;
        /* An empty file has no first byte, so start_body() was not called. */
        return !res->started && ftruncate(res->fd, 0) < 0 ? write_error(*url, err) : 0;
    }
    curl_easy_getinfo(res->curl, CURLINFO_REDIRECT_URL, &next);
    if (!next)
        return wl_err_set(err, WL_E_FETCH, "HTTP %ld without a new URL", status);
    free(*url);
    *url = xstrdup(next);
    *out = REDIRECT;
    return 0;
}

static int request(const struct transfer *t, char **url, struct response *res, enum outcome *out, struct wl_err *err)
{
    WL_CLEANUP_WEB_ADDRESS struct web_address a;
    CLEANUP_EASY CURL *c = NULL;
    WL_CLEANUP_FREE char *why = NULL;
    char text[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURLcode code;
    int r;

    web_address_parse(*url, &a);
    r = request_check_target(t, *url, &a, err);
    if (r == 0 && cancel_pending(res->o->cancel))
        r = cancel_error(err);
    if (r == 0)
        r = request_refuse_dead(a.host, res->o, err);
    if (r == 0)
        r = start_response(t, *url, res, text, err);
    if (r < 0)
        return r;
    c = res->curl;
    code = request_perform(c, t, *url, res->o, &res->watch);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (t->status)
        *t->status = status;
    if (code == CURLE_ABORTED_BY_CALLBACK || cancel_pending(res->o->cancel))
        return cancel_error(err);
    if (res->write_errno) {
        errno = res->write_errno;
        return write_error(*url, err);
    }
    if (res->too_much) {
        /* What was received is not worth resuming. */
        if (ftruncate(res->fd, 0) < 0)
            return write_error(*url, err);
        return wl_err_set(err, WL_E_FETCH, "the server sent more than %lld bytes", max_bytes(t));
    }
    if (res->page)
        return wl_err_set(err, WL_E_FETCH, "the server sent a web page (text/html) instead of the file");
    *out = START_AGAIN;
    if (res->wrong_range || (res->start > 0 && (status == 416 || code == CURLE_RANGE_ERROR)))
        return 0;
    if (code == CURLE_OK)
        return finish_response(res, url, out, err);
    why = request_reason(c, t, *url, code, res->o, text);
    if (request_never_connected(c, t, *url))
        dead_hosts_add(res->o->dead, a.host, why);
    wl_err_set(err, WL_E_FETCH, "%s", why);
    *out = LOST;
    /* A server that lost the connection after some bytes may send the rest; one that stalled would stall again. */
    return res->received > 0 && !res->watch.stalled && code != CURLE_OPERATION_TIMEDOUT ? 0 : -WL_E_FETCH;
}

int transfer_get(const struct transfer *t, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = xstrdup(t->url);
    WL_CLEANUP_FD int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct response res = {.o = o, .fd = fd};
    enum outcome out = LOST;
    struct stat st;
    int r = 0;

    if (fd < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", part);
    for (int redirects = 0, lost = 0; redirects <= MAX_REDIRECTS;) {
        r = request(t, &url, &res, &out, err);
        if (r < 0)
            break;
        if (out == DONE) {
            if (t->final_url)
                *t->final_url = xstrdup(url);
            return 0;
        }
        if (out == REDIRECT) {
            redirects++;
            continue;
        }
        if (++lost > MAX_RETRIES) {
            r = wl_err_set(err, WL_E_FETCH, "the transfer failed %d times%s%s", lost,
                           err->text ? "; the last time: " : "", err->text ? err->text : "");
            break;
        }
        if (out == START_AGAIN && ftruncate(fd, 0) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot write %s", part);
        if (out == LOST && cancel_sleep_ms(o->cancel, RETRY_MS))
            return cancel_error(err);
    }
    if (r == 0)
        r = wl_err_set(err, WL_E_FETCH, "redirected more than %d times", MAX_REDIRECTS);
    if (fstat(fd, &st) == 0 && st.st_size == 0)
        unlink(part);
    return r;
}

int transfer_probe(const char *url, const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_WEB_ADDRESS struct web_address a;
    CLEANUP_EASY CURL *c = NULL;
    const struct transfer t = {.url = url};
    WL_CLEANUP_FREE char *why = NULL;
    char text[CURL_ERROR_SIZE] = "";
    CURLcode code;

    if (!web_address_parse(url, &a))
        return wl_err_set(err, WL_E_FETCH, "%s is not a URL of https: or http:", url);
    if (request_refuse_dead(a.host, o, err) < 0)
        return -WL_E_FETCH;
    c = request_new(&t, url, o, text);
    if (!c)
        return wl_err_set(err, WL_E_FETCH, "libcurl cannot start");
    curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    code = request_perform(c, &t, url, o, NULL);
    if (cancel_pending(o->cancel))
        return cancel_error(err);
    if (code == CURLE_OK)
        return 0;
    why = request_reason(c, &t, url, code, o, text);
    dead_hosts_add(o->dead, a.host, why);
    return wl_err_set(err, WL_E_FETCH, "%s", why);
}
