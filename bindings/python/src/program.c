/* Program: a native program, loaded once. */
#include "setup.h"

#include "results.h"

#include <stdlib.h>
#include <string.h>

static void dealloc(PyObject *self)
{
    struct program *p = (struct program *)self;

    wlpy_program_free(p->program);
    wlpy_engine_free(p->engine);
    free_object(self);
}

static int load(struct program *p, const char *file, unsigned long long stack, struct wlpy_err *err)
{
    const struct wlpy_engine_config config = {.size = sizeof config, .stack = (size_t)stack};
    int r = wlpy_engine_new(&config, &p->engine, err);

    return r < 0 ? r : wlpy_program_load_native(p->engine, file, &p->program, err);
}

static PyObject *new_program(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    unsigned long long stack;
    struct wlpy_err err;
    struct program *p;
    const char *name;
    PyObject *file;
    int r;

    (void)kwargs;
    if (!PyArg_ParseTuple(args, "OK", &file, &stack) || !take_text(file, &name))
        return NULL;
    p = (struct program *)alloc(type, 0);
    if (!p)
        return NULL;
    Py_BEGIN_ALLOW_THREADS r = load(p, name, stack, &err);
    Py_END_ALLOW_THREADS if (r == 0) return (PyObject *)p;
    Py_DECREF(p);
    return raise_err(&err);
}

struct running {
    struct wlpy_program *program;
    struct setup *setup;
    struct wlpy_result result;
    struct wlpy_err err;
    int r;
};

static void do_run(void *arg)
{
    struct running *g = arg;

    g->r = wlpy_run(g->program, &g->setup->config, &g->result, &g->err);
}

static PyObject *run(PyObject *self, PyObject *config)
{
    struct running *g = calloc(1, sizeof *g);
    PyObject *result = NULL;
    int r;

    if (!g)
        return PyErr_NoMemory();
    g->program = ((struct program *)self)->program;
    g->setup = setup_new(config, true);
    if (!g->setup) {
        free(g);
        return NULL;
    }
    g->result.size = sizeof g->result;
    setup_busy(g->setup, true);
    r = handoff_run(&g->setup->handoff, g->setup->config.control, false, do_run, g);
    setup_free(g->setup);
    if (r == 0)
        result = g->r < 0 ? raise_err(&g->err) : result_of_run(&g->result);
    wlpy_result_free(&g->result);
    free(g);
    return result;
}

static PyMethodDef methods[] = {
    {"run", run, METH_O, "Runs it with a configuration, to its end."},
    {"session", session_new, METH_O, "Starts a session with a configuration."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {{Py_tp_new, new_program}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, NULL}};

static PyType_Spec spec = {
    .name = "wlpy._wlpy.Program", .basicsize = sizeof(struct program), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};

bool add_program(PyObject *module)
{
    program_type = add_type(module, &spec, "Program");
    return program_type != NULL;
}
