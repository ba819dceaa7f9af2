/* What threads.c has to know of CPython: the words that each thread has for itself, and how the code that runs is asked
 * to let another thread run. */
#define Py_BUILD_CORE 1
#include "Python.h"

#ifndef HAVE_PTHREAD_STUBS
#include "pycore_ceval.h"
#include "pycore_interp.h"
#include "pycore_runtime.h"
#include "threads.h"

#include <pthread.h>

/* _Thread_local words of CPython, as far as its version has them: without atomics they are plain words. (Its headers
 * declare some of them, with other types.) */
#define WORD(name) extern void *word_of##name __asm__(#name) __attribute__((weak))
WORD(_Py_tss_tstate);
WORD(_Py_tss_gilstate);
WORD(_Py_tss_interp);
WORD(pkgcontext);

#if PY_VERSION_HEX < 0x030d0000
static void *const breaker = &_PyRuntime._main_interpreter.ceval.eval_breaker;
#endif

int _Py_wl_deadlock(void); /* system/deadlock.c */
void _Py_wl_give_way(PyThreadState *tstate);

__attribute__((constructor)) static void prepare(void)
{
    void *words[] = {&word_of_Py_tss_tstate, &word_of_Py_tss_gilstate, &word_of_Py_tss_interp, &word_ofpkgcontext};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i])
            threads_own_word(words[i]);
    threads_on_deadlock = _Py_wl_deadlock;
#if PY_VERSION_HEX >= 0x030d0000
    threads_ask_by(&word_of_Py_tss_tstate, offsetof(PyThreadState, eval_breaker), _PY_SIGNALS_PENDING_BIT);
#else
    threads_ask_by(&breaker, 0, 1);
#endif
}

/* The evaluation loop calls this between two instructions, when the host has set a bit (ports/python/base/recipe.yaml).
 * The thread that then runs may need the GIL: it gets it right now, instead of after another slice of time. Nobody
 * else may be given it by this way, because who gives it waits until it was taken. */
void _Py_wl_give_way(PyThreadState *tstate)
{
    if (!*threads_wanted)
        return;
    threads_give_way();
#if PY_VERSION_HEX >= 0x030d0000
    if (threads_wait_at(&tstate->interp->ceval.gil->cond))
        _Py_set_eval_breaker_bit(tstate, _PY_GIL_DROP_REQUEST_BIT);
#else
    struct _ceval_state *ceval = &tstate->interp->ceval;
#if PY_VERSION_HEX >= 0x030c0000
    struct _gil_runtime_state *gil = ceval->gil;
#else
    struct _gil_runtime_state *gil = &_PyRuntime.ceval.gil;
#endif

    if (threads_wait_at(&gil->cond))
        _Py_atomic_store_relaxed(&ceval->gil_drop_request, 1);
    _Py_atomic_store_relaxed(&ceval->eval_breaker, _Py_atomic_load_relaxed(&ceval->gil_drop_request) |
                                                       _Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending) |
                                                       _Py_atomic_load_relaxed(&ceval->pending.calls_to_do) |
                                                       ceval->pending.async_exc);
#endif
}
#else
void _Py_wl_give_way(PyThreadState *tstate);
void _Py_wl_give_way(PyThreadState *tstate)
{
    (void)tstate;
}
#endif
