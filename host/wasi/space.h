/* Files in shared directories, beyond WASI: the set of requests fs of the channel (channel.h). space.c has the room in
 * their file systems. */
#ifndef WL_WASI_SPACE_H
#define WL_WASI_SPACE_H

#include "wasi/wasi.h"

/* Lets the guest ask for it; before wasi_give_channel(). Returns 0, or -1 with errno. */
int wasi_space_serve(struct wasi *w);

#endif
