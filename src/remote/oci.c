/* Remote stores that are repositories of an OCI registry. A thing is an artifact as ORAS makes them: a manifest whose
 * tag is the thing's name, with a layer for each file, whose title is the file's name.
 *
 * Protocol: the OCI distribution specification 1.1, "Pull" and "Push"; tokens: distribution's "Token Authentication
 * Specification". */
#include "remote/kinds.h"

#include "source/address.h"
#include "util/hash.h"

#include <curl/curl.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define ARTIFACT_TYPE "application/vnd.wl-make.artifact.v1"
#define TITLE "org.opencontainers.image.title"
/* The configuration of an artifact that has none: its digest is given by the image specification. */
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define EMPTY_TEXT "{}"
#define EMPTY_DIGEST "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

enum { MOST_JSON = 1 << 20, MOST_TOKEN = 1 << 16 };

/* --- addresses --- */

static int open_repository(struct remote_place *p, const char *url, const char *scheme, struct wl_err *err)
{
    WL_CLEANUP_FREE char *web = xasprintf("%s%s", scheme, strstr(url, "://")), *bare = NULL;
    const char *host, *path;
    size_t n;

    p->login = web_address_login(web, &bare);
    host = web_host(bare);
    path = host ? host + strcspn(host, "/?#") : NULL;
    n = path ? strlen(path) : 0;
    while (n && path[n - 1] == '/')
        n--;
    /* (The specification's form of a repository's name.) */
    if (n < 2 || strspn(path + 1, "abcdefghijklmnopqrstuvwxyz0123456789._-/") + 1 < n) {
        wl_err_set(err, WL_E_USAGE, "%s is not the address of a repository", p->shown);
        return wl_err_hint(err, "for example oci://registry.example.org/team/wl-make, in lower case");
    }
    p->base = xasprintf("%.*s/v2%.*s", (int)(path - bare), bare, (int)n, path);
    return 0;
}

static int open_https(struct remote_place *p, const char *url, struct wl_err *err)
{
    return open_repository(p, url, "https", err);
}

static int open_http(struct remote_place *p, const char *url, struct wl_err *err)
{
    return open_repository(p, url, "http", err);
}

/* --- tokens --- */

/* The value of NAME="..." in a challenge; the caller frees it. */
static char *challenge_value(const char *challenge, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = challenge; (p = strcasestr(p, name)); p += n)
        if ((p == challenge || strchr(" ,", p[-1])) && p[n] == '=' && p[n + 1] == '"')
            return xstrndup(p + n + 2, strcspn(p + n + 2, "\""));
    return NULL;
}

static void add_parameter(struct str *url, const char *name, const char *value)
{
    char *escaped = value ? curl_easy_escape(NULL, value, (int)strlen(value)) : NULL;

    if (escaped)
        str_addf(url, "%c%s=%s", strchr(url->s, '?') ? '&' : '?', name, escaped);
    curl_free(escaped);
}

/* Asks the service that a registry's challenge names for a token. */
static int get_token(struct remote_link *l, const char *challenge, struct wl_err *err)
{
    WL_CLEANUP_FREE char *realm = challenge_value(challenge, "realm"), *service = challenge_value(challenge, "service"),
                         *scope = challenge_value(challenge, "scope");
    WL_CLEANUP_STR struct str url = {0};
    struct http_answer answer = {0};
    struct transfer t;
    const char *token;
    json_t *root;
    int r;

    if (!realm || !*realm)
        return wl_err_set(err, WL_E_FETCH, "the registry does not say where its tokens come from");
    str_add(&url, realm);
    add_parameter(&url, "service", service);
    add_parameter(&url, "scope", scope);
    t = remote_transfer(l, url.s);
    r = http_exchange(&t, &(struct exchange){.method = "GET", .fd = -1, .most = MOST_TOKEN}, &answer, &l->fetch, err);
    if (r == 0 && answer.status != 200)
        r = remote_status_error("the registry gives no token", answer.status, err);
    root = r == 0 ? json_loadb(answer.body, answer.n, 0, NULL) : NULL;
    token = json_string_value(json_object_get(root, "token"));
    if (!token)
        token = json_string_value(json_object_get(root, "access_token"));
    /* It becomes a part of a header. */
    if (r == 0 && (!token || !plain_text(token, "-._~+/=")))
        r = wl_err_set(err, WL_E_FETCH, "the registry gives no token that can be used");
    if (r == 0) {
        free(l->token);
        l->token = xstrdup(token);
    }
    json_decref(root);
    http_answer_free(&answer);
    return r;
}

/* --- requests --- */

