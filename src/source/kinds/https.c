/* https:, and http: to this machine alone (for tests and local mirrors). */
#include "source/address.h"
#include "source/kinds/kinds.h"
#include "source/listing.h"
#include "source/transfer.h"
#include "util/fs.h"

#include <string.h>

static int check_https(const char *url, struct wl_err *err)
{
    return web_address_check(url, false, err);
}

static int check_http(const char *url, struct wl_err *err)
{
    return web_address_check(url, true, err);
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    const struct transfer t = {.url = url};

    (void)sha256;
    return transfer_get(&t, part, o, err);
}

static int lookup_page(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    return listing_get(&(struct transfer){.url = data}, part, offers_fetch(o), names, err);
}

static int list(struct offers *o, const char *dir, const struct strv **names, struct wl_err *err)
{
    return offers_list(o, dir, lookup_page, dir, names, err);
}

/* The tag in the parts of the address of a release at GitHub, OWNER/REPO/releases/download/TAG/FILE or
 * OWNER/REPO/archive/[refs/tags/]TAG.tar.gz; else NULL. The pages of those directories are not listings. */
static const char *release_tag(const struct strv *parts)
{
    if (parts->n == 6 && !strcmp(parts->v[2], "releases") && !strcmp(parts->v[3], "download"))
        return parts->v[4];
    return parts->n > 3 && !strcmp(parts->v[2], "archive") ? parts->v[parts->n - 1] : NULL;
}

static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    const char *host = web_host(q->url), *path, *tag;
    WL_CLEANUP_FREE char *root = NULL, *rest = NULL;
    struct listing l = {.list = list};
    int r;

    (void)own;
    if (!host)
        return wl_err_set(err, WL_E_USAGE, "it is not a valid URL");
    path = host + strcspn(host, "/?#");
    root = xasprintf("%.*s/", (int)(path - q->url), q->url);
    rest = xstrndup(path, strcspn(path, "?#"));
    for (char *save = NULL, *part = strtok_r(rest, "/", &save); part; part = strtok_r(NULL, "/", &save))
        strv_add(&l.parts, part);
    l.root = root;
    tag = !strcmp(root, "https://github.com/") ? release_tag(&l.parts) : NULL;
    if (tag) {
        WL_CLEANUP_FREE char *repo = xasprintf("%s%s/%s", root, l.parts.v[0], l.parts.v[1]);
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

static char *file_name(const char *url)
{
    WL_CLEANUP_FREE char *path = xstrndup(url, strcspn(url, "?#"));
    size_t n = strlen(path);

    while (n && path[n - 1] == '/')
        path[--n] = '\0';
    return xstrdup(path_base(path));
}

static char *place(const char *url)
{
    const char *host = web_host(url);

    return host ? xstrndup(host, strcspn(host, "/?#")) : xstrdup(url);
}

const struct source_kind source_https = {"https:", true, check_https, get, versions, file_name, place};
const struct source_kind source_http = {"http:", true, check_http, get, versions, file_name, place};
