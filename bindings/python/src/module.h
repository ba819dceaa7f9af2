/* wlpy._wlpy: what the package needs of libwlpy (host/include/wlpy.h), as Python types. It is made for the limited API
 * of Python 3.9, so one file fits all later versions. Its arguments are what the files in wlpy/ give: bytes, numbers
 * and tuples that were checked there. Here, a wrong one is an exception and never a crash.
 *
 * Names of its own types begin with a capital; everything that can fail sets a Python exception. */
#ifndef WLPY_MODULE_H
#define WLPY_MODULE_H

/* (No format with a # may be used: what it means depends on the headers of one version and the library of another.) */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <wlpy.h>

#include <stdbool.h>
#include <stddef.h>

extern PyObject *error_type; /* wlpy.Error */
extern PyTypeObject *files_type, *control_type, *call_type, *program_type, *session_type;

/* Raises wlpy.Error; NULL. */
PyObject *raise_err(const struct wlpy_err *err);
PyObject *raise_text(const char *text);

/* Makes a type and adds it to the module. */
PyTypeObject *add_type(PyObject *module, PyType_Spec *spec, const char *name);

/* The slot Py_tp_new of types that only the module makes objects of. */
PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);

/* Frees an object of a type that was made by PyType_FromSpec. */
void free_object(PyObject *self);

/* The bytes of an object, or an exception. */
bool take_bytes(PyObject *object, const char **bytes, size_t *size);
/* The same, if they have no zero byte. */
bool take_text(PyObject *object, const char **text);

/* The string that a text from the library is, whatever its bytes are. */
PyObject *text_object(const char *text, size_t size);
/* Bytes, or None for NULL. */
PyObject *bytes_object(const void *bytes, size_t size);

/* A new reference to None. (Py_RETURN_NONE of newer headers gives none, which is right for newer Pythons only.) */
static inline PyObject *none(void)
{
    Py_INCREF(Py_None);
    return Py_None;
}

#endif
