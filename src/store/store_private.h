/* What the files behind store.h share. */
#ifndef WL_STORE_PRIVATE_H
#define WL_STORE_PRIVATE_H

#include "store/store.h"

/* Gives a complete entry (a directory with manifest and tree) its name in the store. */
int store_publish(const struct store_work *w, const char *entry, struct wl_err *err);

#endif
