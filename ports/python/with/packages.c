/* Adds the packages' modules to Python's built-in ones before any program starts it. Whatever links this object has them: the
 * plain program, the other flavours, and programs that embed Python. */
#include <Python.h>

#include <stdio.h>
#include <stdlib.h>

/* The last entry has no name. wl-bundle writes it. */
extern struct _inittab extensions[];

__attribute__((constructor)) static void add_packages(void)
{
    if (PyImport_ExtendInittab(extensions) < 0) {
        fputs("python: no memory for the table of modules\n", stderr);
        abort();
    }
}
