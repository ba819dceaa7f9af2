#include "err.h"

#include "str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void replace_text(struct wl_err *err, enum wl_class cls, const char *fmt, va_list ap)
{
    char *text = xvasprintf(fmt, ap);

    wl_err_free(err);
    err->cls = cls;
    err->text = text;
}

int wl_err_set(struct wl_err *err, enum wl_class cls, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    replace_text(err, cls, fmt, ap);
    va_end(ap);
    return -(int)cls;
}

int wl_err_hint(struct wl_err *err, const char *fmt, ...)
{
    va_list ap;

    free(err->hint);
    va_start(ap, fmt);
    err->hint = xvasprintf(fmt, ap);
    va_end(ap);
    return -(int)err->cls;
}

int wl_err_errno(struct wl_err *err, enum wl_class cls, const char *fmt, ...)
{
    int saved = errno;
    char *text;
    va_list ap;

    va_start(ap, fmt);
    replace_text(err, cls, fmt, ap);
    va_end(ap);
    text = xasprintf("%s: %s", err->text, strerror(saved));
    free(err->text);
    err->text = text;
    if (saved == ENOSPC || saved == EDQUOT)
        wl_err_hint(err,
                    "free some space there, or name another folder with --cache-dir or --output, then run it again");
    else if (saved == EACCES || saved == EPERM || saved == EROFS)
        wl_err_hint(err, "make it writable, or name another folder with --cache-dir or --output");
    errno = saved;
    return -(int)cls;
}

void wl_err_free(struct wl_err *err)
{
    free(err->text);
    free(err->hint);
    *err = (struct wl_err)WL_ERR_INIT;
}
