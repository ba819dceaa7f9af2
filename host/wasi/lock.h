/* Locks on files: the requests lock.* of the channel (channel.h).
 *
 * Locks of ranges behave as POSIX demands of one process: a guest's descriptors for the same file share them, and
 * closing any of these releases them all. The kernel's own such locks belong to the whole process, so two guests in one
 * process would not exclude each other. Hence locks of open files (F_OFD_SETLK) are used: they meet those of other
 * guests and of other processes alike. */
#ifndef WL_WASI_LOCK_H
#define WL_WASI_LOCK_H

#include "wasi/wasi.h"

/* Lets the guest lock files that it has opened; before wasi_give_channel(). Returns 0, or -1 with errno. */
int wasi_lock_serve(struct wasi *w);

/* For fds.c: before a descriptor is closed, and at the end. */
void wasi_lock_closing(struct wasi *w, const struct wasi_fd *f);
void wasi_lock_free(struct wasi *w);

#endif
