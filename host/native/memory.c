#include "native/run.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* A guest's memories, with a limit: one sum of all memories and tables. */

uint64_t memory_left(void)
{
    const struct run *r = run_current;
    const uint64_t most = r->first ? r->first->most : r->most;

    return most > r->used ? most - r->used : 0;
}

static uint64_t spare(void *arg)
{
    (void)arg;
    return memory_left();
}

static void change(void *arg, int64_t bytes)
{
    struct run *r = arg, *first = r->first ? r->first : r;

    first->most += (uint64_t)bytes;
}

static uint64_t least(void *arg)
{
    struct run *r = arg, *first = r->first ? r->first : r;

    return first->start_used;
}

const struct wasi_room memory_room = {.spare = spare, .change = change, .least = least};

uint8_t *native_memory_new(uint64_t size)
{
    struct run *r = run_current;
    bool first = r->ranges_n == 0, kept = first && r->kept_memory;
    void *at = first ? (void *)(uintptr_t)RUNTIME_BASE : NULL;
    uint8_t *data;

    if (size > memory_left())
        run_refuse(ERR_TEXT_MEMORY);
    if (r->ranges_n == MAX_RANGES)
        run_refuse("it has more than 16 memories");
    run_begin_work();
    data = kept ? r->kept_memory
                : mmap(at, NATIVE_RESERVED, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    /* (An old kernel takes the address as a hint.) */
    if (at && data != MAP_FAILED && data != at) {
        munmap(data, NATIVE_RESERVED);
        data = MAP_FAILED;
        errno = EEXIST;
    }
    if (data == MAP_FAILED)
        run_fail("reserve 8 GiB of address space (is ulimit -v set?)");
    r->ranges[r->ranges_n++] = data;
    if (!kept && size > 0 && mprotect(data, size, PROT_READ | PROT_WRITE) < 0)
        run_fail("get the memory that the program starts with");
    r->used += size;
    /* The module's own memory, of which it has one. */
    if (first) {
        if (!kept)
            image_take(r->program, data, size);
        r->start_size = size;
        r->memory_is_whole = true;
    }
    run_end_work();
    return data;
}

bool native_memory_grow(uint8_t *memory, uint64_t size, uint64_t more)
{
    bool well;

    run_begin_work();
    well = more <= memory_left() && mprotect(memory + size, more, PROT_READ | PROT_WRITE) == 0;
    if (well)
        run_current->used += more;
    run_end_work();
    return well;
}

/* (recycle.c does it: a guest may have been left before it knew of its memory.) */
void native_memory_free(uint8_t *memory)
{
    (void)memory;
}
