#include "setup.h"

#include <stdlib.h>
#include <string.h>

/* Memory that is freed with the setup; for n = 0 too. NULL, with an exception. */
static void *block(struct setup *s, Py_ssize_t n, size_t size)
{
    void *at = calloc((size_t)n + 1, size);

    if (!at) {
        PyErr_NoMemory();
        return NULL;
    }
    s->blocks[s->block_n++] = at;
    return at;
}

static bool is_tuple(PyObject *object, Py_ssize_t *n)
{
    if (!PyTuple_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "the configuration consists of tuples");
        return false;
    }
    *n = PyTuple_Size(object);
    return true;
}

static bool take_texts(struct setup *s, PyObject *tuple, const char *const **list, size_t *count)
{
    const char **texts;
    Py_ssize_t n;

    if (!is_tuple(tuple, &n) || !(texts = block(s, n, sizeof *texts)))
        return false;
    for (Py_ssize_t i = 0; i < n; i++)
        if (!take_text(PyTuple_GetItem(tuple, i), &texts[i]))
            return false;
    *list = texts;
    *count = (size_t)n;
    return true;
}

/* Marks it as this setup's. */
static bool take_files(struct files *f, struct wlpy_dir *dir)
{
    if (f->session || f->taken) {
        raise_text("cannot give these files to a guest: another run or session has them");
        return false;
    }
    f->taken = true;
    dir->files = f->files;
    return true;
}

/* Entries are (guest, host or Files, read_only). */
static bool take_dirs(struct setup *s, PyObject *tuple)
{
    struct wlpy_dir *dirs;
    Py_ssize_t n;

    if (!is_tuple(tuple, &n) || !(dirs = block(s, n, sizeof *dirs)))
        return false;
    s->config.dirs = dirs;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *guest, *host;
        int read_only;

        if (!PyArg_ParseTuple(PyTuple_GetItem(tuple, i), "OOp", &guest, &host, &read_only) ||
            !take_text(guest, &dirs[i].guest))
            return false;
        if (PyObject_TypeCheck(host, files_type) ? !take_files((struct files *)host, &dirs[i])
                                                 : !take_text(host, &dirs[i].host))
            return false;
        dirs[i].read_only = read_only;
        s->config.dir_count++;
    }
    return true;
}

/* None: nothing. True: memory. A number: a descriptor. Bytes: to be read. Anything else is called. */
static bool take_stream(struct setup *s, PyObject *object, struct wlpy_stream *stream, struct callback *callback)
{
    *callback = (struct callback){s, object};
    stream->arg = callback;
    stream->read = call_read;
    stream->write = call_write;
    if (object == Py_None) {
        stream->kind = WLPY_NOTHING;
    } else if (object == Py_True) {
        stream->kind = WLPY_MEMORY;
    } else if (PyLong_Check(object)) {
        stream->kind = WLPY_FD;
        stream->fd = (int)PyLong_AsLong(object);
        return !PyErr_Occurred();
    } else if (PyBytes_Check(object)) {
        const char *bytes;

        stream->kind = WLPY_MEMORY;
        if (!take_bytes(object, &bytes, &stream->size))
            return false;
        stream->bytes = bytes;
    } else {
        stream->kind = WLPY_CALL;
    }
    return true;
}

static bool take_limits(struct setup *s, PyObject *tuple)
{
    struct wlpy_limits *l = &s->limits;
    unsigned long long v[14];

    if (!PyArg_ParseTuple(tuple, "KKKKKKKKKKKKKK", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9],
                          &v[10], &v[11], &v[12], &v[13]))
        return false;
    *l = (struct wlpy_limits){.size = sizeof *l,
                              .memory = v[0],
                              .output = v[1],
                              .deadline_ms = v[2],
                              .cpu_ms = v[3],
                              .descriptors = v[4],
                              .file_bytes = v[5],
                              .files = v[6],
                              .sockets = v[7],
                              .received = v[8],
                              .sent = v[9],
                              .host_calls = v[10],
                              .grace_ms = v[11],
                              .listening = v[12],
                              .lookups = v[13]};
    s->config.limits = l;
    return true;
}

/* None, or text. */
static bool take_optional(PyObject *object, const char **text)
{
    return object == Py_None || take_text(object, text);
}

/* Entries are (name, signature, doc, bytes, function). */
static bool take_functions(struct setup *s, PyObject *tuple)
{
    struct wlpy_function *list;
    Py_ssize_t n;

    if (!is_tuple(tuple, &n) || !(list = block(s, n, sizeof *list)) ||
        !(s->functions = block(s, n, sizeof *s->functions)))
        return false;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *name, *signature, *doc, *function;
        int bytes;

        if (!PyArg_ParseTuple(PyTuple_GetItem(tuple, i), "OOOpO", &name, &signature, &doc, &bytes, &function))
            return false;
        list[i].size = sizeof *list;
        if (!take_text(name, &list[i].name) || !take_optional(signature, &list[i].signature) ||
            !take_optional(doc, &list[i].doc))
            return false;
        s->functions[i] = (struct callback){s, function};
        list[i].bytes = bytes;
        list[i].call = call_function;
        list[i].arg = &s->functions[i];
    }
    s->config.functions = list;
    s->config.function_count = (size_t)n;
    return true;
}

