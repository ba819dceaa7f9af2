#include "native/arch.h"

#include <ucontext.h>

/* (swapcontext(), which not every C library has, also asks the kernel for the mask of signals.) */
void arch_call_on(uint8_t *top, void (*function)(void), uint8_t **left)
{
    __asm__ volatile("movq %%rsp, (%2)\n\t"
                     "movq %%rsp, %%rbx\n\t"
                     "movq %0, %%rsp\n\t"
                     "call *%1\n\t"
                     "movq %%rbx, %%rsp"
                     : "+&r"(top)
                     : "r"(function), "r"(left)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                       "xmm14", "xmm15", "cc", "memory");
}

const uint8_t *arch_stack_pointer(const void *context)
{
    return (const uint8_t *)(uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
}
