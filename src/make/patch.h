/* Applies a port's patches with patch(1). */
#ifndef WL_PATCH_H
#define WL_PATCH_H

#include "util/cancel.h"
#include "util/err.h"

/* Applies the patch file in dir like `patch -p1`, but without fuzz: a hunk whose context differs is an error that names
 * the file and shows the hunk (WL_E_VERIFY). */
int patch_apply(const char *file, const char *dir, const struct cancel *cancel, struct wl_err *err);

#endif
