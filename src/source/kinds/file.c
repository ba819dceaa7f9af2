/* file: and plain absolute paths. The file is copied, so that the cache keeps what was verified. */
#include "source/client.h"
#include "source/kinds/kinds.h"
#include "source/listing.h"
#include "util/fs.h"

#include <string.h>

/* The path of an address: file:/a, file:///a and /a are the same. NULL: not absolute, or on another host. */
static const char *path_of(const char *url)
{
    if (starts_with(url, "file:"))
        url += 5;
    if (starts_with(url, "///"))
        url += 2;
    return *url == '/' && url[1] != '/' ? url : NULL;
}

static int check(const char *url, struct wl_err *err)
{
    const char *path = path_of(url);

    if (!path || ends_with(path, "/"))
        return wl_err_set(err, WL_E_RECIPE, "%s does not name a file by its absolute path", url);
    return 0;
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    const char *path = path_of(url);

    (void)sha256;
    (void)o;
    if (!path)
        return check(url, err);
    return copy_to_part(path, part, err);
}

static int lookup_dir(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    (void)o;
    (void)part;
    return dir_list(data, names, err);
}

static int list(struct offers *o, const char *dir, const struct strv **names, struct wl_err *err)
{
    return offers_list(o, dir, lookup_dir, dir, names, err);
}

/* Only the file's own name counts: the directories above it are named as this machine likes. */
static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    const char *path = path_of(q->url);
    WL_CLEANUP_FREE char *dir = path_dir(path), *root = xasprintf("%s/", dir);
    struct listing l = {.root = root, .list = list};
    int r;

    (void)own;
    strv_add(&l.parts, path_base(path));
    r = listing_versions(o, &l, q, found, err);
    strv_free(&l.parts);
    return r;
}

const struct source_kind source_file = {"file:", false, check, get, versions, NULL, NULL};
const struct source_kind source_path = {"/", false, check, get, versions, NULL, NULL};
