/* Permissions of the host's files. */
#ifndef WL_WASI_MODE_H
#define WL_WASI_MODE_H

#include "wasi/wasi.h"

/* The bits that a guest may set: those of user, group and others, and the sticky bit. A file that it has written must
 * not run as the user of the host for somebody else, so it cannot set setuid and setgid. */
enum { WASI_MODE_BITS = 01777, WASI_MODE_SET_ID = 06000 };

/* The umask of this process, which is not changed for that; 022 if the system does not say. */
mode_t wasi_umask(void);

/* Sets the permissions of what a descriptor leads to, also one of O_PATH: of this file, whatever its name now leads to.
 * Of setuid and setgid, those stay that the file has and that `mode` has, too; no others are set. Returns a wasi_errno:
 * WASI_ENOTSUP for a symbolic link, which has no permissions, and if the kernel is older than 6.6 and there is no
 * /proc. */
uint32_t wasi_set_mode(const struct wasi *w, int fd, mode_t mode);

/* For a file that was just made with `mode`: sets those bits that the umask of this process has taken away, since the
 * guest has its own. Failing does not matter: then the file has fewer. */
void wasi_widen(const struct wasi *w, int fd, mode_t mode);

/* Whether this process may read, write or execute (R_OK ...) what a descriptor of O_PATH leads to. Returns a
 * wasi_errno. */
uint32_t wasi_may(const struct wasi *w, int fd, int how);

#endif
