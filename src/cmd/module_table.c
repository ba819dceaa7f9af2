#include "cmd/module_table.h"

#include "util/fs.h"

#include <string.h>

enum { MAX_TABLE = 4 << 20 };

static void row_free(struct module_row *r)
{
    free(r->module);
    free(r->status);
    free(r->note);
}

void module_table_free(struct module_table *t)
{
    row_free(&t->head);
    for (size_t i = 0; i < t->n; i++)
        row_free(&t->rows[i]);
    free(t->rows);
    *t = (struct module_table){0};
}

/* Splits a line; false if it does not have two or three columns. */
static bool split(const char *line, size_t n, struct module_row *r)
{
    char *column[3] = {NULL, NULL, NULL};
    size_t columns = 0;

    while (columns < 3) {
        const char *tab = memchr(line, '\t', n);
        size_t len = tab ? (size_t)(tab - line) : n;

        column[columns++] = xstrndup(line, len);
        if (!tab)
            break;
        line += len + 1;
        n -= len + 1;
        if (columns == 3)
            columns = 4;
    }
    *r = (struct module_row){column[0], column[1], column[2] ? column[2] : xstrdup("")};
    return (columns == 2 || columns == 3) && *r->module;
}

static bool is_text(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
            return false;
    return utf8_valid(s, n);
}

int module_table_read(const char *file, struct module_table *t, struct wl_err *err)
{
    WL_CLEANUP_FREE char *text = NULL;
    size_t size = 0, number = 0;
    int r = file_read(file, MAX_TABLE, &text, &size, err);

    *t = (struct module_table){0};
    for (const char *line = text; r == 0 && line < text + size;) {
        const char *newline = memchr(line, '\n', (size_t)(text + size - line));
        size_t n = newline ? (size_t)(newline - line) : (size_t)(text + size - line);
        struct module_row row = {0};

        number++;
        if (!is_text(line, n))
            r = wl_err_set(err, WL_E_FAILED, "%s:%zu: not UTF-8 text", file, number);
        else if (!split(line, n, &row) ||
                 (number > 1 && strcmp(row.status, "yes") && strcmp(row.status, "no") && strcmp(row.status, "useless")))
            r = wl_err_set(err, WL_E_FAILED, "%s:%zu: not a module, yes or no, and a note, separated by tabs", file,
                           number);
        if (r < 0) {
            row_free(&row);
        } else if (number == 1) {
            t->head = row;
        } else {
            t->rows = xreallocarray(t->rows, t->n + 1, sizeof *t->rows);
            t->rows[t->n++] = row;
            t->yes += !strcmp(row.status, "yes");
        }
        line += n + (newline != NULL);
    }
    if (r == 0 && !t->head.module)
        r = wl_err_set(err, WL_E_FAILED, "%s is empty", file);
    if (r < 0)
        wl_err_hint(err, "the recipe of the port is wrong");
    return r;
}
