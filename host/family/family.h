/* Processes that a guest starts: the same module in the same sandbox, each in a process of the system's own. The set
 * "process" of the channel (docs/channel.md).
 *
 * A process starts another one by starting the program that it is itself (config.command), which then takes over
 * (family_take) what it is sent: descriptors, never names, so that nothing which the guest may have renamed is looked
 * up again. It has no other directories and descriptors than its parent, the same rules, and the rest of the deadline.
 * All processes of a family draw on one sum of memory and of output (page.h). When one ends, the kernel ends those that
 * it has started. */
#ifndef WL_FAMILY_H
#define WL_FAMILY_H

#include "core/err.h"
#include "core/limits.h"
#include "wasi/channel.h"

#include <sys/types.h>

/* What a command line begins with if it starts a child: this, and the number of the parent. What follows is the
 * parent's command line without its first word. */
#define FAMILY_ASKED "--child-of"
enum { FAMILY_ARGUMENTS = 2, FAMILY_MOST_OWN = 4 };

/* The page of the processes, and what one of them was started with. */
struct family_page;
struct family_start;

struct family_config {
    unsigned most; /* processes besides the first, of the whole family */
    /* Starts a child: the path of the program, its name for itself, and its arguments behind FAMILY_ARGUMENTS. It must
     * outlive the family. */
    const char *const *command;
    size_t command_n;
    int code;                    /* the module's compiled code, or -1; borrowed */
    const int *fds;              /* for the program, not for the guest; borrowed */
    size_t fds_n;                /* at most FAMILY_MOST_OWN */
    const struct limits *limits; /* of the run */
    bool takes;                  /* the process is there for this guest alone, so its children may send it signals */
    struct family_start *start;  /* of a child; NULL: the first process */
};

/* Of a guest that may start processes, or is one that was started. */
struct family {
    struct wasi *w;
    struct wasi_request_set set;
    struct family_config config;
    struct family_page *page; /* NULL: none was started so far */
    int page_fd;
    uint32_t pid, parent, place;
    uint32_t next;                 /* a number for the next child, before there is a page */
    uint64_t deadline;             /* of CLOCK_MONOTONIC, ms; 0: none */
    struct family_member *members; /* that it has started, and not waited for */
    size_t members_n;
};

/* Serves the set. f must live as long as w. Returns 0, or -1 with errno. */
int family_serve(struct family *f, struct wasi *w, const struct family_config *config);
/* When the guest has ended, before its descriptors are closed: ends all processes that it has started. */
void family_finish(struct family *f);

/* ---- in a child ---- */

/* Takes over what the parent, process `parent`, has sent. From now on the process ends with its parent. *start is to be
 * given to family_start_free(). 0, or -ERR_SETUP with err. */
int family_take(struct family_start **start, pid_t parent, struct err *err);
void family_start_free(struct family_start *s);
/* Gives the guest its descriptors, in place of streams, directories and others of a command line. 0, or -ERR_SETUP. */
int family_grant(struct family_start *s, struct wasi *w, struct err *err);
/* What the parent has chosen. The strings live as long as s. */
const char *const *family_args(const struct family_start *s, size_t *n);
const char *const *family_environ(const struct family_start *s, size_t *n);
/* The compiled code, or -1; it stays s's. */
int family_code(const struct family_start *s);
/* One of config.fds; -1: there are fewer. It stays s's. */
int family_fd(const struct family_start *s, size_t at);
/* Sets what is left of the first process's deadline, and a little more, and the memory that it begins with. The first
 * process ends at its deadline and all others with it. If a child ended at the same moment, its parent could see that,
 * go on, and end with another status than that of the deadline. */
void family_limits(const struct family_start *s, struct limits *limits);

#endif
