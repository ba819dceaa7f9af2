/* Remote stores that are directories of an HTTP server, or buckets of S3, whose requests are signed: a file of a thing
 * is at BASE/THING.FILE. They are all in one directory, because servers make none by themselves. */
#include "remote/kinds.h"

#include "source/address.h"

#include <curl/curl.h>
#include <string.h>

/* --- addresses --- */

static int open_http(struct remote_place *p, const char *url, struct wl_err *err)
{
    WL_CLEANUP_WEB_ADDRESS struct web_address a;
    size_t n;

    p->login = web_address_login(url, &p->base);
    if (!web_address_parse(p->base, &a) || !a.host || strpbrk(p->base, "?# ")) {
        wl_err_set(err, WL_E_USAGE, "%s is not the address of a directory", p->shown);
        return wl_err_hint(err, "for example https://example.org/wl-make");
    }
    for (n = strlen(p->base); n && p->base[n - 1] == '/';)
        p->base[--n] = '\0';
    return 0;
}

static const char *variable(const char *name, const char *other)
{
    const char *value = getenv(name);

    if ((!value || !*value) && other)
        value = getenv(other);
    return value && *value ? value : NULL;
}

/* A parameter of "...?NAME=VALUE&..."; the caller frees it. */
static char *parameter(const char *query, const char *name)
{
    size_t n = strlen(name);

    while (*query) {
        size_t length = strcspn(query, "&");

        if (length > n && !strncmp(query, name, n) && query[n] == '=')
            return percent_decode(query + n + 1, length - n - 1);
        query += length + (query[length] == '&');
    }
    return NULL;
}

/* s3://BUCKET/PREFIX?region=...&endpoint=https://...; the keys are in the environment, as AWS's own programs have them.
 */
