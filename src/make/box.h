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
    int user;           /* who the steps in a sandbox seem to be; 0: who they are */
    bool network;       /* the steps share the machine's network */
    char *preload;      /* a library that each of their programs loads, as they see it; NULL: none */
    struct strv env;    /* NAME=value of the steps */
    struct strv mounts; /* pairs: path on this machine, path as seen; read-only */
    struct strv shared; /* the same, writable */
};

/* Makes the directories of a fresh box at dir (whatever was there is removed), and the part of the environment that is
 * the same everywhere. */
int box_init(struct box *b, const char *dir, bool sandboxed, struct wl_err *err);
void box_free(struct box *b);

/* Mounts a file or directory of this machine in the box as NAME, read-only. *seen is its path as the steps see it,
 * which the caller frees. */
int box_show(struct box *b, const char *path, const char *name, char **seen, struct wl_err *err);
/* The same for a directory that the steps can write to. */
int box_share(struct box *b, const char *path, const char *name, char **seen, struct wl_err *err);
/* Mounts the artifact of a port of the plan as needs/KIND-NAME. */
int box_show_port(struct box *b, const struct store *s, const struct plan *p, const char *port, char **seen,
                  struct wl_err *err);
/* Copies a file into the box as NAME, and compares the copy with a SHA-256 (NULL: unknown), so that the bytes that were
 * hashed are the bytes that are used, even if somebody writes to the file. */
int box_take(struct box *b, const char *file, const char *sha256, const char *name, char **seen, struct wl_err *err);

/* After steps: makes sure that this name is a directory of the box, and not a link that a step has put there. */
int box_own_dir(const struct box *b, const char *name, struct wl_err *err);

struct box_step {
    const char *what;       /* "step", "check" and so on, for errors */
    const char *name, *run; /* as in the recipe */
    const char *log;        /* file the output goes to */
    int lock_fd;            /* inherited, so that the lock outlives a killed tool as long as its steps do; or -1 */
    const struct cancel *cancel;
    const struct jobs *jobs; /* may be NULL */
    /* Called with each piece of output; may be NULL. */
    void (*on_output)(void *data, const char *text, size_t n);
    /* Called with each line that a program of the step writes to the descriptor $STATUS_FD. NULL: the step has no such
     * descriptor. */
    void (*on_status)(void *data, const char *line);
    void *data;
    int *status; /* its exit status, also after a failure; may be NULL */
};

/* Runs one step. A step that fails is WL_E_FAILED. If there is very much output, the log has its beginning and end
 * (log.h). */
int box_run(const struct box *b, const struct box_step *s, struct wl_err *err);

/* Writes DIR/enter.sh, which opens a shell in the box, as a step would run. */
int box_write_enter(const struct box *b, struct wl_err *err);

#endif
