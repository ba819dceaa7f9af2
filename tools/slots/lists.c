/* The probe for packages (wl-bundle): probe.c, and where Python's types and modules point to lists of slots, methods
 * and accessors. A list that one of them points to is certainly Python's, so functions in it may be replaced;
 * slot-check only reports and does without. These rows are in a file of their own because probe.c is part of each
 * Python's key.
 *
 *   wl_inner__TABLE__OTHER     {the offset of a pointer to an OTHER, 0}
 *   wl_list__OTHER             {the number of the PyType_Slot that points to an OTHER, 0} */
#include "probe.c"

INNER(PyTypeObject, tp_methods, PyMethodDef);
INNER(PyTypeObject, tp_getset, PyGetSetDef);
INNER(PyModuleDef, m_methods, PyMethodDef);
INNER(PyModuleDef, m_slots, PyModuleDef_Slot);

SIZE(PyType_Spec);
NAME(PyType_Spec, name);
INNER(PyType_Spec, slots, PyType_Slot);

ROW(wl_list__PyMethodDef, Py_tp_methods, 0);
ROW(wl_list__PyGetSetDef, Py_tp_getset, 0);
