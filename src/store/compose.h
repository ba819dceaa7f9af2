/* Puts an artifact, and the headers and libraries of what it links, into build-output/PORT/. */
#ifndef WL_COMPOSE_H
#define WL_COMPOSE_H

#include "plan/plan.h"
#include "store/store.h"
#include "util/err.h"

#include <stdbool.h>

/* The folder of a port in the output; a flavour's is that of its port. The caller frees it. */
char *compose_dir(const char *output, const struct recipe *recipe);

/* Whether a folder was composed here, or a flavour (NULL: the port itself) put into it: it has the note that every
 * composition leaves. */
bool compose_made(const char *dir, const char *flavour);

/* Whether OUTPUT holds what compose() would put there for the node, so that there is nothing to do. */
bool compose_current(const struct plan *p, size_t node, const char *output);

/* The program in a composed folder, the first bin/NAME.wasm, or NULL; of a flavour or (NULL) of the port itself. The
 * caller frees it. */
char *compose_program(const char *dir, const char *flavour);

/* Adds the paths of the files that a composition has in a folder, and of its note. */
void compose_files(const char *dir, const char *flavour, struct strv *paths);

/* Makes OUTPUT/PORT hold exactly the artifact of the node, and include/ and lib/ of its linked needs. *changed tells
 * whether there was anything to do. The old content is there until the new one is whole. What is there but was not
 * composed is somebody's own: WL_E_IO. An artifact that is damaged is removed from the store: WL_E_VERIFY. For a
 * flavour it does so with the flavour's port and adds the flavour's files; they are gone when the port itself has
 * changed. */
int compose(const struct store *s, const struct plan *p, size_t node, const char *output, bool *changed,
            struct wl_err *err);

#endif
