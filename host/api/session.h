/* A session, for the files that use one. */
#ifndef WL_API_SESSION_H
#define WL_API_SESSION_H

#include "api/kept.h"
#include "api/run.h"

/* What fails is said in job.err. */
struct wlpy_session {
    struct job job;
    struct runtime runtime; /* of a native program */
    struct run *native;
    struct instance *instance;
    struct session_call call;
    bool alive;
    atomic_bool busy;
    uint32_t room, room_n; /* of requests, in the guest's memory */
    unsigned cells;        /* evaluations */
    uint64_t deadline_ms, cpu_ms, grace_ms;
    struct kept kept; /* the configuration */
    size_t own_files; /* the directories up to here whose files belong to this session, which is a copy */
};

static inline struct wlpy_session *session_of(struct job *j)
{
    return (struct wlpy_session *)((char *)j - offsetof(struct wlpy_session, job));
}

/* NULL: out of memory. In any other case it has to be freed, also if job.err says that something is wrong. */
struct wlpy_session *session_new(const struct wlpy_run_config *config);
/* Sets up its job. 0, or -code. */
int session_prepare(struct wlpy_session *s, struct wlpy_program *program);
/* Hands it to the caller, or frees it. s: NULL, if there was no memory; r: 0, or -code. */
int session_deliver(int r, struct wlpy_session *s, struct wlpy_session **session, struct wlpy_err *err);
/* Begins to use it; false with err: another thread uses it. */
bool session_enter(struct wlpy_session *s, struct wlpy_err *err);
void session_leave(struct wlpy_session *s);
/* Calls it, on the guest's thread (job_do()). 0, or -code. */
int session_call(struct wlpy_session *s, enum session_what what, uint32_t size);
/* The last line that it wrote to standard error, if that is in memory; *n is its length, and no zero byte ends it. */
const char *session_last_line(const struct wlpy_session *s, int *n);

#endif
