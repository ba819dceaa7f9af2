/* The newest version at an address. */
#include "source/offers.h"
#include "util/version.h"

#include <string.h>

/* Whether two versions seem to be numbered alike: those of a crate 0.2.7 and its library 3.1 are not. */
static bool numbered_alike(const char *a, const char *b)
{
    size_t n = strspn(a, "0123456789");

    return n == strspn(b, "0123456789") && !strncmp(a, b, n);
}

int offers_newest(struct offers *o, const struct offer_query *q, char **newest, struct wl_err *err)
{
    const struct source_kind *kind = source_kind_of(q->url, err);
    WL_CLEANUP_STRV struct strv versions = {0};
    WL_CLEANUP_FREE char *own = NULL;
    struct offer_query wanted = *q;
    int r;

    *newest = NULL;
    if (!kind)
        return -(int)err->cls;
    r = kind->versions(o, q, &versions, &own, err);
    if (r < 0)
        return r;
    /* The address is what the recipe uses, so only versions above its own are newer: a package can add a number to the
     * version of what it contains. */
    if (own && (!numbered_alike(own, q->version) || version_is_newer(own, q->version)))
        wanted.version = own;
    if (own && !numbered_alike(own, q->version))
        wanted.series = NULL;
    for (size_t i = 0; i < versions.n; i++)
        if (offer_is_wanted(&wanted, versions.v[i]) && (!*newest || version_compare(versions.v[i], *newest) > 0)) {
            free(*newest);
            *newest = xstrdup(versions.v[i]);
        }
    return 0;
}
