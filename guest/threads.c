/* See threads.h. A thread is an instance of the module that the host makes, on the same memory; it enters at wl_thread
 * (threads-entry.s). A thread that waits is parked by the host at an address, and woken by that address. */
#include "threads.h"

bool (*threads_signals_come)(void);
bool (*threads_signals_restart)(void);

/* With older C libraries, which have no pthread.h, Python has functions of its own that never wait. */
#ifdef WL_NO_THREADS
#include <errno.h>
#include <stddef.h>

struct thread;

bool threads_others(void)
{
    return false;
}

bool threads_is_first(void)
{
    return true;
}

int threads_wait_for_signal(void)
{
    return EDEADLK;
}

int threads_park(const void *at, uint64_t ns)
{
    (void)at, (void)ns;
    return EDEADLK;
}

void threads_wake(const void *at, uint32_t most)
{
    (void)at, (void)most;
}

void threads_poll(const void *at)
{
    (void)at;
}

void threads_run(struct thread *t)
{
    (void)t;
}
#else

#include "channel.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

_Noreturn void pthread_exit(void *result);

#define FOREVER UINT64_MAX
#define SECOND 1000000000

/* BROKEN: bytes at the end of a stack that nothing may write to. */
enum { STACK = 4 << 20, LEAST_STACK = 1 << 16, BROKEN = 64, KEYS = 128, ROUNDS = 4, WORDS = 16, FILLING = 0x5a };

struct thread {
    char *top; /* of its stack; first, for wl_thread */
    void *(*function)(void *arg);
    void *arg, *result;
    char *stack;
    bool ended, detached;
    const void *values[KEYS];
    struct thread *next; /* of those to be freed */
};

static struct thread first, *current = &first, *finished;
static unsigned others; /* threads that have not ended */
static bool begun;

/* What the host gets to know (host/wasi/baton.h). */
static struct {
    volatile uint32_t wanted;
    const void *cell;
    uint32_t offset, bits, count;
    void *word[WORDS];
} list = {.count = 1, .word = {&current}};

volatile uint32_t *const threads_wanted = &list.wanted;
int (*threads_on_deadlock)(void);

bool threads_others(void)
{
    return others > 0;
}

bool threads_is_first(void)
{
    return current == &first;
}

void threads_own_word(void *word)
{
    if (list.count == WORDS)
        abort();
    list.word[list.count++] = word;
}

void threads_ask_by(void *const *cell, uint32_t offset, uint32_t bits)
{
    list.cell = (const void *)cell;
    list.offset = offset;
    list.bits = bits;
}

/* ---- requests ---- */

/* (Without printf(): it is a large part of the time that a lock takes.) */
static char *put(char *to, const char *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

static char *put_number(char *to, uint64_t n)
{
    char digits[20];
    int i = 0;

    *to++ = ' ';
    do
        digits[i++] = (char)('0' + n % 10);
    while (n /= 10);
    while (i)
        *to++ = digits[--i];
    return to;
}

/* Returns an error number. errno is as before. */
static int ask(const char *request, const char *end)
{
    int before = errno, error = channel_send(request, (size_t)(end - request)) < 0 ? errno : 0;

    errno = before;
    return error;
}

static int ask_about(const char *what, const void *at)
{
    char request[64];

    return ask(request, put_number(put(request, what), (uintptr_t)at));
}

static bool stack_is_whole(const struct thread *t)
{
    for (int i = 0; t->stack && i < BROKEN; i++)
        if (t->stack[i] != FILLING)
            return false;
    return true;
}

static void check_stack(void)
{
    if (stack_is_whole(current))
        return;
    fputs("Fatal error: a thread has used up its stack; threading.stack_size() makes it larger\n", stderr);
    abort();
}

int threads_park(const void *at, uint64_t ns)
{
    char request[96], *end = put_number(put(request, "thread.park"), (uintptr_t)at);

    check_stack();
    if (!others)
        return EDEADLK;
    return ask(request,
               ns == FOREVER ? put(end, " forever") : put_number(end, ns > INT64_MAX / 2 ? INT64_MAX / 2 : ns));
}

void threads_wake(const void *at, uint32_t most)
{
    char request[64];

    if (others)
        ask(request, put_number(put_number(put(request, "thread.wake"), (uintptr_t)at), most));
}

void threads_poll(const void *at)
{
    ask_about("thread.poll", at);
}

void threads_give_way(void)
{
    static const char request[] = "thread.yield";

    list.wanted = 0;
    check_stack();
    if (others)
        ask(request, request + sizeof request - 1);
}

int threads_wait_for_signal(void)
{
    const struct timespec day = {.tv_sec = 86400};

    if (!threads_signals_come || !threads_signals_come())
        return EDEADLK;
    pselect(0, NULL, NULL, NULL, &day, NULL);
    return EINTR;
}

/* The only thread waits. */
static int wait_alone(uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND)};

    if (ns == FOREVER && threads_wait_for_signal() == EINTR)
        return EINTR;
    if (ns == FOREVER && threads_on_deadlock)
        return threads_on_deadlock();
    if (ns == FOREVER) {
        fputs("Fatal error: deadlock: only another thread could end this wait, and there is one thread\n", stderr);
        abort();
    }
    return pselect(0, NULL, NULL, NULL, &t, NULL) ? EINTR : ETIMEDOUT;
}

