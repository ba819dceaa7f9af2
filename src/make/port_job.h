/* What the files of this directory share: one port's work, and how events are reported. */
#ifndef WL_MAKE_PORT_JOB_H
#define WL_MAKE_PORT_JOB_H

#include "make/jobs.h"
#include "make/make.h"

#include <pthread.h>
#include <stdatomic.h>

struct port_job {
    const struct make_options *o;
    const struct plan *p;
    struct jobs *jobs;
    size_t node, index, count;
    int done_fd; /* eventfd written at the end */
    pthread_t thread;
    atomic_bool ended; /* set by the thread as its last word */
    bool started, finished, failed, took_job;
    int result;
    struct wl_err err;
};

/* Builds the job's port: from an empty directory to an artifact in the store. Sets j->err. */
int port_build(struct port_job *j);

/* Sends an event, if the caller wants events. */
void make_emit(const struct make_options *o, struct event e);

/* Puts the port's name before the text of an error. */
void make_add_port(const char *port, struct wl_err *err);

#endif
