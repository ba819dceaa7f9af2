/* The results of a run, as JSON and as the JUnit XML that CI services read. */
#ifndef WL_REPORT_H
#define WL_REPORT_H

#include "regrtest/regrtest.h"
#include "util/err.h"

/* title: what was tested and by what, for example "python/v3.13.5, plain, wl-run". */
int report_json(const char *file, const char *title, const struct test_run *run, struct wl_err *err);
int report_junit(const char *file, const char *title, const struct test_run *run, struct wl_err *err);

#endif
