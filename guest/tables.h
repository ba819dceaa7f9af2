/* Tables of numbers that are compressed in the module until their extension module is first used: those of Unicode and
 * of East Asian encodings. ports/python/base/tables.py writes them into CPython's headers. */
#ifndef WL_TABLES_H
#define WL_TABLES_H

#include <stddef.h>

/* How the numbers of a table were transformed to compress better. */
enum wl_tables_form {
    WL_TABLES_DIFFERENCES = 1, /* each is the difference from the one before */
    WL_TABLES_PLANES = 2,      /* all lowest bytes, then all second bytes, and so on */
};

struct wl_table {
    void *numbers; /* little-endian */
    unsigned count;
    unsigned char width, form;
};

/* Fills the tables, which zlib compressed one after the other. 0, or -1 with a Python exception. */
int wl_tables_fill(const struct wl_table *tables, size_t n, const unsigned char *packed, size_t size);

#endif
