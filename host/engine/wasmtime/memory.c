/* Memories of guests. The engine would map one for each instance and unmap it afterwards, and each page would be copied
 * in a fault of its own: for all of that the kernel locks the process's mappings, so that runs on several threads wait
 * for each other. Here a run's memory is kept for the next run of the same module. What the guest has written to is put
 * back to what the module's memory begins with (core/content.h), and the rest was never changed. */
#include "core/written.h"
#include "engine/wasmtime/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* At most so much of a memory is put back; more is dropped, so that it is as it was mapped. */
enum { KEPT_BYTES = 4 << 20, MOST_KEPT = 64 };
/* What a 32-bit memory can become, and a stretch before it to which no code can get. */
#define ROOM (UINT64_C(4) << 30)
#define BEFORE (UINT64_C(1) << 20)

/* The instance that is being made on this thread. */
static _Thread_local struct instance *making;

struct instance *wt_making(struct instance *r)
{
    struct instance *outer = making;

    making = r;
    return outer;
}

/* ---- what memories begin with ---- */

int wt_image_open(struct image *i, int fd, uint64_t at, uint64_t from, uint64_t size)
{
    void *bytes;

    i->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    bytes = i->fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_PRIVATE, i->fd, (off_t)at);
    if (bytes == MAP_FAILED) {
        if (i->fd >= 0)
            close(i->fd);
        i->fd = -1;
        return -1;
    }
    i->bytes = bytes;
    i->at = at;
    i->from = from;
    i->size = size;
    return 0;
}

void wt_image_close(struct image *i)
{
    if (!i->size)
        return;
    munmap((void *)i->bytes, i->size);
    close(i->fd);
    i->size = 0;
}

/* ---- one memory ---- */

/* (errno stays.) */
static void drop(struct place *p)
{
    int e = errno;

    if (p->mapped)
        munmap(p->mapped, p->mapped_size);
    free(p);
    errno = e;
}

static struct place *map(struct code *c, uint64_t size, uint64_t room, uint64_t guard)
{
    const struct image *i = c ? &c->image : NULL;
    struct place *p = calloc(1, sizeof *p);
    void *at = MAP_FAILED;

    if (!p)
        return NULL;
    p->mapped_size = BEFORE + room + guard;
    at = mmap(NULL, p->mapped_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        drop(p);
        return NULL;
    }
    p->mapped = at;
    p->base = p->mapped + BEFORE;
    p->room = room;
    p->start = p->size = size;
    p->code = c;
    if ((size && mprotect(p->base, size, PROT_READ | PROT_WRITE) < 0) ||
        (i && i->size &&
         mmap(p->base + i->from, i->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, i->fd,
              (off_t)i->at) == MAP_FAILED)) {
        drop(p);
        return NULL;
    }
    return p;
}

static uint8_t *get_memory(void *env, size_t *size, size_t *room)
{
    const struct place *p = env;

    *size = p->size;
    *room = p->room;
    return p->base;
}

static wasmtime_error_t *grow_memory(void *env, size_t size)
{
    struct place *p = env;

    if (size < p->size || size > p->room || mprotect(p->base + p->size, size - p->size, PROT_READ | PROT_WRITE) < 0)
        return wasmtime_error_new("the memory cannot grow");
    p->size = size;
    return NULL;
}

/* ---- keeping it ---- */

struct restoring {
    const struct image *image;
    uint8_t *memory;
    uint64_t kept;
};

/* Puts back [at, at + n). */
static void put_back(const struct restoring *r, uint64_t at, uint64_t n)
{
    const uint64_t from = r->image->from, to = from + r->image->size, end = at + n;
    uint64_t a = at < from ? from : at, b = end < to ? end : to;

    if (a >= b)
        a = b = end;
    /* (memset of nothing is slow: masked stores that the processor has to suppress.) */
    if (a > at)
        memset(r->memory + at, 0, a - at);
    if (b > a)
        memcpy(r->memory + a, r->image->bytes + (a - from), b - a);
    if (end > b)
        memset(r->memory + b, 0, end - b);
}

