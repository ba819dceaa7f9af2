/* _ctypes, and a list of its functions that it calls by address. It is compiled in the directory of _ctypes. */
#include "_ctypes.c"

#include "ffi.h"

const struct wl_ffi_static wl_ffi_ctypes_statics[] = {
    {string_at, "iii"},
    {wstring_at, "iii"},
    {cast, "iiii"},
#if PY_VERSION_HEX >= 0x030e0000
    {memoryview_at, "iiii"},
#endif
    {NULL, NULL},
};