static int open_s3(struct remote_place *p, const char *url, struct wl_err *err)
{
    const char *path = url + strlen("s3://"), *query = strchr(path, '?');
    WL_CLEANUP_FREE char *where = xstrndup(path, strcspn(path, "?")),
                         *region = parameter(query ? query + 1 : "", "region"),
                         *endpoint = parameter(query ? query + 1 : "", "endpoint");
    const char *id = variable("AWS_ACCESS_KEY_ID", NULL), *secret = variable("AWS_SECRET_ACCESS_KEY", NULL);
    const char *session = variable("AWS_SESSION_TOKEN", NULL), *given;
    size_t bucket = strcspn(where, "/"), n;

    given = variable("AWS_REGION", "AWS_DEFAULT_REGION");
    if (!region)
        region = xstrdup(given ? given : "us-east-1");
    given = variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
    if (!endpoint && given)
        endpoint = xstrdup(given);
    for (n = strlen(where); n && where[n - 1] == '/';)
        where[--n] = '\0';
    if (!bucket || strspn(where, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/") != n ||
        !plain_text(region, "-")) {
        wl_err_set(err, WL_E_USAGE, "%s is not the address of a bucket", p->shown);
        return wl_err_hint(err, "for example s3://my-bucket/wl-make?region=eu-central-1");
    }
    if (!id || !secret) {
        wl_err_set(err, WL_E_USAGE, "%s: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set", p->shown);
        return wl_err_hint(err, "set them in the environment");
    }
    if (endpoint) {
        for (n = strlen(endpoint); n && endpoint[n - 1] == '/';)
            endpoint[--n] = '\0';
        if (!starts_with(endpoint, "https://") && !starts_with(endpoint, "http://")) {
            wl_err_set(err, WL_E_USAGE, "%s is not the address of a server of S3", endpoint);
            return wl_err_hint(err, "the endpoint begins with https:// or http://");
        }
        p->base = xasprintf("%s/%s", endpoint, where);
    } else {
        p->base = xasprintf("https://%.*s.s3.%s.amazonaws.com%s", (int)bucket, where, region, where + bucket);
    }
    p->login = xasprintf("%s:%s", id, secret);
    p->sigv4 = xasprintf("aws:amz:%s:s3", region);
    if (session)
        p->session = xasprintf("x-amz-security-token: %s", session);
    return 0;
}

/* --- requests --- */

/* The SHA-256 of nothing. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char *url_of(const struct remote_link *l, const char *thing, const char *file)
{
    return xasprintf("%s/%s.%s", l->place->base, thing, file);
}

/* The headers that S3 signs. The caller frees them. */
static struct curl_slist *headers_for(const struct remote_link *l, const char *sha256)
{
    struct curl_slist *list = NULL;
    WL_CLEANUP_FREE char *hash = xasprintf("x-amz-content-sha256: %s", sha256);

    if (l->place->sigv4)
        list = curl_slist_append(list, hash);
    if (l->place->session)
        list = curl_slist_append(list, l->place->session);
    return list;
}

/* Whether the server says that there is no such file. */
static bool is_missing(long status)
{
    return status == 404 || status == 410;
}

static int ask(struct remote_link *l, const char *url, const char *sha256, const struct exchange *x,
               struct http_answer *answer, struct wl_err *err)
{
    struct curl_slist *headers = headers_for(l, sha256);
    struct transfer t = remote_transfer(l, url);
    int r;

    t.headers = headers;
    r = http_exchange(&t, x, answer, &l->fetch, err);
    curl_slist_free_all(headers);
    return r;
}

static int read_small(struct remote_link *l, const char *thing, const char *file, size_t most, char **text, size_t *n,
                      struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = url_of(l, thing, file);
    struct http_answer answer = {0};
    int r = ask(l, url, EMPTY, &(struct exchange){.method = "GET", .fd = -1, .most = most}, &answer, err);

    if (r == 0 && is_missing(answer.status))
        r = 1;
    else if (r == 0 && answer.status != 200)
        r = remote_status_error("it does not give an entry", answer.status, err);
    if (r == 0)
        http_answer_take(&answer, text, n);
    http_answer_free(&answer);
    return r;
}

static int get_large(struct remote_link *l, const char *thing, const char *file, long long most, const char *part,
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = url_of(l, thing, file);
    struct curl_slist *headers = headers_for(l, EMPTY);
    struct transfer t = remote_transfer(l, url);
    long status = 0;
    int r;

    t.headers = headers;
    t.max_bytes = most;
    t.status = &status;
    r = transfer_get(&t, part, &l->fetch, err);
    curl_slist_free_all(headers);
    return r < 0 && is_missing(status) ? 1 : r;
}

static int has_file(struct remote_link *l, const char *thing, const char *last, struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = url_of(l, thing, last);
    struct http_answer answer = {0};
    int r = ask(l, url, EMPTY, &(struct exchange){.method = "HEAD", .fd = -1}, &answer, err);

    if (r == 0)
        r = answer.status == 200        ? 1
            : is_missing(answer.status) ? 0
                                        : remote_status_error("it does not answer HEAD", answer.status, err);
    http_answer_free(&answer);
    return r;
}

static int put_files(struct remote_link *l, const char *thing, const struct remote_file *files, size_t n,
                     struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        WL_CLEANUP_FREE char *url = url_of(l, thing, files[i].name);
        struct http_answer answer = {0};

        r = ask(l, url, files[i].sha256,
                &(struct exchange){.method = "PUT",
                                   .text = files[i].text,
                                   .fd = files[i].fd,
                                   .size = (size_t)files[i].size,
                                   .most = 1 << 16},
                &answer, err);
        if (r == 0 && (answer.status < 200 || answer.status > 299))
            r = remote_status_error("it does not take an entry", answer.status, err);
        http_answer_free(&answer);
    }
    return r;
}

const struct remote_kind remote_https = {"https", open_http, read_small, get_large, has_file, put_files};
const struct remote_kind remote_http = {"http", open_http, read_small, get_large, has_file, put_files};
const struct remote_kind remote_s3 = {"s3", open_s3, read_small, get_large, has_file, put_files};
