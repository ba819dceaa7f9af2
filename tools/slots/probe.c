/* The types that the places for functions in Python's data tables need. This file is compiled with the headers of
 * the Python that is checked, and check.c reads the object. Each row is a variable. Its name tells the place. Its
 * values are the position of the place and a function of the type that the place needs; the object file has the name
 * and type of that function.
 *
 *   wl_size__TABLE             {the size of a TABLE, 0}
 *   wl_name__TABLE             {the offset of a TABLE's name, 0}
 *   wl_field__TABLE__MEMBER    {its offset, a function of its type}
 *   wl_inner__TABLE__OTHER     {the offset of a pointer to an OTHER, 0}
 *   wl_slot__SLOT              {its number in a PyType_Slot, a function of its type}
 *   wl_phase__SLOT             {its number in a PyModuleDef_Slot, a function of its type}
 *   wl_method__KIND            {the flags of a PyMethodDef, a function of the type that is called for them}
 *   wl_access__get, _set       {the offset in a PyGetSetDef, a function of its type} */
#include "Python.h"

#include <stddef.h>

struct row {
    unsigned number;
    void (*wanted)(void);
};

#define ROW(name, value, function) const struct row name = {value, function}
#define WANTED(name) (void (*)(void)) want_##name
#define SIZE(table) ROW(wl_size__##table, sizeof(table), 0)
#define NAME(table, member) ROW(wl_name__##table, offsetof(table, member), 0)
#define INNER(table, member, other) ROW(wl_inner__##table##__##other, offsetof(table, member), 0)
#define FIELD(table, member)                                                                                           \
    extern __typeof__(*((table *)0)->member) want_##member;                                                            \
    ROW(wl_field__##table##__##member, offsetof(table, member), WANTED(member))
/* A place in a table for which a type specification also has a slot. */
#define SLOT(table, member)                                                                                            \
    FIELD(table, member);                                                                                              \
    ROW(wl_slot__##member, Py_##member, WANTED(member))

SIZE(PyTypeObject);
NAME(PyTypeObject, tp_name);
SLOT(PyTypeObject, tp_dealloc);
SLOT(PyTypeObject, tp_getattr);
SLOT(PyTypeObject, tp_setattr);
SLOT(PyTypeObject, tp_repr);
SLOT(PyTypeObject, tp_hash);
SLOT(PyTypeObject, tp_call);
SLOT(PyTypeObject, tp_str);
SLOT(PyTypeObject, tp_getattro);
SLOT(PyTypeObject, tp_setattro);
SLOT(PyTypeObject, tp_traverse);
SLOT(PyTypeObject, tp_clear);
SLOT(PyTypeObject, tp_richcompare);
SLOT(PyTypeObject, tp_iter);
SLOT(PyTypeObject, tp_iternext);
SLOT(PyTypeObject, tp_descr_get);
SLOT(PyTypeObject, tp_descr_set);
SLOT(PyTypeObject, tp_init);
SLOT(PyTypeObject, tp_alloc);
SLOT(PyTypeObject, tp_new);
SLOT(PyTypeObject, tp_free);
SLOT(PyTypeObject, tp_is_gc);
SLOT(PyTypeObject, tp_del);
SLOT(PyTypeObject, tp_finalize);
FIELD(PyTypeObject, tp_vectorcall);
INNER(PyTypeObject, tp_as_async, PyAsyncMethods);
INNER(PyTypeObject, tp_as_number, PyNumberMethods);
INNER(PyTypeObject, tp_as_sequence, PySequenceMethods);
INNER(PyTypeObject, tp_as_mapping, PyMappingMethods);
INNER(PyTypeObject, tp_as_buffer, PyBufferProcs);

SIZE(PyAsyncMethods);
SLOT(PyAsyncMethods, am_await);
SLOT(PyAsyncMethods, am_aiter);
SLOT(PyAsyncMethods, am_anext);
SLOT(PyAsyncMethods, am_send);

SIZE(PyNumberMethods);
SLOT(PyNumberMethods, nb_add);
SLOT(PyNumberMethods, nb_subtract);
SLOT(PyNumberMethods, nb_multiply);
SLOT(PyNumberMethods, nb_remainder);
SLOT(PyNumberMethods, nb_divmod);
SLOT(PyNumberMethods, nb_power);
SLOT(PyNumberMethods, nb_negative);
SLOT(PyNumberMethods, nb_positive);
SLOT(PyNumberMethods, nb_absolute);
SLOT(PyNumberMethods, nb_bool);
SLOT(PyNumberMethods, nb_invert);
SLOT(PyNumberMethods, nb_lshift);
SLOT(PyNumberMethods, nb_rshift);
SLOT(PyNumberMethods, nb_and);
SLOT(PyNumberMethods, nb_xor);
SLOT(PyNumberMethods, nb_or);
SLOT(PyNumberMethods, nb_int);
SLOT(PyNumberMethods, nb_float);
SLOT(PyNumberMethods, nb_inplace_add);
SLOT(PyNumberMethods, nb_inplace_subtract);
SLOT(PyNumberMethods, nb_inplace_multiply);
SLOT(PyNumberMethods, nb_inplace_remainder);
SLOT(PyNumberMethods, nb_inplace_power);
SLOT(PyNumberMethods, nb_inplace_lshift);
SLOT(PyNumberMethods, nb_inplace_rshift);
SLOT(PyNumberMethods, nb_inplace_and);
SLOT(PyNumberMethods, nb_inplace_xor);
SLOT(PyNumberMethods, nb_inplace_or);
SLOT(PyNumberMethods, nb_floor_divide);
SLOT(PyNumberMethods, nb_true_divide);
SLOT(PyNumberMethods, nb_inplace_floor_divide);
SLOT(PyNumberMethods, nb_inplace_true_divide);
SLOT(PyNumberMethods, nb_index);
SLOT(PyNumberMethods, nb_matrix_multiply);
SLOT(PyNumberMethods, nb_inplace_matrix_multiply);

SIZE(PySequenceMethods);
SLOT(PySequenceMethods, sq_length);
SLOT(PySequenceMethods, sq_concat);
SLOT(PySequenceMethods, sq_repeat);
SLOT(PySequenceMethods, sq_item);
SLOT(PySequenceMethods, sq_ass_item);
SLOT(PySequenceMethods, sq_contains);
SLOT(PySequenceMethods, sq_inplace_concat);
SLOT(PySequenceMethods, sq_inplace_repeat);

SIZE(PyMappingMethods);
SLOT(PyMappingMethods, mp_length);
SLOT(PyMappingMethods, mp_subscript);
SLOT(PyMappingMethods, mp_ass_subscript);

SIZE(PyBufferProcs);
SLOT(PyBufferProcs, bf_getbuffer);
SLOT(PyBufferProcs, bf_releasebuffer);

SIZE(PyModuleDef);
NAME(PyModuleDef, m_name);
FIELD(PyModuleDef, m_traverse);
FIELD(PyModuleDef, m_clear);
FIELD(PyModuleDef, m_free);

#define PHASE(slot, result, arguments)                                                                                 \
    extern result want_##slot arguments;                                                                               \
    ROW(wl_phase__##slot, Py_##slot, WANTED(slot))

PHASE(mod_create, PyObject *, (PyObject *, PyModuleDef *));
PHASE(mod_exec, int, (PyObject *));

SIZE(PyMethodDef);
#define METHOD(kind, flags, ...)                                                                                       \
    extern PyObject *want_##kind(__VA_ARGS__);                                                                         \
    ROW(wl_method__##kind, flags, WANTED(kind))

METHOD(plain, METH_VARARGS, PyObject *, PyObject *);
METHOD(keywords, METH_VARARGS | METH_KEYWORDS, PyObject *, PyObject *, PyObject *);
METHOD(none, METH_NOARGS, PyObject *, PyObject *);
METHOD(one, METH_O, PyObject *, PyObject *);
METHOD(fast, METH_FASTCALL, PyObject *, PyObject *const *, Py_ssize_t);
METHOD(fast_keywords, METH_FASTCALL | METH_KEYWORDS, PyObject *, PyObject *const *, Py_ssize_t, PyObject *);
METHOD(defining, METH_METHOD | METH_FASTCALL | METH_KEYWORDS, PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t,
       PyObject *);

SIZE(PyGetSetDef);
#define ACCESS(member)                                                                                                 \
    extern __typeof__(*((PyGetSetDef *)0)->member) want_##member;                                                      \
    ROW(wl_access__##member, offsetof(PyGetSetDef, member), WANTED(member))

ACCESS(get);
ACCESS(set);
