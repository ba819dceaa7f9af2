/* _multiprocessing: semaphores that processes share, in place of CPython's own, which needs named ones. A semaphore is
 * a descriptor of the host's; a process gets it from the one that starts it, as the descriptors of pipes. So none has a
 * name, and nothing has to be removed when all have ended. */
#include "Python.h"

#include "processes.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RECURSIVE_MUTEX, SEMAPHORE };

typedef struct {
    PyObject_HEAD int fd, kind, maxvalue;
    int count; /* how often this process has it */
    unsigned long thread;
    char *name; /* what it was called, for those who ask; it is of no use here */
} SemLock;

static int is_mine(const SemLock *s)
{
    return s->count > 0 && PyThread_get_thread_ident() == s->thread;
}

/* 1: taken; 0: it is at zero; -1 with errno. */
static int try_to_take(const SemLock *s)
{
    uint64_t one;
    const ssize_t n = read(s->fd, &one, sizeof one);

    return n == sizeof one ? 1 : n < 0 && errno == EAGAIN ? 0 : -1;
}

static int give_back(const SemLock *s)
{
    const uint64_t one = 1;

    return write(s->fd, &one, sizeof one) == sizeof one ? 0 : -1;
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* until: -1: any time. As try_to_take(); -2: an exception was raised. */
static int wait_and_take(const SemLock *s, int64_t until)
{
    for (;;) {
        const int64_t left = until < 0 ? -1 : until - now();
        struct pollfd one = {.fd = s->fd, .events = POLLIN};
        int taken, waited, error;

        if (until >= 0 && left <= 0)
            return try_to_take(s);
        Py_BEGIN_ALLOW_THREADS waited = poll(&one, 1, left > INT_MAX ? INT_MAX : (int)left);
        error = errno;
        Py_END_ALLOW_THREADS if (waited < 0 && error != EINTR)
        {
            errno = error;
            return -1;
        }
        if (waited < 0 && PyErr_CheckSignals() < 0)
            return -2;
        taken = try_to_take(s); /* somebody else may have been faster */
        if (taken)
            return taken;
    }
}

static PyObject *acquire(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"block", "timeout", NULL};
    SemLock *s = (SemLock *)self;
    PyObject *timeout = Py_None;
    int block = 1, taken;
    int64_t until = -1;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|pO:acquire", names, &block, &timeout))
        return NULL;
    if (s->kind == RECURSIVE_MUTEX && is_mine(s)) {
        s->count++;
        Py_RETURN_TRUE;
    }
    if (block && timeout != Py_None) {
        const double seconds = PyFloat_AsDouble(timeout);

        if (seconds == -1.0 && PyErr_Occurred())
            return NULL;
        until = now() + (seconds <= 0 ? 0 : seconds < 1e12 ? (int64_t)(seconds * 1000 + 0.5) : (int64_t)1e15);
    }
    taken = try_to_take(s);
    if (taken == 0 && block)
        taken = wait_and_take(s, until);
    if (taken == -2)
        return NULL;
    if (taken < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    if (!taken)
        Py_RETURN_FALSE;
    s->count++;
    s->thread = PyThread_get_thread_ident();
    Py_RETURN_TRUE;
}

/* Whether one more would be too many; -1 with an exception. */
static int is_full(const SemLock *s)
{
    if (s->maxvalue == INT_MAX)
        return 0;
    if (s->maxvalue == 1) {
        const int taken = try_to_take(s);

        if (taken >= 0 && (!taken || give_back(s) == 0))
            return taken;
    } else {
        const long value = processes_count(s->fd);

        if (value >= 0)
            return value >= s->maxvalue;
    }
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
}

static PyObject *release(PyObject *self, PyObject *nothing)
{
    SemLock *s = (SemLock *)self;
    int full;

    (void)nothing;
    if (s->kind == RECURSIVE_MUTEX) {
        if (!is_mine(s)) {
            PyErr_SetString(PyExc_AssertionError, "attempt to release recursive lock not owned by thread");
            return NULL;
        }
        if (s->count > 1) {
            s->count--;
            Py_RETURN_NONE;
        }
    } else {
        full = is_full(s);
        if (full > 0)
            PyErr_SetString(PyExc_ValueError, "semaphore or lock released too many times");
        if (full)
            return NULL;
    }
    if (give_back(s) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    s->count--;
    Py_RETURN_NONE;
}

static PyObject *enter(PyObject *self, PyObject *nothing)
{
    PyObject *none = PyTuple_New(0), *done = none ? acquire(self, none, NULL) : NULL;

    (void)nothing;
    Py_XDECREF(none);
    return done;
}

static PyObject *leave(PyObject *self, PyObject *args)
{
    (void)args;
    return release(self, NULL);
}

static PyObject *new_of(PyTypeObject *type, int fd, int kind, int maxvalue, const char *name)
{
    SemLock *s = (SemLock *)type->tp_alloc(type, 0);

    if (s) {
        s->fd = fd;
        s->kind = kind;
        s->maxvalue = maxvalue;
        s->name = name ? strdup(name) : NULL;
    } else {
        close(fd);
    }
    return (PyObject *)s;
}

static PyObject *new (PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"kind", "value", "maxvalue", "name", "unlink", NULL};
    int kind, value, maxvalue, unlink, fd;
    const char *name;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "iiisp:SemLock", names, &kind, &value, &maxvalue, &name, &unlink))
        return NULL;
    if (kind != RECURSIVE_MUTEX && kind != SEMAPHORE) {
        PyErr_SetString(PyExc_ValueError, "unrecognized kind");
        return NULL;
    }
    if (value < 0 || maxvalue < 0) {
        errno = EINVAL;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    if (!processes_exist()) {
        PyObject *why = Py_BuildValue("(is)", ENOTSUP, "wasi does not support processes.");

        if (why)
            PyErr_SetObject(PyExc_OSError, why);
        Py_XDECREF(why);
        return NULL;
    }
    fd = processes_semaphore((unsigned)value);
    return fd < 0 ? PyErr_SetFromErrno(PyExc_OSError) : new_of(type, fd, kind, maxvalue, unlink ? NULL : name);
}