/* None, or (time_ns, seed). */
static bool take_fixed(struct setup *s, PyObject *fixed)
{
    unsigned long long time, seed;

    if (fixed == Py_None)
        return true;
    if (!PyTuple_Check(fixed)) {
        PyErr_SetString(PyExc_TypeError, "what is fixed is a tuple or None");
        return false;
    }
    if (!PyArg_ParseTuple(fixed, "KK", &time, &seed))
        return false;
    s->fixed = (struct wlpy_fixed){.size = sizeof s->fixed, .time_ns = time, .seed = seed};
    s->config.fixed = &s->fixed;
    return true;
}

/* Entries are (name, value, host). */
static bool take_secrets(struct setup *s, PyObject *tuple)
{
    struct wlpy_secret *list;
    Py_ssize_t n;

    if (!is_tuple(tuple, &n) || !(list = block(s, n, sizeof *list)))
        return false;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *name, *value, *host;

        if (!PyArg_ParseTuple(PyTuple_GetItem(tuple, i), "OOO", &name, &value, &host))
            return false;
        list[i].size = sizeof *list;
        if (!take_text(name, &list[i].name) || !take_text(value, &list[i].value) || !take_text(host, &list[i].host))
            return false;
    }
    s->config.secrets = list;
    s->config.secret_count = (size_t)n;
    return true;
}

static bool take_control(struct setup *s, PyObject *control)
{
    if (!PyObject_TypeCheck(control, control_type)) {
        PyErr_SetString(PyExc_TypeError, "the control is a Control");
        return false;
    }
    if (((struct control *)control)->used) {
        raise_text("cannot use a control for two runs at once");
        return false;
    }
    Py_INCREF(control);
    s->control = (struct control *)control;
    s->control->used = true;
    s->config.control = s->control->control;
    return true;
}

static bool take_all(struct setup *s, bool files)
{
    PyObject *argv, *env, *dirs, *in, *out, *err, *limits, *functions, *net, *listen, *refusal, *control, *fixed,
        *secrets, *certificates;
    struct wlpy_run_config *c = &s->config;
    unsigned long long clock_ns;

    if (!PyArg_ParseTuple(s->tuple, "OOOOOOOOOOOOOOOK", &argv, &env, &dirs, &in, &out, &err, &limits, &functions, &net,
                          &listen, &refusal, &control, &fixed, &secrets, &certificates, &clock_ns))
        return false;
    c->size = sizeof *c;
    c->clock_ns = clock_ns;
    s->refusal = (struct callback){s, refusal};
    if (refusal != Py_None) {
        c->on_refusal = call_refusal;
        c->on_refusal_arg = &s->refusal;
    }
    return take_control(s, control) && take_fixed(s, fixed) && take_texts(s, argv, &c->argv, &c->argc) &&
           take_texts(s, env, &c->env, &c->envc) && (!files || take_dirs(s, dirs)) &&
           take_stream(s, in, &c->in, &s->in) && take_stream(s, out, &c->out, &s->out) &&
           take_stream(s, err, &c->err, &s->err) && take_limits(s, limits) && take_functions(s, functions) &&
           take_texts(s, net, &c->net, &c->net_count) && take_texts(s, listen, &c->net_listen, &c->net_listen_count) &&
           take_secrets(s, secrets) && take_optional(certificates, &c->certificates);
}

struct setup *setup_new(PyObject *tuple, bool files)
{
    struct setup *s = calloc(1, sizeof *s);
    Py_ssize_t n;

    if (!s) {
        PyErr_NoMemory();
        return NULL;
    }
    Py_INCREF(tuple);
    s->tuple = tuple;
    if (is_tuple(tuple, &n) && take_all(s, files))
        return s;
    setup_free(s);
    return NULL;
}

/* Each of the setup's Files. */
static struct files *files_at(const struct setup *s, size_t i)
{
    PyObject *dirs = s->config.dirs ? PyTuple_GetItem(s->tuple, 2) : NULL;
    PyObject *host = dirs ? PyTuple_GetItem(PyTuple_GetItem(dirs, (Py_ssize_t)i), 1) : NULL;

    return host && PyObject_TypeCheck(host, files_type) ? (struct files *)host : NULL;
}

void setup_busy(const struct setup *s, bool busy)
{
    for (size_t i = 0; i < s->config.dir_count; i++) {
        struct files *f = files_at(s, i);

        if (f)
            f->busy = busy;
    }
}

void setup_free(struct setup *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->config.dir_count; i++) {
        struct files *f = files_at(s, i);

        if (f)
            f->taken = f->busy = false;
    }
    if (s->control)
        s->control->used = false;
    Py_XDECREF((PyObject *)s->control);
    Py_XDECREF(s->tuple);
    for (size_t i = 0; i < s->block_n; i++)
        free(s->blocks[i]);
    free(s);
}

int setup_traverse(struct setup *s, visitproc visit, void *arg)
{
    if (s) {
        Py_VISIT(s->tuple);
        Py_VISIT((PyObject *)s->control);
    }
    return 0;
}
