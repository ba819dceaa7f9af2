/* What wasm2c's code needs (wasm-rt.h), by the functions of abi/native.h. */
#include "abi/base.h"
#include "abi/native.h"

#include "core/end.h"

#include "wasm-rt.h"

#include <string.h>

/* An access is at most 2^32-1 + 2^32-1 + 16 bytes from the start; the host reserves that much. */
static const uint64_t most_pages = UINT64_C(1) << 16;

/* The translated code calls this for every trap that it detects itself. */
void runtime_trap(wasm_rt_trap_t code);
void runtime_trap(wasm_rt_trap_t code)
{
    static const enum trap traps[] = {
        [WASM_RT_TRAP_OOB] = TRAP_BOUNDS,
        [WASM_RT_TRAP_INT_OVERFLOW] = TRAP_OVERFLOW,
        [WASM_RT_TRAP_DIV_BY_ZERO] = TRAP_ZERO,
        [WASM_RT_TRAP_INVALID_CONVERSION] = TRAP_CONVERSION,
        [WASM_RT_TRAP_UNREACHABLE] = TRAP_ABORT,
        [WASM_RT_TRAP_CALL_INDIRECT] = TRAP_CALL,
        [WASM_RT_TRAP_UNCAUGHT_EXCEPTION] = TRAP_EXCEPTION,
        [WASM_RT_TRAP_UNALIGNED] = TRAP_ALIGNMENT,
    };

    native_trap(code != WASM_RT_TRAP_NONE && (size_t)code < sizeof traps / sizeof *traps ? (uint32_t)traps[code]
                                                                                         : (uint32_t)TRAPS);
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *m, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_size)
{
    uint8_t *data;

    if (is64 || page_size != WASM_DEFAULT_PAGE_SIZE)
        native_refuse("it asks for a memory that is not of 32 bits and 64-KiB pages");
    if (pages > most_pages)
        native_refuse("it starts with more memory than its limit");
    data = native_memory_new(pages * page_size);
    memset(m, 0, sizeof *m);
    m->data = data;
    m->page_size = page_size;
    m->pages = pages;
    m->max_pages = max_pages < most_pages ? max_pages : most_pages;
    m->size = pages * page_size;
    m->data_end = data + NATIVE_RESERVED;
}

uint64_t wasm_rt_grow_memory(wasm_rt_memory_t *m, uint64_t delta)
{
    uint64_t before = m->pages;

    if (delta == 0)
        return before;
    if (delta > m->max_pages - m->pages || !native_memory_grow(m->data, m->size, delta * m->page_size))
        return UINT32_MAX;
    m->pages += delta;
    m->size = m->pages * m->page_size;
    return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t *m)
{
    if (m->data)
        native_memory_free(m->data);
}

bool wasm_rt_memory_is_default32(const wasm_rt_memory_t *m)
{
    return m->page_size == WASM_DEFAULT_PAGE_SIZE && !m->is64;
}

/* wasm-rt allocates its tables with these (tools/aot), which never fail silently. */

void *runtime_calloc(size_t n, size_t size);
void *runtime_realloc(void *old, size_t size);
void runtime_free(void *it);

void *runtime_calloc(size_t n, size_t size)
{
    return native_table_new(n, size);
}

void *runtime_realloc(void *old, size_t size)
{
    return native_table_grow(old, size);
}

/* The host releases all tables at the end. */
void runtime_free(void *it)
{
    (void)it;
}
