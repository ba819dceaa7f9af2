/* Functions of the host that a guest can call: the requests call.* of the channel (docs/channel.md). */
#ifndef WL_API_FUNCTIONS_H
#define WL_API_FUNCTIONS_H

#include "api/function_list.h"
#include "wasi/channel.h"

struct functions;

/* Serves a list, which outlives the guest; limit: the most calls, 0: any number. NULL with err; *functions is to be
 * freed after the guest, and calls that end later end into nothing. */
struct functions *functions_serve(struct wasi *w, const struct function_list *list, uint64_t limit, struct err *err);
void functions_free(struct functions *f);

#endif