static int park(const void *at, uint64_t ns)
{
    return others ? threads_park(at, ns) : wait_alone(ns);
}

/* Until a time; 0 if that has passed. */
static uint64_t left(clockid_t clock, const struct timespec *until)
{
    struct timespec now;
    int64_t seconds;

    clock_gettime(clock, &now);
    seconds = (int64_t)until->tv_sec - now.tv_sec;
    if (seconds < -1)
        return 0;
    if (seconds > INT64_MAX / SECOND / 2)
        return INT64_MAX / 2;
    seconds = seconds * SECOND + until->tv_nsec - now.tv_nsec;
    return seconds > 0 ? (uint64_t)seconds : 0;
}

static bool is_time(const struct timespec *t)
{
    return t->tv_nsec >= 0 && t->tv_nsec < SECOND;
}

/* ---- threads ---- */

static void (*destructors[KEYS])(void *value);
static bool used[KEYS];

static void destroy_values(void)
{
    bool again = true;

    for (int round = 0; again && round < ROUNDS; round++) {
        again = false;
        for (int i = 0; i < KEYS; i++) {
            void *value = (void *)current->values[i];

            if (!value || !used[i] || !destructors[i])
                continue;
            current->values[i] = NULL;
            destructors[i](value);
            again = true;
        }
    }
}

static void release(struct thread *t)
{
    free(t->stack);
    free(t);
}

/* (A thread that ends still uses its stack.) */
static void release_finished(void)
{
    while (finished) {
        struct thread *t = finished;

        finished = t->next;
        release(t);
    }
}

static void end_thread(void *result)
{
    struct thread *t = current;

    destroy_values();
    check_stack();
    t->result = result;
    t->ended = true;
    if (t->detached) {
        t->next = finished;
        finished = t;
    }
    threads_wake(&t->ended, UINT32_MAX);
    /* The first may wait for all others (pthread_exit). */
    threads_wake(&others, UINT32_MAX);
    others--;
}

/* From wl_thread, on its own stack. */
void threads_run(struct thread *t)
{
    current = t;
    end_thread(t->function(t->arg));
}

static int begin(void)
{
    int error;

    if (begun)
        return 0;
    threads_own_word(&errno);
    error = ask_about("thread.begin", &list);
    begun = !error;
    if (error)
        list.count--;
    return error;
}

int pthread_create(pthread_t *restrict id, const pthread_attr_t *restrict attr, void *(*function)(void *arg),
                   void *restrict arg)
{
    struct thread *t;
    pthread_attr_t plain;
    size_t size = 0, usual;
    int state = PTHREAD_CREATE_JOINABLE;

    if (begin())
        return EAGAIN;
    release_finished();
    if (attr) {
        pthread_attr_getstacksize(attr, &size);
        pthread_attr_getdetachstate(attr, &state);
    }
    /* (What the C library takes for a thread of C is too little for a Python.) */
    pthread_attr_init(&plain);
    pthread_attr_getstacksize(&plain, &usual);
    size = size < LEAST_STACK || size == usual ? STACK : size + BROKEN;
    t = calloc(1, sizeof *t);
    if (t)
        t->stack = malloc(size);
    if (!t || !t->stack) {
        free(t);
        return EAGAIN;
    }
    memset(t->stack, FILLING, BROKEN);
    t->top = t->stack + size / 16 * 16;
    t->function = function;
    t->arg = arg;
    t->detached = state == PTHREAD_CREATE_DETACHED;
    others++;
    if (ask_about("thread.spawn", t)) {
        others--;
        release(t);
        return EAGAIN;
    }
    *id = (pthread_t)t;
    return 0;
}

