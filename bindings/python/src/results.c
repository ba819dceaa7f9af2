#include "results.h"

#include <string.h>

static PyObject *optional(const char *text, size_t size)
{
    if (!text)
        return none();
    return text_object(text, size);
}

static PyObject *optional_text(const char *text)
{
    return optional(text, text ? strlen(text) : 0);
}

PyObject *result_of_run(const struct wlpy_result *r)
{
    return Py_BuildValue("iiNNNNKKKI", (int)r->end, r->status, optional_text(r->text), optional_text(r->hint),
                         bytes_object(r->out, r->out_size), bytes_object(r->err, r->err_size),
                         (unsigned long long)r->wall_ns, (unsigned long long)r->cpu_ns, (unsigned long long)r->memory,
                         r->interrupts);
}

static PyObject *displays(const struct wlpy_value *v)
{
    PyObject *list = PyList_New((Py_ssize_t)v->display_count);

    for (size_t i = 0; list && i < v->display_count; i++) {
        const struct wlpy_display *d = &v->displays[i];
        PyObject *each = Py_BuildValue("INN", d->object, optional_text(d->type),
                                       PyBytes_FromStringAndSize(d->bytes, (Py_ssize_t)d->size));

        if (!each || PyList_SetItem(list, (Py_ssize_t)i, each) < 0)
            Py_CLEAR(list);
    }
    return list;
}

PyObject *result_of_eval(const struct wlpy_value *v)
{
    return Py_BuildValue("iiNNNNKKKINNNNNNN", (int)v->end, v->status, optional_text(v->text), optional_text(v->hint),
                         bytes_object(v->out, v->out_size), bytes_object(v->err, v->err_size),
                         (unsigned long long)v->wall_ns, (unsigned long long)v->cpu_ns, (unsigned long long)v->memory,
                         v->interrupts, PyBool_FromLong(v->alive), optional(v->repr, v->repr_size),
                         optional(v->json, v->json_size), optional_text(v->type), optional_text(v->message),
                         optional_text(v->traceback), displays(v));
}
