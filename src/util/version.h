/* Versions: their order, which of them are pre-releases, and which belong to a series. */
#ifndef WL_VERSION_H
#define WL_VERSION_H

#include <stdbool.h>

/* Runs of digits compare as numbers, the rest as text. A pre-release (1.0rc1, 1.0-beta.2, 1.0~git1) comes before its
 * release; a letter after a number (1.1.1w) comes after it. This is a total order of all strings, including names of
 * ports. */
int version_compare(const char *a, const char *b);

/* Whether a is newer than b. Trailing zeros do not count: 1.0.42.0 equals 1.0.42, as in PEP 440. */
bool version_is_newer(const char *a, const char *b);

/* Whether the version is marked as a pre-release: alpha, beta, rc, pre, dev and the like, a1, b1, c1, or "~". */
bool version_is_prerelease(const char *v);

/* Whether the version is of a series: "3.5" has 3.5 and 3.5.7, not 3.50. NULL, "" and "any" have all. */
bool version_in_series(const char *v, const char *series);

/* The series of a version, its first two numbers: "3.13" of 3.13.5, "3" of 3. The caller frees it. */
char *version_series(const char *v);

/* Whether it consists of numbers separated by dots, with at most one word (and a number) after
 * them: 3.13.5, 1.0-rc1, 1.1.1w. */
bool version_is_plain(const char *v);

#endif
