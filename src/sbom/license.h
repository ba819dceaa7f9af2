/* Licences as SPDX expressions (SPDX specification 2.3, annex D). */
#ifndef WL_SBOM_LICENSE_H
#define WL_SBOM_LICENSE_H

#include "util/err.h"
#include "util/str.h"

enum license_answer { LICENSE_ALLOWED, LICENSE_NOT_ALLOWED, LICENSE_UNREADABLE };

/* Whether something may be used under an expression, if these licences are allowed: identifiers, with or without an
 * exception ("GPL-2.0-or-later WITH eCos-exception-2.0"). A licence that is allowed is so with any exception, because
 * exceptions only permit more. "NOASSERTION", "NONE" and words that are no identifiers are not allowed.
 * LICENSE_UNREADABLE: it is no expression. Upper and lower case do not differ. */
enum license_answer license_check(const char *expression, const struct strv *allowed);

/* Reads a list of licences, one on each line; `#` begins a comment. WL_E_USAGE: a line is no licence; other errors are
 * those of the file. */
int license_list(const char *file, struct strv *allowed, struct wl_err *err);

#endif
