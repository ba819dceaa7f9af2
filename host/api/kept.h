/* A caller's configuration, kept for a session's life. */
#ifndef WL_API_KEPT_H
#define WL_API_KEPT_H

#include "api/internal.h"

/* Zero to begin with. */
struct kept {
    struct wlpy_run_config
        config; /* everything in it belongs to this, except what streams, files and functions refer to */
    struct wlpy_limits limits;
    struct wlpy_fixed fixed;
    void **at; /* what has to be freed */
    size_t n, room;
};

/* Both return 0, or -ERR_SETUP with err. kept_functions: the functions in `config` are a caller's again. */
int kept_take(struct kept *k, const struct wlpy_run_config *given, struct err *err);
int kept_functions(struct kept *k, struct err *err);
void kept_free(struct kept *k);

#endif
