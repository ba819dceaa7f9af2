/* The one way of making an artifact, whatever it is: a port, a native program, an app or what that needs. The lock of
 * its key is taken and its directory made, the caller fills its stage by steps in a box, and what is there goes into
 * the store with its manifest (store.h). What happens is told as events under the artifact's name. */
#ifndef WL_ARTIFACT_H
#define WL_ARTIFACT_H

#include "make/box.h"
#include "make/make.h"

struct artifact {
    const struct make_options *o;
    const char *key;
    const char *name;    /* what a person knows it by */
    size_t index, count; /* its place among those that this run makes, from 1, and how many these are */
    bool keep;           /* keep its directory, which is otherwise removed when all went well */
    /* Fills store_stage(w) in the directory w->dir, and says in *made what it was made from. */
    int (*fill)(void *data, struct store_work *w, struct manifest *made, struct wl_err *err);
    void *data;
};

/* Makes it, unless it is in the store by then. The directory of one that failed is kept if there is a way into its box
 * (box_write_enter), unless the disk is full: keeping what fills it would not help. */
int artifact_make(const struct artifact *a, struct wl_err *err);

/* Whether it is in the store and whole: 1 yes, 0 no. One that is damaged is removed, which is told. */
int artifact_check(const struct make_options *o, const char *name, const char *key, struct wl_err *err);

/* Whether the directory of failed work is kept, as above. */
bool artifact_is_kept(const struct store_work *w, const struct wl_err *err);

struct artifact_step {
    const char *of;   /* the artifact's name */
    const char *what; /* "step", or what else it is, for errors */
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

/* Tells the last lines of the log of a step that failed, and adds to err where the whole log is and how to look around
 * in its box. */
void artifact_step_failed(const struct make_options *o, const struct box *b, const struct artifact_step *s,
                          struct wl_err *err);

#endif
