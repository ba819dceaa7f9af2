/* Session: an interpreter that keeps its state. One thread at a time may use it. */
#include "setup.h"

#include "results.h"

#include <stdlib.h>

struct session {
    PyObject_HEAD PyObject *program;
    struct setup *setup;
    struct wlpy_session *session; /* NULL: closed */
    bool busy;
    bool closing; /* to be freed when it is not busy any more */
    bool ended;   /* an evaluation has ended it */
};

static struct session *new_object(PyObject *program)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(session_type, Py_tp_alloc);
    struct session *s = (struct session *)alloc(session_type, 0);

    if (s) {
        Py_INCREF(program);
        s->program = program;
    }
    return s;
}

static void do_close(struct session *s)
{
    struct wlpy_session *session = s->session;
    struct setup *setup = s->setup;

    s->session = NULL;
    s->setup = NULL;
    wlpy_session_free(session);
    setup_free(setup);
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
    struct session *s = (struct session *)self;

#if PY_VERSION_HEX >= 0x03090000
    Py_VISIT(Py_TYPE(self));
#endif
    Py_VISIT(s->program);
    return setup_traverse(s->setup, visit, arg);
}

static int clear(PyObject *self)
{
    do_close((struct session *)self);
    return 0;
}

static void dealloc(PyObject *self)
{
    struct session *s = (struct session *)self;

    PyObject_GC_UnTrack(self);
    do_close(s);
    Py_CLEAR(s->program);
    free_object(self);
}

/* ---- using it ---- */

/* Marks it as used by this thread. */
static bool enter(struct session *s)
{
    if (s->busy) {
        raise_text("cannot use the session: another thread does, or a function that it has called");
        return false;
    }
    if (!s->session || s->closing) {
        raise_text("the session is closed");
        return false;
    }
    s->busy = true;
    setup_busy(s->setup, true);
    return true;
}

static void leave(struct session *s)
{
    s->busy = false;
    if (s->setup)
        setup_busy(s->setup, false);
    if (s->closing)
        do_close(s);
}

bool session_files_usable(PyObject *session)
{
    struct session *s = (struct session *)session;

    if (s->session && !s->busy && !s->closing)
        return true;
    raise_text(s->busy ? "cannot use these files: a guest has them at the moment" : "the session is closed");
    return false;
}

/* Something that is done on a guest's thread; its objects are kept alive by the session. */
struct doing {
    struct session *s;
    struct wlpy_program *program;
    struct wlpy_eval eval;
    struct wlpy_value value;
    const char *module, *out; /* of save() */
    struct wlpy_err err;
    int r;
};

static void do_start(void *arg)
{
    struct doing *d = arg;

    d->r = wlpy_session_new(d->program, &d->s->setup->config, &d->s->session, &d->err);
}

static void do_eval(void *arg)
{
    struct doing *d = arg;

    d->r = wlpy_session_eval(d->s->session, &d->eval, &d->value, &d->err);
}

static void do_save(void *arg)
{
    struct doing *d = arg;

    d->r = wlpy_session_save(d->s->session, d->module, d->out, &d->err);
}

static int hand_off(struct doing *d, bool gently, void (*what)(void *))
{
    struct setup *setup = d->s->setup;

    return handoff_run(&setup->handoff, setup->config.control, gently, what, d);
}

PyObject *session_new(PyObject *program, PyObject *config)
{
    struct doing *d = calloc(1, sizeof *d);
    struct session *s = d ? new_object(program) : NULL;
    int r;

    if (!s) {
        free(d);
        return PyErr_NoMemory();
    }
    s->setup = setup_new(config, true);
    if (!s->setup) {
        Py_DECREF(s);
        free(d);
        return NULL;
    }
    d->s = s;
    d->program = ((struct program *)program)->program;
    s->busy = true;
    setup_busy(s->setup, true);
    r = hand_off(d, false, do_start);
    leave(s);
    if (r == 0 && d->r < 0)
        raise_err(&d->err);
    if (r < 0 || d->r < 0)
        Py_CLEAR(s);
    free(d);
    return (PyObject *)s;
}

