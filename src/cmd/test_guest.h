/* Tests of a Python inside the guest: CPython's own, or those of suites. */
#ifndef WL_TEST_GUEST_H
#define WL_TEST_GUEST_H

#include "cmd/app.h"
#include "regrtest/regrtest.h"

struct guest_tests {
    struct app *app;
    const struct plan *plan; /* built; it has the ports below and those of test_runtime_ports() */
    const char *python;      /* the Python's port without its flavour, */
    const char *port;        /* and with it */
    const char *own_tests;   /* the port with CPython's own tests; NULL: there are suites */
    const struct strv *suites;
    const struct strv *patterns; /* the test files to run; none: all */
    const char *runtime;
    int jobs, deadline_s;
    int processes; /* that a test file may start, of the same Python */
    /* As in struct regrtest. */
    void (*on_file)(void *data, const struct test_file *file, size_t done, size_t n);
    void *data;
};

struct guest_results {
    char *title; /* what was tested, and with which runtime */
    char *logs;  /* the directory of the files' logs */
    struct test_run run;
    struct strv unexpected; /* expectations.h */
};

/* Runs the tests and compares the results with the expectations. The caller frees *results, after an error as well. */
int guest_tests_run(const struct guest_tests *t, struct guest_results *results, struct wl_err *err);
void guest_results_free(struct guest_results *results);

#endif
