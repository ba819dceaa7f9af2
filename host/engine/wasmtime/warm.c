/* Pages of the memory that every run of a module writes to: the next runs get copies of them before they begin.
 * Otherwise each is copied in a fault of its own, after a read has mapped it, so that the kernel has to interrupt all
 * processors on which the process has threads (to flush what they remember of the mapping): two threads were half as
 * fast as one. */
#include "core/written.h"
#include "engine/wasmtime/internal.h"

#include <stdlib.h>
#include <unistd.h>

/* It looks at runs from the second one on, because most processes have only one. */
enum { FIRST_LOOK = 2, LAST_LOOK = 3, MOST_BYTES = 4 << 20 };

struct warm_range {
    uint64_t at, n;
};

/* (By writing to them in place. MADV_POPULATE_WRITE takes the lock of all of the process's mappings, for which other
 * runs would wait.) */
void wt_populate(uint8_t *at, uint64_t n)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    for (uint64_t i = 0; i < n; i += page)
        __atomic_fetch_or(at + i, 0, __ATOMIC_RELAXED);
}

void wt_warm_init(struct warm *w)
{
    pthread_mutex_init(&w->lock, NULL);
}

void wt_warm_free(struct warm *w)
{
    free(w->counts);
    free(w->ranges);
    pthread_mutex_destroy(&w->lock);
}

/* ---- learning ---- */

struct looking {
    uint8_t *counts; /* of each page: in how many runs it was written to */
    uint64_t page;
};

static bool count_pages(void *arg, uint64_t at, uint64_t n)
{
    const struct looking *l = arg;

    for (uint64_t p = at / l->page; p < (at + n) / l->page; p++)
        l->counts[p]++;
    return true;
}

/* The pages that all looks have found. */
static void make_ranges(struct warm *w, uint64_t page)
{
    enum { LOOKS = LAST_LOOK - FIRST_LOOK + 1 };
    uint64_t n = w->size / page, left = MOST_BYTES / page;
    struct warm_range *ranges = calloc(n / 2 + 1, sizeof *ranges), *fitting;

    for (uint64_t p = 0; ranges && p < n && left; p++) {
        if (w->counts[p] < LOOKS)
            continue;
        left--;
        if (w->n && ranges[w->n - 1].at + ranges[w->n - 1].n == p * page)
            ranges[w->n - 1].n += page;
        else
            ranges[w->n++] = (struct warm_range){p * page, page};
    }
    fitting = w->n ? realloc(ranges, w->n * sizeof *ranges) : NULL;
    w->ranges = fitting ? fitting : ranges;
    free(w->counts);
    w->counts = NULL;
    atomic_store(&w->known, true);
}

/* The lock is held. */
static void look(struct warm *w, const uint8_t *memory, uint64_t size)
{
    struct looking l = {.page = (uint64_t)sysconf(_SC_PAGESIZE)};

    if (w->runs == FIRST_LOOK) {
        w->counts = calloc(size / l.page + 1, 1);
        w->size = size;
    }
    l.counts = w->counts;
    if (!w->counts || w->size != size || !written_find(memory, size, count_pages, &l)) {
        w->runs = LAST_LOOK + 1;
        return;
    }
    if (w->runs == LAST_LOOK)
        make_ranges(w, l.page);
}

void wt_warm_learn(struct warm *w, const uint8_t *memory, uint64_t size)
{
    if (atomic_load(&w->known))
        return;
    pthread_mutex_lock(&w->lock);
    if (w->runs <= LAST_LOOK && ++w->runs >= FIRST_LOOK && w->runs <= LAST_LOOK)
        look(w, memory, size);
    pthread_mutex_unlock(&w->lock);
}

/* ---- using it ---- */

void wt_warm_up(struct warm *w, uint8_t *memory, uint64_t size)
{
    size_t first;

    if (!atomic_load(&w->known) || size != w->size)
        return;
    /* Each run begins elsewhere: the kernel locks a page of the file while it copies it, for which others sleep. */
    first = atomic_fetch_add(&w->turns, 1) * (w->n / 3 + 1);
    for (size_t i = 0; i < w->n; i++) {
        const struct warm_range *range = &w->ranges[(first + i) % w->n];

        wt_populate(memory + range->at, range->n);
    }
}