static PyObject *eval(PyObject *self, PyObject *args)
{
    struct session *s = (struct session *)self;
    struct doing *d = calloc(1, sizeof *d);
    PyObject *code, *name, *result = NULL;
    unsigned long long deadline, cpu, grace, most;
    int r;

    if (!d)
        return PyErr_NoMemory();
    d->s = s;
    d->eval.size = sizeof d->eval;
    d->value.size = sizeof d->value;
    if (PyArg_ParseTuple(args, "OOKKKK", &code, &name, &deadline, &cpu, &grace, &most) &&
        take_bytes(code, &d->eval.code, &d->eval.code_size) && (name == Py_None || take_text(name, &d->eval.name)) &&
        enter(s)) {
        d->eval.deadline_ms = deadline;
        d->eval.cpu_ms = cpu;
        d->eval.grace_ms = grace;
        d->eval.most_text = (size_t)most;
        r = hand_off(d, true, do_eval);
        s->ended = s->ended || (d->r == 0 && !d->value.alive);
        if (r == 0)
            result = d->r < 0 ? raise_err(&d->err) : result_of_eval(&d->value);
        wlpy_value_free(&d->value);
        leave(s);
    }
    free(d);
    return result;
}

static int copy(struct session *s, struct session *to, struct wlpy_err *err)
{
    int r;

    Py_BEGIN_ALLOW_THREADS r = wlpy_session_fork(s->session, &to->setup->config, &to->session, err);
    Py_END_ALLOW_THREADS return r;
}

static PyObject *fork_session(PyObject *self, PyObject *config)
{
    struct session *s = (struct session *)self, *to;
    struct wlpy_err err;

    if (!enter(s))
        return NULL;
    to = new_object(s->program);
    if (to)
        to->setup = setup_new(config, false);
    if (to && (!to->setup || copy(s, to, &err) < 0)) {
        if (to->setup)
            raise_err(&err);
        Py_CLEAR(to);
    }
    leave(s);
    return (PyObject *)to;
}

static PyObject *save(PyObject *self, PyObject *args)
{
    struct session *s = (struct session *)self;
    struct doing *d = calloc(1, sizeof *d);
    PyObject *out, *module, *result = NULL;

    if (!d)
        return PyErr_NoMemory();
    d->s = s;
    if (PyArg_ParseTuple(args, "OO", &out, &module) && take_text(out, &d->out) && take_text(module, &d->module) &&
        enter(s)) {
        if (hand_off(d, true, do_save) == 0)
            result = d->r < 0 ? raise_err(&d->err) : none();
        leave(s);
    }
    free(d);
    return result;
}

static PyObject *files(PyObject *self, PyObject *guest)
{
    struct wlpy_files *found;
    const char *name;

    if (!take_text(guest, &name) || !session_files_usable(self))
        return NULL;
    found = wlpy_session_files(((struct session *)self)->session, name);
    if (!found)
        return none();
    return files_of_session(self, found);
}

static PyObject *alive(PyObject *self, PyObject *unused)
{
    const struct session *s = (const struct session *)self;

    (void)unused;
    return PyBool_FromLong(s->session && !s->closing && !s->ended);
}

/* What it evaluates at the moment is ended. */
static PyObject *close_session(PyObject *self, PyObject *unused)
{
    struct session *s = (struct session *)self;

    (void)unused;
    if (s->busy) {
        s->closing = true;
        wlpy_cancel(s->setup->config.control);
    } else {
        do_close(s);
    }
    return none();
}

static PyMethodDef methods[] = {
    {"eval", eval, METH_VARARGS, "eval(code, name, deadline_ms, cpu_ms, grace_ms, most_text)"},
    {"fork", fork_session, METH_O, "fork(config): a copy, with streams, functions and control of its own."},
    {"save", save, METH_VARARGS, "save(out, module): writes it as a module of its own, from the one that it is from."},
    {"files", files, METH_O, "files(guest): the directory in memory that it sees there, or None."},
    {"alive", alive, METH_NOARGS, "Whether it can evaluate something."},
    {"close", close_session, METH_NOARGS, "Ends it."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {{Py_tp_new, refuse_new}, {Py_tp_dealloc, dealloc}, {Py_tp_traverse, traverse},
                              {Py_tp_clear, clear},    {Py_tp_methods, methods}, {0, NULL}};

static PyType_Spec spec = {.name = "wlpy._wlpy.Session",
                           .basicsize = sizeof(struct session),
                           .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                           .slots = slots};

bool add_session(PyObject *module)
{
    session_type = add_type(module, &spec, "Session");
    return session_type != NULL;
}
