/* Threads of a guest. Each is an instance of the module on the same memory, on a thread of the process, and one of
 * them runs at a time: the one that has the baton. It gives the baton away while it waits in the host. When it has run
 * for a while and others want the baton, the guest is asked to give it (struct wasi_words), which a Python does between
 * two of its instructions.
 *
 * The set "thread" of the channel: begin, spawn, park, wake, yield, exit, poll (docs/channel.md). Until the first spawn
 * there is nothing but this struct. */
#ifndef WL_WASI_THREADS_H
#define WL_WASI_THREADS_H

#include "wasi/channel.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WASI_MOST_THREADS = 256, WASI_MOST_WORDS_KEPT = 16 };

/* What an engine does for it. `context` is what open() has returned; of the first thread it is NULL. */
struct wasi_thread_ops {
    /* With the baton: makes an instance for a new thread. NULL: it cannot. And releases it, when nothing runs. */
    void *(*open)(void *arg);
    void (*close)(void *arg, void *context);
    /* On the new thread, before the first run() and after the last. */
    void (*begin)(void *arg, void *context);
    void (*end)(void *arg, void *context);
    /* With the baton: runs the guest's wl_thread(argument). */
    void (*run)(void *arg, void *context, uint32_t argument);
    /* The thread has got the baton; it is about to give it away. */
    void (*take)(void *arg, void *context);
    void (*give)(void *arg, void *context);
    /* Ends what the threads wait for in the host, because the guest ends. At any time, on any thread, and again. */
    void (*recall)(void *arg);
    /* Whether the guest ends. */
    bool (*is_over)(void *arg);
    /* Now and then, while there are threads. */
    void (*look)(void *arg);
};

enum wasi_thread_state {
    WASI_THREAD_IDLE,   /* its guest's thread has ended */
    WASI_THREAD_RUNS,   /* it has the baton */
    WASI_THREAD_QUEUED, /* it wants the baton */
    WASI_THREAD_PARKED, /* it waits for a wake, in `parked` */
    WASI_THREAD_POLLS,  /* likewise, or for descriptors */
    WASI_THREAD_AWAY,   /* it waits in the host for something else */
};

struct wasi_thread {
    struct wasi_threads *group;
    void *context;
    pthread_t os;
    int event; /* an eventfd, which counts up when it gets the baton, or is woken from WASI_THREAD_POLLS */
    enum wasi_thread_state state;
    bool exits;            /* it has asked to be ended */
    bool polls;            /* its wait in the host also ends by its event */
    atomic_bool called;    /* the event has counted, or is about to */
    uint64_t gave, waited; /* when it gave the baton away the last time, and how long it was without it, ns */
    uint32_t argument, at;
    uint32_t poll_at; /* the next poll also ends when this is woken; 0: it does not */
    uint32_t words[WASI_MOST_WORDS_KEPT];
    struct wasi_thread *next, *other; /* in the queue or among the parked; of all */
};

struct wasi_threads {
    struct wasi *w;
    struct wasi_request_set set;
    const struct wasi_thread_ops *ops; /* the engine's, once it can; NULL: there can be no threads */
    void *arg;
    size_t stack;  /* bytes for a thread of the process */
    unsigned most; /* besides the first */
    /* All below under `lock`, except that the thread with the baton may read what it has written. */
    pthread_mutex_t lock;
    pthread_cond_t ticks, ended;
    struct wasi_thread first, *all;
    atomic_bool on; /* a second thread exists or has existed */
    struct wasi_thread *holder, *last;
    uint64_t since; /* when the holder got it, ns */
    struct wasi_thread *queue, **queue_end, *parked;
    unsigned live;
    uint64_t turns;
    bool quit, asleep, ticking;
    bool spins; /* there is a processor for a thread that waits without sleeping */
    pthread_t ticker;
    struct guest_memory memory; /* as the last that gave the baton away has left it */
    bool begun;
    uint32_t list, words_n, word[WASI_MOST_WORDS_KEPT]; /* struct wasi_words of the guest */
};

/* Serves the set; at most so many threads besides the first. The engine completes it. -1 with errno. */
int wasi_threads_serve(struct wasi_threads *g, struct wasi *w, unsigned most);
/* At the end of a run, on the first thread: ends all others. Afterwards the set refuses to start any. */
void wasi_threads_finish(struct wasi_threads *g);

/* Around what may wait in the host: others may run meanwhile, so everything of the guest may have changed, except for
 * the memory's address. Between the two no state of the guest may be used. polls: it is a wait that a wake
 * may end, too. NULL: there is only one thread. */
struct wasi_thread *wasi_threads_leave(const struct wasi *w, bool polls);
void wasi_threads_return(struct wasi_thread *t);
/* ppoll() between the two. */
int wasi_threads_wait(const struct wasi *w, struct wasi_thread *t, struct pollfd *fds, nfds_t n,
                      const struct timespec *time);

/* A poll of the guest is over. */
void wasi_threads_polled(const struct wasi *w);

static inline bool wasi_has_threads(const struct wasi *w)
{
    return w->threads && atomic_load_explicit(&w->threads->on, memory_order_relaxed);
}

/* Whether the thread that has the baton asked to end. */
static inline bool wasi_thread_exits(const struct wasi *w)
{
    return wasi_has_threads(w) && w->threads->holder->exits;
}

#endif
