/* What went wrong, for a person: one line says what failed and on what, another what to do next.
 *
 * Every function that can fail returns 0 or a negative class (below) and fills the struct; only the command files
 * print it. The class is the tool's exit status (man wl-make, "EXIT STATUS"). */
#ifndef WL_UTIL_ERR_H
#define WL_UTIL_ERR_H

#include <stdarg.h>

enum wl_class {
    WL_OK = 0,
    WL_E_FAILED = 1,     /* a build, a step or a test failed */
    WL_E_USAGE = 2,      /* the command line */
    WL_E_RECIPE = 3,     /* a recipe, or the name of a port that does not exist */
    WL_E_FETCH = 4,      /* a source that cannot be fetched */
    WL_E_VERIFY = 5,     /* bytes that differ from the pinned hash, or a malformed archive */
    WL_E_TOOLCHAIN = 6,  /* compiler, SDK or another host program missing or unusable */
    WL_E_IO = 7,         /* the file system: permission, full disk */
    WL_E_INTERRUPTED = 8 /* a signal; the process then ends by that signal */
};

struct wl_err {
    enum wl_class cls;
    char *text; /* owned; what failed, on which file or address */
    char *hint; /* owned; what to do next, or NULL */
};

#define WL_ERR_INIT                                                                                                    \
    {                                                                                                                  \
        WL_OK, 0, 0                                                                                                    \
    }

/* Fills err (an earlier text is replaced) and returns -cls, so that `return wl_err_set(...)` ends a function. */
int wl_err_set(struct wl_err *err, enum wl_class cls, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds what to do next; returns -err->cls. */
int wl_err_hint(struct wl_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for something that could not be written or made, with ": " and the text of errno added. A full disk and a
 * missing permission get their own hint. */
int wl_err_errno(struct wl_err *err, enum wl_class cls, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for something that could not be read: the hint about a missing permission is a different one. */
int wl_err_unreadable(struct wl_err *err, enum wl_class cls, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A failure is negative in any case, and compilers and analyzers that see only this header know it. */
static inline int wl_err_negative(int r)
{
    return r < 0 ? r : -1;
}

#define wl_err_set(...) wl_err_negative(wl_err_set(__VA_ARGS__))
#define wl_err_hint(...) wl_err_negative(wl_err_hint(__VA_ARGS__))
#define wl_err_errno(...) wl_err_negative(wl_err_errno(__VA_ARGS__))
#define wl_err_unreadable(...) wl_err_negative(wl_err_unreadable(__VA_ARGS__))

void wl_err_free(struct wl_err *err);

#define WL_CLEANUP_ERR __attribute__((cleanup(wl_err_free)))

#endif
