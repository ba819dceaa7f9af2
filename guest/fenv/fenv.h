/* Floating-point exceptions (C17, 7.6), for packages with native code. WebAssembly has no flags, so no operation raises
 * one, and wasi-libc's functions do nothing. Here the flags exist in memory: what a program raises itself, it finds.
 * numpy reports an integer division by zero and a singular matrix in that way. Include this before the C library's
 * headers, and link fenv.c. */
#ifndef WL_FENV_H
#define WL_FENV_H

/* The values are those of x86-64. */
#define FE_INVALID 1
#define FE_DIVBYZERO 4
#define FE_OVERFLOW 8
#define FE_UNDERFLOW 16
#define FE_INEXACT 32
#define FE_ALL_EXCEPT 61

#define FE_TONEAREST 0

typedef unsigned long fexcept_t;
typedef struct {
    unsigned long flags;
} fenv_t;

#define FE_DFL_ENV ((const fenv_t *)-1)

#ifdef __cplusplus
extern "C" {
#endif

int feclearexcept(int flags);
int fegetexceptflag(fexcept_t *to, int flags);
int feraiseexcept(int flags);
int fesetexceptflag(const fexcept_t *from, int flags);
int fetestexcept(int flags);

int fegetround(void);
int fesetround(int mode);

int fegetenv(fenv_t *to);
int feholdexcept(fenv_t *to);
int fesetenv(const fenv_t *from);
int feupdateenv(const fenv_t *from);

#ifdef __cplusplus
}
#endif

#endif
