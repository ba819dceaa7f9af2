/* Waiting for a lock, in a process with one thread: whoever could release it is the one who waits.
 *
 * wasi-libc ends the program then. Here Python raises an exception: all its locks that an interrupt can end are waited
 * for by pthread_cond_wait(), and a wait that is over without the lock makes Python look for what a signal handler or a
 * pending call has to say. The other locks are Python's own, of a few lines each; waiting for one of those is a fault
 * in Python, which ends the program as it did. */
#include "Python.h"

/* Older versions of wasi-libc have no such locks, and Python then makes do with some that never wait. */
#ifndef HAVE_PTHREAD_STUBS
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int asked; /* a pending call has been added and has not run yet */

static int raise_deadlock(void *data)
{
    (void)data;
    asked = 0;
    PyErr_SetString(PyExc_RuntimeError,
                    "deadlock: waiting for what only another thread could do, and WASI has one thread");
    return -1;
}

int pthread_cond_wait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex)
{
    (void)condition, (void)mutex;
    if (asked || Py_AddPendingCall(raise_deadlock, NULL) < 0) {
        fputs("Fatal Python error: deadlock in Python itself\n", stderr);
        abort();
    }
    asked = 1;
    return 0;
}
#endif
