/* One run, while it is prepared and done. */
#ifndef WL_API_RUN_H
#define WL_API_RUN_H

#include "api/internal.h"
#include "net/net.h"
#include "wasi/stream.h"
#include "wasi/tty.h"

struct job {
    struct wlpy_program *program;
    struct wlpy_run_config config; /* the caller's */
    struct wlpy_limits given;      /* likewise */
    struct wlpy_result result;
    const char *own_argv[1]; /* where the caller gives none */
    struct limits limits;
    struct wasi wasi;
    struct wasi_quota quota;
    struct net *net; /* NULL: none. (It is too large for the stack of some threads.) */
    struct tty tty;
    void *arguments[1]; /* for the engine's tables of calls */
    struct engine_run run;
    struct control own; /* where the caller gives none */
    size_t files_taken; /* the directories up to here whose files this run has */
    struct wasi_bytes in;
    struct wasi_buffer out, err_out;
    struct end end;
    struct err err;
    int status;
};

/* grant.c: gives the guest its streams, directories, network and descriptors. */
int job_grant(struct job *j);
void job_leave_files(struct job *j);

#endif
