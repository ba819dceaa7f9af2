/* The room in the file systems of shared directories: the request fs.space of the channel (channel.h). */
#ifndef WL_WASI_SPACE_H
#define WL_WASI_SPACE_H

#include "wasi/wasi.h"

/* Lets the guest ask for it; before wasi_give_channel(). Returns 0, or -1 with errno. */
int wasi_space_serve(struct wasi *w);

#endif
