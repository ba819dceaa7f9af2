/* What an engine is: it turns a module into code, keeps that for later, and runs it.
 *
 * The steps for a module: open an engine -> load its code from the cache, or compile it and save it there -> link ->
 * run, as often as wanted, on any number of threads at once. What the module needs (core/needs.h) is saved along with
 * the code; the limits of a run are computed from it. */
#ifndef WL_ENGINE_H
#define WL_ENGINE_H

#include "core/control.h"
#include "core/end.h"
#include "core/err.h"
#include "core/limits.h"
#include "core/module.h"
#include "core/session.h"
#include "wasi/host_call.h"
#include "wasi/wasi.h"

struct engine;   /* each engine's own */
struct code;     /* likewise: a compiled module */
struct instance; /* likewise: a guest that stays between calls */

struct engine_settings {
    bool quick;     /* compile in a fraction of the time, to code that is several times slower */
    bool stoppable; /* code can be stopped anywhere: for deadlines and for cancelling, which makes it a little slower */
    uint64_t stack; /* bytes of native stack for a guest's calls */
    unsigned instances; /* at most so many at once; 0: there is no limit */
};

/* One run. Everything belongs to the caller and must not change until the run has ended, except through the guest. */
struct engine_run {
    const char *name; /* the module's, for messages */
    const struct limits *limits;
    struct wasi *wasi;       /* what the guest is given; the engine sets `memory` and the waiting */
    void *const *arguments;  /* the argument of the functions of each table that it is linked with */
    struct control *control; /* through which it can be interrupted and stopped from outside; or NULL */
    /* Instead of running the program to its end: call this export, and if it returns write the module `bytes`, with the
     * memory that it then has, to the file `snapshot`. All three or none; the code must be of snapshot_prepare()'s
     * module. */
    const char *entry, *snapshot;
    const struct module_bytes *bytes;
    struct session_call *session; /* what to call of a session, instead of _start; or NULL */
    bool backtrace;               /* fill in `trace` */
    char *trace;                  /* of a trap: lines of the guest's functions; owned by the caller, or NULL */
};

struct engine_ops {
    const char *name; /* with its version */

    /* Everything that makes the code of one engine useless to another: version, settings, processor. */
    void (*identity)(const struct engine_settings *settings, char *out, size_t size);

    int (*open)(const struct engine_settings *settings, struct engine **out, struct err *err);
    void (*close)(struct engine *e);

    int (*compile)(struct engine *e, const char *name, const uint8_t *wasm, size_t size, struct code **out,
                   struct err *err);
    /* The bytes for load; the caller frees them. */
    int (*save)(struct code *c, uint8_t **bytes, size_t *size, struct err *err);
    /* From a file with the bytes of save. Fails if this engine cannot run them. */
    int (*load)(struct engine *e, int fd, struct code **out, struct err *err);
    /* Finds the module's imports in tables of calls, which must outlive the code. Once, before the first run. */
    int (*link)(struct engine *e, struct code *c, const char *name, const struct host_calls *calls, size_t calls_n,
                struct err *err);
    void (*free_code)(struct code *c);

    /* Runs it to its end on the calling thread, which has room for the stack and engine_spare_stack more. 0, and *end
     * says how it ended; or -code with err: why it did not begin. */
    int (*run)(struct engine *e, struct code *c, struct engine_run *run, struct end *end, struct err *err);

    /* An instance that stays between calls (core/session.h). The struct engine_run must last as long; what it says may
     * be another before each call. NULL with err. */
    struct instance *(*open_session)(struct engine *e, struct code *c, struct engine_run *run, struct err *err);
    /* On a thread that has room, as run. 0, and *end says how the call ended: END_EXITED without `left` if the guest
     * returned, and may be called again. Or -code with err: it did not begin. */
    int (*call_session)(struct instance *i, struct end *end, struct err *err);
    /* A copy of it, for a struct engine_run of its own. NULL with err. */
    struct instance *(*fork_session)(struct instance *i, struct engine_run *run, struct err *err);
    void (*close_session)(struct instance *i);
};

/* What the host's own functions, called by the guest at the bottom of its stack, may need. */
enum { engine_spare_stack = 2 << 20 };

#endif