_Noreturn void pthread_exit(void *result)
{
    static const char request[] = "thread.exit";

    if (current != &first) {
        end_thread(result);
        ask(request, request + sizeof request - 1);
        abort(); /* it does not come back */
    }
    destroy_values();
    while (others)
        threads_park(&others, FOREVER);
    exit(0);
}

int pthread_detach(pthread_t id)
{
    struct thread *t = (struct thread *)id;

    if (t->detached)
        return EINVAL;
    t->detached = true;
    if (t->ended)
        release(t);
    return 0;
}

static int join(struct thread *t, void **result, clockid_t clock, const struct timespec *until)
{
    if (t == current)
        return EDEADLK;
    if (t == &first || t->detached)
        return EINVAL;
    while (!t->ended) {
        uint64_t ns = until ? left(clock, until) : FOREVER;

        if (!ns)
            return ETIMEDOUT;
        threads_park(&t->ended, ns);
    }
    if (result)
        *result = t->result;
    release(t);
    return 0;
}

int pthread_join(pthread_t id, void **result)
{
    return join((struct thread *)id, result, CLOCK_REALTIME, NULL);
}

int pthread_tryjoin_np(pthread_t id, void **result)
{
    return ((struct thread *)id)->ended ? pthread_join(id, result) : EBUSY;
}

int pthread_timedjoin_np(pthread_t id, void **result, const struct timespec *until)
{
    return join((struct thread *)id, result, CLOCK_REALTIME, until);
}

pthread_t pthread_self(void)
{
    return (pthread_t)current;
}

/* CPython asks how far calls of C functions may go. (The C library's own function reads another struct.) About the
 * first thread nothing is known here: its stack is the linker's. */
int pthread_getattr_np(pthread_t id, pthread_attr_t *attr)
{
    struct thread *t = (struct thread *)id;

    if (!t->stack)
        return ENOSYS;
    pthread_attr_init(attr);
    pthread_attr_setguardsize(attr, BROKEN);
    pthread_attr_setdetachstate(attr, t->detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
    return pthread_attr_setstack(attr, t->stack, (size_t)(t->top - t->stack));
}

int sched_yield(void)
{
    threads_give_way();
    return 0;
}

/* ---- keys ---- */

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *value))
{
    for (unsigned i = 0; i < KEYS; i++)
        if (!used[i]) {
            used[i] = true;
            destructors[i] = destructor;
            *key = i;
            return 0;
        }
    return EAGAIN;
}

/* (What threads have under the key, the next one to get its number must not see: it is theirs only by `used`. So it is
 * cleared in the one that runs, and others find it gone when the key is used again: CPython deletes keys when nothing
 * else runs.) */
int pthread_key_delete(pthread_key_t key)
{
    if (key >= KEYS || !used[key])
        return EINVAL;
    used[key] = false;
    current->values[key] = first.values[key] = NULL;
    return 0;
}

#undef pthread_getspecific
void *pthread_getspecific(pthread_key_t key)
{
    return key < KEYS ? (void *)current->values[key] : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (key >= KEYS || !used[key])
        return EINVAL;
    current->values[key] = value;
    return 0;
}

/* ---- mutexes ---- */

struct mutex {
    struct thread *owner; /* NULL: free */
    unsigned waiting, depth, kind;
};
_Static_assert(sizeof(struct mutex) <= sizeof(pthread_mutex_t), "it is kept in there");

#define MUTEX(m) ((struct mutex *)(m))

int pthread_mutex_init(pthread_mutex_t *restrict m, const pthread_mutexattr_t *restrict attr)
{
    memset(m, 0, sizeof *m);
    MUTEX(m)->kind = attr ? attr->__attr & 3 : PTHREAD_MUTEX_NORMAL;
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
    return MUTEX(m)->owner ? EBUSY : 0;
}