struct oci_request {
    const char *url;
    const char *accept, *type; /* headers; NULL: none */
};

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    WL_CLEANUP_FREE char *line = value ? xasprintf("%s: %s", name, value) : NULL;

    return line ? curl_slist_append(list, line) : list;
}

/* The registry's headers go to the registry only: an upload, for example, may be sent to another host. */
static struct curl_slist *headers_for(const struct remote_link *l, const struct oci_request *q)
{
    WL_CLEANUP_FREE char *token = l->token ? xasprintf("Bearer %s", l->token) : NULL;
    struct curl_slist *list = NULL;

    list = add_header(list, "Accept", q->accept);
    list = add_header(list, "Content-Type", q->type);
    return web_address_same_host(q->url, l->place->base) ? add_header(list, "Authorization", token) : list;
}

static struct transfer transfer_for(const struct remote_link *l, const char *url, struct curl_slist *headers)
{
    struct transfer t = remote_transfer(l, url);

    t.headers = headers;
    if (!web_address_same_host(url, l->place->base))
        t.login = NULL;
    return t;
}

/* A request; if the registry wants a token, another one with a token. */
static int ask(struct remote_link *l, const struct oci_request *q, const struct exchange *x, struct http_answer *answer,
               struct wl_err *err)
{
    int r = 0;

    for (int i = 0; i < 2; i++) {
        struct curl_slist *headers = headers_for(l, q);
        struct transfer t = transfer_for(l, q->url, headers);

        http_answer_free(answer);
        r = http_exchange(&t, x, answer, &l->fetch, err);
        curl_slist_free_all(headers);
        if (r < 0 || answer->status != 401 || !answer->challenge || strncasecmp(answer->challenge, "Bearer ", 7) != 0 ||
            i == 1)
            break;
        r = get_token(l, answer->challenge + 7, err);
        if (r < 0)
            break;
    }
    return r;
}

/* --- reading --- */

/* Makes the manifest of a thing that of the link: 1 if there is none. */
static int load_manifest(struct remote_link *l, const char *thing, struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = xasprintf("%s/manifests/%s", l->place->base, thing);
    struct http_answer answer = {0};
    int r;

    if (l->thing && !strcmp(l->thing, thing))
        return 0;
    r = ask(l, &(struct oci_request){.url = url, .accept = MANIFEST_TYPE},
            &(struct exchange){.method = "GET", .fd = -1, .most = MOST_JSON}, &answer, err);
    if (r == 0 && answer.status == 404)
        r = 1;
    else if (r == 0 && answer.status != 200)
        r = remote_status_error("it does not give an entry", answer.status, err);
    if (r == 0) {
        free(l->thing);
        free(l->manifest);
        l->thing = xstrdup(thing);
        l->manifest = answer.body;
        answer.body = NULL;
    }
    http_answer_free(&answer);
    return r;
}

/* The URL of the blob of a file: 1 if the thing has no such file. */
static int find_blob(struct remote_link *l, const char *thing, const char *file, char **url, struct wl_err *err)
{
    json_t *root, *layer;
    size_t i;
    int r = load_manifest(l, thing, err);

    if (r != 0)
        return r;
    root = json_loads(l->manifest, JSON_REJECT_DUPLICATES, NULL);
    r = 1;
    json_array_foreach(json_object_get(root, "layers"), i, layer)
    {
        const char *title = json_string_value(json_object_get(json_object_get(layer, "annotations"), TITLE));
        const char *digest = json_string_value(json_object_get(layer, "digest"));

        if (!title || strcmp(title, file) != 0)
            continue;
        r = 0;
        if (!digest || !starts_with(digest, "sha256:") || !is_hex(digest + 7, HASH_HEX_SIZE - 1))
            r = wl_err_set(err, WL_E_VERIFY, "the registry's manifest names no SHA-256 of %s", file);
        else
            *url = xasprintf("%s/blobs/%s", l->place->base, digest);
        break;
    }
    json_decref(root);
    return r;
}

static int read_small(struct remote_link *l, const char *thing, const char *file, size_t most, char **text, size_t *n,
                      struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = NULL;
    struct http_answer answer = {0};
    int r = find_blob(l, thing, file, &url, err);

    if (r != 0)
        return r;
    r = ask(l, &(struct oci_request){.url = url}, &(struct exchange){.method = "GET", .fd = -1, .most = most}, &answer,
            err);
    if (r == 0 && answer.status != 200)
        r = remote_status_error("it does not give a blob that its manifest names", answer.status, err);
    if (r == 0)
        http_answer_take(&answer, text, n);
    http_answer_free(&answer);
    return r;
}

