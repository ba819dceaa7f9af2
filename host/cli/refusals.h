/* The log of what the network's rules refused, for the commands. */
#ifndef WL_CLI_REFUSALS_H
#define WL_CLI_REFUSALS_H

#include "core/err.h"

struct refusals {
    const char *self; /* the command's name */
    int fd;           /* -1: no log */
};

/* Opens the log: NULL, "-" for stderr, or a file, which is appended to. 0, or -ERR_SETUP with err. */
int refusals_open(struct refusals *r, const char *self, const char *file, struct err *err);

/* The same for a child, of the parent's log; -1: there is none. */
int refusals_take(struct refusals *r, const char *self, int fd, struct err *err);

/* Writes a line: for wlpy_config.on_refusal and struct net. */
void refusals_write(void *refusals, const char *line);

#endif
