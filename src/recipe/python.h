/* What a Python is: which ports are Pythons, and which ports belong to one.
 *
 * Ports are named by their exact names, "python/v3.13.5" (ports_resolve). What a function takes as a Python must be one
 * by python_is(). */
#ifndef WL_PYTHON_H
#define WL_PYTHON_H

#include <stdbool.h>

/* Whether a port is a Python. Its flavours and the ports that are made for it are not. */
bool python_is(const char *port);

/* "3.13.5"; points into port. */
const char *python_version(const char *port);
/* "3.13"; the caller frees it. */
char *python_series(const char *port);

/* Ports that belong to a Python. The caller frees the name. */
char *python_build(const char *port); /* the same version for the build machine */
char *python_tests(const char *port); /* CPython's own tests */
/* The sources of the library. Of a flavour they are those of its Python; NULL: the port is neither. */
char *python_sources(const char *port);
char *python_profile(const char *port, bool native); /* makes a profile of it, or of its native program */

/* Whether a port is a suite: another project's packages with their tests, run in a Python. */
bool suite_is(const char *port);
/* "jinja2" for suites/jinja2; points into port. */
const char *suite_name(const char *port);
/* The port of a suite's name; the caller frees it. */
char *suite_port(const char *name);

#endif
