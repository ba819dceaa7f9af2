/* All functions of fenv.h, so that none of the C library's is linked. */
#include "fenv.h"

static unsigned long raised;

int feclearexcept(int flags)
{
    raised &= ~(unsigned long)(flags & FE_ALL_EXCEPT);
    return 0;
}

int feraiseexcept(int flags)
{
    raised |= (unsigned long)(flags & FE_ALL_EXCEPT);
    return 0;
}

int fetestexcept(int flags)
{
    return (int)raised & flags & FE_ALL_EXCEPT;
}

int fegetexceptflag(fexcept_t *to, int flags)
{
    *to = (fexcept_t)fetestexcept(flags);
    return 0;
}

int fesetexceptflag(const fexcept_t *from, int flags)
{
    feclearexcept(flags);
    return feraiseexcept((int)*from & flags);
}

/* WebAssembly only rounds to nearest. */
int fegetround(void)
{
    return FE_TONEAREST;
}

int fesetround(int mode)
{
    return mode == FE_TONEAREST ? 0 : -1;
}

int fegetenv(fenv_t *to)
{
    to->flags = raised;
    return 0;
}

int feholdexcept(fenv_t *to)
{
    fegetenv(to);
    return feclearexcept(FE_ALL_EXCEPT);
}

int fesetenv(const fenv_t *from)
{
    raised = from == FE_DFL_ENV ? 0 : from->flags & FE_ALL_EXCEPT;
    return 0;
}

int feupdateenv(const fenv_t *from)
{
    unsigned long before = raised;

    fesetenv(from);
    return feraiseexcept((int)before);
}