static bool restore(void *arg, uint64_t at, uint64_t n)
{
    struct restoring *r = arg;

    if (r->kept + n > KEPT_BYTES)
        return madvise(r->memory + at, n, MADV_DONTNEED) == 0;
    r->kept += n;
    put_back(r, at, n);
    return true;
}

bool wt_is_initial(const struct place *p, uint64_t at, uint64_t page)
{
    const struct image *i = &p->code->image;
    const uint8_t *is = p->base + at;

    if (at >= i->from && at + page <= i->from + i->size)
        return memcmp(is, i->bytes + (at - i->from), page) == 0;
    return is[0] == 0 && memcmp(is, is + 1, page - 1) == 0;
}

static bool clear(struct place *p)
{
    struct restoring r = {&p->code->image, p->base, 0};
    const uint64_t more = p->size - p->start;

    if (more &&
        (madvise(p->base + p->start, more, MADV_DONTNEED) < 0 || mprotect(p->base + p->start, more, PROT_NONE) < 0))
        return false;
    p->size = p->start;
    return written_find(p->base, p->start, restore, &r);
}

/* The engine is done with it. */
static void give_back(void *env)
{
    struct place *p = env;
    struct code *c = p->code;
    bool kept = c && !p->replaced && clear(p);

    if (kept) {
        pthread_mutex_lock(&c->idle_lock);
        kept = c->idle_n < c->idle_most;
        if (kept) {
            p->next = c->idle;
            c->idle = p;
            c->idle_n++;
        }
        pthread_mutex_unlock(&c->idle_lock);
    }
    if (!kept)
        drop(p);
}

static struct place *take(struct code *c)
{
    struct place *p;

    pthread_mutex_lock(&c->idle_lock);
    p = c->idle;
    if (p) {
        c->idle = p->next;
        c->idle_n--;
    }
    pthread_mutex_unlock(&c->idle_lock);
    if (p)
        p->again = true;
    return p;
}

void wt_places_init(struct code *c, unsigned instances)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    pthread_mutex_init(&c->idle_lock, NULL);
    c->idle_most = instances ? instances : n < 1 ? 1 : n < MOST_KEPT ? (unsigned)n : MOST_KEPT;
}

void wt_places_free(struct code *c)
{
    struct place *p;

    while ((p = c->idle) != NULL) {
        c->idle = p->next;
        drop(p);
    }
    pthread_mutex_destroy(&c->idle_lock);
}

/* ---- for the engine ---- */

/* The instance's memory; or a heap for exceptions, which begins with nothing. */
static wasmtime_error_t *new_memory(void *env, const wasm_memorytype_t *type, size_t size, size_t most, size_t room,
                                    size_t guard, wasmtime_linear_memory_t *memory)
{
    struct instance *r = making;
    struct code *c = r && !r->place && size && size == (uint64_t)r->code->needs.pages << 16 ? r->code : NULL;
    /* (That of a further thread is replaced.) */
    struct place *p = c && !r->first ? take(c) : NULL;
    char why[128];

    (void)env;
    (void)type;
    (void)most;
    if (!p)
        p = map(c, size, room < ROOM ? ROOM : room, guard);
    if (!p) {
        snprintf(why, sizeof why, "4 GiB of addresses cannot be reserved: %s", strerror(errno));
        return wasmtime_error_new(why);
    }
    if (c) {
        r->place = p;
        p->replaced = r->first != NULL;
    }
    *memory = (wasmtime_linear_memory_t){p, get_memory, grow_memory, give_back};
    return NULL;
}

void wt_make_memories(wasm_config_t *settings)
{
    wasmtime_memory_creator_t creator = {NULL, new_memory, NULL};

    wasmtime_config_host_memory_creator_set(settings, &creator);
    /* (The engine's own images are for memories that it maps itself.) */
    wasmtime_config_memory_init_cow_set(settings, false);
}
