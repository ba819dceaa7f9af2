/* Giving a guest what a configuration names by path or number. */
#ifndef WL_GRANT_H
#define WL_GRANT_H

#include "core/err.h"
#include "core/folder.h"
#include "wasi/wasi.h"

/* Opens directories and gives them. Of two with the same guest name only the later one is given: the guest's libc would
 * find that one. 0, or -ERR_SETUP with err. */
int grant_folders(struct wasi *w, const struct folder *folders, size_t n, struct err *err);

/* Gives a copy of a descriptor of the caller's. standard: it is one of the guest's standard streams. 0, or -ERR_SETUP
 * with err. */
int grant_fd(struct wasi *w, int fd, bool standard, struct err *err);

/* Gives the channel (wasi/channel.h), if any set is served; after everything else, so that the numbers of the other
 * descriptors do not depend on it. 0, or -ERR_SETUP with err. */
int grant_channel(struct wasi *w, struct err *err);

#endif
