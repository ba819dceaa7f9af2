/* Writes what launch.h describes. */
#ifndef WL_RECORD_H
#define WL_RECORD_H

#include "util/str.h"

#include <stdbool.h>
#include <time.h>

struct launch_record {
    const char *cache;
    bool by_script;        /* wl-make.sh has started this process */
    char *const *words;    /* the command line without the name of the program, up to the guest's words */
    size_t words_n;        /* at least 1 */
    const char *directory; /* the working directory if the meaning of the words depends on it; else NULL */
    const struct strv *command;
    const char *base; /* an absolute directory that most of the files below are in */
    /* Files and directories, which need not exist: the command is right as long as none of them changes. */
    const struct strv *inputs;  /* what it was found out from */
    const struct strv *results; /* what this process may have made */
    struct timespec started;    /* CLOCK_REALTIME; before the first input was read */
};

/* Records it, unless an input has changed since the process started. A failure is not an error: the next run then finds
 * out again. */
void launch_record(const struct launch_record *r);

#endif
