/* The main program of build-python: a whole interpreter that imports its standard library from .py files.
 *
 * Only the import system itself is frozen in. CPython's own `python` also carries some thirty modules of the standard
 * library as generated C; compiling that would cost more time than build-python ever spends importing them. */
#include "Python.h"
#include "pycore_import.h"

#include "Python/frozen_modules/importlib._bootstrap.h"
#include "Python/frozen_modules/importlib._bootstrap_external.h"

static const struct _frozen import_system[] = {
    {"_frozen_importlib", _Py_M__importlib__bootstrap, (int)sizeof _Py_M__importlib__bootstrap},
    {"_frozen_importlib_external", _Py_M__importlib__bootstrap_external,
     (int)sizeof _Py_M__importlib__bootstrap_external},
    {0},
};
static const struct _frozen nothing[] = {{0}};
static const struct _module_alias import_names[] = {
    {"_frozen_importlib", "importlib._bootstrap"},
    {"_frozen_importlib_external", "importlib._bootstrap_external"},
    {0},
};

const struct _frozen *_PyImport_FrozenBootstrap = import_system;
const struct _frozen *_PyImport_FrozenStdlib = nothing;
const struct _frozen *_PyImport_FrozenTest = nothing;
const struct _module_alias *_PyImport_FrozenAliases = import_names;
const struct _frozen *PyImport_FrozenModules = NULL;

#if PY_VERSION_HEX >= 0x030c0000 && PY_VERSION_HEX < 0x030d0000
uint32_t _Py_next_func_version = 1;
#endif

int _Py_Deepfreeze_Init(void);
void _Py_Deepfreeze_Fini(void);

int _Py_Deepfreeze_Init(void)
{
    return 0;
}

void _Py_Deepfreeze_Fini(void)
{
}

int main(int argc, char **argv)
{
    return Py_BytesMain(argc, argv);
}
