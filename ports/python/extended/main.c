/* Python's own main program, with more built-in modules. */
#include <Python.h>

#include <stdio.h>

/* The last entry has no name. The tool writes it, from `extensions` in the recipe. */
extern struct _inittab extensions[];

int main(int argc, char **argv)
{
    if (PyImport_ExtendInittab(extensions) < 0) {
        fputs("python: no memory for the table of modules\n", stderr);
        return 1;
    }
    return Py_BytesMain(argc, argv);
}
