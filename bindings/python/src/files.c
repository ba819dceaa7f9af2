/* Files: a directory in memory. While a guest runs that has it, nothing else can use it. */
#include "types.h"

#include <string.h>

static PyObject *new_files(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    unsigned long long bytes, names;
    struct files *f;

    (void)kwargs;
    if (!PyArg_ParseTuple(args, "KK", &bytes, &names))
        return NULL;
    f = (struct files *)alloc(type, 0);
    if (!f)
        return NULL;
    f->own = f->files = wlpy_files_new(bytes, names);
    if (f->own)
        return (PyObject *)f;
    Py_DECREF(f);
    return PyErr_NoMemory();
}

PyObject *files_of_session(PyObject *session, struct wlpy_files *files)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(files_type, Py_tp_alloc);
    struct files *f = (struct files *)alloc(files_type, 0);

    if (!f)
        return NULL;
    Py_INCREF(session);
    f->session = session;
    f->files = files;
    return (PyObject *)f;
}

static void dealloc(PyObject *self)
{
    struct files *f = (struct files *)self;

    wlpy_files_free(f->own);
    Py_XDECREF(f->session);
    free_object(self);
}

/* The files, or NULL with an exception. */
static struct wlpy_files *usable(PyObject *self)
{
    struct files *f = (struct files *)self;

    if (f->busy) {
        raise_text("cannot use these files: a guest has them at the moment");
        return NULL;
    }
    if (f->session && !session_files_usable(f->session))
        return NULL;
    return f->files;
}

static PyObject *put(PyObject *self, PyObject *args)
{
    PyObject *path, *content;
    const char *name, *bytes;
    struct wlpy_files *files;
    struct wlpy_err err;
    size_t size;

    if (!PyArg_ParseTuple(args, "OO", &path, &content) || !take_text(path, &name) ||
        !take_bytes(content, &bytes, &size))
        return NULL;
    files = usable(self);
    if (!files)
        return NULL;
    if (wlpy_files_put(files, name, bytes, size, &err) < 0)
        return raise_err(&err);
    return none();
}

static PyObject *get(PyObject *self, PyObject *path)
{
    struct wlpy_files *files;
    struct wlpy_err err;
    const void *bytes;
    const char *name;
    size_t size;

    if (!take_text(path, &name))
        return NULL;
    files = usable(self);
    if (!files)
        return NULL;
    if (wlpy_files_get(files, name, &bytes, &size, &err) < 0)
        return raise_err(&err);
    return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size);
}

static PyObject *remove_file(PyObject *self, PyObject *path)
{
    struct wlpy_files *files;
    struct wlpy_err err;
    const char *name;

    if (!take_text(path, &name))
        return NULL;
    files = usable(self);
    if (!files)
        return NULL;
    if (wlpy_files_remove(files, name, &err) < 0)
        return raise_err(&err);
    return none();
}

static int add_entry(void *list, const char *path, int64_t size)
{
    PyObject *entry = Py_BuildValue("yL", path, (long long)size);
    int r = entry ? PyList_Append(list, entry) : -1;

    Py_XDECREF(entry);
    return r;
}

static PyObject *list(PyObject *self, PyObject *unused)
{
    struct wlpy_files *files = usable(self);
    PyObject *entries = files ? PyList_New(0) : NULL;

    (void)unused;
    if (entries && wlpy_files_list(files, add_entry, entries) < 0)
        Py_CLEAR(entries);
    return entries;
}

static PyMethodDef methods[] = {
    {"put", put, METH_VARARGS, "put(path, bytes): writes a file, and makes the directories that it is in."},
    {"get", get, METH_O, "get(path): the bytes of a file."},
    {"remove", remove_file, METH_O, "remove(path): removes a file, a link or an empty directory."},
    {"list", list, METH_NOARGS, "[(path, size)]: directories end with a slash; links have the size -1."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {{Py_tp_new, new_files}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, NULL}};

static PyType_Spec spec = {
    .name = "wlpy._wlpy.Files", .basicsize = sizeof(struct files), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};

bool add_files(PyObject *module)
{
    files_type = add_type(module, &spec, "Files");
    return files_type != NULL;
}
