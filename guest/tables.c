#include "tables.h"

#include <Python.h>

#include <zlib.h>

static void put(const struct wl_table *table, const unsigned char *from)
{
    unsigned char *to = table->numbers;
    uint32_t sum = 0;

    if (!table->form) {
        memcpy(to, from, (size_t)table->count * table->width);
        return;
    }
    for (unsigned i = 0; i < table->count; i++) {
        uint32_t number = 0;

        for (unsigned k = 0; k < table->width; k++) {
            size_t at = table->form & WL_TABLES_PLANES ? (size_t)k * table->count + i : (size_t)i * table->width + k;

            number |= (uint32_t)from[at] << 8 * k;
        }
        sum = table->form & WL_TABLES_DIFFERENCES ? sum + number : number;
        for (unsigned k = 0; k < table->width; k++)
            *to++ = (unsigned char)(sum >> 8 * k);
    }
}

int wl_tables_fill(const struct wl_table *tables, size_t n, const unsigned char *packed, size_t size)
{
    uLongf whole = 0, got;
    unsigned char *bytes, *from;
    int status;

    for (size_t i = 0; i < n; i++)
        whole += (uLongf)tables[i].count * tables[i].width;
    bytes = PyMem_Malloc(whole);
    if (!bytes) {
        PyErr_NoMemory();
        return -1;
    }
    got = whole;
    status = uncompress(bytes, &got, packed, (uLong)size);
    if (status != Z_OK || got != whole) {
        PyMem_Free(bytes);
        if (status == Z_MEM_ERROR)
            PyErr_NoMemory();
        else
            PyErr_SetString(PyExc_SystemError, "a table of this module is damaged");
        return -1;
    }
    from = bytes;
    for (size_t i = 0; i < n; i++) {
        put(&tables[i], from);
        from += (size_t)tables[i].count * tables[i].width;
    }
    PyMem_Free(bytes);
    return 0;
}
