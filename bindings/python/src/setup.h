/* A configuration of a run or a session, from the tuple that wlpy/_config.py makes, and the guest's way back to what it
 * names. */
#ifndef WLPY_SETUP_H
#define WLPY_SETUP_H

#include "handoff.h"
#include "types.h"

/* A Python function that the guest's thread calls. */
struct callback {
    struct setup *setup;
    PyObject *function; /* borrowed from the tuple */
};

struct setup {
    struct wlpy_run_config config;
    struct wlpy_limits limits;
    struct wlpy_fixed fixed;
    PyObject *tuple; /* owns all objects below */
    struct control *control;
    struct handoff *handoff; /* of the call that is in progress */
    struct callback in, out, err, refusal, *functions;
    void *blocks[8]; /* to be freed */
    size_t block_n;
};

/* Without its files: for a copy of a session, which has copies of them. NULL, with an exception. */
struct setup *setup_new(PyObject *tuple, bool files);
void setup_free(struct setup *s);
int setup_traverse(struct setup *s, visitproc visit, void *arg);

/* Before and after a guest runs. */
void setup_busy(const struct setup *s, bool busy);

/* Calls a Python function for what the guest's thread wants. In calls.c. */
ssize_t call_read(void *callback, void *to, size_t n);
ssize_t call_write(void *callback, const void *from, size_t n);
void call_refusal(void *callback, const char *line);
void call_function(void *callback, struct wlpy_call *call);

#endif
