/* The types of the module, each in a file of its own. */
#ifndef WLPY_TYPES_H
#define WLPY_TYPES_H

#include "module.h"

bool add_files(PyObject *module);
bool add_control(PyObject *module);
bool add_call(PyObject *module);
bool add_program(PyObject *module);
bool add_session(PyObject *module);

/* ---- files.c ---- */

struct files {
    PyObject_HEAD struct wlpy_files *own; /* NULL: those of `session` */
    PyObject *session;
    struct wlpy_files *files;
    bool taken; /* a run or a session has it */
    bool busy;  /* a guest runs that has it */
};

/* A directory that a session has. */
PyObject *files_of_session(PyObject *session, struct wlpy_files *files);
/* In session.c: whether the directories of a session can be used now; if not, an exception. */
bool session_files_usable(PyObject *session);

/* ---- control.c ---- */

struct control {
    PyObject_HEAD struct wlpy_control *control;
    bool used; /* by a run or a session */
};

/* ---- call.c ---- */

/* The object that a host function is called with. */
PyObject *call_new(struct wlpy_call *call);
/* After the function has returned: if the call does not end later, it has ended. */
void call_left(PyObject *call);

#endif
