/* Keeping a guest's memory (restored to its initial content), stack and tables for the next guest: mapping and faulting
 * them in would take longer than a short program runs. */
#include "core/written.h"
#include "native/run.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* At most this much is kept for the next guest. */
enum { KEPT_MEMORY = 4 << 20, KEPT_STACK = 1 << 18, KEPT_RUNS = 64 };

/* The content that a guest's memory begins with: the program's, or that of the session that it is a copy of. */
struct content {
    const uint8_t *image;
    uint64_t from, to;
};

static struct content content_of(const struct run *r)
{
    const struct native_guest *g = r->guest;

    if (r->base)
        return (struct content){r->base->image, 0, r->base->size};
    return (struct content){g->image, g->image_from, g->image_from + (uint64_t)(g->image_end - g->image)};
}

/* Restores [at, at + n), which the guest may have written to, to its initial content. */
static void restore_pages(const struct content *c, uint8_t *memory, uint64_t at, uint64_t n)
{
    uint64_t from = c->from, to = c->to;
    uint64_t a = at < from ? from : at, b = at + n < to ? at + n : to;

    if (a >= b)
        a = b = at + n;
    /* (memset of nothing is slow: masked stores that the processor has to suppress.) */
    if (a > at)
        memset(memory + at, 0, a - at);
    if (b > a)
        memcpy(memory + a, c->image + (a - from), b - a);
    if (at + n > b)
        memset(memory + b, 0, at + n - b);
}

struct restoring {
    struct content content;
    uint8_t *memory;
    uint64_t kept;
};

/* Restores the range, or drops its pages, so that it is as it was mapped. */
static bool put_back(void *arg, uint64_t at, uint64_t n)
{
    struct restoring *r = arg;

    if (r->kept + n > KEPT_MEMORY)
        return madvise(r->memory + at, n, MADV_DONTNEED) == 0;
    r->kept += n;
    restore_pages(&r->content, r->memory, at, n);
    return true;
}

/* Protects the lists of all programs. */
static pthread_mutex_t idle_lock = PTHREAD_MUTEX_INITIALIZER;
/* Each program keeps one per processor. (libc reads a file to count them.) */
static long most_kept;

/* A child of fork() has only the thread that forked: if another one held the lock, it would stay locked there. */
static void lock_idle(void)
{
    pthread_mutex_lock(&idle_lock);
}

static void unlock_idle(void)
{
    pthread_mutex_unlock(&idle_lock);
}

static void drop(struct run *r)
{
    if (r->base)
        recycle_leave(r->base, false);
    if (r->kept_memory)
        munmap(r->kept_memory, NATIVE_RESERVED);
    stack_drop(r);
    if (r->instance) {
        struct run *outer = run_current;

        run_current = r;
        r->guest->free(r->instance);
        run_current = outer;
    }
    tables_release(r);
    free(r->kept_table);
    free(r->kept_instance);
    free(r->instance);
    free(r);
}

static void drop_list(struct run *r)
{
    for (struct run *next; r; r = next) {
        next = r->next;
        drop(r);
    }
}

/* Takes the first of a list. */
static struct run *take_first(struct run **list, long *n)
{
    struct run *r = *list;

    if (r) {
        *list = r->next;
        --*n;
    }
    return r;
}

struct run *recycle_take(struct native_program *p, struct frozen *base)
{
    struct run *r;

    pthread_mutex_lock(&idle_lock);
    r = base ? take_first(&base->idle, &base->idle_n) : NULL;
    if (!r)
        r = take_first(&p->idle, &p->idle_n);
    pthread_mutex_unlock(&idle_lock);
    if (!r)
        r = calloc(1, sizeof *r);
    if (r) {
        r->program = p;
        r->guest = p->guest;
    }
    return r;
}

void recycle_use(struct frozen *f)
{
    pthread_mutex_lock(&idle_lock);
    f->users++;
    pthread_mutex_unlock(&idle_lock);
}

static void free_frozen(struct frozen *f)
{
    munmap((void *)f->image, f->size);
    close(f->fd);
    free(f);
}

void recycle_leave(struct frozen *f, bool current)
{
    struct run *idle = NULL;
    bool last;

    pthread_mutex_lock(&idle_lock);
    if (current) {
        f->current = false;
        idle = f->idle;
        f->idle = NULL;
        f->idle_n = 0;
    }
    last = --f->users == 0;
    pthread_mutex_unlock(&idle_lock);
    drop_list(idle);
    if (last)
        free_frozen(f);
}

void recycle_forget(struct run *r)
{
    if (r->frozen)
        recycle_leave(r->frozen, true);
    r->frozen = NULL;
}

static void keep(struct run *r)
{
    struct native_program *p = r->program;
    struct run **list = r->base ? &r->base->idle : &p->idle;
    long *n = r->base ? &r->base->idle_n : &p->idle_n;
    bool kept;

    pthread_mutex_lock(&idle_lock);
    kept = *n < most_kept && (!r->base || (r->base->current && r->kept_instance));
    if (kept) {
        r->next = *list;
        *list = r;
        ++*n;
    }
    pthread_mutex_unlock(&idle_lock);
    if (!kept)
        drop(r);
}

void native_program_clear(struct native_program *p)
{
    struct run *idle;

    pthread_mutex_lock(&idle_lock);
    idle = p->idle;
    p->idle = NULL;
    p->idle_n = 0;
    pthread_mutex_unlock(&idle_lock);
    drop_list(idle);
    image_close(p);
}

/* Releases everything of the guest except what is restored for the next one. */
static void clear(struct run *r)
{
    uint8_t *memory = r->ranges[0];
    struct restoring restoring = {.content = content_of(r), .memory = memory};
    uint64_t size = r->guest->memory(r->instance).size;
    bool well = r->memory_is_whole && !r->remapped;

    if (well && size > r->start_size)
        well = madvise(memory + r->start_size, size - r->start_size, MADV_DONTNEED) == 0 &&
               mprotect(memory + r->start_size, size - r->start_size, PROT_NONE) == 0;
    well = well && written_find(memory, r->start_size, put_back, &restoring);
    if (r->ranges_n)
        r->kept_memory = well ? memory : NULL;
    for (size_t i = well ? 1 : 0; i < r->ranges_n; i++)
        munmap(r->ranges[i], NATIVE_RESERVED);
    if (!well || !r->kept_instance) {
        r->guest->free(r->instance);
        memset(r->instance, 0, r->guest->instance_size);
        tables_release(r);
        free(r->kept_instance);
        r->kept_instance = NULL;
    }
    if (r->stack_size > SIGNAL_STACK + STACK_GUARD + KEPT_STACK)
        madvise(r->stack + SIGNAL_STACK + STACK_GUARD, r->stack_size - SIGNAL_STACK - STACK_GUARD - KEPT_STACK,
                MADV_DONTNEED);
    r->memory_is_whole = false;
    r->instantiated = false;
    r->remapped = false;
    r->ranges_n = 0;
    r->used = 0;
}

void recycle_give_back(struct run *r)
{
    struct run *outer = run_current;

    if (!r->instance) {
        drop(r);
        return;
    }
    run_current = r;
    clear(r);
    run_current = outer;
    keep(r);
}

int recycle_install(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    most_kept = n < KEPT_RUNS ? n : KEPT_RUNS;
    return pthread_atfork(lock_idle, unlock_idle, unlock_idle);
}
