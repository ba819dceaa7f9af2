/* The exception that is on its way, or 0. wl-cc changes code so that it uses this variable of WebAssembly
 * (tools/bundle/lower.h). */
#include <stdio.h>
#include <stdlib.h>

__asm__(".globaltype wl_thrown, i32\n"
        ".globl wl_thrown\n"
        "wl_thrown:\n");

/* A function without a handler leaves the exception to its caller, and code of C does not look. Nothing ends the
 * program at that point, as it would elsewhere, so it is noticed here. */
__attribute__((destructor)) static void uncaught(void)
{
    unsigned thrown;

    __asm__ volatile(".globaltype wl_thrown, i32\n"
                     "global.get wl_thrown\n"
                     "local.set %0\n"
                     : "=r"(thrown));
    if (thrown) {
        fputs("terminating: an exception was not caught\n", stderr);
        abort();
    }
}
