/* Runs tests inside the guest, CPython's own or those of other projects: each test file in its own process, several at
 * once, each with a time limit. The results are compared with the expected ones (expectations.h). */
#ifndef WL_REGRTEST_H
#define WL_REGRTEST_H

#include "util/cancel.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

enum test_state { TEST_PASSED, TEST_FAILED, TEST_SKIPPED };

struct test_case {
    enum test_state state;
    char *name, *reason;
    const char *expected; /* of a failed test: one of expectation_reasons; NULL: unexpected */
};

enum file_state {
    FILE_PASSED,
    FILE_FAILED,  /* a test failed */
    FILE_SKIPPED, /* it says that none of it can run here */
    FILE_EMPTY,   /* it ran no test */
    FILE_CRASHED, /* it ended in another way: a trap, or an exit in the middle */
    FILE_TIMEOUT
};
extern const char *const file_states[];

struct test_file {
    char *name;
    const struct strv *command; /* its group's */
    enum file_state state;
    const char *expected; /* the same for a file that neither passed nor failed */
    int status;
    double seconds;
    struct test_case *cases;
    size_t cases_n, passed, failed, skipped;
    char *why; /* of a skipped or crashed file: the line that explains it; or NULL */
};

/* Test files that are run in the same way. */
struct test_group {
    struct strv files;
    struct strv command; /* what runs the guest, up to the name of the file and of that for the results; "{}" in it is
                          * its root, with tmp/ */
};

struct regrtest {
    const struct test_group *groups;
    size_t groups_n;
    const struct strv
        *patterns;       /* names of files, with * and ?; directories, "test_" and ".py" can be left out; none: all */
    const char *scratch; /* a directory for files that the guest writes */
    const char *logs;    /* a directory for the output of each file: NAME.log */
    int jobs, deadline_s;
    const struct cancel *cancel;
    /* Called after each file, from several threads, one at a time. */
    void (*on_file)(void *data, const struct test_file *file, size_t done, size_t n);
    void *data;
};

struct test_run {
    struct test_file *files;
    size_t n;
};

/* Adds the names of CPython's test files; library: the directory lib/pythonX.Y that contains test/. */
int regrtest_files(const char *library, struct strv *files, struct wl_err *err);
/* Adds those of a suite, listed in its artifact, as SUITE/FILE. */
int regrtest_suite_files(const char *artifact, const char *suite, struct strv *files, struct wl_err *err);

/* Runs the files. A pattern that matches no file is WL_E_USAGE. */
int regrtest_run(const struct regrtest *r, struct test_run *run, struct wl_err *err);
void test_run_free(struct test_run *run);

#endif
