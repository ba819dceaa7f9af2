/* setjmp() and longjmp(), through functions and out of loops. */
#include <setjmp.h>
#include <stdio.h>

static jmp_buf one, two;

__attribute__((noinline)) static void jump(int n)
{
    if (n < 4)
        longjmp(one, n);
    longjmp(two, n * 11);
}

__attribute__((noinline)) static int through(int n)
{
    jump(n);
    return 5;
}

int main(void)
{
    volatile int n = 0, i;
    int value = setjmp(one);

    printf("%d ", value);
    if (++n < 4)
        return through(n);
    for (i = 1; i < 4; i++) {
        value = setjmp(two);
        if (value == 0)
            through(4);
        printf(value == 44 ? "%d%c" : "wrong %d%c", i * 11, i < 3 ? ' ' : '\n');
    }
    return 0;
}
