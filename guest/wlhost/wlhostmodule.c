/* _wlhost: functions that the program around this Python has. wlhost.py is what programs import. docs/channel.md has
 * the requests. */
#include <Python.h>

#include "channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The bytes that the host holds ready. */
static PyObject *take(unsigned long size)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);

    if (bytes &&
        channel_ask(NULL, 0, "call.take %lu %lu", (unsigned long)(uintptr_t)PyBytes_AS_STRING(bytes), size) < 0) {
        Py_DECREF(bytes);
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return bytes;
}

/* "return SIZE", "raise SIZE" or "later ID", as a tuple. */
static PyObject *read_answer(const char *answer)
{
    const char *number = strchr(answer, ' ');
    unsigned long n = number ? strtoul(number, NULL, 10) : 0;
    PyObject *bytes;

    if (!strncmp(answer, "later ", 6))
        return Py_BuildValue("ik", 2, n);
    bytes = take(n);
    return bytes ? Py_BuildValue("iN", !strncmp(answer, "raise ", 6), bytes) : NULL;
}

static PyObject *wl_names(PyObject *self, PyObject *unused)
{
    char answer[32];

    (void)self;
    (void)unused;
    if (!channel_has("call"))
        Py_RETURN_NONE;
    if (channel_ask(answer, sizeof answer, "call.list") < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    return take(strtoul(answer, NULL, 10));
}

static PyObject *wl_call(PyObject *self, PyObject *args)
{
    char answer[64];
    const char *name;
    Py_buffer input;
    int later = 0, r, error;

    (void)self;
    if (!PyArg_ParseTuple(args, "sy*|p", &name, &input, &later))
        return NULL;
    r = channel_ask(answer, sizeof answer, "call.do %s %lu %lu%s", name, (unsigned long)(uintptr_t)input.buf,
                    (unsigned long)input.len, later ? " later" : "");
    error = errno;
    PyBuffer_Release(&input);
    if (r >= 0)
        return read_answer(answer);
    /* (Asking again would call it again. A handler of signals that raises nothing leaves InterruptedError.) */
    if (error == EINTR && PyErr_CheckSignals() < 0)
        return NULL;
    errno = error;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *wl_done(PyObject *self, PyObject *unused)
{
    char answer[64], *rest;
    unsigned long id;
    PyObject *result;

    (void)self;
    (void)unused;
    if (channel_ask(answer, sizeof answer, "call.done") < 0) {
        if (errno == EAGAIN)
            Py_RETURN_NONE;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    id = strtoul(answer, &rest, 10);
    result = read_answer(rest + 1);
    return result ? Py_BuildValue("kN", id, result) : NULL;
}

static PyObject *wl_ready(PyObject *self, PyObject *unused)
{
    char answer[32];
    int fd;

    (void)self;
    (void)unused;
    if (channel_ask(answer, sizeof answer, "call.ready") < 0 || (fd = channel_adopt(strtoul(answer, NULL, 10))) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    return PyLong_FromLong(fd);
}

static PyMethodDef methods[] = {
    {"names", wl_names, METH_NOARGS, "The functions as JSON, or None if there is no host that has functions."},
    {"call", wl_call, METH_VARARGS,
     "call(name, input, later=False): (0, bytes) it returned, (1, bytes) it raised, (2, id) it ends later."},
    {"done", wl_done, METH_NOARGS, "(id, answer) of a call that has ended later, or None."},
    {"ready", wl_ready, METH_NOARGS, "A descriptor that can be read when done() has something."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "_wlhost", .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__wlhost(void)
{
    return PyModuleDef_Init(&module);
}
