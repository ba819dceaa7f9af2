/* Python's own main program. The packages' modules are added by the object that they are in (packages.o). */
#include <Python.h>

int main(int argc, char **argv)
{
    return Py_BytesMain(argc, argv);
}
