/* Why there is no wheel: errors that name the requirement, from pip's output. */
#ifndef WL_PACK_WHEEL_ERRORS_H
#define WL_PACK_WHEEL_ERRORS_H

#include "pack/wheel_choice.h"

/* The error for a failed resolution. err has pip's own, for failures that are not about a requirement. */
int explain_failure(const struct resolution *s, const char *output, struct wl_err *err);
/* The error for a package that has no usable wheel and cannot be built. chain: who requires it ("a -> b -> name"); NULL
 * or only the name if the requirements file does. */
int no_usable_wheel(const struct resolution *s, const char *name, const char *chain, struct wl_err *err);
/* Why a package cannot be built from its source; NULL: this was not tried. */
const char *why_unbuilt(const struct resolution *s, const char *name);
/* The error for a requirement that is source. */
int is_only_source(const struct wheels *w, const char *what, struct wl_err *err);

#endif
