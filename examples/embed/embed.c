/* A calculator whose formulas are Python: embeds the interpreter in a WASI program.
 *
 *     embed.wasm 'EXPRESSION' [NAME=NUMBER]...
 *
 * Prints the value of EXPRESSION with these names set. The expression can use the functions of math. */
#include <Python.h>

static int fail(const char *what)
{
    fprintf(stderr, "embed: %s\n", what);
    if (PyErr_Occurred())
        PyErr_Print();
    return 1;
}

/* The names that the formula can use: those of math, and NAME=NUMBER from the command line. */
static PyObject *make_names(int argc, char **argv)
{
    PyObject *math = PyImport_ImportModule("math");
    PyObject *names = math ? PyDict_Copy(PyModule_GetDict(math)) : NULL;

    Py_XDECREF(math);
    for (int i = 0; names && i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        PyObject *number = equals ? PyFloat_FromDouble(strtod(equals + 1, NULL)) : NULL;

        if (equals)
            *equals = '\0';
        if (!number || PyDict_SetItemString(names, argv[i], number) < 0)
            Py_CLEAR(names);
        Py_XDECREF(number);
    }
    return names;
}

int main(int argc, char **argv)
{
    PyConfig config;
    PyStatus status;
    PyObject *names, *result = NULL, *text = NULL;
    int failed;

    if (argc < 2)
        return fail("usage: embed.wasm 'EXPRESSION' [NAME=NUMBER]...");
    /* Isolated: neither the environment nor the command line changes Python's settings. */
    PyConfig_InitIsolatedConfig(&config);
    status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);

    names = make_names(argc - 2, argv + 2);
    if (names)
        result = PyRun_String(argv[1], Py_eval_input, names, names);
    if (result)
        text = PyObject_Str(result);
    failed = text ? puts(PyUnicode_AsUTF8(text)) < 0 : fail("cannot evaluate the expression");
    Py_XDECREF(text);
    Py_XDECREF(result);
    Py_XDECREF(names);
    return Py_FinalizeEx() < 0 || failed;
}
