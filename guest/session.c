/* Sessions: the host calls wl_session again and again, and in between the interpreter's state stays in the memory.
 * host/core/session.h describes the calls, requests and answers. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include "pycore_ast.h"
#include "pycore_compile.h"
#include "pycore_parser.h"
#include "pycore_pyarena.h"

#include "session.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of session.py. */
extern const char session_py[];

enum { START, ROOM, EVAL, SAVE };

struct part {
    const char *at;
    size_t size;
};

struct request {
    struct part code, name, limit;
};

static struct {
    bool started;
    char *room;
    PyObject *module, *sources, *shown; /* of session.py; the code of each name; what was displayed */
    PyObject *answer;                   /* bytes */
    PyCompilerFlags flags;              /* what `from __future__` has set stays */
    struct {
        uint32_t at, size;
    } where; /* the answer is */
} session;

bool session_prepare(void)
{
    PyObject *code, *done, *module;

    if (session.module)
        return true;
    code = Py_CompileString(session_py, "<session.py>", Py_file_input);
    module = code ? PyModule_New("session") : NULL;
    session.sources = PyDict_New();
    session.flags = (PyCompilerFlags)_PyCompilerFlags_INIT;
    session.flags.cf_flags = PyCF_ALLOW_TOP_LEVEL_AWAIT;
    if (!module || !session.sources || PyModule_AddObjectRef(module, "__builtins__", PyEval_GetBuiltins()) < 0 ||
        PyModule_AddObjectRef(module, "sources", session.sources) < 0)
        return false;
    done = PyEval_EvalCode(code, PyModule_GetDict(module), PyModule_GetDict(module));
    Py_DECREF(code);
    if (!done)
        return false;
    Py_DECREF(done);
    session.shown = PyObject_GetAttrString(module, "shown");
    session.module = session.shown ? module : NULL;
    return session.module != NULL;
}

static bool read_request(struct request *q, const char *at, size_t size)
{
    memset(q, 0, sizeof *q);
    for (size_t n; size; at += n, size -= n) {
        struct part *p = size < 5     ? NULL
                         : *at == 'c' ? &q->code
                         : *at == 'n' ? &q->name
                         : *at == 'l' ? &q->limit
                                      : NULL;
        uint32_t its;

        if (!p)
            return false;
        memcpy(&its, at + 1, sizeof its);
        if (its > size - 5)
            return false;
        *p = (struct part){at + 5, its};
        n = 5 + its;
    }
    return q->code.at && q->name.at && q->limit.at;
}

/* ---- running code ---- */

static PyObject *compile(mod_ty mod, PyObject *name, PyArena *arena)
{
#if PY_VERSION_HEX >= 0x030f0000
    return (PyObject *)_PyAST_Compile(mod, name, &session.flags, -1, arena, NULL);
#else
    return (PyObject *)_PyAST_Compile(mod, name, &session.flags, -1, arena);
#endif
}

/* The code of all statements but a last one that is an expression, and that of the expression; NULL where there is
 * none. */
static int compile_both(const char *text, PyObject *name, PyObject **statements, PyObject **expression)
{
    PyArena *arena = _PyArena_New();
    mod_ty mod = arena ? _PyParser_ASTFromString(text, name, Py_file_input, &session.flags, arena) : NULL;
    asdl_stmt_seq *body = mod ? mod->v.Module.body : NULL;
    Py_ssize_t n = body ? asdl_seq_LEN(body) : 0;
    stmt_ty last = n ? asdl_seq_GET(body, n - 1) : NULL;
    bool well = mod != NULL;

    if (well && last && last->kind == Expr_kind) {
        mod_ty only = _PyAST_Expression(last->v.Expr.value, arena);

        body->size = n - 1;
        *expression = only ? compile(only, name, arena) : NULL;
        well = *expression != NULL;
    }
    if (well && (n > 1 || !*expression)) {
        *statements = compile(mod, name, arena);
        well = *statements != NULL;
    }
    if (arena)
        _PyArena_Free(arena);
    return well ? 0 : -1;
}

static bool awaits(PyObject *code)
{
    return code && (((PyCodeObject *)code)->co_flags & CO_COROUTINE);
}

/* The value of the last expression, or None; NULL with an exception. */
static PyObject *run_both(PyObject *statements, PyObject *expression, PyObject *names)
{
    PyObject *value = Py_NewRef(Py_None);

    /* If one of them waits for something, both run in the event loop. */
    if (awaits(statements) || awaits(expression)) {
        Py_SETREF(value, PyObject_CallMethod(session.module, "run", "OOO", statements ? statements : Py_None,
                                             expression ? expression : Py_None, names));
        return value;
    }
    if (statements)
        Py_SETREF(value, PyEval_EvalCode(statements, names, names));
    if (value && expression)
        Py_SETREF(value, PyEval_EvalCode(expression, names, names));
    return value;
}