static int get_large(struct remote_link *l, const char *thing, const char *file, long long most, const char *part,
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = NULL;
    struct curl_slist *headers;
    struct transfer t;
    int r = find_blob(l, thing, file, &url, err);

    if (r != 0)
        return r;
    headers = headers_for(l, &(struct oci_request){.url = url});
    t = transfer_for(l, url, headers);
    t.max_bytes = most;
    r = transfer_get(&t, part, &l->fetch, err);
    curl_slist_free_all(headers);
    return r;
}

static int has_thing(struct remote_link *l, const char *thing, const char *last, struct wl_err *err)
{
    WL_CLEANUP_FREE char *url = xasprintf("%s/manifests/%s", l->place->base, thing);
    struct http_answer answer = {0};
    int r = ask(l, &(struct oci_request){.url = url, .accept = MANIFEST_TYPE},
                &(struct exchange){.method = "HEAD", .fd = -1}, &answer, err);

    (void)last;
    if (r == 0)
        r = answer.status == 200   ? 1
            : answer.status == 404 ? 0
                                   : remote_status_error("it does not answer HEAD", answer.status, err);
    http_answer_free(&answer);
    return r;
}

/* --- writing --- */

static bool is_success(const struct http_answer *a)
{
    return a->status >= 200 && a->status <= 299;
}

static int put_blob(struct remote_link *l, const struct remote_file *f, struct wl_err *err)
{
    WL_CLEANUP_FREE char *blob = xasprintf("%s/blobs/sha256:%s", l->place->base, f->sha256),
                         *start = xasprintf("%s/blobs/uploads/", l->place->base), *to = NULL;
    struct http_answer answer = {0};
    int r = ask(l, &(struct oci_request){.url = blob}, &(struct exchange){.method = "HEAD", .fd = -1}, &answer, err);

    if (r == 0 && answer.status != 200) {
        r = ask(l, &(struct oci_request){.url = start},
                &(struct exchange){.method = "POST", .fd = -1, .most = MOST_JSON}, &answer, err);
        if (r == 0 && (!is_success(&answer) || !answer.location))
            r = remote_status_error("it begins no upload", answer.status, err);
        if (r == 0) {
            to =
                xasprintf("%s%cdigest=sha256:%s", answer.location, strchr(answer.location, '?') ? '&' : '?', f->sha256);
            r = ask(l, &(struct oci_request){.url = to, .type = "application/octet-stream"},
                    &(struct exchange){
                        .method = "PUT", .text = f->text, .fd = f->fd, .size = (size_t)f->size, .most = MOST_JSON},
                    &answer, err);
        }
        if (r == 0 && !is_success(&answer))
            r = remote_status_error("it does not take a blob", answer.status, err);
    }
    http_answer_free(&answer);
    return r;
}

static char *manifest_text(const struct remote_file *files, size_t n)
{
    struct str s = {0};

    str_add(&s, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"artifactType\":\"" ARTIFACT_TYPE
                "\",\"config\":{\"mediaType\":\"" EMPTY_TYPE "\",\"digest\":\"sha256:" EMPTY_DIGEST
                "\",\"size\":2},\"layers\":[");
    for (size_t i = 0; i < n; i++)
        str_addf(&s,
                 "%s{\"mediaType\":\"application/octet-stream\",\"digest\":\"sha256:%s\",\"size\":%llu,"
                 "\"annotations\":{\"" TITLE "\":\"%s\"}}",
                 i ? "," : "", files[i].sha256, files[i].size, files[i].name);
    str_add(&s, "]}");
    return str_take(&s);
}

static int put_thing(struct remote_link *l, const char *thing, const struct remote_file *files, size_t n,
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = manifest_text(files, n), *url = xasprintf("%s/manifests/%s", l->place->base, thing);
    const struct remote_file empty = {.fd = -1, .text = EMPTY_TEXT, .size = 2, .sha256 = EMPTY_DIGEST};
    struct http_answer answer = {0};
    int r = put_blob(l, &empty, err);

    for (size_t i = 0; r == 0 && i < n; i++)
        r = put_blob(l, &files[i], err);
    if (r < 0)
        return r;
    r = ask(l, &(struct oci_request){.url = url, .type = MANIFEST_TYPE},
            &(struct exchange){.method = "PUT", .text = text, .fd = -1, .size = strlen(text), .most = MOST_JSON},
            &answer, err);
    if (r == 0 && !is_success(&answer))
        r = remote_status_error("it does not take an entry", answer.status, err);
    http_answer_free(&answer);
    return r;
}

const struct remote_kind remote_oci = {"oci", open_https, read_small, get_large, has_thing, put_thing};
const struct remote_kind remote_oci_http = {"oci+http", open_http, read_small, get_large, has_thing, put_thing};
