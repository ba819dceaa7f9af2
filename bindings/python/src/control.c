/* Control: reaching a run or a session from another thread. */
#include "types.h"

#include <stdlib.h>

static PyObject *new_control(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    struct control *c;

    (void)kwargs;
    if (!PyArg_ParseTuple(args, ""))
        return NULL;
    c = (struct control *)alloc(type, 0);
    if (!c)
        return NULL;
    c->control = wlpy_control_new();
    if (c->control)
        return (PyObject *)c;
    Py_DECREF(c);
    return PyErr_NoMemory();
}

static void dealloc(PyObject *self)
{
    wlpy_control_free(((struct control *)self)->control);
    free_object(self);
}

static PyObject *interrupt(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(wlpy_interrupt(((struct control *)self)->control));
}

static PyObject *cancel(PyObject *self, PyObject *unused)
{
    (void)unused;
    wlpy_cancel(((struct control *)self)->control);
    return none();
}

static PyMethodDef methods[] = {
    {"interrupt", interrupt, METH_NOARGS, "Ctrl-C for the guest: 0 it has it, 1 there is none, 2 it does not heed it."},
    {"cancel", cancel, METH_NOARGS, "Ends the run, or the next one if there is none."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {{Py_tp_new, new_control}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, NULL}};

static PyType_Spec spec = {
    .name = "wlpy._wlpy.Control", .basicsize = sizeof(struct control), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};

bool add_control(PyObject *module)
{
    control_type = add_type(module, &spec, "Control");
    return control_type != NULL;
}
