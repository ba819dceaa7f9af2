/* An extension module as for any Python. The recipe beside it makes it a part of the interpreter. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *greet(PyObject *self, PyObject *args)
{
    const char *name;
    int times = 1;

    (void)self;
    if (!PyArg_ParseTuple(args, "s|i:greet", &name, &times))
        return NULL;
    if (times < 0 || times > MOST_TIMES) {
        PyErr_Format(PyExc_ValueError, "times must be from 0 to %d, not %d", MOST_TIMES, times);
        return NULL;
    }
    PyObject *line = PyUnicode_FromFormat("hello, %s!\n", name), *all;
    if (!line)
        return NULL;
    all = PySequence_Repeat(line, times);
    Py_DECREF(line);
    return all;
}

static PyMethodDef methods[] = {
    {"greet", greet, METH_VARARGS, "greet(name, times=1): one line for each time."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "greeting",
    .m_doc = "Greets.",
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit_greeting(void)
{
    return PyModuleDef_Init(&module);
}
