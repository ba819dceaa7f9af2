/* System calls, and the start of a program, without libc. Each call returns what the kernel does: a negative error
 * number on failure.
 *
 * On processors other than x86-64 it is libc's: such a program starts more slowly, but in the same way. */
#ifndef WL_SYS_H
#define WL_SYS_H

/* Where the program begins; does not return. The environment follows argv. */
__attribute__((noreturn)) void start(int argc, char **argv);

#if defined(__x86_64__) && !defined(SYS_WITH_LIBC)

#include <asm/unistd.h>
#include <stddef.h>

#ifdef __clang_analyzer__
/* (It does not know that the kernel writes, and takes a function that it does not see for one that can.) */
long sys_call(long number, long a, long b, long c, long d, long e);
#else
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
#endif

/* The kernel starts a program with argc on the stack, then argv. */
__asm__(".text\n"
        ".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
        "\txor %ebp, %ebp\n"
        "\tmov (%rsp), %rdi\n"
        "\tlea 8(%rsp), %rsi\n"
        "\tand $-16, %rsp\n"
        "\tcall start\n"
        "\thlt\n");

/* The compiler makes calls of these. */
void *memset(void *to, int byte, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);

void *memset(void *to, int byte, size_t n)
{
    for (char *p = to; n; n--)
        *p++ = (char)byte;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    const char *f = from;

    for (char *p = to; n; n--)
        *p++ = *f++;
    return to;
}

#else

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long sys_call(long number, long a, long b, long c, long d, long e)
{
    long result = syscall(number, a, b, c, d, e);

    return result < 0 ? -errno : result;
}

int main(int argc, char **argv)
{
    start(argc, argv);
}

#endif

#endif
