/* Python for the services: a warm session, from which a fresh one is copied for each request, and sessions that stay,
 * by name. All functions may be called by any thread. */
#ifndef WL_SERVE_SANDBOX_H
#define WL_SERVE_SANDBOX_H

#include "buffer.h"

#include <wlpy.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The directories in memory that every session has. It begins in the first one. */
#define SANDBOX_FILES "/files"
#define SANDBOX_DATA "/mnt/data"

struct sandbox_config {
    const char *program;     /* a native Python (wl-make aot --library), or a .wasm file */
    const char *cache_dir;   /* of compiled .wasm files; NULL: none */
    uint64_t memory, output; /* bytes: of a session's memory; that one evaluation may write */
    uint64_t deadline_ms;    /* of an evaluation */
    uint64_t files;          /* bytes that a session's files may have */
    const char *const *net;  /* rules of docs/network.md */
    size_t net_count;
    size_t sessions;  /* the most that stay at once */
    uint64_t idle_ms; /* a session that nobody has used for so long makes room for another; 0: never */
};

struct sandbox;

/* Called on a thread that has to wait for a session which another one uses, before and afterwards. (It is set before
 * there are other threads.) */
void sandbox_on_wait(struct sandbox *s, void (*on_wait)(void *arg, bool begins), void *arg);

/* 0, and *sandbox is the caller's; or -code with err. */
int sandbox_new(const struct sandbox_config *config, struct sandbox **sandbox, struct wlpy_err *err);
/* After all evaluations. */
void sandbox_free(struct sandbox *s);

/* A session while somebody uses it: nobody else does. */
struct sandbox_session;

enum { SANDBOX_NAME = 101 }; /* room for a session's name */

enum sandbox_use {
    SANDBOX_FRESH,    /* one of its own, which is gone afterwards */
    SANDBOX_EXISTING, /* the one of that name; it must exist */
    SANDBOX_NAMED     /* the same; it is started if it does not exist */
};

/* Waits until nobody else uses it. NULL with err. Give it back by sandbox_leave(). */
struct sandbox_session *sandbox_enter(struct sandbox *s, enum sandbox_use use, const char *name, struct wlpy_err *err);
/* One that has ended is forgotten. */
void sandbox_leave(struct sandbox *s, struct sandbox_session *session);

enum sandbox_start { SANDBOX_STARTED, SANDBOX_BAD_NAME, SANDBOX_TAKEN, SANDBOX_FULL };

/* Starts a session that stays, under a name that nobody has: the given one, or if that is NULL one that is made up.
 * `made` is its name then; otherwise err says why not. */
enum sandbox_start sandbox_start(struct sandbox *s, const char *name, char made[SANDBOX_NAME], struct wlpy_err *err);

struct sandbox_code {
    const char *text;
    size_t size;
    const char *name; /* in tracebacks; NULL: <cell N> */
    double
        seconds; /* what it may take; if that is not more than 0, or more than the configuration says: what that says */
    /* Told what it writes, while it runs, and on its thread; or NULL. */
    void (*on_output)(void *arg, bool to_stderr, const char *bytes, size_t n);
    void *on_output_arg;
};

struct sandbox_result {
    struct wlpy_value value;
    struct buffer out, err; /* all that it has written */
};

/* As wlpy_session_eval. The result is to be freed in either case. */
int sandbox_eval(struct sandbox_session *session, const struct sandbox_code *code, struct sandbox_result *result,
                 struct wlpy_err *err);
void sandbox_result_free(struct sandbox_result *result);
/* Interrupts what it evaluates, from any thread; or ends it, and the session. */
void sandbox_interrupt(struct sandbox_session *session);
void sandbox_cancel(struct sandbox_session *session);
/* directory: one of the above. */
struct wlpy_files *sandbox_files(struct sandbox_session *session, const char *directory);

/* Ends a session that stays; false: there is none of that name. If it is in use, it ends afterwards. */
bool sandbox_drop(struct sandbox *s, const char *name);
/* Calls `each` with the name of every session that stays. */
void sandbox_list(struct sandbox *s, void (*each)(void *arg, const char *name), void *arg);

struct sandbox_counts {
    uint64_t evaluations, failures, deadlines, started, sessions;
};
void sandbox_count(struct sandbox *s, struct sandbox_counts *counts);

#endif
