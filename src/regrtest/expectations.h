/* The tests that are expected not to pass, and why: expectations.yaml beside the recipes that a Python is made from, so
 * that versions and flavours share their common ones, beside those of suites, and beside the script of a runtime. */
#ifndef WL_EXPECTATIONS_H
#define WL_EXPECTATIONS_H

#include "regrtest/regrtest.h"
#include "util/err.h"

struct expectation {
    char *test;   /* a file's name, or a test's: as unittest names it without "test.", of a suite SUITE/ and what pytest
                   * calls it; with * and ? */
    char *reason; /* one of expectation_reasons */
    char *why;    /* a sentence */
};

struct expectations {
    struct expectation_file {
        char *name;
        struct expectation *list; /* libcyaml's */
        unsigned n;
    } * files;
    size_t n;
    /* The guest has _testcapi and the like, threads, or processes of itself: entries with the reason that these are
     * missing do not count. */
    bool test_modules, threads, processes;
};

extern const char *const expectation_reasons[];

/* Adds the expectations of a file, if it exists. A wrong key, an unknown reason, an empty sentence: WL_E_RECIPE. */
int expectations_read(struct expectations *e, const char *file, struct wl_err *err);
void expectations_free(struct expectations *e);

/* Marks the expected results of the run. Adds to `unexpected` each test and file that unexpectedly did not pass, and
 * each expectation without * and ? whose test passed. */
void expectations_compare(const struct expectations *e, struct test_run *run, struct strv *unexpected);

#endif
