/* What the files of this engine share. Its WASI is not used: wasi/ answers the calls. */
#ifndef WL_WASMTIME_INTERNAL_H
#define WL_WASMTIME_INTERNAL_H

#include "core/needs.h"
#include "engine/engines.h"

#include <pthread.h>
#include <stdatomic.h>
#include <wasmtime.h>

#define MEMORY "memory"
#define LEN(s) (sizeof(s) - 1)

/* Whether there is the quick compiler (Winch); elsewhere the other one compiles. */
#if defined __x86_64__ || defined __aarch64__
#define HAS_WINCH true
#else
#define HAS_WINCH false
#endif

struct engine {
    wasm_engine_t *engine;
    struct engine_settings settings;
    atomic_uint running; /* instances, if there is a limit of them */
};

/* What a function of the guest's imports is: which call, and of which table, whose argument it gets. */
struct binding {
    const struct host_call *call;
    size_t table;
};

/* warm.c: pages that each run writes to. */
struct warm_range;
struct warm {
    pthread_mutex_t lock; /* while they are looked for */
    unsigned runs;
    uint8_t *counts;
    atomic_bool known; /* from here on, what follows does not change */
    uint64_t size;     /* of the memory that they are of, when it begins */
    struct warm_range *ranges;
    size_t n;
    atomic_size_t turns;
};

/* What memories begin with: a part of a file, mapped. */
struct image {
    int fd;
    const uint8_t *bytes;
    uint64_t at;         /* in the file */
    uint64_t from, size; /* in the memory; 0 bytes: there is none */
};

/* memory.c: one memory */
struct place {
    uint8_t *mapped, *base;
    uint64_t mapped_size, room; /* of room, code may know that so much is there */
    uint64_t start, size;
    struct code *code; /* that it is kept for; NULL: none */
    bool again;        /* an earlier run had it */
    bool replaced;     /* something else is mapped in its place, so it cannot be kept */
    struct place *next;
};

struct code {
    wasmtime_module_t *module;
    struct image image;
    pthread_mutex_t idle_lock; /* for the three */
    struct place *idle;
    unsigned idle_n, idle_most;
    struct warm warm;
    struct needs needs;
    /* Once it is linked. */
    struct binding *bindings;
    wasmtime_linker_t *linker;
    wasmtime_instance_pre_t *pre;
};

/* threads.c: what threads of a guest have in common */
struct crew {
    bool shared; /* the memory is a mapping of fd, of which `room` bytes are mapped */
    int fd;
    uint64_t room, size; /* and so many the guest has */
    uint64_t taken;      /* of the limit of memory, by stacks and tables of further threads */
    bool over;           /* one of them has ended the guest: how */
    struct end end;
};

/* A guest, or a further thread of one. It is what the store's data is. */
struct instance {
    struct engine_run *given;
    struct engine *engine;
    struct code *code;
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_instance_t instance; /* valid if instantiated */
    bool instantiated;
    struct place *place;      /* of its memory; NULL: it has none */
    wasmtime_memory_t memory; /* the guest's; valid if has_memory */
    uint8_t *base;            /* its address: it never moves */
    uint64_t start_size;      /* its size at the start */
    bool has_memory;
    bool stopped; /* by the host, for what control or wasi say */
    struct end *end;
    struct crew crew;       /* of the first */
    struct instance *first; /* of others */
    uint64_t most;          /* of the first: bytes of memory and tables, further threads included; it can change */
    uint64_t limit;         /* from which its store has got its own */
    struct end own_end;
    struct control_thread joined;
};

/* identity.c */
void wt_identity(const struct engine_settings *settings, char *out, size_t size);

/* link.c */
int wt_link(struct engine *e, struct code *c, const char *name, const struct host_calls *calls, size_t calls_n,
            struct err *err);
/* Notes the guest's memory, if what it exports under that name is one. */
void wt_take_memory(struct instance *r, wasmtime_extern_t *item);
struct guest_memory wt_memory(void *run);

/* ending.c: messages. Both free the error. */
void wt_error_text(wasmtime_error_t *error, char *to, size_t size, bool all);
int wt_error(wasmtime_error_t *error, const char *what, struct err *err);
/* Ends a call into the guest, of which error and trap are what it gave: it returned, left by proc_exit, or was stopped.
 */
void wt_ended(struct instance *r, wasmtime_error_t *error, wasm_trap_t *trap);
/* Whether the guest has to end, for what wasi or control say; then it is noted that the host has stopped it. */
bool wt_has_to_end(struct instance *r);

/* state.c: what a snapshot does not keep, which is tables and the variable outside of the memory */
struct state {
    char tables[65]; /* a hash */
    char variable[65];
};
bool wt_read_state(const struct instance *r, const wasmtime_instance_t *instance, struct state *s);
/* Fails if that is not as it was before. */
int wt_check_state(const struct instance *r, const wasmtime_instance_t *instance, const struct state *before,
                   struct err *err);

/* memory.c */
void wt_make_memories(wasm_config_t *settings);
/* r: the instance that is made on this thread from here on; returns the one that was. */
struct instance *wt_making(struct instance *r);
/* Bytes of a file, which is duplicated. 0, or -1 with errno. */
int wt_image_open(struct image *i, int fd, uint64_t at, uint64_t from, uint64_t size);
void wt_image_close(struct image *i);
/* Whether a page of the memory of a place is what it begins with. */
bool wt_is_initial(const struct place *p, uint64_t at, uint64_t page);
/* instances: how many memories are kept; 0: one for each processor */
void wt_places_init(struct code *c, unsigned instances);
void wt_places_free(struct code *c);

/* warm.c */
void wt_warm_init(struct warm *w);
void wt_warm_free(struct warm *w);
/* Before a run begins, and when it has ended and its memory is still there. */
void wt_warm_up(struct warm *w, uint8_t *memory, uint64_t size);
void wt_warm_learn(struct warm *w, const uint8_t *memory, uint64_t size);
/* Makes pages of a memory the process's own, as writing to them would. */
void wt_populate(uint8_t *at, uint64_t n);

/* threads.c: around a call of the guest: lets it have threads; ends them */
void wt_offer_threads(struct instance *r);
void wt_finish_threads(struct instance *r);

/* instance.c */
int wt_set_limits(struct instance *r, struct err *err);
/* Tells the store what has changed. False: the memory that it has is too large for that. */
bool wt_renew_limits(struct instance *r);
extern const struct wasi_room wt_room;
/* 1 if the module's own start function has already ended the run. */
int wt_instantiate(struct instance *r, wasmtime_instance_t *instance, struct err *err);
/* Lets code that is compiled for it look whether it has to end. */
void wt_make_stoppable(struct instance *r);
/* A function that it exports; and whether that takes and returns so many i32 and nothing else. */
bool wt_get_function(const struct instance *r, const wasmtime_instance_t *instance, const char *name,
                     wasmtime_func_t *func);
bool wt_is_function(const struct instance *r, const wasmtime_func_t *func, size_t takes, size_t returns);
bool wt_get_thread(const struct instance *r, wasmtime_func_t *func);

/* run.c */
int wt_run(struct engine *e, struct code *c, struct engine_run *run, struct end *end, struct err *err);
struct instance *wt_open_session(struct engine *e, struct code *c, struct engine_run *run, struct err *err);
int wt_call_session(struct instance *i, struct end *end, struct err *err);
struct instance *wt_fork_session(struct instance *i, struct engine_run *run, struct err *err);
void wt_close_session(struct instance *i);

#endif
