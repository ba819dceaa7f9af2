/* Call: what a function of the host is called with, and answers by. And all other calls of Python from a guest's
 * thread. */
#include "setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct call {
    PyObject_HEAD struct wlpy_call *call; /* NULL: it has ended */
    bool later;
};

PyObject *call_new(struct wlpy_call *call)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(call_type, Py_tp_alloc);
    struct call *c = (struct call *)alloc(call_type, 0);

    if (c)
        c->call = call;
    return (PyObject *)c;
}

void call_left(PyObject *call)
{
    struct call *c = (struct call *)call;

    if (!c->later)
        c->call = NULL;
}

/* A guest that waits for an answer gets one. */
static void dealloc(PyObject *self)
{
    struct call *c = (struct call *)self;

    if (c->call && c->later)
        wlpy_call_raise(c->call, "RuntimeError", "the host has forgotten this call");
    free_object(self);
}

static struct wlpy_call *open_call(PyObject *self)
{
    struct wlpy_call *call = ((struct call *)self)->call;

    if (!call)
        PyErr_SetString(PyExc_RuntimeError, "the call has ended");
    return call;
}

static PyObject *input(PyObject *self, PyObject *unused)
{
    struct wlpy_call *call = open_call(self);
    const void *bytes;
    size_t size;

    (void)unused;
    if (!call)
        return NULL;
    bytes = wlpy_call_input(call, &size);
    return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size);
}

static PyObject *later(PyObject *self, PyObject *unused)
{
    struct wlpy_call *call = open_call(self);

    (void)unused;
    if (!call)
        return NULL;
    wlpy_call_later(call);
    ((struct call *)self)->later = true;
    return none();
}

static PyObject *answer(PyObject *self, PyObject *content)
{
    struct wlpy_call *call = open_call(self);
    const char *bytes;
    size_t size;

    if (!call || !take_bytes(content, &bytes, &size))
        return NULL;
    /* (A later call may be gone when this returns.) */
    ((struct call *)self)->call = NULL;
    return wlpy_call_return(call, bytes, size) < 0 ? PyErr_NoMemory() : Py_BuildValue("");
}

static PyObject *fail(PyObject *self, PyObject *args)
{
    struct wlpy_call *call = open_call(self);
    PyObject *type, *message;
    const char *name, *text;

    if (!call || !PyArg_ParseTuple(args, "OO", &type, &message) || !take_text(type, &name) ||
        !take_text(message, &text))
        return NULL;
    ((struct call *)self)->call = NULL;
    return wlpy_call_raise(call, name, text) < 0 ? PyErr_NoMemory() : Py_BuildValue("");
}

static PyMethodDef methods[] = {
    {"input", input, METH_NOARGS, "The bytes that the guest gives."},
    {"later", later, METH_NOARGS, "The call does not end when the function returns."},
    {"answer", answer, METH_O, "Ends the call with these bytes."},
    {"fail", fail, METH_VARARGS, "fail(type, message): ends the call with an exception; both are bytes."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {{Py_tp_new, refuse_new}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, NULL}};

static PyType_Spec spec = {
    .name = "wlpy._wlpy.Call", .basicsize = sizeof(struct call), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};

bool add_call(PyObject *module)
{
    call_type = add_type(module, &spec, "Call");
    return call_type != NULL;
}

/* ---- from a guest's thread ---- */

struct asked {
    const struct callback *callback;
    void *to;
    const void *from;
    size_t n;
    ssize_t done; /* -1: it failed */
};

static void ask(struct asked *a, void (*what)(void *))
{
    handoff_ask(a->callback->setup->handoff, what, a);
}

/* What a stream's function raises ends the guest, and is raised by the run. */
static void give_up(struct asked *a)
{
    handoff_abort(a->callback->setup->handoff);
    a->done = -1;
}

static void do_read(void *arg)
{
    struct asked *a = arg;
    PyObject *got = PyObject_CallFunction(a->callback->function, "n", (Py_ssize_t)a->n);
    const char *bytes;
    size_t size;

    if (!got || !take_bytes(got, &bytes, &size)) {
        give_up(a);
    } else if (size > a->n) {
        PyErr_SetString(PyExc_ValueError, "the function for stdin gave more bytes than it was asked for");
        give_up(a);
    } else {
        memcpy(a->to, bytes, size);
        a->done = (ssize_t)size;
    }
    Py_XDECREF(got);
}

ssize_t call_read(void *callback, void *to, size_t n)
{
    struct asked a = {.callback = callback, .to = to, .n = n};

    ask(&a, do_read);
    errno = EIO;
    return a.done;
}

static void do_write(void *arg)
{
    struct asked *a = arg;
    PyObject *done =
        PyObject_CallFunction(a->callback->function, "N", PyBytes_FromStringAndSize(a->from, (Py_ssize_t)a->n));

    /* A session goes on after an exception, such as that of a Ctrl-C while the function ran. If the guest's write
     * failed, it would write the same text again. */
    a->done = (ssize_t)a->n;
    if (!done)
        handoff_abort(a->callback->setup->handoff);
    Py_XDECREF(done);
}

ssize_t call_write(void *callback, const void *from, size_t n)
{
    struct asked a = {.callback = callback, .from = from, .n = n};

    ask(&a, do_write);
    errno = EIO;
    return a.done;
}

static void do_refusal(void *arg)
{
    struct asked *a = arg;
    PyObject *done = PyObject_CallFunction(a->callback->function, "N", text_object(a->from, a->n));

    if (!done)
        give_up(a);
    Py_XDECREF(done);
}

void call_refusal(void *callback, const char *line)
{
    struct asked a = {.callback = callback, .from = line, .n = strlen(line)};

    ask(&a, do_refusal);
}

/* (What the package gives as function handles exceptions itself. Others are no concern of the guest.) */
static void do_function(void *arg)
{
    struct asked *a = arg;
    PyObject *call = call_new(a->to);
    PyObject *done = call ? PyObject_CallFunctionObjArgs(a->callback->function, call, NULL) : NULL;

    if (!done) {
        give_up(a);
        if (!call || ((struct call *)call)->call)
            wlpy_call_raise(a->to, "RuntimeError", "the host is ending this run");
        if (call)
            ((struct call *)call)->call = NULL;
    } else {
        call_left(call);
    }
    Py_XDECREF(call);
    Py_XDECREF(done);
}

void call_function(void *callback, struct wlpy_call *call)
{
    struct asked a = {.callback = callback, .to = call};

    ask(&a, do_function);
}
