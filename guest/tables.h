/* Tables of numbers that lie compressed in the module until the extension module that reads them is first used: those
 * of Unicode and of the encodings of East Asia. ports/python/base/tables.py writes them into CPython's headers. */
#ifndef WL_TABLES_H
#define WL_TABLES_H

#include <stddef.h>

/* What was done to the numbers of a table so that they compress better. */
enum wl_tables_form {
    WL_TABLES_DIFFERENCES = 1, /* each but the first is less by the one before */
    WL_TABLES_PLANES = 2,      /* all lowest bytes, then all second ones, and so on */
};

struct wl_table {
    void *numbers; /* little-endian */
    unsigned count;
    unsigned char width, form;
};

/* Fills the tables from what zlib made of them, one behind the other. 0, or -1 with a Python exception. */
int wl_tables_fill(const struct wl_table *tables, size_t n, const unsigned char *packed, size_t size);

#endif
