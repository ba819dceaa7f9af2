/* Which tests are expected not to pass, and why: ports/python/vVERSION/expectations.yaml. */
#ifndef WL_EXPECTATIONS_H
#define WL_EXPECTATIONS_H

#include "err.h"
#include "regrtest.h"

struct expectation {
    char *test;   /* a file's name, or a test's as unittest names it without "test."; with * and ? */
    char *reason; /* one of expectation_reasons */
    char *why;    /* a sentence */
    bool met;     /* a test it is for has failed */
};

struct expectations {
    struct expectation *list; /* libcyaml's */
    unsigned n;
    const char *file;
};

extern const char *const expectation_reasons[];

/* Reads the file; none there is an empty list. A wrong key, a reason that is none, an empty sentence: WL_E_RECIPE. */
int expectations_read(const char *file, struct expectations *e, struct wl_err *err);
void expectations_free(struct expectations *e);

/* Marks what was expected in the run, and the expectations that were met. Adds to `unexpected` each test and file that
 * did not pass without being expected to, and each expectation whose file was run but whose tests passed. */
void expectations_compare(struct expectations *e, struct test_run *run, struct strv *unexpected);

#endif
