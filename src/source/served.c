/* The version of what an archive contains (source.h). */
#include "source/source.h"

#include "util/fs.h"

#include <ctype.h>
#include <string.h>

/* Where a version is in an address, not as a part of a longer number. */
static bool has_version(const char *address, const char *version)
{
    size_t n = strlen(version);

    for (const char *p = address; n && (p = strstr(p, version)); p++)
        if ((p == address || !isdigit((unsigned char)p[-1])) && !isdigit((unsigned char)p[n]))
            return true;
    return false;
}

/* The first text like 1.2 or 1.2.3 in a name; *n is its length. NULL: there is none. */
static const char *dotted_number(const char *name, size_t *n)
{
    for (const char *p = name; *p; p += *n) {
        const char *end = p + strspn(p, "0123456789");
        bool dotted = false;

        *n = 1;
        if (end == p)
            continue;
        while (*end == '.' && isdigit((unsigned char)end[1])) {
            dotted = true;
            end += 1 + strspn(end + 1, "0123456789");
        }
        *n = (size_t)(end - p);
        if (dotted)
            return p;
    }
    return NULL;
}

char *served_version(const char *version, const char *from)
{
    /* Addresses of files in a directory for each version have it there, too, so only the last part counts. */
    const char *name = from ? path_base(from) : "", *found;
    size_t n = 0, digits = strspn(version, "0123456789");
    const char *at = from ? strstr(from, "==") : NULL;

    if (at)
        name = at; /* pypi:NAME==VERSION/FILE */
    if (!digits || has_version(name, version))
        return xstrdup(version);
    for (const char *dot = "_-"; *dot; dot++) {
        WL_CLEANUP_FREE char *other = xstrdup(version);

        for (char *p = other; *p; p++)
            *p = *p == '.' ? *dot : *p;
        if (has_version(name, other))
            return xstrdup(version);
    }
    found = dotted_number(name, &n);
    /* A package can count in another way than what it contains. */
    if (!found || strspn(found, "0123456789") != digits || strncmp(found, version, digits) != 0)
        return xstrdup(version);
    return xstrndup(found, n);
}
