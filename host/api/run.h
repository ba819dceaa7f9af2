/* One run, or one session, while it is prepared and done. */
#ifndef WL_API_RUN_H
#define WL_API_RUN_H

#include "api/functions.h"
#include "api/internal.h"
#include "family/family.h"
#include "net/net.h"
#include "wasi/stream.h"
#include "wasi/threads.h"
#include "wasi/tty.h"

struct job {
    struct wlpy_program *program;
    struct wlpy_run_config config; /* the caller's */
    struct wlpy_limits given;      /* likewise, with the defaults */
    struct wlpy_result result;
    const char *own_argv[1]; /* where the caller gives none */
    struct limits limits;
    struct wasi wasi;
    struct wasi_quota quota;
    struct wasi_fixed fixed;
    struct function_list list;   /* of the functions */
    struct functions *functions; /* NULL: none */
    struct doors *doors;         /* NULL: none */
    const char **environ;        /* with the doors' variables; NULL: the caller's */
    struct net *net;             /* NULL: none. (It is too large for the stack of some threads.) */
    struct tty tty;
    struct wasi_threads threads;
    struct family family;
    int code; /* the program's, for its processes, if it has_code */
    bool has_code;
    void *arguments[1]; /* for the engine's tables of calls */
    struct engine_run run;
    struct control own; /* where the caller gives none */
    size_t files_taken; /* the directories up to here whose files this run has */
    struct wasi_bytes in;
    struct wasi_buffer out, err_out;
    struct end end;
    struct err err;
    int (*what)(struct job *j); /* of job_do() */
    void *what_arg;             /* for it */
    int status;
};

/* grant.c: gives the guest its streams, directories, network and descriptors. */
int job_grant(struct job *j);
/* The same, for a copy of a guest; tree as in wasi_copy(). */
int job_grant_copy(struct job *j, const struct wasi *from, struct tree *(*tree)(void *arg, const struct tree *of),
                   void *arg);
/* Takes everything from it. */
void job_release(struct job *j);

/* run.c: sets up a job that is zero for what the caller wants. result: where the job is to know its members; or NULL.
 * 0, or -ERR_SETUP with j->err. */
int job_prepare(struct job *j, struct wlpy_program *program, const struct wlpy_run_config *config,
                const struct wlpy_result *result);
/* Sets limits of time; WLPY_UNLIMITED: none; cpu_ms 0: the deadline's. */
void job_set_time(struct limits *l, uint64_t deadline_ms, uint64_t cpu_ms);
/* Does it on a thread that has room for the guest, which may be this one, and notes the time that it took. */
int job_do(struct job *j, int (*what)(struct job *j));
enum wlpy_end job_end(const struct job *j);

#endif
