/* The step sandbox: the folders and the environment a step sees, and bubblewrap around it where the machine allows.
 *
 * A box is one folder: src/ build/ stage/ files/ home/ tmp/ needs/. Inside bubblewrap it is mounted at /wl, without
 * network, with everything else read-only; without bubblewrap the steps see it where it is, and needs/ holds links. */
#ifndef WL_BOX_H
#define WL_BOX_H

#include "make/jobs.h"
#include "plan/plan.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

#include <stdbool.h>

/* Whether bubblewrap can be used here; if not, *why says the reason (the caller frees it). That it can is remembered in
 * the folder cache (NULL: it is tried each time) for as long as program, user, mount namespace and boot are the same.
 */
bool box_can_sandbox(const char *cache, char **why);

struct box {
    char *dir;          /* on this machine */
    char *root;         /* as the steps see it: "/wl", or dir */
    char *stage_source; /* the folder shown read-only as stage, for checks and tests; NULL: stage/ can be written */
    bool sandboxed;
    struct strv env;    /* NAME=value of the steps */
    struct strv mounts; /* pairs: folder on this machine, folder as seen; read-only */
};

struct box_options {
    const struct plan *plan;
    size_t node;
    const struct store *store;
    const struct jobs *jobs;
    bool sandboxed, debug;
    bool for_tests; /* also what tests need; stage is the artifact */
};

/* Makes the folders of a fresh box at dir (whatever was there is removed) and composes the environment. */
int box_make(struct box *b, const char *dir, const struct box_options *o, struct wl_err *err);
/* Makes of a box whose steps are done one for the checks: what they need is there too, and stage is read-only (where
 * the sandbox can see to that). */
int box_for_checks(struct box *b, const struct box_options *o, struct wl_err *err);
void box_free(struct box *b);

struct box_step {
    const char *what;       /* "step", or what else it is, for errors */
    const char *name, *run; /* as in the recipe */
    const char *log;        /* file the output goes to */
    int lock_fd;            /* inherited, so that the lock outlives a killed tool as long as its steps do; or -1 */
    const struct cancel *cancel;
    const struct jobs *jobs;
    /* Called with each piece of output; may be NULL. */
    void (*on_output)(void *data, const char *text, size_t n);
    void *data;
};

/* Runs one step. One that fails is WL_E_FAILED. */
int box_run(const struct box *b, const struct box_step *s, struct wl_err *err);

/* Writes DIR/enter.sh, which opens a shell in the box, as a step would run. */
int box_write_enter(const struct box *b, struct wl_err *err);

#endif
