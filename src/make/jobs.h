/* A GNU make jobserver (make's manual, "Sharing Job Slots with GNU make"): a pipe with a byte for every job that may
 * run beside the first. The tool takes a byte before it starts another port; the makes and programs below take their
 * own. */
#ifndef WL_JOBS_H
#define WL_JOBS_H

#include "util/err.h"

#include <stdbool.h>

struct jobs {
    int n;           /* jobs in all */
    int fds[2];      /* inherited by the steps */
    int take_fd;     /* the read end again, not blocking for us; poll it for POLLIN */
    char *makeflags; /* what MAKEFLAGS is set to */
};

/* After a failure there is nothing to free. */
int jobs_init(struct jobs *j, int n, struct wl_err *err);
/* Takes a job's byte if there is one. */
bool jobs_try_take(struct jobs *j);
void jobs_give(struct jobs *j);
void jobs_free(struct jobs *j);

#endif
