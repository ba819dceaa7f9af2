/* What failed, and what to do about it. */
#ifndef WL_ERR_H
#define WL_ERR_H

#include <stddef.h>

/* Why a run could not begin. The commands use the numbers as their exit status. */
enum err_code {
    ERR_SETUP = 125,  /* the options, a directory to grant, the engine, the machine */
    ERR_MODULE = 126, /* the file exists, but it is not a program that can be run */
    ERR_MISSING = 127 /* the file cannot be read */
};

struct err {
    enum err_code code;
    char text[1024]; /* what failed, on what, why; one line */
    char hint[1024]; /* what to do, or "" */
};

/* What both engines say. */
#define ERR_TEXT_MEMORY "it starts with more memory than its limit"
#define ERR_HINT_MEMORY "the limit of memory (--max-memory) must hold what it starts with, its tables included"

/* Replaces what err says and returns -code, so that `return err_set(...)` ends a function. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds what to do; returns -err->code. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A failure is negative in any case, and compilers and analyzers that see only this header know it. */
static inline int err_negative(int r)
{
    return r < 0 ? r : -1;
}

#define err_set(...) err_negative(err_set(__VA_ARGS__))
#define err_hint(...) err_negative(err_hint(__VA_ARGS__))

#endif
