/* Requests that are no downloads (transfer.h). */
#include "source/request.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_REDIRECTS = 10 };

struct talk {
    const struct exchange *x;
    struct http_answer *answer;
    struct request_watch watch;
    struct str body;
    size_t sent;
    bool too_much;
    int read_errno;
};

void http_answer_free(struct http_answer *a)
{
    free(a->body);
    free(a->location);
    free(a->challenge);
    *a = (struct http_answer){0};
}

void http_answer_take(struct http_answer *a, char **body, size_t *n)
{
    *body = a->body;
    *n = a->n;
    a->body = NULL;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct talk *t = user;

    if (size * n > t->x->most - t->body.len) {
        t->too_much = true;
        return 0;
    }
    str_addn(&t->body, data, size * n);
    t->watch.moved += (curl_off_t)(size * n);
    return size * n;
}

static size_t on_send(char *data, size_t size, size_t n, void *user)
{
    struct talk *t = user;
    size_t left = t->x->size - t->sent, some = size * n < left ? size * n : left;
    ssize_t got = (ssize_t)some;

    if (t->x->fd < 0)
        memcpy(data, t->x->text + t->sent, some);
    else
        got = pread(t->x->fd, data, some, (off_t)t->sent);
    if (got < 0 || (size_t)got < some) {
        t->read_errno = got < 0 ? errno : EIO;
        return CURL_READFUNC_ABORT;
    }
    t->sent += some;
    t->watch.moved += (curl_off_t)some;
    return some;
}

/* A connection that was kept open may be found closed once the body has begun. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct talk *t = user;

    if (origin != SEEK_SET || offset < 0 || (size_t)offset > t->x->size)
        return CURL_SEEKFUNC_FAIL;
    t->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* The value of a header, if the line is that header; the caller frees it. */
static char *header_value(const char *line, size_t n, const char *name)
{
    size_t skip = strlen(name);

    if (n <= skip || strncasecmp(line, name, skip) != 0 || line[skip] != ':')
        return NULL;
    for (skip++; skip < n && (line[skip] == ' ' || line[skip] == '\t'); skip++)
        ;
    while (n > skip && strchr("\r\n \t", line[n - 1]))
        n--;
    return xstrndup(line + skip, n - skip);
}

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
    struct talk *t = user;
    char *value = header_value(line, size * n, "WWW-Authenticate");

    t->watch.moved += (curl_off_t)(size * n);
    if (value) {
        free(t->answer->challenge);
        t->answer->challenge = value;
    }
    return size * n;
}

static void set_body(CURL *c, struct talk *t)
{
    const struct exchange *x = t->x;

    if (!strcmp(x->method, "HEAD")) {
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    } else if (strcmp(x->method, "GET") != 0) {
        curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, x->method);
        curl_easy_setopt(c, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(c, CURLOPT_READDATA, t);
        curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(c, CURLOPT_SEEKDATA, t);
        curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->size);
    }
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
}

static int failed(const struct transfer *t, CURL *c, const char *url, CURLcode code, const struct talk *talk,
                  const struct fetch_options *o, const char *text, struct wl_err *err)
{
    WL_CLEANUP_WEB_ADDRESS struct web_address a = {0};
    WL_CLEANUP_FREE char *why = NULL;

    if (code == CURLE_ABORTED_BY_CALLBACK && cancel_pending(o->cancel))
        return cancel_error(err);
    if (talk->too_much)
        return wl_err_set(err, WL_E_FETCH, "the server sent more than %zu bytes", talk->x->most);
    if (talk->read_errno)
        return wl_err_set(err, WL_E_IO, "cannot read what is to be sent: %s", strerror(talk->read_errno));
    why = request_reason(c, t, url, code, o, text);
    web_address_parse(url, &a);
    if (request_never_connected(c, t, url) && a.host)
        dead_hosts_add(o->dead, a.host, why);
    return wl_err_set(err, WL_E_FETCH, "%s", why);
}

/* One request; *next gets where the answer redirects to, if it may be followed. */
static int talk_once(const struct transfer *t, const char *url, struct talk *talk, char **next,
                     const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_WEB_ADDRESS struct web_address a = {0};
    CLEANUP_EASY CURL *c = NULL;
    char text[CURL_ERROR_SIZE] = "";
    const char *to = NULL;
    CURLcode code;
    int r;

    web_address_parse(url, &a);
    r = request_check_target(t, url, &a, err);
    if (r == 0 && cancel_pending(o->cancel))
        r = cancel_error(err);
    if (r == 0)
        r = request_refuse_dead(a.host, o, err);
    if (r < 0)
        return r;
    c = request_new(t, url, o, text);
    if (!c)
        return wl_err_set(err, WL_E_FETCH, "libcurl cannot start");
    set_body(c, talk);
    code = request_perform(c, t, url, o, &talk->watch);
    if (code != CURLE_OK)
        return failed(t, c, url, code, talk, o, text, err);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &talk->answer->status);
    curl_easy_getinfo(c, CURLINFO_REDIRECT_URL, &to);
    if (talk->answer->status >= 300 && talk->answer->status < 400 && to &&
        (!strcmp(talk->x->method, "GET") || !strcmp(talk->x->method, "HEAD")))
        *next = xstrdup(to);
    if (!to) {
        struct curl_header *location = NULL;

        if (curl_easy_header(c, "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK)
            talk->answer->location = web_address_join(url, location->value);
    }
    return 0;
}

int http_exchange(const struct transfer *t, const struct exchange *x, struct http_answer *answer,
                  const struct fetch_options *o, struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = xstrdup(t->url);
    int r = 0;

    *answer = (struct http_answer){0};
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
        struct talk talk = {.x = x, .answer = answer};
        char *next = NULL;

        http_answer_free(answer);
        r = talk_once(t, url, &talk, &next, o, err);
        answer->n = talk.body.len;
        answer->body = str_take(&talk.body);
        if (t->status)
            *t->status = answer->status;
        if (r < 0 || !next)
            return r;
        free(url);
        url = next;
    }
    return wl_err_set(err, WL_E_FETCH, "redirected more than %d times", MAX_REDIRECTS);
}
