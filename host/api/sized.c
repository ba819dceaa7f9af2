/* The library's version, and structs of callers that were compiled with another version of wlpy.h. */
#include "api/internal.h"

#include <string.h>

#ifndef WL_VERSION
#define WL_VERSION WLPY_VERSION
#endif

const char *wlpy_version(void)
{
    return WL_VERSION;
}

int api_take(void *to, size_t size, const void *given, const char *what, struct err *err)
{
    size_t its;

    if (!given)
        return err_set(err, ERR_SETUP, "cannot use NULL as a %s", what);
    memcpy(&its, given, sizeof its);
    if (its < sizeof its || its > 65536) {
        err_set(err, ERR_SETUP, "cannot use a %s whose size is %zu", what, its);
        return err_hint(err, "set its first member to the size of the struct");
    }
    /* What this version does not know must not be asked for. */
    for (size_t i = size; i < its; i++)
        if (((const unsigned char *)given)[i] != 0) {
            err_set(err, ERR_SETUP, "cannot use a %s that sets what this version of the library does not have", what);
            return err_hint(err, "this is libwlpy %s; load a later one", wlpy_version());
        }
    memset(to, 0, size);
    memcpy(to, given, its < size ? its : size);
    memcpy(to, &size, sizeof size);
    return 0;
}
