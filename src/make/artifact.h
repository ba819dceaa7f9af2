/* The one way to make an artifact, whatever it is: a port, a native program, an app or its requirements. artifact_make
 * takes the lock of the key and makes a directory, the caller fills its stage by steps in a box, and the stage goes
 * into the store with its manifest (store.h). Progress is reported as events with the artifact's name. */
#ifndef WL_ARTIFACT_H
#define WL_ARTIFACT_H

#include "make/box.h"
#include "make/make.h"

struct artifact {
    const struct make_options *o;
    const char *key;
    const char *name;    /* the name for a person */
    size_t index, count; /* its number in this run, from 1, and how many artifacts the run makes */
    bool keep;           /* keep its directory, which is otherwise removed after success */
    bool asked;          /* the remote store was asked for it; the caller waits for what is written there */
    /* Fills store_stage(w) in the directory w->dir, and says in *made what it was made from. */
    int (*fill)(void *data, struct store_work *w, struct manifest *made, struct wl_err *err);
    void *data;
};

/* Makes it, unless the store or the remote store has it by then; what is made is offered to the remote store. After a
 * failure the directory is kept if it has an enter.sh (box_write_enter), unless the disk is full: keeping what fills it
 * would not help. */
int artifact_make(const struct artifact *a, struct wl_err *err);

/* Whether the store has it, intact: 1 yes, 0 no. A damaged one is removed, with a note as event. */
int artifact_check(const struct make_options *o, const char *name, const char *key, struct wl_err *err);

/* Whether the directory is kept after a failure, as above. */
bool artifact_is_kept(const struct store_work *w, const struct wl_err *err);

struct artifact_step {
    const char *of;   /* the artifact's name */
    const char *what; /* "step", "check" and so on, for errors */
    const char *name, *run;
    const char *log; /* file */
    int lock_fd;
    const struct jobs *jobs;
    /* As in box.h, and may be NULL. With on_output the output becomes no event. */
    void (*on_output)(void *data, const char *text, size_t n);
    void (*on_status)(void *data, const char *line);
    void *data;
    int *status;
};

/* Runs a step in a box; its name and its output become events. One that fails is WL_E_FAILED. */
int artifact_step(const struct make_options *o, const struct box *b, const struct artifact_step *s, struct wl_err *err);

/* After a step that failed: reports the last lines of its log, and adds to err where the log is and how to enter the
 * box. */
void artifact_step_failed(const struct make_options *o, const struct box *b, const struct artifact_step *s,
                          struct wl_err *err);

#endif
