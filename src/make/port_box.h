/* The box of a port's steps: its files and needs, and the environment that docs/recipes.md describes. */
#ifndef WL_PORT_BOX_H
#define WL_PORT_BOX_H

#include "make/box.h"
#include "make/make.h"

struct launcher;

struct port_box {
    const struct plan *plan;
    size_t node;
    const struct store *store;
    const struct jobs *jobs;
    bool sandboxed, debug;
    bool for_tests;                  /* also what tests need; stage is the artifact */
    const struct launcher *launcher; /* NULL: none */
    struct make_vary vary;
};

/* Makes a fresh box at dir; whatever was there is removed. box_free frees it, also after a failure. */
int port_box_make(struct box *b, const char *dir, const struct port_box *o, struct wl_err *err);
/* Turns a box whose steps are done into one for the checks: it also has what the checks need, and in a sandbox stage is
 * read-only. */
int port_box_for_checks(struct box *b, const struct port_box *o, struct wl_err *err);

#endif
