#include "native/run.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* The memory of wasm-rt, with a limit: one sum of all memories and tables. */

uint64_t memory_left(void)
{
    const struct run *r = run_current;

    return r->runtime->limits->memory > r->used ? r->runtime->limits->memory - r->used : 0;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *m, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_size)
{
    void *at;
    bool kept;

    if (is64 || page_size != WASM_DEFAULT_PAGE_SIZE)
        run_refuse("it asks for a memory that is not of 32 bits and 64-KiB pages");
    if (pages > UINT64_C(1) << 16 || pages * page_size > memory_left())
        run_refuse(ERR_TEXT_MEMORY);
    if (run_current->ranges_n == MAX_RANGES)
        run_refuse("it has more than 16 memories");
    run_begin_work();
    at = run_current->ranges_n == 0 ? (void *)(uintptr_t)RUNTIME_BASE : NULL;
    kept = run_current->ranges_n == 0 && run_current->kept_memory;
    memset(m, 0, sizeof *m);
    m->data = kept ? run_current->kept_memory
                   : mmap(at, RESERVED, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    /* (An old kernel takes the address as a hint.) */
    if (at && m->data != MAP_FAILED && m->data != at) {
        munmap(m->data, RESERVED);
        m->data = MAP_FAILED;
        errno = EEXIST;
    }
    if (m->data == MAP_FAILED) {
        m->data = NULL;
        run_fail("reserve 8 GiB of address space (is ulimit -v set?)");
    }
    run_current->ranges[run_current->ranges_n++] = m->data;
    m->page_size = page_size;
    m->pages = pages;
    m->max_pages = max_pages < UINT64_C(1) << 16 ? max_pages : UINT64_C(1) << 16;
    m->size = pages * page_size;
    m->data_end = m->data + RESERVED;
    if (!kept && m->size > 0 && mprotect(m->data, m->size, PROT_READ | PROT_WRITE) < 0)
        run_fail("get the memory that the program starts with");
    run_current->used += m->size;
    /* The module's own memory, of which it has one. */
    if (run_current->ranges_n == 1) {
        if (!kept)
            image_take(m->data, m->size);
        run_current->start_size = m->size;
        run_current->memory_is_whole = true;
    }
    run_end_work();
}

uint64_t wasm_rt_grow_memory(wasm_rt_memory_t *m, uint64_t delta)
{
    uint64_t before = m->pages, left = m->max_pages - m->pages;
    bool well;

    if (delta == 0)
        return before;
    run_begin_work();
    well = delta <= left && delta * m->page_size <= memory_left() &&
           mprotect(m->data + m->size, delta * m->page_size, PROT_READ | PROT_WRITE) == 0;
    if (well) {
        run_current->used += delta * m->page_size;
        m->pages += delta;
        m->size = m->pages * m->page_size;
    }
    run_end_work();
    return well ? before : UINT32_MAX;
}

void wasm_rt_free_memory(wasm_rt_memory_t *m)
{
    if (m->data && m->data != run_current->kept_memory)
        munmap(m->data, RESERVED);
}

bool wasm_rt_memory_is_default32(const wasm_rt_memory_t *m)
{
    return m->page_size == WASM_DEFAULT_PAGE_SIZE && !m->is64;
}