static int lock_mutex(struct mutex *m, clockid_t clock, const struct timespec *until)
{
    if (m->owner == current && m->kind == PTHREAD_MUTEX_RECURSIVE) {
        if (m->depth == UINT_MAX)
            return EAGAIN;
        m->depth++;
        return 0;
    }
    if (m->owner == current && m->kind == PTHREAD_MUTEX_ERRORCHECK)
        return EDEADLK;
    while (m->owner) {
        uint64_t ns = until ? left(clock, until) : FOREVER;

        if (!ns)
            return ETIMEDOUT;
        m->waiting++;
        park(m, ns);
        m->waiting--;
    }
    m->owner = current;
    return 0;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
    return lock_mutex(MUTEX(m), CLOCK_REALTIME, NULL);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict until)
{
    return is_time(until) ? lock_mutex(MUTEX(m), CLOCK_REALTIME, until) : EINVAL;
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
    if (!MUTEX(m)->owner || (MUTEX(m)->owner == current && MUTEX(m)->kind == PTHREAD_MUTEX_RECURSIVE))
        return lock_mutex(MUTEX(m), CLOCK_REALTIME, NULL);
    return EBUSY;
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
    struct mutex *x = MUTEX(m);

    if (x->owner != current && x->kind != PTHREAD_MUTEX_NORMAL)
        return EPERM;
    if (x->depth) {
        x->depth--;
        return 0;
    }
    x->owner = NULL;
    if (x->waiting)
        threads_wake(x, 1);
    return 0;
}

/* ---- condition variables ---- */

struct condition {
    unsigned waiting, monotonic;
};

#define CONDITION(c) ((struct condition *)(c))

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    attr->__attr = clock == CLOCK_MONOTONIC;
    return 0;
}

int pthread_cond_init(pthread_cond_t *restrict c, const pthread_condattr_t *restrict attr)
{
    memset(c, 0, sizeof *c);
    CONDITION(c)->monotonic = attr ? attr->__attr : 0;
    return 0;
}

int pthread_cond_destroy(pthread_cond_t *c)
{
    (void)c;
    return 0;
}

/* (An interrupt ends the wait as if it was woken, so that its caller looks for signals.) */
static int wait_condition(struct condition *c, pthread_mutex_t *m, uint64_t ns)
{
    int error;

    pthread_mutex_unlock(m);
    c->waiting++;
    error = park(c, ns);
    c->waiting--;
    pthread_mutex_lock(m);
    return error == EINTR ? 0 : error;
}

bool threads_wait_at(const void *condition)
{
    return CONDITION(condition)->waiting > 0;
}

int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m)
{
    return wait_condition(CONDITION(c), m, FOREVER);
}

int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                           const struct timespec *restrict until)
{
    if (!is_time(until))
        return EINVAL;
    return wait_condition(CONDITION(c), m, left(CONDITION(c)->monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, until));
}

int pthread_cond_signal(pthread_cond_t *c)
{
    if (CONDITION(c)->waiting)
        threads_wake(c, 1);
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
    if (CONDITION(c)->waiting)
        threads_wake(c, UINT32_MAX);
    return 0;
}

/* ---- once ---- */

enum { ONCE_NEVER, ONCE_RUNS, ONCE_DONE };

int pthread_once(pthread_once_t *once, void (*function)(void))
{
    while (*once == ONCE_RUNS)
        park(once, FOREVER);
    if (*once == ONCE_DONE)
        return 0;
    *once = ONCE_RUNS;
    function();
    *once = ONCE_DONE;
    threads_wake(once, UINT32_MAX);
    return 0;
}

/* ---- locks for reading and writing: a writer that waits comes before new readers ---- */

struct rwlock {
    struct thread *writer;
    unsigned readers, waiting, writers_waiting;
};
_Static_assert(sizeof(struct rwlock) <= sizeof(pthread_rwlock_t), "it is kept in there");

#define RWLOCK(l) ((struct rwlock *)(l))

static int lock_rw(struct rwlock *l, bool writes, bool waits, const struct timespec *until)
{
    if (l->writer == current)
        return EDEADLK;
    while (l->writer || (writes ? l->readers > 0 : l->writers_waiting > 0)) {
        uint64_t ns = until ? left(CLOCK_REALTIME, until) : FOREVER;

        if (!waits)
            return EBUSY;
        if (!ns)
            return ETIMEDOUT;
        l->waiting++;
        l->writers_waiting += writes;
        park(l, ns);
        l->writers_waiting -= writes;
        l->waiting--;
        /* (A reader that waited for a writer which gave up.) */
        if (writes && l->waiting && !l->writer && !l->writers_waiting)
            threads_wake(l, UINT32_MAX);
    }
    if (writes)
        l->writer = current;
    else
        l->readers++;
    return 0;
}

