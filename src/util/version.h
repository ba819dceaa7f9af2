/* Versions: their order, which of them are pre-releases, and which belong to a series. */
#ifndef WL_VERSION_H
#define WL_VERSION_H

#include <stdbool.h>

/* Runs of digits compare as numbers, the rest as text. What is marked as a pre-release (1.0rc1, 1.0-beta.2, 1.0~git1)
 * comes before what it leads to; a letter behind a number (1.1.1w) after. A total order of all texts, names of ports
 * too. */
int version_compare(const char *a, const char *b);

/* Whether a is newer than b. Zeros at the end tell nothing: 1.0.42.0 is as new as 1.0.42, as in PEP 440. */
bool version_is_newer(const char *a, const char *b);

/* Whether the version is marked as a pre-release: alpha, beta, rc, pre, dev and the like, a1, b1, c1, or "~". */
bool version_is_prerelease(const char *v);

/* Whether the version is of a series: "3.5" has 3.5 and 3.5.7, not 3.50. NULL, "" and "any" have all. */
bool version_in_series(const char *v, const char *series);

/* The series of a version, its first two numbers: "3.13" of 3.13.5, "3" of 3. The caller frees it. */
char *version_series(const char *v);

/* Whether it is numbers with dots between, and at most one word (with a number) behind: 3.13.5, 1.0-rc1, 1.1.1w. */
bool version_is_plain(const char *v);

#endif
