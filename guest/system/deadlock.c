/* Waiting for a lock when there is one thread: nobody else can release it.
 *
 * wasi-libc ends the program in this case. Here Python raises an exception. It waits with pthread_cond_wait() for all
 * locks that an interrupt may end, and if it did not get the lock, it runs signal handlers and pending calls. The other
 * locks are internal to Python. Waiting for one of those is a bug in Python, which still ends the program. */
#include "Python.h"

/* With older versions of wasi-libc, which lack these locks, Python uses its own, which never wait. */
#ifndef HAVE_PTHREAD_STUBS
#include <stdio.h>
#include <stdlib.h>

static int asked; /* a pending call was added and has not run yet */

static int raise_deadlock(void *data)
{
    (void)data;
    asked = 0;
    PyErr_SetString(PyExc_RuntimeError, "deadlock: only another thread could end this wait, and there is one thread");
    return -1;
}

/* For guest/python-threads.c. */
int _Py_wl_deadlock(void);
int _Py_wl_deadlock(void)
{
    if (asked || Py_AddPendingCall(raise_deadlock, NULL) < 0) {
        fputs("Fatal Python error: deadlock in Python itself\n", stderr);
        abort();
    }
    asked = 1;
    return 0;
}
#endif
