/* A caller's configuration, kept for a session's life. */
#ifndef WL_API_KEPT_H
#define WL_API_KEPT_H

#include "api/internal.h"
#include "api/parts.h"

/* Zero to begin with. */
struct kept {
    struct wlpy_run_config
        config; /* everything in it belongs to this, except what streams, files and functions refer to */
    struct wlpy_limits limits;
    struct wlpy_fixed fixed;
    struct parts parts; /* all that was copied */
};

/* 0, or -ERR_SETUP with err. */
int kept_take(struct kept *k, const struct wlpy_run_config *given, struct err *err);
void kept_free(struct kept *k);

#endif
