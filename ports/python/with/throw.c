/* What clang calls where C++ code throws (https://itanium-cxx-abi.github.io/cxx-abi/abi-eh.html, 2.4). This C++ library is
 * without exceptions: nothing can catch one, so it ends the program with a message. */
#include <stdio.h>
#include <stdlib.h>

/* As in libc++abi: the name of a type follows the pointer to its virtual functions. */
struct type_info {
    const void *functions;
    const char *name;
};

void *__cxa_allocate_exception(size_t size)
{
    void *p = malloc(size);

    if (!p)
        abort();
    return p;
}

void __cxa_free_exception(void *exception)
{
    free(exception);
}

_Noreturn void __cxa_throw(void *exception, const struct type_info *type, void (*destroy)(void *))
{
    (void)exception;
    (void)destroy;
    fprintf(stderr, "C++ code has thrown an exception, which ends the program here (its type is %s)\n",
            type ? type->name : "unknown");
    abort();
}

_Noreturn void __cxa_rethrow(void)
{
    abort();
}

void *__cxa_begin_catch(void *exception)
{
    return exception;
}

void __cxa_end_catch(void)
{
}
