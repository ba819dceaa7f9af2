/* A box: the directory, the environment and the sandbox that steps run in.
 *
 * It is one directory with src/ build/ stage/ files/ home/ tmp/ needs/. In the sandbox it is mounted at /wl, without
 * network, with everything else read-only; without a sandbox the steps see it where it is, and needs/ holds links. */
#ifndef WL_BOX_H
#define WL_BOX_H

#include "make/jobs.h"
#include "plan/plan.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

#include <stdbool.h>

struct box {
    char *dir;          /* on this machine */
    char *root;         /* as the steps see it: "/wl", or dir */
    char *stage_source; /* the directory shown read-only as stage, for checks and tests; NULL: stage/ can be written */
    bool sandboxed;
    struct strv env;    /* NAME=value of the steps */
    struct strv mounts; /* pairs: path on this machine, path as seen; read-only */
    struct strv shared; /* the same, writable */
};

/* Makes the directories of a fresh box at dir (whatever was there is removed), and the part of the environment that is
 * the same everywhere. */
int box_init(struct box *b, const char *dir, bool sandboxed, struct wl_err *err);
void box_free(struct box *b);

/* Shows a file or directory of this machine in the box under NAME, read-only; gives its path as the steps see it, which
 * the caller frees. */
int box_show(struct box *b, const char *path, const char *name, char **seen, struct wl_err *err);
/* The same for a directory that steps may write to. */
int box_share(struct box *b, const char *path, const char *name, char **seen, struct wl_err *err);
/* Shows the artifact of a port of the plan as needs/KIND-NAME. */
int box_show_port(struct box *b, const struct store *s, const struct plan *p, const char *port, char **seen,
                  struct wl_err *err);
/* Copies a file into the box under NAME, and compares the copy with a SHA-256 (NULL: it is not known): what was hashed
 * is what is used, whatever happens to the file meanwhile. */
int box_take(struct box *b, const char *file, const char *sha256, const char *name, char **seen, struct wl_err *err);

/* Puts a directory of the box back in place after steps, which may have put a link there. */
int box_own_dir(const struct box *b, const char *name, struct wl_err *err);

struct box_step {
    const char *what;       /* "step", or what else it is, for errors */
    const char *name, *run; /* as in the recipe */
    const char *log;        /* file the output goes to */
    int lock_fd;            /* inherited, so that the lock outlives a killed tool as long as its steps do; or -1 */
    const struct cancel *cancel;
    const struct jobs *jobs; /* may be NULL */
    /* Called with each piece of output; may be NULL. */
    void (*on_output)(void *data, const char *text, size_t n);
    /* Called with each line that a program of the step writes to the descriptor $STATUS_FD; may be NULL: then there is
     * none. */
    void (*on_status)(void *data, const char *line);
    void *data;
    int *status; /* gets its exit status, also when it fails; may be NULL */
};

/* Runs one step. One that fails is WL_E_FAILED. Of very much output, the log has the beginning and the end. */
int box_run(const struct box *b, const struct box_step *s, struct wl_err *err);

/* Writes DIR/enter.sh, which opens a shell in the box, as a step would run. */
int box_write_enter(const struct box *b, struct wl_err *err);

#endif
