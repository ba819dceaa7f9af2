/* The calls of wasi_snapshot_preview1 (abi/wasi_calls.h). */
#ifndef WL_WASI_CALLS_H
#define WL_WASI_CALLS_H

#include "abi/wasi_calls.h"
#include "wasi/host_call.h"

#include <stdint.h>

#define WASI_DECLARE(name, parameters, arguments) uint32_t wasi_##name parameters;
WASI_CALLS(WASI_DECLARE)
#undef WASI_DECLARE

/* The 46th. It sets w->ending; the engine ends the guest when the call returns. */
void wasi_proc_exit(struct wasi *w, uint32_t status);

/* All 46; the argument of each is the guest's struct wasi. */
extern const struct host_calls wasi_calls;

#endif
