/* In the file of a program: the host's functions, which libwlpy gives by a table. */
#include "abi/native.h"

#include <stdatomic.h>

static const struct native_host *host;

bool bridge_connect(const struct native_host *given);
bool bridge_connect(const struct native_host *given)
{
    static _Atomic(const struct native_host *) first;
    const struct native_host *none = NULL;

    if (given->abi != NATIVE_ABI || given->size < sizeof *given)
        return false;
    /* (Two copies of libwlpy in one process would get each other's guests.) */
    if (!atomic_compare_exchange_strong(&first, &none, given) && none != given)
        return false;
    host = given;
    return true;
}

_Noreturn void native_trap(uint32_t trap)
{
    host->trap(trap);
    __builtin_unreachable();
}

_Noreturn void native_refuse(const char *why)
{
    host->refuse(why);
    __builtin_unreachable();
}

uint8_t *native_memory_new(uint64_t size)
{
    return host->memory_new(size);
}

bool native_memory_grow(uint8_t *memory, uint64_t size, uint64_t more)
{
    return host->memory_grow(memory, size, more);
}

void native_memory_free(uint8_t *memory)
{
    host->memory_free(memory);
}

void *native_table_new(size_t n, size_t size)
{
    return host->table_new(n, size);
}

void *native_table_grow(void *table, size_t size)
{
    return host->table_grow(table, size);
}

void native_interrupts(uint32_t address)
{
    host->interrupts(address);
}

#define wasi w2c_wasi__snapshot__preview1
#define DEFINE(name, parameters, arguments)                                                                            \
    uint32_t w2c_wasi__snapshot__preview1_##name parameters                                                            \
    {                                                                                                                  \
        return host->name arguments;                                                                                   \
    }
WASI_CALLS(DEFINE)

void w2c_wasi__snapshot__preview1_proc_exit(struct wasi *w, uint32_t status)
{
    host->proc_exit(w, status);
}
#undef wasi
