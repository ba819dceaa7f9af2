/* What the addresses SCHEME:NAME@VERSION of registries have in common. */
#include "source/kinds/kinds.h"
#include "util/str.h"

#include <string.h>

char *package_file_name(const char *url, const char *extension)
{
    const char *spec = strchr(url, ':') + 1, *at = strrchr(spec, '@');
    WL_CLEANUP_FREE char *name = at && at > spec ? xstrndup(spec, (size_t)(at - spec)) : xstrdup(spec);

    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '-';
    return xasprintf("%s-%s%s", name + (*name == '@'), at && at > spec ? at + 1 : "", extension);
}

char *package_place(const char *url)
{
    const char *at = strrchr(url, '@');

    return at ? xstrndup(url, (size_t)(at - url)) : xstrdup(url);
}
