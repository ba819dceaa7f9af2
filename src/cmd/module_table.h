/* The table of modules that a Python's artifact brings (share/modules.tsv): which modules of the standard library it
 * has, and why it lacks the others. */
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
    struct module_row head; /* what the columns are called */
    struct module_row *rows;
    size_t n, yes;
};

/* Reads a table: UTF-8, a line for the heads of the columns, then one a module: its name, "yes" or "no", and a note,
 * with tabs between. What is not so is WL_E_FAILED with file and line. */
int module_table_read(const char *file, struct module_table *t, struct wl_err *err);
void module_table_free(struct module_table *t);

#endif
