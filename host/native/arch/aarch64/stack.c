#include "native/arch.h"

#include <ucontext.h>

/* (The registers v8 to v15 are the callee's to keep, but only their lower halves.) */
void arch_call_on(uint8_t *top, void (*function)(void), uint8_t **left)
{
    __asm__ volatile("mov x19, sp\n\t"
                     "str x19, [%2]\n\t"
                     "mov sp, %0\n\t"
                     "blr %1\n\t"
                     "mov sp, x19"
                     :
                     : "r"(top), "r"(function), "r"(left)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                       "x15", "x16", "x17", "x18", "x19", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8",
                       "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22",
                       "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}

const uint8_t *arch_stack_pointer(const void *context)
{
    return (const uint8_t *)(uintptr_t)((const ucontext_t *)context)->uc_mcontext.sp;
}