/* (A zero byte would end the text for the parser.) */
static char *text_of(struct part p)
{
    char *text;

    if (memchr(p.at, '\0', p.size)) {
        PyErr_SetString(PyExc_ValueError, "source code string cannot contain null bytes");
        return NULL;
    }
    text = PyMem_Malloc(p.size + 1);
    if (!text) {
        PyErr_NoMemory();
        return NULL;
    }
    memcpy(text, p.at, p.size);
    text[p.size] = '\0';
    return text;
}

static PyObject *run(const struct request *q)
{
    PyObject *names = PyModule_GetDict(PyImport_AddModule("__main__"));
    PyObject *name = PyUnicode_DecodeUTF8(q->name.at, (Py_ssize_t)q->name.size, "replace");
    PyObject *source = PyUnicode_DecodeUTF8(q->code.at, (Py_ssize_t)q->code.size, NULL);
    PyObject *statements = NULL, *expression = NULL, *value = NULL;
    char *text = name && source ? text_of(q->code) : NULL;

    if (text && PyDict_SetItem(session.sources, name, source) == 0 &&
        compile_both(text, name, &statements, &expression) == 0)
        value = run_both(statements, expression, names);
    PyMem_Free(text);
    Py_XDECREF(name);
    Py_XDECREF(source);
    Py_XDECREF(statements);
    Py_XDECREF(expression);
    return value;
}

/* ---- answers ---- */

/* Takes the exception that is set. */
static PyObject *take_exception(void)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *trace;

    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (value && trace)
        PyException_SetTraceback(value, trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
    return value;
#endif
}

/* For what session.py itself cannot say: not even that there is no memory. */
static PyObject *last_words(void)
{
    PyObject *type = PyErr_Occurred();
    const char *name = type ? ((PyTypeObject *)type)->tp_name : "SystemError";
    uint32_t n = (uint32_t)strlen(name);
    char bytes[256] = "t";

    if (n > sizeof bytes - 5)
        n = sizeof bytes - 5;
    memcpy(bytes + 1, &n, sizeof n);
    memcpy(bytes + 5, name, n);
    PyErr_Clear();
    return PyBytes_FromStringAndSize(bytes, 5 + (Py_ssize_t)n);
}

static bool is_plain(PyObject *value)
{
    return value == Py_None && PyList_GET_SIZE(session.shown) == 0;
}

static PyObject *answer_to(const struct request *q)
{
    PyObject *value = run(q), *exception, *answer;
    long limit = strtol(q->limit.at, NULL, 10);

    if (value) {
        answer = is_plain(value) ? PyBytes_FromStringAndSize(NULL, 0)
                                 : PyObject_CallMethod(session.module, "answer", "Ol", value, limit);
        Py_DECREF(value);
    } else {
        answer = NULL;
    }
    if (!answer && PyErr_Occurred()) {
        exception = take_exception();
        answer = exception ? PyObject_CallMethod(session.module, "failure", "Ol", exception, limit) : NULL;
        Py_XDECREF(exception);
    }
    if (!answer || !PyBytes_CheckExact(answer)) {
        Py_XDECREF(answer);
        answer = last_words();
    }
    return answer;
}

static void flush(const char *name)
{
    PyObject *stream = PySys_GetObject(name), *done;

    if (!stream || stream == Py_None)
        return;
    done = PyObject_CallMethod(stream, "flush", NULL);
    Py_XDECREF(done);
    PyErr_Clear();
}

static uint32_t eval(size_t size)
{
    struct request q;

    /* An interrupt that came too late for the code before is not for this. */
    if (PyErr_CheckSignals() < 0)
        PyErr_Clear();
    Py_CLEAR(session.answer);
    if (!session.room || !read_request(&q, session.room, size))
        return 0;
    session.answer = answer_to(&q);
    flush("stdout");
    flush("stderr");
    if (!session.answer)
        return 0;
    session.where.at = (uint32_t)(uintptr_t)PyBytes_AS_STRING(session.answer);
    session.where.size = (uint32_t)PyBytes_GET_SIZE(session.answer);
    return (uint32_t)(uintptr_t)&session.where;
}

static uint32_t room(size_t size)
{
    free(session.room);
    session.room = malloc(size);
    return (uint32_t)(uintptr_t)session.room;
}

static bool save(void)
{
    if (!start_save())
        return false;
    session.started = false;
    return true;
}

__attribute__((export_name("wl_session"))) uint32_t wl_session(uint32_t what, uint32_t size)
{
    if (what == START && !session.started) {
        session.started = start_session();
        return !session.started;
    }
    if (!session.started)
        return 0;
    if (what == SAVE)
        return !save();
    return what == ROOM ? room(size) : what == EVAL ? eval(size) : 0;
}
