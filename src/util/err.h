/* What went wrong, for a person: one line that says what failed and on what, one that says what to do next.
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
    WL_E_RECIPE = 3,     /* a recipe, or a port name nobody has */
    WL_E_FETCH = 4,      /* a source that cannot be had */
    WL_E_VERIFY = 5,     /* bytes that are not what the recipe pins, or an archive that is not sane */
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

/* wl_err_set with ": " and the text of errno behind, for what could not be written or made; a full disk or a missing
 * permission gets its own hint. */
int wl_err_errno(struct wl_err *err, enum wl_class cls, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for what could not be read: a missing permission is another one then. */
int wl_err_unreadable(struct wl_err *err, enum wl_class cls, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void wl_err_free(struct wl_err *err);

#define WL_CLEANUP_ERR __attribute__((cleanup(wl_err_free)))

#endif
