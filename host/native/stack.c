#include "native/run.h"

#include <sys/mman.h>
#include <unistd.h>

/* AddressSanitizer's. It would remember the frames of functions that were left by a jump, wherever their memory is used
 * next. */
void __asan_unpoison_memory_region(const volatile void *at, size_t size) __attribute__((weak));

void stack_forget(struct run *r)
{
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(r->stack, r->stack_size);
}

void stack_drop(struct run *r)
{
    if (r->stack)
        munmap(r->stack, r->stack_size);
    r->stack = NULL;
}

void stack_set_up(struct run *r, uint64_t stack)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size = (stack + page - 1) / page * page;
    uint64_t whole = SIGNAL_STACK + STACK_GUARD + HOST_STACK + size;

    if (r->stack && r->stack_size == whole)
        return;
    stack_drop(r);
    r->stack = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    r->stack_size = whole;
    if (r->stack == MAP_FAILED)
        r->stack = NULL;
    if (!r->stack || mprotect(r->stack, SIGNAL_STACK, PROT_READ | PROT_WRITE) < 0 ||
        mprotect(r->stack + SIGNAL_STACK + STACK_GUARD, HOST_STACK + size, PROT_READ | PROT_WRITE) < 0)
        run_fail("get its stack");
}
