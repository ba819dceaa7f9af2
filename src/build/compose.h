/* Puts an artifact, and the headers and libraries of what it links, into build-output/PORT/. */
#ifndef WL_COMPOSE_H
#define WL_COMPOSE_H

#include "err.h"
#include "plan.h"
#include "store.h"

#include <stdbool.h>

/* The folder of a port in the output; the caller frees it. */
char *compose_dir(const char *output, const char *port);

/* Whether a folder was composed here: it has the note that every composition leaves. */
bool compose_made(const char *dir);

/* The key of a composition: that of the artifacts it is put together from. */
void compose_key(const struct plan *p, size_t node, char key[HASH_HEX_SIZE]);

/* Whether a folder is the composition of that key, and all its files are there in their sizes. */
bool compose_is_current(const char *dir, const char *key);

/* Makes OUTPUT/PORT hold exactly the artifact of the node, and include/ and lib/ of its linked needs. *changed tells
 * whether there was anything to do. The old content is there until the new one is whole. What is there but was not
 * composed is somebody's own: WL_E_IO. */
int compose(const struct store *s, const struct plan *p, size_t node, const char *output, bool *changed,
            struct wl_err *err);

#endif
