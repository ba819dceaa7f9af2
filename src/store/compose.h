/* Puts an artifact, and the headers and libraries of what it links, into build-output/PORT/. */
#ifndef WL_COMPOSE_H
#define WL_COMPOSE_H

#include "plan/plan.h"
#include "store/store.h"
#include "util/err.h"

#include <stdbool.h>

/* The directory of a port in the output; a flavour has that of its port. The caller frees it. */
char *compose_dir(const char *output, const struct recipe *recipe);

/* Whether wl-make composed this directory, or put this flavour (NULL: the port itself) into it: it has the note that
 * every composition leaves. */
bool compose_made(const char *dir, const char *flavour);

/* Whether OUTPUT holds what compose() would put there for the node, so that there is nothing to do. */
bool compose_current(const struct plan *p, size_t node, const char *output);

/* The program in a composed directory: the first bin/NAME.wasm of a flavour or (NULL) of the port itself; NULL if there
 * is none. The caller frees it. */
char *compose_program(const char *dir, const char *flavour);

/* Adds the paths of a composition's files in a directory, and of its note. */
void compose_files(const char *dir, const char *flavour, struct strv *paths);

/* Removes a composed directory, its note last: if this is interrupted, the rest still differs from files of somebody
 * else. */
int compose_remove(const char *dir, struct wl_err *err);

/* Makes OUTPUT/PORT hold exactly the artifact of the node, and include/ and lib/ of its linked needs. *changed says
 * whether there was anything to do. The old content stays until the new one is complete. A directory that exists and
 * was not created by wl-make is WL_E_IO. A damaged artifact is removed from the store: WL_E_VERIFY. For a flavour, it
 * first does this for the flavour's port and then adds the flavour's files; they disappear when the port itself
 * changes. */
int compose(const struct store *s, const struct plan *p, size_t node, const char *output, bool *changed,
            struct wl_err *err);

#endif
