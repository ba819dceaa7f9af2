/* The remote store of the configuration, with the keys that belong to it. */
#ifndef WL_CMD_SHARED_STORE_H
#define WL_CMD_SHARED_STORE_H

#include "cmd/app.h"

/* Opens the remote store that --remote or the configuration names, unless there is none or this run uses no network.
 * a->remote is NULL then. */
int shared_store_open(struct app *a, struct wl_err *err);
void shared_store_close(struct app *a);

/* The public keys of the configuration. The caller frees them. */
int shared_keys(const struct config *c, struct sign_public **keys, size_t *n, struct wl_err *err);

#endif
