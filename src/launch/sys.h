/* System calls, for a program without libc. Each returns what the kernel does: a negative error number on failure. */
#ifndef WL_SYS_H
#define WL_SYS_H

#include <asm/unistd.h>
#include <stddef.h>

#if defined(__x86_64__)
#define SYS_START                                                                                                      \
    __asm__(".text\n.globl _start\n.type _start, @function\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n"             \
            "\tand $-16, %rsp\n\tcall start\n\thlt\n")

static inline long sys_call(long number, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
#define SYS_START                                                                                                      \
    __asm__(".text\n.globl _start\n.type _start, %function\n_start:\n\tmov x29, #0\n\tmov x0, sp\n"                    \
            "\tand sp, x0, #-16\n\tbl start\n\tbrk #0\n")

static inline long sys_call(long number, long a, long b, long c, long d, long e)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                     x3 __asm__("x3") = d, x4 __asm__("x4") = e;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
#else
#error "src/launch/sys.h: write SYS_START and sys_call() for this processor"
#endif

#endif