int pthread_rwlock_init(pthread_rwlock_t *restrict l, const pthread_rwlockattr_t *restrict attr)
{
    (void)attr;
    memset(l, 0, sizeof *l);
    return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
    return RWLOCK(l)->writer || RWLOCK(l)->readers ? EBUSY : 0;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    return lock_rw(RWLOCK(l), false, true, NULL);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    return lock_rw(RWLOCK(l), true, true, NULL);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
    return lock_rw(RWLOCK(l), false, false, NULL) ? EBUSY : 0;
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
    return lock_rw(RWLOCK(l), true, false, NULL) ? EBUSY : 0;
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l, const struct timespec *restrict until)
{
    return is_time(until) ? lock_rw(RWLOCK(l), false, true, until) : EINVAL;
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l, const struct timespec *restrict until)
{
    return is_time(until) ? lock_rw(RWLOCK(l), true, true, until) : EINVAL;
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    struct rwlock *x = RWLOCK(l);

    if (x->writer == current)
        x->writer = NULL;
    else if (!x->writer && x->readers)
        x->readers--;
    else
        return EPERM;
    if (x->waiting && !x->readers)
        threads_wake(x, UINT32_MAX);
    return 0;
}

/* ---- spin locks: nobody else runs, so they wait like the others ---- */

int pthread_spin_lock(pthread_spinlock_t *s)
{
    while (*s)
        threads_give_way();
    *s = 1;
    return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *s)
{
    if (*s)
        return EBUSY;
    *s = 1;
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *s)
{
    *s = 0;
    return 0;
}

/* ---- barriers ---- */

struct barrier {
    unsigned needed, came, round, waiting;
};
_Static_assert(sizeof(struct barrier) <= sizeof(pthread_barrier_t), "it is kept in there");

int pthread_barrier_init(pthread_barrier_t *restrict b, const pthread_barrierattr_t *restrict attr, unsigned needed)
{
    (void)attr;
    if (!needed)
        return EINVAL;
    memset(b, 0, sizeof *b);
    ((struct barrier *)b)->needed = needed;
    return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
    return ((struct barrier *)b)->waiting ? EBUSY : 0;
}

int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    struct barrier *b = (struct barrier *)barrier;
    unsigned round = b->round;

    if (++b->came == b->needed) {
        b->came = 0;
        b->round++;
        threads_wake(b, UINT32_MAX);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    b->waiting++;
    while (b->round == round)
        park(b, FOREVER);
    b->waiting--;
    return 0;
}

/* ---- semaphores ---- */

struct semaphore {
    unsigned value, waiting;
};

#define SEMAPHORE(s) ((struct semaphore *)(s))

int sem_init(sem_t *s, int shared, unsigned value)
{
    if (value > INT_MAX || shared) {
        errno = value > INT_MAX ? EINVAL : ENOSYS;
        return -1;
    }
    *SEMAPHORE(s) = (struct semaphore){value, 0};
    return 0;
}

int sem_destroy(sem_t *s)
{
    (void)s;
    return 0;
}

int sem_getvalue(sem_t *restrict s, int *restrict value)
{
    *value = (int)SEMAPHORE(s)->value;
    return 0;
}

int sem_post(sem_t *s)
{
    if (SEMAPHORE(s)->value == INT_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    SEMAPHORE(s)->value++;
    if (SEMAPHORE(s)->waiting)
        threads_wake(s, 1);
    return 0;
}

static int wait_semaphore(struct semaphore *s, const struct timespec *until)
{
    while (!s->value) {
        uint64_t ns = until ? left(CLOCK_REALTIME, until) : FOREVER;
        int error = ETIMEDOUT;

        if (ns) {
            s->waiting++;
            error = park(s, ns);
            s->waiting--;
        }
        if (s->value || !error)
            continue;
        errno = error;
        return -1;
    }
    s->value--;
    return 0;
}

int sem_wait(sem_t *s)
{
    return wait_semaphore(SEMAPHORE(s), NULL);
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict until)
{
    if (!is_time(until)) {
        errno = EINVAL;
        return -1;
    }
    return wait_semaphore(SEMAPHORE(s), until);
}

int sem_trywait(sem_t *s)
{
    if (SEMAPHORE(s)->value) {
        SEMAPHORE(s)->value--;
        return 0;
    }
    errno = EAGAIN;
    return -1;
}
#endif