/* In another process, which has the descriptor under the same number. */
static PyObject *rebuild(PyObject *type, PyObject *args)
{
    const char *name;
    int fd, kind, maxvalue;

    if (!PyArg_ParseTuple(args, "iiiz:_rebuild", &fd, &kind, &maxvalue, &name))
        return NULL;
    /* (Several objects may have it: each has its own.) */
    fd = dup(fd);
    return fd < 0 ? PyErr_SetFromErrno(PyExc_OSError) : new_of((PyTypeObject *)type, fd, kind, maxvalue, name);
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    close(((SemLock *)self)->fd);
    free(((SemLock *)self)->name);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *count(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    return PyLong_FromLong(((SemLock *)self)->count);
}

static PyObject *mine(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    return PyBool_FromLong(is_mine((SemLock *)self));
}

static PyObject *value(PyObject *self, PyObject *nothing)
{
    const long is = processes_count(((SemLock *)self)->fd);

    (void)nothing;
    return is < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(is);
}

static PyObject *is_zero(PyObject *self, PyObject *nothing)
{
    const SemLock *s = (SemLock *)self;
    const int taken = try_to_take(s);

    (void)nothing;
    if (taken < 0 || (taken && give_back(s) < 0))
        return PyErr_SetFromErrno(PyExc_OSError);
    return PyBool_FromLong(!taken);
}

/* There is no fork(). */
static PyObject *after_fork(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    ((SemLock *)self)->count = 0;
    Py_RETURN_NONE;
}

/* What pickles a semaphore, which is only allowed while a process is being started, asks for this. So the process gets
 * the descriptor, no matter who starts it: multiprocessing, and packages with classes of their own (loky). */
static PyObject *get_handle(PyObject *self, void *closure)
{
    PyObject *context, *popen;
    PyObject *fd = PyLong_FromLong(((SemLock *)self)->fd);

    (void)closure;
    context = fd ? PyImport_ImportModule("multiprocessing.context") : NULL;
    popen = context ? PyObject_CallMethod(context, "get_spawning_popen", NULL) : NULL;
    if (popen && popen != Py_None) {
        PyObject *given = PyObject_CallMethod(popen, "duplicate_for_child", "O", fd);

        Py_DECREF(fd);
        fd = given;
    }
    if (!popen)
        Py_CLEAR(fd);
    Py_XDECREF(popen);
    Py_XDECREF(context);
    return fd;
}

static PyObject *get_kind(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(((SemLock *)self)->kind);
}

static PyObject *get_maxvalue(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(((SemLock *)self)->maxvalue);
}

static PyObject *get_name(PyObject *self, void *closure)
{
    const char *name = ((SemLock *)self)->name;

    (void)closure;
    return Py_BuildValue("z", name);
}

static PyMethodDef methods[] = {
    {"acquire", (PyCFunction)(void (*)(void))acquire, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("Acquire the semaphore/lock.")},
    {"release", release, METH_NOARGS, PyDoc_STR("Release the semaphore/lock.")},
    {"__enter__", enter, METH_NOARGS, PyDoc_STR("Enter the semaphore/lock.")},
    {"__exit__", leave, METH_VARARGS, PyDoc_STR("Exit the semaphore/lock.")},
    {"_rebuild", rebuild, METH_VARARGS | METH_CLASS, NULL},
    {"_count", count, METH_NOARGS, PyDoc_STR("Num of `acquire()`s minus num of `release()`s for this process.")},
    {"_is_mine", mine, METH_NOARGS, PyDoc_STR("Whether the lock is owned by this thread.")},
    {"_get_value", value, METH_NOARGS, PyDoc_STR("Get the value of the semaphore.")},
    {"_is_zero", is_zero, METH_NOARGS, PyDoc_STR("Return whether semaphore has value zero.")},
    {"_after_fork", after_fork, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef members[] = {
    {"handle", get_handle, NULL, NULL, NULL},
    {"kind", get_kind, NULL, NULL, NULL},
    {"maxvalue", get_maxvalue, NULL, NULL, NULL},
    {"name", get_name, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot semlock_slots[] = {
    {Py_tp_new, new}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {Py_tp_getset, members}, {0, NULL},
};

static PyType_Spec semlock = {.name = "_multiprocessing.SemLock",
                              .basicsize = sizeof(SemLock),
                              .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                              .slots = semlock_slots};

static PyObject *sem_unlink(PyObject *module, PyObject *name)
{
    (void)module;
    errno = ENOENT; /* none has a name */
    return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, name);
}

static PyMethodDef functions[] = {
    {"sem_unlink", sem_unlink, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static int add_all(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&semlock), *most = PyLong_FromLong(INT_MAX), *flags = PyDict_New();
    int r = -1;

    if (type && most && flags && PyObject_SetAttrString(type, "SEM_VALUE_MAX", most) == 0 &&
        PyModule_AddObjectRef(module, "SemLock", type) == 0)
        r = PyModule_AddObjectRef(module, "flags", flags);
    Py_XDECREF(type);
    Py_XDECREF(most);
    Py_XDECREF(flags);
    return r;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, add_all},
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_multiprocessing", .m_size = 0,
                                        .m_methods = functions, .m_slots = slots};

PyMODINIT_FUNC PyInit__multiprocessing(void)
{
    return PyModuleDef_Init(&definition);
}
