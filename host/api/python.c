/* What Pythons are started with. */
#include "wlpy.h"

#include <stdlib.h>

const char **wlpy_python_argv(int what, const char *text, const char *const *args, size_t n, size_t *argc)
{
    const int kind = what & ~WLPY_ISOLATED;
    const char **argv = n < SIZE_MAX / sizeof *argv - 8 ? malloc((n + 5) * sizeof *argv) : NULL;
    size_t k = 0;

    *argc = 0;
    if (!argv)
        return NULL;
    argv[k++] = "python";
    if (what & WLPY_ISOLATED)
        argv[k++] = "-I";
    if (kind != WLPY_FILE)
        argv[k++] = kind == WLPY_MODULE ? "-m" : "-c";
    argv[k++] = text;
    for (size_t i = 0; i < n; i++)
        argv[k++] = args[i];
    argv[k] = NULL;
    *argc = k;
    return argv;
}
