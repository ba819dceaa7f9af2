/* Running the programs that apps are made with: in a box, and collect.py on the user's files outside of one. */
#ifndef WL_PACK_TOOL_H
#define WL_PACK_TOOL_H

#include "make/artifact.h"
#include "util/str.h"

/* A step in a box. The text of what it prints is kept in output, which the caller frees. */
struct tool_step {
    const struct make_options *o;
    const struct box *box;
    const char *of;   /* the artifact, for events */
    const char *logs; /* directory */
    int lock_fd;
    size_t most_output;                            /* 0: a little, for errors */
    void (*on_line)(void *data, const char *line); /* what it says on its status descriptor; may be NULL */
    void *data;

    struct str output;
    int status;
    char *failed; /* why, in the program's own words */
    int steps;    /* run so far */
};

/* Runs a command, which `name` describes. Where it fails, its own words say why. */
int tool_run(struct tool_step *t, const char *name, const struct strv *argv, struct wl_err *err);

/* Runs a program of the project's own as it is. */
int tool_run_outside(const struct make_options *o, const struct strv *argv, struct wl_err *err);

/* The words that start collect.py by the Python in the directory python for `what`, on `directory`. In a box its status
 * is read by tool_run. */
void tool_collect(const char *python, const char *collect, const char *what, const char *folder, bool strip_source,
                  struct strv *argv);

/* artifact_make for the only artifact of its kind in this run. */
int tool_make(const struct make_options *o, const char *name, const char *key,
              int (*fill)(void *data, struct store_work *w, struct manifest *made, struct wl_err *err), void *data,
              struct wl_err *err);

#endif
