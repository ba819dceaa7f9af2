/* file: and plain absolute paths. The bytes are copied, so that the cache stays what was verified. */
#include "fs.h"
#include "kinds.h"

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
    return copy_file(path, part, err);
}

const struct source_kind source_file = {"file:", false, check, get};
const struct source_kind source_path = {"/", false, check, get};
