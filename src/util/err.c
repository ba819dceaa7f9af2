#include "util/err.h"

#include "util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#undef wl_err_set
#undef wl_err_hint
#undef wl_err_errno
#undef wl_err_unreadable

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

static void replace_with_errno(struct wl_err *err, enum wl_class cls, int why, const char *fmt, va_list ap)
{
    char *text;

    replace_text(err, cls, fmt, ap);
    text = xasprintf("%s: %s", err->text, strerror(why));
    free(err->text);
    err->text = text;
    if (why == ENOSPC || why == EDQUOT)
        wl_err_hint(err,
                    "free some space there, or name another directory with --cache-dir or --output, then run it again");
}

int wl_err_errno(struct wl_err *err, enum wl_class cls, const char *fmt, ...)
{
    int why = errno;
    va_list ap;

    va_start(ap, fmt);
    replace_with_errno(err, cls, why, fmt, ap);
    va_end(ap);
    if (why == EACCES || why == EPERM || why == EROFS)
        wl_err_hint(err, "make it writable, or name another directory with --cache-dir or --output");
    errno = why;
    return -(int)cls;
}

int wl_err_unreadable(struct wl_err *err, enum wl_class cls, const char *fmt, ...)
{
    int why = errno;
    va_list ap;

    va_start(ap, fmt);
    replace_with_errno(err, cls, why, fmt, ap);
    va_end(ap);
    if (why == EACCES || why == EPERM)
        wl_err_hint(err,
                    "give the user that runs wl-make the permission to read it, and to enter the directories above it");
    errno = why;
    return -(int)cls;
}

void wl_err_free(struct wl_err *err)
{
    free(err->text);
    free(err->hint);
    *err = (struct wl_err)WL_ERR_INIT;
}
