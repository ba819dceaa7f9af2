/* The table of modules in a Python's artifact (share/modules.tsv): the modules of the standard library that it has, and
 * the reasons why it lacks others. */
#ifndef WL_MODULE_TABLE_H
#define WL_MODULE_TABLE_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>

#define MODULE_TABLE "share/modules.tsv"

struct module_row {
    char *module, *status, *note; /* note: "" when there is none */
};

struct module_table {
    struct module_row head; /* the titles of the columns */
    struct module_row *rows;
    size_t n, yes;
};

/* Reads a table: UTF-8 text, a line with the titles of the columns, then one line per module: its name, "yes" or "no",
 * and a note, separated by tabs. Anything else is WL_E_FAILED with file and line. */
int module_table_read(const char *file, struct module_table *t, struct wl_err *err);
void module_table_free(struct module_table *t);

#endif
