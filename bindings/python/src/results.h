/* Results as tuples, of which wlpy/_result.py makes objects; and what programs and sessions know of each other. */
#ifndef WLPY_RESULTS_H
#define WLPY_RESULTS_H

#include "types.h"

struct program {
    PyObject_HEAD struct wlpy_engine *engine;
    struct wlpy_program *program;
};

/* (end, status, text, hint, out, err, wall_ns, cpu_ns, memory, interrupts) */
PyObject *result_of_run(const struct wlpy_result *result);
/* The same, and (alive, repr, json, type, message, traceback, [(object, type, bytes)]) */
PyObject *result_of_eval(const struct wlpy_value *value);

/* Program.session(). */
PyObject *session_new(PyObject *program, PyObject *config);

#endif
