#include "module.h"

#include "types.h"

#include <string.h>

PyObject *error_type;
PyTypeObject *files_type, *control_type, *call_type, *program_type, *session_type;

PyObject *raise_err(const struct wlpy_err *err)
{
    PyObject *type = error_type ? error_type : PyExc_RuntimeError;
    PyObject *error = PyObject_CallFunction(type, "NNi", text_object(err->text, strlen(err->text)),
                                            text_object(err->hint, strlen(err->hint)), (int)err->code);

    if (error) {
        PyErr_SetObject(type, error);
        Py_DECREF(error);
    }
    return NULL;
}

PyObject *raise_text(const char *text)
{
    struct wlpy_err err = {.code = WLPY_E_SETUP};

    strncpy(err.text, text, sizeof err.text - 1);
    return raise_err(&err);
}

PyTypeObject *add_type(PyObject *module, PyType_Spec *spec, const char *name)
{
    PyObject *type = PyType_FromSpec(spec);

    if (!type)
        return NULL;
    Py_INCREF(type);
    if (PyModule_AddObject(module, name, type) == 0)
        return (PyTypeObject *)type;
    Py_DECREF(type);
    Py_DECREF(type);
    return NULL;
}

PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args;
    (void)kwargs;
    return PyErr_Format(PyExc_TypeError, "%R cannot be made by calling it", type);
}

void free_object(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    release(self);
    Py_DECREF(type);
}

bool take_bytes(PyObject *object, const char **bytes, size_t *size)
{
    Py_ssize_t n;
    char *at;

    if (PyBytes_AsStringAndSize(object, &at, &n) < 0)
        return false;
    *bytes = at;
    *size = (size_t)n;
    return true;
}

bool take_text(PyObject *object, const char **text)
{
    char *at;

    if (PyBytes_AsStringAndSize(object, &at, NULL) < 0)
        return false;
    *text = at;
    return true;
}

PyObject *text_object(const char *text, size_t size)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, "replace");
}

PyObject *bytes_object(const void *bytes, size_t size)
{
    if (!bytes)
        return none();
    return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size);
}

static PyObject *python_exception(PyObject *self, PyObject *text)
{
    struct wlpy_exception e = {.size = sizeof e};
    const char *bytes;
    size_t size;

    (void)self;
    if (!take_bytes(text, &bytes, &size))
        return NULL;
    if (!wlpy_python_exception(bytes, size, &e))
        return none();
    return Py_BuildValue("NNN", text_object(e.type, e.type_size), text_object(e.message, e.message_size),
                         text_object(e.traceback, e.traceback_size));
}

/* The package's own class is better written in Python. */
static PyObject *set_error(PyObject *self, PyObject *type)
{
    (void)self;
    if (!PyType_Check(type))
        return PyErr_Format(PyExc_TypeError, "set_error() takes a class");
    Py_INCREF(type);
    Py_XDECREF(error_type);
    error_type = type;
    return none();
}

static PyMethodDef functions[] = {
    {"set_error", set_error, METH_O, "Sets the class of wlpy.Error, which is called with a text, a hint and a code."},
    {"python_exception", python_exception, METH_O,
     "Of what a Python wrote to its standard error: (type, message, traceback) of the exception that ended it, or "
     "None."},
    {NULL, NULL, 0, NULL},
};

/* (Its types are variables of the process, so it can be in one interpreter only: no multi-phase initialisation.) */
static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "wlpy._wlpy",
    .m_doc = "The C side of wlpy: libwlpy's programs, runs and sessions.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__wlpy(void)
{
    PyObject *module = PyModule_Create(&definition);

    if (module && add_files(module) && add_control(module) && add_call(module) && add_program(module) &&
        add_session(module) && PyModule_AddStringConstant(module, "version", wlpy_version()) == 0)
        return module;
    Py_XDECREF(module);
    return NULL;
}
